"""Check tokens as Auth0's quickstart for Django does, with Authlib."""

# --- settings.py
import os

AUTH0_DOMAIN = os.environ.get("AUTH0_DOMAIN", "acme.eu.auth0.com")
AUTH0_AUDIENCE = "https://api.acme.dev"

# --- start
import django
from django.conf import settings

ROOT_URLCONF, SECRET_KEY, ALLOWED_HOSTS = __name__, "k" * 50, ["*"]
settings.configure(**{name: value for name, value in globals().items() if name.isupper()})
django.setup()

# --- urls.py
import json
from urllib.request import urlopen

from authlib.integrations.django_oauth2 import ResourceProtector
from authlib.oauth2.rfc7523 import JWTBearerTokenValidator
from django.conf import settings
from django.http import JsonResponse
from django.urls import path
from joserfc.jwk import KeySet


class Auth0Validator(JWTBearerTokenValidator):
    def __init__(self, domain, audience):
        keys = json.loads(urlopen(f"https://{domain}/.well-known/jwks.json").read())
        super().__init__(KeySet.import_key_set(keys))
        self.claims_options = {
            "exp": {"essential": True},
            "aud": {"essential": True, "value": audience},
            "iss": {"essential": True, "value": f"https://{domain}/"},
        }


require_auth = ResourceProtector()
require_auth.register_token_validator(Auth0Validator(settings.AUTH0_DOMAIN, settings.AUTH0_AUDIENCE))


@require_auth(None)
def me(request):
    return JsonResponse({"sub": request.oauth_token["sub"]})


@require_auth("orders:read")
def orders(request):
    return JsonResponse([], safe=False)


urlpatterns = [path("me", me), path("orders", orders)]

"""Check access tokens with mozilla-django-oidc's class for REST framework."""

# --- settings.py
import os

ISSUER = os.environ.get("ISSUER", "https://login.acme.dev")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "rest_framework",
    "mozilla_django_oidc",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
AUTHENTICATION_BACKENDS = ["mozilla_django_oidc.auth.OIDCAuthenticationBackend"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["mozilla_django_oidc.contrib.drf.OIDCAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}
OIDC_RP_CLIENT_ID = "shop"
OIDC_RP_CLIENT_SECRET = os.environ.get("CLIENT_SECRET", "secret")
OIDC_RP_SIGN_ALGO = "RS256"
OIDC_OP_JWKS_ENDPOINT = f"{ISSUER}/.well-known/jwks.json"
OIDC_OP_AUTHORIZATION_ENDPOINT = f"{ISSUER}/authorize"
OIDC_OP_TOKEN_ENDPOINT = f"{ISSUER}/token"
OIDC_OP_USER_ENDPOINT = os.environ.get("USERINFO", f"{ISSUER}/userinfo")

# --- start
import django
from django.conf import settings
from django.core.management import call_command

ROOT_URLCONF, SECRET_KEY, ALLOWED_HOSTS = __name__, "k" * 50, ["*"]
settings.configure(**{name: value for name, value in globals().items() if name.isupper()})
django.setup()
call_command("migrate", verbosity=0)

from django.contrib.auth.models import User

User.objects.create_user("ada", "ada@acme.dev")

# --- urls.py
from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.response import Response


@api_view()
def me(request):
    return Response({"email": request.user.email})


@api_view()
def orders(request):  # the token's scope is not known here
    return Response([])


urlpatterns = [path("me", me), path("orders", orders)]

"""The same with jwks-auth."""

# --- settings.py
import os

AUTH0_DOMAIN = os.environ.get("AUTH0_DOMAIN", "acme.eu.auth0.com")

INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "jwks_auth_django"]
AUTHENTICATION_BACKENDS = ["jwks_auth_django.backends.JWTAuthenticationBackend"]
JWKS_AUTH = {
    "PROVIDER": "auth0",
    "ISSUER": f"https://{AUTH0_DOMAIN}/",
    "AUDIENCE": "https://api.acme.dev",
}

# --- start
import django
from django.conf import settings

ROOT_URLCONF, SECRET_KEY, ALLOWED_HOSTS = __name__, "k" * 50, ["*"]
settings.configure(**{name: value for name, value in globals().items() if name.isupper()})
django.setup()

# --- urls.py
from django.http import JsonResponse
from django.urls import path

from jwks_auth_django import require_jwt


@require_jwt
def me(request):
    return JsonResponse({"sub": request.token.subject})


@require_jwt(scopes="orders:read")
def orders(request):
    return JsonResponse([], safe=False)


urlpatterns = [path("me", me), path("orders", orders)]

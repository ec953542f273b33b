"""Check a provider's tokens with djangorestframework-simplejwt."""

# --- settings.py
import os

ISSUER = os.environ.get("ISSUER", "https://login.acme.dev")

INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework_simplejwt.authentication.JWTStatelessUserAuthentication"
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}
SIMPLE_JWT = {
    "ALGORITHM": "RS256",
    "JWK_URL": f"{ISSUER}/.well-known/jwks.json",
    "ISSUER": ISSUER,
    "AUDIENCE": "https://api.acme.dev",
    "AUTH_TOKEN_CLASSES": ["rest_framework_simplejwt.tokens.UntypedToken"],
    "USER_ID_CLAIM": "sub",
}

# --- start
import django
from django.conf import settings

ROOT_URLCONF, SECRET_KEY, ALLOWED_HOSTS = __name__, "k" * 50, ["*"]
settings.configure(**{name: value for name, value in globals().items() if name.isupper()})
django.setup()

# --- urls.py
from django.urls import path
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import BasePermission
from rest_framework.response import Response


class ReadsOrders(BasePermission):
    def has_permission(self, request, view):
        return request.auth is not None and "orders:read" in request.auth.get("scope", "").split()


@api_view()
def me(request):
    return Response({"sub": request.auth["sub"]})


@api_view()
@permission_classes([ReadsOrders])
def orders(request):
    return Response([])


urlpatterns = [path("me", me), path("orders", orders)]

"""Check tokens with drf-oidc-auth."""

# --- settings.py
import os

INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["oidc_auth.authentication.JSONWebTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}
OIDC_AUTH = {
    "OIDC_ENDPOINT": os.environ.get("ISSUER", "https://login.acme.dev"),
    "OIDC_CLAIMS_OPTIONS": {"aud": {"value": "https://api.acme.dev", "essential": True}},
    "JWT_ALGORITHMS": ["RS256"],
    "JWT_AUTH_HEADER_PREFIX": "Bearer",
}

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
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import BasePermission
from rest_framework.response import Response


class ReadsOrders(BasePermission):
    def has_permission(self, request, view):
        return request.auth is not None and "orders:read" in request.auth.get("scope", "").split()


@api_view()
def me(request):
    return Response({"name": request.user.username})


@api_view()
@permission_classes([ReadsOrders])
def orders(request):
    return Response([])


urlpatterns = [path("me", me), path("orders", orders)]

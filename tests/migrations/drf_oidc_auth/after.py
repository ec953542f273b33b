"""The same with jwks-auth."""

# --- settings.py
import os

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "jwks_auth_django",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["jwks_auth_django.rest_framework.JWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}
JWKS_AUTH = {
    "ISSUER": os.environ.get("ISSUER", "https://login.acme.dev"),
    "AUDIENCE": "https://api.acme.dev",
    "ALGORITHMS": ["RS256"],
    "USER": {"STORE": "database", "CREATE": False, "MATCH": {"username": "sub"}},
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
from rest_framework.response import Response

from jwks_auth_django.rest_framework import HasScopes


@api_view()
def me(request):
    return Response({"name": request.user.username})


@api_view()
@permission_classes([HasScopes("orders:read")])
def orders(request):
    return Response([])


urlpatterns = [path("me", me), path("orders", orders)]

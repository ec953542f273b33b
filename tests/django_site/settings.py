"""The settings of the test project; tests override ``JWKS_AUTH``, ``MIDDLEWARE`` and ``ROOT_URLCONF``."""

import os
import tempfile
from pathlib import Path

SECRET_KEY = "not a secret, but long enough to be one in a test"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
ROOT_URLCONF = "tests.django_site.sync_urls"
LOGIN_URL = "/login/"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "rest_framework",
    "drf_spectacular",
    "jwks_auth_django",
]
AUTHENTICATION_BACKENDS = [
    "jwks_auth_django.backends.JWTAuthenticationBackend",
    "django.contrib.auth.backends.ModelBackend",
]
WITHOUT_MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
WITH_MIDDLEWARE = [*WITHOUT_MIDDLEWARE, "jwks_auth_django.middleware.JWTAuthenticationMiddleware"]
MIDDLEWARE = WITH_MIDDLEWARE

SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": str(Path(tempfile.gettempdir()) / f"jwks-auth-django-{os.getpid()}.sqlite3"),
    "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 30},
}
POSTGRESQL = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": "postgres",
    "USER": "postgres",
    "HOST": "127.0.0.1",
    "PORT": os.environ.get("TESTS_POSTGRESQL_PORT", ""),
}
DATABASES = {"default": POSTGRESQL if "TESTS_POSTGRESQL_PORT" in os.environ else SQLITE}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
STATIC_URL = "/static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["jwks_auth_django.rest_framework.JWTAuthentication"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS = {"OAS_VERSION": "3.1.0"}  # which may name scopes for any scheme
JWKS_AUTH = {"ISSUER": "https://issuer.example/", "AUDIENCE": "api"}

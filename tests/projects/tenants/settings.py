"""Settings of a project with tenants: on PostgreSQL, which ``PGPORT`` names."""

import os

SECRET_KEY = "not a secret, but long enough to be one in a test"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "tests.projects.tenants.urls"
PUBLIC_SCHEMA_URLCONF = "tests.projects.tenants.public_urls"

_BOTH = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "jwks_auth_django",
]
SHARED_APPS = ["django_tenants", "tests.projects.tenants.customers", *_BOTH]
TENANT_APPS = _BOTH
INSTALLED_APPS = SHARED_APPS
TENANT_MODEL = "customers.Customer"
TENANT_DOMAIN_MODEL = "customers.Domain"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
DATABASES = {
    "default": {
        "ENGINE": "django_tenants.postgresql_backend",
        "NAME": "tenants",
        "USER": "postgres",
        "HOST": "127.0.0.1",
        "PORT": os.environ["PGPORT"],
    }
}
AUTHENTICATION_BACKENDS = [
    "jwks_auth_django.backends.JWTAuthenticationBackend",
    "django.contrib.auth.backends.ModelBackend",
]
MIDDLEWARE = [
    "django_tenants.middleware.main.TenantMainMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "jwks_auth_django.middleware.JWTAuthenticationMiddleware",
]
JWKS_AUTH = {
    "ISSUER": "https://login.operator.example/",
    "AUDIENCE": "operator",
    "USER": {"STORE": "database"},
    "APIS": {
        "a.tenants.example": {"ISSUER": "https://login.a.example/", "AUDIENCE": "a"},
        "b.tenants.example": {"ISSUER": "https://login.b.example/", "AUDIENCE": "b"},
    },
}

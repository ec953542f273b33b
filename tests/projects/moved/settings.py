"""Settings of the moved project: on PostgreSQL where ``PGPORT`` names one, else on SQLite."""

from tests.projects.monolith.settings import ALLOWED_HOSTS, DATABASES, DEFAULT_AUTO_FIELD, SECRET_KEY, USE_TZ

__all__ = ["ALLOWED_HOSTS", "DATABASES", "DEFAULT_AUTO_FIELD", "SECRET_KEY", "USE_TZ"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "rest_framework",
    "mozilla_django_oidc",
    "helusers.apps.HelusersConfig",
    "jwks_auth_django",
    "tests.projects.moved.accounts",
]
AUTH_USER_MODEL = "accounts.User"
ROOT_URLCONF = "tests.projects.moved.urls"
AUTHENTICATION_BACKENDS = ["jwks_auth_django.backends.JWTAuthenticationBackend"]
MIDDLEWARE = ["jwks_auth_django.middleware.JWTAuthenticationMiddleware"]
JWKS_AUTH = {
    "ISSUER": "https://login.shop.example/",
    "AUDIENCE": "https://api.shop.example",
    "USER": {"STORE": "database", "CLAIM_MAP": {"uuid": "sub"}},
}
OIDC_OP_TOKEN_ENDPOINT = OIDC_OP_USER_ENDPOINT = "https://login.shop.example/token"
OIDC_RP_CLIENT_ID = OIDC_RP_CLIENT_SECRET = "client"

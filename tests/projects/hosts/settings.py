"""Settings of a project for ``shop.example`` and ``admin.shop.example``."""

SECRET_KEY = "not a secret, but long enough to be one in a test"
ALLOWED_HOSTS = [".shop.example", "shop.example"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "tests.projects.hosts.urls"
SUBDOMAIN_URLCONFS = {"admin": "tests.projects.hosts.admin_urls"}

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "rest_framework",
    "jwks_auth_django",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
AUTHENTICATION_BACKENDS = [
    "jwks_auth_django.backends.JWTAuthenticationBackend",
    "django.contrib.auth.backends.ModelBackend",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "jwks_auth_django.middleware.JWTAuthenticationMiddleware",
    "tests.projects.hosts.urls.by_host",
]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["jwks_auth_django.rest_framework.JWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}
JWKS_AUTH = {
    "ISSUER": "https://login.shop.example/",
    "AUDIENCE": "shop",
    "RESOURCE": "https://shop.example/",
    "PUBLIC_PATHS": ["/ready"],
    "APIS": {
        "admin.shop.example": {
            "ISSUER": "https://staff.shop.example/",
            "AUDIENCE": "admin",
            "RESOURCE": "https://admin.shop.example/",
            "REQUIRED": True,
        }
    },
}

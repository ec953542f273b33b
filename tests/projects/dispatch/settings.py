"""Settings of the dispatch: on PostgreSQL where ``PGPORT`` names one, else on the SQLite file ``DISPATCH_DB``."""

import os

SECRET_KEY = "not a secret, but long enough to be one in a test"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "tests.projects.dispatch.urls"
ASGI_APPLICATION = "tests.projects.dispatch.asgi.application"
STATIC_URL = "/static/"
LOGIN_URL = "/login"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "ninja",
    "channels",
    "jwks_auth_django",
    "tests.projects.dispatch",
]
AUTHENTICATION_BACKENDS = [
    "jwks_auth_django.backends.JWTAuthenticationBackend",
    "django.contrib.auth.backends.ModelBackend",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "jwks_auth_django.middleware.JWTAuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postgres",
        "USER": "postgres",
        "HOST": "127.0.0.1",
        "PORT": os.environ["PGPORT"],
    }
    if "PGPORT" in os.environ
    else {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["DISPATCH_DB"],
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 60},
    }
}
JWKS_AUTH = {
    "ISSUER": os.environ["DISPATCH_ISSUER"],
    "ALLOW_FAKE_ISSUER": True,
    "ALLOW_HTTP": True,  # a provider on this machine
    "AUDIENCE": "https://dispatch.example",
    "PERMISSIONS_CLAIM": "permissions",
    "USER": {
        "STORE": "database",
        "CLAIM_MAP": {"first_name": "given_name", "email": "email"},
        "SERVICES": "create",
    },
}
SILENCED_SYSTEM_CHECKS = ["jwks_auth_django.W001"]  # http, on this machine

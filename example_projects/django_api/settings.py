import os

DEBUG = os.environ.get("DEBUG") == "1"
SECRET_KEY = os.environ.get("SECRET_KEY", "only-for-trying-this-out")
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "urls"
WSGI_APPLICATION = "app.application"

INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "jwks_auth_django"]
MIDDLEWARE = ["jwks_auth_django.middleware.JWTAuthenticationMiddleware"]
AUTHENTICATION_BACKENDS = ["jwks_auth_django.backends.JWTAuthenticationBackend"]

PREFIX = "JWKS_AUTH_"
JWKS_AUTH = {
    name.removeprefix(PREFIX): value for name, value in os.environ.items() if name.startswith(PREFIX)
}

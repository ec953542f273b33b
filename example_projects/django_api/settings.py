import os

SECRET_KEY = os.environ.get("SECRET_KEY", "only-for-trying-this-out")
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "urls"
WSGI_APPLICATION = "app.application"

INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "jwks_auth_django"]
MIDDLEWARE = ["jwks_auth_django.middleware.JWTAuthenticationMiddleware"]
AUTHENTICATION_BACKENDS = ["jwks_auth_django.backends.JWTAuthenticationBackend"]

JWKS_AUTH = {
    "ISSUER": os.environ["JWKS_AUTH_ISSUER"],
    "AUDIENCE": os.environ["JWKS_AUTH_AUDIENCE"],
}

"""A project for gunicorn and uvicorn: one guarded view, keys shared through Redis."""

import os

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path

settings.configure(
    SECRET_KEY="not a secret, but long enough to be one in a test",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "jwks_auth_django"],
    MIDDLEWARE=["jwks_auth_django.middleware.JWTAuthenticationMiddleware"],
    AUTHENTICATION_BACKENDS=["jwks_auth_django.backends.JWTAuthenticationBackend"],
    CACHES={
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": os.environ["REDIS_URL"],
        }
    },
    JWKS_AUTH={
        "ISSUER": os.environ["JWKS_AUTH_ISSUER"],
        "ALLOW_FAKE_ISSUER": True,
        "AUDIENCE": "api",
        "CACHE": "default",
        # A shared record counts as older by a sixtieth of this, for clocks that differ: here, half a second.
        "LIFESPAN": 30,
    },
)
django.setup()

from jwks_auth_django import require_jwt  # noqa: E402  # it reads the settings
from jwks_auth_django.conf import configuration  # noqa: E402


@require_jwt
def me(request):
    """A sync view."""
    return JsonResponse({"sub": request.token.subject})


@require_jwt
async def async_me(request):
    """An async view."""
    return JsonResponse({"sub": request.token.subject})


urlpatterns = [path("me", me), path("async/me", async_me)]
application = get_wsgi_application()
async_application = get_asgi_application()
configuration().authenticator.warm_up()  # before gunicorn forks: every worker starts with these keys

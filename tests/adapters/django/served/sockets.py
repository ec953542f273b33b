"""A project for Daphne: one WebSocket that asks for a scope."""

import os

import django
from django.conf import settings
from django.urls import path

settings.configure(
    SECRET_KEY="not a secret, but long enough to be one in a test",
    ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "jwks_auth_django"],
    JWKS_AUTH={"ISSUER": os.environ["JWKS_AUTH_ISSUER"], "AUDIENCE": "api"},
)
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402  # they read the settings
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from jwks_auth_django.channels import JWTAuthMiddleware  # noqa: E402


class Greeting(AsyncWebsocketConsumer):
    """Greets whoever is there."""

    async def connect(self):
        """Accept, and greet."""
        await self.accept()
        await self.send(self.scope["token"].subject)


routes = URLRouter([path("ws", Greeting.as_asgi())])
application = ProtocolTypeRouter({"websocket": JWTAuthMiddleware(routes, scopes="chat")})

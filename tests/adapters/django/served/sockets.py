"""A project for Daphne: WebSockets that ask for a scope, with the settings in the environment."""

import os

import django
from django.conf import settings
from django.urls import path

settings.configure(
    SECRET_KEY="not a secret, but long enough to be one in a test",
    ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "jwks_auth_django"],
    SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
    JWKS_AUTH={
        "AUDIENCE": "api",
        "ALLOW_FAKE_ISSUER": True,
        **{name[10:]: value for name, value in os.environ.items() if name.startswith("JWKS_AUTH_")},
    },
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


class Proofs(AsyncWebsocketConsumer):
    """Tells how the sender has proved itself."""

    async def connect(self):
        """Accept, and tell."""
        await self.accept()
        await self.send(" ".join(sorted(self.scope["token"].proofs)))


routes = URLRouter([path("ws", Greeting.as_asgi()), path("proofs", Proofs.as_asgi())])
application = ProtocolTypeRouter({"websocket": JWTAuthMiddleware(routes, scopes="chat")})

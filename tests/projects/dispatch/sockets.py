"""A WebSocket with the news of an account's jobs."""

from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.urls import path

from tests.projects.dispatch.models import Job


class News(AsyncJsonWebsocketConsumer):
    """Tells how many jobs the account has, whenever it is asked."""

    async def connect(self):
        """Accept."""
        await self.accept()

    async def receive_json(self, content):
        """Count."""
        await self.send_json({"jobs": await Job.objects.filter(owner=self.scope["user"]).acount()})


routes = [path("news", News.as_asgi())]

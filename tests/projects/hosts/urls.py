"""The shop's routes, and the middleware that gives the admin's host others."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpResponse
from django.urls import path
from django.utils.decorators import sync_and_async_middleware
from rest_framework.response import Response
from rest_framework.views import APIView

__all__ = ["Me", "by_host", "ready", "urlpatterns"]


class Me(APIView):
    """Say who asks."""

    def get(self, request: Any) -> Response:
        """Read."""
        return Response({"user": request.user.get_username()})


def ready(request: Any) -> HttpResponse:
    """Say so to anybody."""
    return HttpResponse("ready")


@sync_and_async_middleware
def by_host(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Choose the URLconf, as packages for subdomains do."""

    def choose(request: Any) -> None:
        if request.get_host().startswith("admin."):
            request.urlconf = "tests.projects.hosts.admin_urls"

    if iscoroutinefunction(get_response):

        async def amiddleware(request: Any) -> Any:
            choose(request)
            return await get_response(request)

        return amiddleware

    def middleware(request: Any) -> Any:
        choose(request)
        return get_response(request)

    return middleware


urlpatterns = [path("me", Me.as_view()), path("ready", ready)]

"""The admin's routes."""

from typing import Any

from django.http import HttpResponse
from django.urls import path

from .urls import Me, ready

__all__ = ["urlpatterns"]


def bare(request: Any) -> HttpResponse:
    """A view that somebody forgot to guard."""
    return HttpResponse("bare")


async def abare(request: Any) -> HttpResponse:
    """Another."""
    return HttpResponse("bare")


urlpatterns = [
    path("me", Me.as_view()),
    path("ready", ready),
    path("bare", bare),
    path("abare", abare),
]

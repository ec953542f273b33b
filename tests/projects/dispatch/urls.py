"""The API, and pages for people who log in."""

from django.contrib import admin
from django.http import HttpResponse
from django.urls import path

from tests.projects.dispatch.api import urls


async def desk(request):
    """A page of the staff's, behind ``LoginRequiredMiddleware``."""
    return HttpResponse(f"hello, {await request.auser()}")


urlpatterns = [path("api/", urls), path("desk", desk), path("admin/", admin.site.urls)]

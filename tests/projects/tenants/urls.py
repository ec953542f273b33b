"""The tenants' routes."""

from django.urls import path

from .views import ame, me, page

urlpatterns = [path("me", me), path("ame", ame), path("page", page)]

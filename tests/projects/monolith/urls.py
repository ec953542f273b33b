"""The shop's pages and its API."""

from django.contrib import admin
from django.urls import include, path
from rest_framework.routers import DefaultRouter

from tests.projects.monolith.orders.api import Orders, async_me, me

router = DefaultRouter()
router.register("orders", Orders, basename="order")
urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include(router.urls)),
    path("me", me),
    path("async/me", async_me),
]

"""The API: orders by object permissions and scopes, and pages for people."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from guardian.shortcuts import assign_perm, get_objects_for_user
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.throttling import UserRateThrottle
from rest_framework.viewsets import ModelViewSet

from jwks_auth_django import require_jwt
from jwks_auth_django.rest_framework import HasScopes

from .models import Order


class OrderSerializer(serializers.ModelSerializer[Order]):
    """An order's text."""

    class Meta:
        """The fields."""

        model = Order
        fields = ("id", "text")


class Generous(UserRateThrottle):
    """Throttles by user."""

    rate = "1000/day"


class Orders(ModelViewSet[Order]):
    """The orders that the user may view."""

    serializer_class = OrderSerializer
    permission_classes = (IsAuthenticated & HasScopes,)  # type: ignore[operator]
    required_scopes = {"list": "orders:read", "retrieve": "orders:read", "create": "orders:write"}
    throttle_classes = (Generous,)

    def get_queryset(self) -> Any:
        """Those with the permission to view them."""
        return get_objects_for_user(self.request.user, "orders.view_order", Order)

    def perform_create(self, serializer: Any) -> None:
        """Make an order of the user's own."""
        order = serializer.save(customer=self.request.user)
        assign_perm("orders.view_order", self.request.user, order)


@login_required
def me(request: HttpRequest) -> JsonResponse:
    """Who it is, by session or token."""
    return JsonResponse({"email": request.user.get_username()})


@require_jwt
async def async_me(request: HttpRequest) -> JsonResponse:
    """The same, by token, in an async view."""
    return JsonResponse({"email": request.user.get_username()})

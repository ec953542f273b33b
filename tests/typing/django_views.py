"""What type checkers know of Django's guarded views: mypy strict reads this, nothing runs it."""

from __future__ import annotations

from typing import assert_type

from django.http import JsonResponse
from django.urls import path

from jwks_auth import VerifiedToken
from jwks_auth_django import JWTRequest, require_jwt


@require_jwt
def me(request: JWTRequest) -> JsonResponse:
    """Bare."""
    assert_type(request.token, VerifiedToken)
    return JsonResponse({"sub": request.token.subject})


@require_jwt(scopes="orders:read", person=True)
async def orders(request: JWTRequest) -> JsonResponse:
    """Called, on an async view."""
    assert_type(request.token.is_service, bool)
    return JsonResponse({"scopes": sorted(request.token.scopes)})


urlpatterns = [path("me", me), path("orders", orders)]

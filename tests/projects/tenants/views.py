"""Views, the same for all tenants."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import JsonResponse

from jwks_auth_django import require_jwt

__all__ = ["ame", "me", "page"]


@require_jwt
def me(request: Any) -> JsonResponse:
    """Say who asks, and in whose schema."""
    return JsonResponse({"pk": request.user.pk, "schema": request.tenant.schema_name})


@require_jwt
async def ame(request: Any) -> JsonResponse:
    """The same on a loop."""
    return JsonResponse({"pk": (await request.auser()).pk, "schema": request.tenant.schema_name})


@login_required
def page(request: Any) -> JsonResponse:
    """A page for sessions and tokens."""
    return JsonResponse({"pk": request.user.pk})


def for_request(request: Any) -> str | None:
    """Choose by the tenant that django-tenants has found, whichever of its hosts was asked."""
    return {"a": "a.tenants.example", "b": "b.tenants.example"}.get(request.tenant.schema_name)

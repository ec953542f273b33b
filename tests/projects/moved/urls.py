"""One page."""

from django.http import HttpRequest, JsonResponse
from django.urls import path

from jwks_auth_django import require_jwt


@require_jwt
def me(request: HttpRequest) -> JsonResponse:
    """Who it is."""
    return JsonResponse({"pk": request.user.pk})


urlpatterns = [path("me", me)]

"""The contract's routes as functions."""

from django.http import JsonResponse
from django.urls import include, path

from jwks_auth_django import require_jwt
from tests.contract.cases import MFA, OTHER_RESOURCE, SHARED


def public(request):
    """No guard."""
    return JsonResponse({"message": "hello, world"})


@require_jwt
def me(request):
    """Any good token."""
    return JsonResponse({"sub": request.token.subject})


@require_jwt(scopes="orders:read")
def orders(request):
    """One scope."""
    return JsonResponse({"orders": []})


@require_jwt(scopes="orders:read orders:write")
def both(request):
    """Two scopes."""
    return JsonResponse({"orders": []})


@require_jwt(any_scope=["orders:read", "orders:admin"])
def any_of(request):
    """One of two scopes."""
    return JsonResponse({"orders": []})


@require_jwt(any_role=["admin", "root"])
def admin(request):
    """One of two roles."""
    return JsonResponse({"admin": True})


@require_jwt(audience="reports")
def reports(request):
    """An audience of its own."""
    return JsonResponse({"sub": request.token.subject})


@require_jwt(optional=True)
def optional(request):
    """Anybody, but no bad token."""
    return JsonResponse({"sub": request.token.subject if request.token else None})


@require_jwt(audience=OTHER_RESOURCE)
def v2(request):
    """A resource of its own."""
    return JsonResponse({"sub": request.token.subject})


@require_jwt(acr=[MFA, "urn:acme:otp"], max_auth_age=300)
def mfa(request):
    """A recent authentication in one of two ways."""
    return JsonResponse({"mfa": True})


@require_jwt(acr=MFA, scopes=["orders:read", "orders:write"])
def mfa_orders(request):
    """A way to authenticate, and scopes."""
    return JsonResponse({"orders": []})


@require_jwt(acr=MFA, optional=True)
def mfa_optional(request):
    """Anybody, but no weak token."""
    return JsonResponse({"sub": request.token.subject if request.token else None})


@require_jwt(optional=True)
def shared(request):
    """The same, in an answer that says it is public."""
    return JsonResponse(
        {"sub": request.token.subject if request.token else None}, headers={"Cache-Control": SHARED}
    )


urlpatterns = [
    path("public", public),
    path("me", me),
    path("orders", orders),
    path("both", both),
    path("any", any_of),
    path("admin", admin),
    path("reports", reports),
    path("optional", optional),
    path("shared", shared),
    path("v2", v2),
    path("mfa", mfa),
    path("mfa-orders", mfa_orders),
    path("mfa-optional", mfa_optional),
    path("", include("jwks_auth_django.urls")),
]

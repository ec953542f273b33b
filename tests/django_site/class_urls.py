"""The contract's routes as class-based views, sync and async."""

from typing import ClassVar

from django.http import JsonResponse
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views import View

from jwks_auth_django import RequireJWTMixin, require_jwt
from tests.contract.cases import MFA, OTHER_RESOURCE, SHARED

METHODS = ("get", "post", "put", "patch", "delete")


class Public(View):
    """No guard."""

    def get(self, request):
        return JsonResponse({"message": "hello, world"})


@method_decorator(require_jwt, name="dispatch")
class Me(View):
    """Any good token."""

    def get(self, request):
        return JsonResponse({"sub": request.token.subject})

    post = put = patch = delete = get


@method_decorator(require_jwt(scopes="orders:read"), name="dispatch")
class Orders(View):
    """One scope; async behind a ``dispatch`` that does not say so."""

    async def get(self, request):
        return JsonResponse({"orders": []})


class Guarded(RequireJWTMixin, View):
    """Several scopes, through the mixin."""

    async def get(self, request):
        return JsonResponse({"orders": []})


class Admin(RequireJWTMixin, View):
    """A role, through the mixin."""

    jwt: ClassVar = {"any_role": ["admin", "root"]}

    def get(self, request):
        return JsonResponse({"admin": True})


class MFAView(RequireJWTMixin, View):
    """A recent authentication in one of two ways."""

    jwt: ClassVar = {"acr": [MFA, "urn:acme:otp"], "max_auth_age": 300}

    def get(self, request):
        return JsonResponse({"mfa": True})


class Reports(RequireJWTMixin, Me):
    """An audience of its own, and a guard inside of the guard."""

    jwt: ClassVar = {"audience": "reports"}


class Optional(RequireJWTMixin, View):
    """Anybody, but no bad token."""

    jwt: ClassVar = {"optional": True}

    def get(self, request):
        return JsonResponse({"sub": request.token.subject if request.token else None})


class Shared(Optional):
    """The same, in an answer that says it is public."""

    def get(self, request):
        answer = super().get(request)
        answer["Cache-Control"] = SHARED
        return answer

    post = put = patch = delete = get


urlpatterns = [
    path("public", Public.as_view()),
    path("me", Me.as_view()),
    path("orders", Orders.as_view()),
    path("both", Guarded.as_view(jwt={"scopes": "orders:read orders:write"})),
    path("any", Guarded.as_view(jwt={"any_scope": ["orders:read", "orders:admin"]})),
    path("admin", Admin.as_view()),
    path("reports", Reports.as_view()),
    path("optional", Optional.as_view()),
    path("shared", Shared.as_view()),
    path("v2", Reports.as_view(jwt={"audience": OTHER_RESOURCE})),
    path("mfa", MFAView.as_view()),
    path("mfa-orders", Guarded.as_view(jwt={"acr": MFA, "scopes": ["orders:read", "orders:write"]})),
    path("mfa-optional", Optional.as_view(jwt={"acr": MFA, "optional": True})),
    path("", include("jwks_auth_django.urls")),
]

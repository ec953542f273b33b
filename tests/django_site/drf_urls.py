"""The contract's routes in Django REST framework."""

from django.urls import include, path
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from jwks_auth_django import public as open_on_purpose
from jwks_auth_django.rest_framework import (
    HasAnyScope,
    HasAuthentication,
    HasRole,
    HasScopes,
    JWTAuthentication,
)
from tests.contract.cases import MFA, OTHER_RESOURCE, SHARED


class ReportsAuthentication(JWTAuthentication):
    """For tokens to the reports only."""

    audience = "reports"


class Base(APIView):
    """Answers all methods alike."""

    def get(self, request):
        return Response(self.answer(request))

    post = put = patch = delete = get


class Public(Base):
    authentication_classes = []

    def answer(self, request):
        return {"message": "hello, world"}


class Me(Base):
    permission_classes = [IsAuthenticated]

    def answer(self, request):
        return {"sub": request.auth.subject}


class Reports(Me):
    authentication_classes = [ReportsAuthentication]


class Orders(Base):
    permission_classes = [HasScopes("orders:read")]

    def answer(self, request):
        return {"orders": []}


class Both(Orders):
    permission_classes = [HasScopes]
    required_scopes = ["orders:read", "orders:write"]


class Any(Orders):
    permission_classes = [HasAnyScope("orders:read", "orders:admin")]


class Admin(Base):
    permission_classes = [HasRole("admin", "root")]

    def answer(self, request):
        return {"admin": True}


class V2Authentication(JWTAuthentication):
    """For tokens to a resource of its own."""

    audience = OTHER_RESOURCE


class V2(Me):
    authentication_classes = [V2Authentication]


class MFAView(Base):
    permission_classes = [HasAuthentication(acr=[MFA, "urn:acme:otp"], max_auth_age=300)]

    def answer(self, request):
        return {"mfa": True}


class MFAOrders(Orders):
    permission_classes = [HasAuthentication(acr=MFA), HasScopes("orders:read") & HasScopes("orders:write")]


class NoToken(BasePermission):
    """A permission of the project's: nobody has sent a token."""

    def has_permission(self, request, view):
        return request.auth is None


@open_on_purpose
class Optional(Base):
    permission_classes = [AllowAny]

    def answer(self, request):
        return {"sub": request.auth.subject if request.auth else None}


@open_on_purpose
class MFAOptional(Optional):
    permission_classes = [NoToken | HasAuthentication(acr=MFA)]


@open_on_purpose
class Shared(Optional):
    def get(self, request):
        return Response(self.answer(request), headers={"Cache-Control": SHARED})

    post = put = patch = delete = get


urlpatterns = [
    path("public", Public.as_view()),
    path("me", Me.as_view()),
    path("orders", Orders.as_view()),
    path("both", Both.as_view()),
    path("any", Any.as_view()),
    path("admin", Admin.as_view()),
    path("reports", Reports.as_view()),
    path("optional", Optional.as_view()),
    path("shared", Shared.as_view()),
    path("v2", V2.as_view()),
    path("mfa", MFAView.as_view()),
    path("mfa-orders", MFAOrders.as_view()),
    path("mfa-optional", MFAOptional.as_view()),
    path("", include("jwks_auth_django.urls")),
]

"""The contract's routes in Django REST framework."""

from django.urls import path
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from jwks_auth_django.rest_framework import HasAnyScope, HasRole, HasScopes, JWTAuthentication
from tests.contract.cases import SHARED


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


class Optional(Base):
    permission_classes = [AllowAny]

    def answer(self, request):
        return {"sub": request.auth.subject if request.auth else None}


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
]

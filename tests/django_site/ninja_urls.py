"""The contract's routes in Django Ninja, as sync views."""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.urls import path
from ninja import NinjaAPI

from jwks_auth_django.ninja import JWTBearer
from tests.contract.cases import SHARED

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
api = NinjaAPI(urls_namespace="ninja", docs_url=None)


def anybody(request):
    """The next way to authenticate: nobody is somebody."""
    return AnonymousUser()


@api.api_operation(METHODS, "/public")
def public(request):
    return {"message": "hello, world"}


@api.api_operation(METHODS, "/me", auth=JWTBearer())
def me(request):
    return {"sub": request.auth.subject}


@api.api_operation(METHODS, "/orders", auth=JWTBearer(scopes="orders:read"))
def orders(request):
    return {"orders": []}


@api.api_operation(METHODS, "/both", auth=JWTBearer(scopes=["orders:read", "orders:write"]))
def both(request):
    return {"orders": []}


@api.api_operation(METHODS, "/any", auth=JWTBearer(any_scope=["orders:read", "orders:admin"]))
def any_of(request):
    return {"orders": []}


@api.api_operation(METHODS, "/admin", auth=JWTBearer(any_role=["admin", "root"]))
def admin(request):
    return {"admin": True}


@api.api_operation(METHODS, "/reports", auth=JWTBearer(audience="reports"))
def reports(request):
    return {"sub": request.auth.subject}


@api.api_operation(METHODS, "/optional", auth=[JWTBearer(), anybody])
def optional(request):
    return {"sub": getattr(request.auth, "subject", None)}


@api.api_operation(METHODS, "/shared", auth=[JWTBearer(), anybody])
def shared(request, response: HttpResponse):
    response["Cache-Control"] = SHARED
    return {"sub": getattr(request.auth, "subject", None)}


urlpatterns = [path("", api.urls)]

"""The contract's routes in Django Ninja, as async views."""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.urls import include, path
from ninja import NinjaAPI

from jwks_auth_django.ninja import JWTBearer
from tests.contract.cases import MFA, OTHER_RESOURCE, SHARED

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
api = NinjaAPI(urls_namespace="ninja-async", docs_url=None)


async def anybody(request):
    """The next way to authenticate: nobody is somebody."""
    return AnonymousUser()


@api.api_operation(METHODS, "/public")
async def public(request):
    return {"message": "hello, world"}


@api.api_operation(METHODS, "/me", auth=JWTBearer())
async def me(request):
    return {"sub": request.auth.subject}


@api.api_operation(METHODS, "/orders", auth=JWTBearer(scopes="orders:read"))
async def orders(request):
    return {"orders": []}


@api.api_operation(METHODS, "/both", auth=JWTBearer(scopes=["orders:read", "orders:write"]))
async def both(request):
    return {"orders": []}


@api.api_operation(METHODS, "/any", auth=JWTBearer(any_scope=["orders:read", "orders:admin"]))
async def any_of(request):
    return {"orders": []}


@api.api_operation(METHODS, "/admin", auth=JWTBearer(any_role=["admin", "root"]))
async def admin(request):
    return {"admin": True}


@api.api_operation(METHODS, "/reports", auth=JWTBearer(audience="reports"))
async def reports(request):
    return {"sub": request.auth.subject}


@api.api_operation(METHODS, "/optional", auth=[JWTBearer(), anybody])
async def optional(request):
    return {"sub": getattr(request.auth, "subject", None)}


@api.api_operation(METHODS, "/shared", auth=[JWTBearer(), anybody])
async def shared(request, response: HttpResponse):
    response["Cache-Control"] = SHARED
    return {"sub": getattr(request.auth, "subject", None)}


@api.api_operation(METHODS, "/v2", auth=JWTBearer(audience=OTHER_RESOURCE))
async def v2(request):
    return {"sub": request.auth.subject}


@api.api_operation(METHODS, "/mfa", auth=JWTBearer(acr=[MFA, "urn:acme:otp"], max_auth_age=300))
async def mfa(request):
    return {"mfa": True}


@api.api_operation(METHODS, "/mfa-orders", auth=JWTBearer(acr=MFA, scopes=["orders:read", "orders:write"]))
async def mfa_orders(request):
    return {"orders": []}


@api.api_operation(METHODS, "/mfa-optional", auth=[JWTBearer(acr=MFA), anybody])
async def mfa_optional(request):
    return {"sub": getattr(request.auth, "subject", None)}


urlpatterns = [path("", include("jwks_auth_django.urls")), path("", api.urls)]

"""The API: async operations beside a sync one, each with its scopes."""

from django.contrib.auth import get_user_model
from django.http import HttpRequest
from ninja import NinjaAPI, Schema, Status
from ninja.throttling import AuthRateThrottle

from jwks_auth_django import public
from jwks_auth_django.ninja import JWTBearer, leave_alone
from tests.projects.dispatch.models import Job

api = NinjaAPI(title="Dispatch", auth=JWTBearer())


class JobIn(Schema):
    """A job to be ordered."""

    address: str


class JobOut(Schema):
    """A job."""

    id: int
    address: str


@api.get("/me")
async def me(request: HttpRequest):
    """Who the token's account is."""
    user = await request.auser()
    return {"pk": user.pk, "name": user.first_name, "service": request.auth.is_service}


@api.get("/jobs", auth=JWTBearer(scopes="jobs:read"), response=list[JobOut])
async def jobs(request: HttpRequest):
    """The account's own jobs."""
    return [job async for job in Job.objects.filter(owner=await request.auser()).order_by("pk")]


@api.post("/jobs", auth=JWTBearer(scopes="jobs:write"), response={201: JobOut})
async def order(request: HttpRequest, asked: JobIn):
    """Order one."""
    job = await Job.objects.acreate(owner=await request.auser(), address=asked.address)
    return Status(201, job)


@api.get("/people", auth=JWTBearer(permissions="auth.view_user", person=True))
def people(request: HttpRequest):
    """A sync operation: the number of accounts."""
    return {"people": get_user_model().objects.count()}


@api.get("/quote", throttle=AuthRateThrottle("2/d"))
async def quote(request: HttpRequest):
    """Two a day for each account."""
    return {"price": 1}


@api.get("/status", auth=None)
@public
async def status(request: HttpRequest):
    """For the load balancer."""
    return {"up": True}


urls = leave_alone(api).urls

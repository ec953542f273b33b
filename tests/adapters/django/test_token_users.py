"""A token's user meets what expects a row: foreign keys, backends of objects, caches of throttles, pickles."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.db.models import Q
from django.http import HttpRequest, JsonResponse
from django.test import AsyncClient, Client
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView

from jwks_auth import VerifiedToken
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt
from jwks_auth_django.backends import JWTAuthenticationBackend
from jwks_auth_django.conf import configuration
from jwks_auth_django.users import TokenUser
from tests.adapters.django.daemons import free_port, running
from tests.needs import need_module, need_tool

SCRIPT = Path(__file__).with_name("served") / "object_permissions.py"
OURS = "jwks_auth_django.backends.JWTAuthenticationBackend"


@pytest.fixture
def ada(project: Any, issuer: FakeIssuer) -> TokenUser:
    """A token's user."""
    project()
    return TokenUser(configuration().authenticator.verifier.verify(issuer.token(sub="ada lovelace")))


FOREIGN_KEYS = {
    "filter": lambda user: LogEntry.objects.filter(user=user),
    "filter by key": lambda user: LogEntry.objects.filter(user_id=user),
    "exclude": lambda user: LogEntry.objects.exclude(user=user),
    "in a list": lambda user: LogEntry.objects.filter(user__in=[user]),
    "in a condition": lambda user: LogEntry.objects.filter(Q(user=user) | Q(object_repr="x")),
    "get or create": lambda user: LogEntry.objects.get_or_create(user=user),
    "by its row": lambda user: User.objects.filter(pk=user),
    "update": lambda user: LogEntry.objects.update(user=user),
    "a new row": lambda user: LogEntry(user=user),
    "create": lambda user: LogEntry.objects.create(user=user),
    "assignment": lambda user: setattr(LogEntry(), "user", user),
}


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("meet", FOREIGN_KEYS)
def test_a_foreign_key_that_meets_a_token_says_what_is_missing(ada: TokenUser, meet: str) -> None:
    """One sentence with the setting that gives rows, and without a claim."""
    with pytest.raises(
        (TypeError, ValueError), match=r'has no row in the database.*"STORE": "database"'
    ) as met:
        FOREIGN_KEYS[meet](ada)
    assert "ada" not in str(met.value)


class OwnBackend:
    """A project's backend, which answers as *answer* does."""

    answer: ClassVar[Any]

    def has_perm(self, user: Any, perm: str, obj: Any = None) -> bool:
        """Ask *answer*."""
        return bool(type(self).answer(obj))

    def get_all_permissions(self, user: Any, obj: Any = None) -> set[str]:
        """Ask *answer*."""
        return {"own"} if type(self).answer(obj) else set()

    async def ahas_perm(self, user: Any, perm: str, obj: Any = None) -> bool:
        """Ask *answer*."""
        return self.has_perm(user, perm, obj)

    async def aget_all_permissions(self, user: Any, obj: Any = None) -> set[str]:
        """Ask *answer*."""
        return self.get_all_permissions(user, obj)


class NeedsARow(OwnBackend):
    """A backend that fails for whatever has no row."""

    @staticmethod
    def answer(obj: Any) -> bool:
        """Fail."""
        raise LookupError("no row of ada lovelace")


class Owners(OwnBackend):
    """A backend of rules, as in django-rules: its predicates take any user."""

    @staticmethod
    def answer(obj: Any) -> bool:
        """Say yes for one object."""
        return obj == "mine"


class Denies(OwnBackend):
    """A backend that ends the round of questions."""

    @staticmethod
    def answer(obj: Any) -> bool:
        """Deny."""
        raise PermissionDenied


class Down(OwnBackend):
    """A backend whose database is down."""

    @staticmethod
    def answer(obj: Any) -> bool:
        """Fail."""
        raise OperationalError


def backends(*classes: type) -> list[str]:
    """Ours and these, for the settings."""
    return [OURS, *(f"{__name__}.{each.__name__}" for each in classes)]


async def test_a_backend_that_needs_a_row_says_no(
    ada: TokenUser, project: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """It is no error of the view's: the next backend is asked, and the log names the backend and no claim."""
    project(AUTHENTICATION_BACKENDS=backends(NeedsARow, Owners))
    assert ada.has_perm("shop.change_order", "mine")
    assert not ada.has_perm("shop.change_order", "theirs")
    assert ada.get_all_permissions("mine") == {"own"}
    assert await ada.ahas_perm("shop.change_order", "mine")
    assert not await ada.ahas_perms(["shop.change_order"], "theirs")
    assert await ada.aget_all_permissions("mine") == {"own"}
    assert "NeedsARow can't judge a user without a row: LookupError" in caplog.text
    assert "ada" not in caplog.text


async def test_a_backend_that_denies_ends_the_questions(ada: TokenUser, project: Any) -> None:
    """Django's rule: PermissionDenied is a no that no later backend changes."""
    project(AUTHENTICATION_BACKENDS=backends(Denies, Owners))
    assert not ada.has_perm("shop.change_order", "mine")
    assert not await ada.ahas_perm("shop.change_order", "mine")


async def test_a_backend_whose_database_is_down_is_no_no(ada: TokenUser, project: Any) -> None:
    """An outage is not the user's lack of a row."""
    project(AUTHENTICATION_BACKENDS=backends(Down))
    with pytest.raises(OperationalError):
        ada.has_perm("shop.change_order", "mine")
    with pytest.raises(OperationalError):
        await ada.ahas_perm("shop.change_order", "mine")


def test_guardian_answers_for_users_without_a_row() -> None:
    """django-guardian's own backend: no for a token's user, the row's permission for an account."""
    need_module("guardian.exceptions")
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout) == {
        "a token": [False, False, [], 404],
        "an account without": [False, False, [], 404],
        "an account": [True, True, ["view_group"], 200],
    }


class Once(UserRateThrottle):
    """One request a day for each user."""

    rate = "1/day"


class Throttled(APIView):
    """A view that DRF throttles."""

    throttle_classes = [Once]

    def get(self, request: Any) -> Response:
        """Say who it is."""
        return Response(str(request.user))


@pytest.fixture
def memcached() -> Iterator[dict[str, Any]]:
    """CACHES with a real Memcached, which takes no key with a space, and none of more than 250 octets."""
    need_module("pymemcache")
    port = free_port()
    with running([need_tool("memcached"), "-u", "nobody", "-l", "127.0.0.1", "-p", str(port)], port):
        backend = "django.core.cache.backends.memcached.PyMemcacheCache"
        yield {"default": {"BACKEND": backend, "LOCATION": f"127.0.0.1:{port}"}}


@pytest.mark.parametrize(
    "subject", ["ada lovelace", "ada\u00e9\r\n", "a" * 2000], ids=["space", "other", "long"]
)
def test_throttles_count_each_user(
    project: Any, issuer: FakeIssuer, memcached: dict[str, Any], subject: str
) -> None:
    """Whatever a subject is made of, DRF's throttle counts it, and for itself alone."""
    project({"/x": Throttled.as_view()}, CACHES=memcached, MIDDLEWARE=[])
    client = APIClient()

    def statuses(sub: str) -> list[int]:
        return [client.get("/x", headers=issuer.headers(sub=sub)).status_code for _ in range(2)]

    assert statuses(subject) == [200, 429]
    assert statuses(subject + "2") == [200, 429]


def kept(user: Any) -> list[Any]:
    """The user as a cache, a queue or a library would keep it."""
    return [copy.copy(user), copy.deepcopy(user), pickle.loads(pickle.dumps(user))]


def who(request: HttpRequest) -> JsonResponse:
    """Say who it is, from every copy."""
    token = getattr(request.user, "_jwt", None)
    return JsonResponse(
        {"users": [str(each) for each in kept(request.user)], "same": token is None or same(request.user)}
    )


async def who_async(request: HttpRequest) -> JsonResponse:
    """Do the same on an event loop."""
    user = await request.auser()
    return JsonResponse({"users": [str(each) for each in kept(user)], "same": same(user)})


def same(user: Any) -> bool:
    """Whether each copy is the same user with the same permissions and token, but for what was sent."""
    return all(
        (each, each.get_all_permissions(), each._jwt.subject, each._jwt.payload)
        == (user, user.get_all_permissions(), user._jwt.subject, user._jwt.payload)
        and isinstance(each._jwt, VerifiedToken)
        for each in kept(user)
    )


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("store", ["token", "database"])
def test_a_request_s_user_can_be_kept(project: Any, issuer: FakeIssuer, store: str) -> None:
    """Copied, deep-copied and pickled, it is the same user, behind the middleware and a guard."""
    headers = issuer.headers(sub="u1", permissions=["shop.view_order"])
    for middleware, view in ((None, who), ([], require_jwt(who))):
        given = {} if middleware is None else {"MIDDLEWARE": middleware}
        project({"/me": view}, USER={"STORE": store}, AUTHENTICATION_BACKENDS=[OURS], **given)
        answer = Client().get("/me", headers=headers).json()
        assert (len(set(answer["users"])), answer["same"]) == (1, True)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("store", ["token", "database"])
async def test_a_request_s_user_can_be_kept_async(project: Any, issuer: FakeIssuer, store: str) -> None:
    """The same on an event loop."""
    project({"/me": who_async}, USER={"STORE": store}, AUTHENTICATION_BACKENDS=[OURS])
    answer = (await AsyncClient().get("/me", headers=issuer.headers(sub="u1"))).json()
    assert (len(set(answer["users"])), answer["same"]) == (1, True)


def sign_in(request: HttpRequest) -> JsonResponse:
    """Start a session for the sender of a token."""
    login(request, request.user)
    return JsonResponse({})


class OwnJWTBackend(JWTAuthenticationBackend):
    """A project's subclass."""


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("ours", [OURS, f"{__name__}.OwnJWTBackend"], ids=["ours", "a subclass"])
def test_login_starts_a_session_beside_other_backends(project: Any, issuer: FakeIssuer, ours: str) -> None:
    """A token's account says which backend it is from, so login() need not be told; it is that backend's session."""
    listed = ["django.contrib.auth.backends.ModelBackend", ours]
    views = {"/sign-in": sign_in, "/me": login_required(who)}
    project(views, USER={"STORE": "database"}, AUTHENTICATION_BACKENDS=listed)
    client = Client()
    assert client.post("/sign-in", headers=issuer.headers(sub="u1")).status_code == 200
    assert client.session["_auth_user_backend"] == ours
    assert len(set(client.get("/me").json()["users"])) == 1
    User.objects.update(is_active=False)
    assert client.get("/me").status_code == 302


def test_login_of_a_token_says_what_is_missing(project: Any, issuer: FakeIssuer) -> None:
    """A session keeps the key of a row."""
    project({"/sign-in": sign_in})
    with pytest.raises(TypeError, match="has no row in the database") as met:
        Client().post("/sign-in", headers=issuer.headers(sub="ada"))
    assert "ada" not in str(met.value)


@pytest.mark.usefixtures("database")
def test_without_its_backend_listed_the_others_sign_in(project: Any, issuer: FakeIssuer) -> None:
    """A project for DRF alone may list Django's backend alone."""
    model_backend = "django.contrib.auth.backends.ModelBackend"
    project({"/sign-in": sign_in}, USER={"STORE": "database"}, AUTHENTICATION_BACKENDS=[model_backend])
    client = Client()
    assert client.post("/sign-in", headers=issuer.headers(sub="u1")).status_code == 200
    assert client.session["_auth_user_backend"] == model_backend

"""Stores that give something else than a user, by a mistake in a project's own code: nothing is opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, JsonResponse
from django.test import AsyncClient, Client

from jwks_auth import VerifiedToken
from jwks_auth.testing import FakeIssuer
from jwks_auth_django.conf import configuration
from jwks_auth_django.models import JWTIdentity
from jwks_auth_django.users import DatabaseUsers, TokenUser, UserResolver

pytestmark = pytest.mark.usefixtures("database")

MAPPED = {"CLAIM_MAP": {"first_name": "given_name"}}

ODD: dict[str, Callable[[VerifiedToken], Any]] = {
    "the class": lambda token: User,
    "a row's key": lambda token: 1,
    "yes": lambda token: True,
    "no": lambda token: False,
    "text": lambda token: "ada",
    "a tuple": lambda token: (User(username="ada"), True),
}
NO_ROW: dict[str, Callable[[VerifiedToken], Any]] = {
    **ODD,
    "one not saved": lambda token: User(username="ada"),
    "one that has gone": lambda token: User(pk=999, username="ada"),
    "a token's user": TokenUser,
    "nobody's": lambda token: AnonymousUser(),
}


def whoami(request: HttpRequest) -> JsonResponse:
    """Who it is."""
    return JsonResponse({"user": str(request.user.pk)})


class Given:
    """What the hooks of this module return."""

    make: ClassVar[Any] = staticmethod(lambda token: None)


def function(request: Any, token: VerifiedToken) -> Any:
    """A store of its own."""
    return Given.make(token)


async def coroutine_function(request: Any, token: VerifiedToken) -> Any:
    """The same on an event loop."""
    return Given.make(token)


def disguised(request: Any, token: VerifiedToken) -> Any:
    """A decorator that is not async, around a function that is."""
    return coroutine_function(request, token)


class _Callable:
    async def __call__(self, request: Any, token: VerifiedToken) -> Any:
        return Given.make(token)


an_object = _Callable()


class Resolver(UserResolver):
    """A class of its own."""

    def resolve(self, request: Any, token: VerifiedToken) -> Any:
        """Return it."""
        return Given.make(token)


class Matching(DatabaseUsers):
    """Finds something."""

    def match(self, request: Any, token: VerifiedToken) -> Any:
        """Return it."""
        return Given.make(token)


class Creating(DatabaseUsers):
    """Creates something."""

    async def create_user(self, request: Any, token: VerifiedToken) -> Any:
        """Return it."""
        return Given.make(token)


class Updating(DatabaseUsers):
    """Replaces a user by something."""

    def update_user(self, request: Any, user: Any, token: VerifiedToken) -> Any:
        """Return it."""
        return Given.make(token)


class Resolving(DatabaseUsers):
    """Goes its own way."""

    def resolve(self, request: Any, token: VerifiedToken) -> Any:
        """Return it."""
        return Given.make(token)


class Verifying(DatabaseUsers):
    """Judges by a coroutine that does not look like one."""

    def verify(self, request: Any, token: VerifiedToken) -> Any:
        """Return one."""
        return self._judged(token)

    async def _judged(self, token: VerifiedToken) -> bool:
        return not token.get("banned")


@pytest.fixture
def get(project: Any, issuer: FakeIssuer) -> Callable[..., Any]:
    """``await get(store, make, mode)``: the answer to a person whose store returns what *make* makes."""

    async def answer(store: str, make: Any, mode: str, **claims: Any) -> Any:
        is_ours = issubclass(globals()[store], DatabaseUsers) if isinstance(globals()[store], type) else False
        project({"/me": whoami}, USER={"STORE": f"{__name__}.{store}", **(MAPPED if is_ours else {})})
        Given.make = staticmethod(make)
        headers = issuer.headers(**{"sub": "u1", "given_name": "Ada", **claims})
        if mode == "sync":
            return await sync_to_async(Client().get)("/me", headers=headers)
        return await AsyncClient().get("/me", headers=headers)

    return answer


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("odd", NO_ROW)
@pytest.mark.parametrize("store", ["Matching", "Creating", "Updating", "Resolving"])
async def test_a_hook_opens_what_is_no_account(
    get: Any, store: str, odd: str, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With the database store every user is a row: else nothing is opened or kept, and no claim is logged."""
    if store == "Updating":
        assert (await get("Matching", lambda token: None, mode, given_name="Grace")).status_code == 200
    rows = await User.objects.acount(), await JWTIdentity.objects.acount()
    response = await get(store, NO_ROW[odd], mode)
    assert response.status_code == (401 if (store, odd) == ("Resolving", "nobody's") else 503)
    if response.status_code == 503:
        assert f"{store}." in caplog.text
    assert "Ada" not in caplog.text
    assert (await User.objects.acount(), await JWTIdentity.objects.acount()) == rows


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("store", ["function", "coroutine_function", "disguised", "an_object", "Resolver"])
async def test_a_store_opens_what_is_no_user(
    get: Any, store: str, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A class, a key or a word is nobody; an object that says that it is authenticated is a user, as ever."""
    for make in ODD.values():
        assert (await get(store, make, mode)).status_code == 503
    assert caplog.text.count("expected a user or None") == len(ODD)
    assert (await get(store, lambda token: AnonymousUser(), mode)).status_code == 401
    assert (await get(store, lambda token: None, mode)).status_code == 401
    assert (await get(store, TokenUser, mode)).status_code == 200


@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_a_coroutine_counts_as_yes(get: Any, mode: str) -> None:
    """A ``verify`` that returns one is awaited, and what it says counts."""
    assert (await get("Verifying", None, mode)).status_code == 200
    assert (await get("Verifying", None, mode, banned=True)).status_code == 401


@pytest.mark.parametrize("services", ["refuse", "token", "create"])
def test_a_service_gets_a_person_s_kind_of_user(project: Any, issuer: FakeIssuer, services: str) -> None:
    """A token reaches a view as itself under ``"SERVICES": "token"`` alone, and never a person's."""
    seen: list[Any] = []

    def view(request: HttpRequest) -> JsonResponse:
        seen.append(request.user)
        return JsonResponse({})

    project({"/me": view}, USER={"STORE": "database", "SERVICES": services})
    answers = [
        Client().get("/me", headers=issuer.headers(**claims)).status_code
        for claims in ({"sub": "u1"}, {"sub": "app", "client_id": "app"})
    ]
    assert answers == [200, 403 if services == "refuse" else 200]
    assert [type(user) for user in seen] == {
        "refuse": [User],
        "token": [User, TokenUser],
        "create": [User, User],
    }[services]


class Misnaming(DatabaseUsers):
    """Names accounts by something that is no name."""

    def username_for(self, token: VerifiedToken) -> Any:
        """Return it."""
        return Given.make(token)


@pytest.mark.parametrize("odd", [name for name in NO_ROW if name != "text"])
async def test_an_account_is_named_by_what_is_no_text(get: Any, odd: str) -> None:
    """No account is made, and the name of no object stands in one."""
    assert (await get("Misnaming", NO_ROW[odd], "async")).status_code == 503
    assert not await User.objects.filter(jwt_identities__isnull=False).aexists()
    assert (await get("Misnaming", lambda token: "ada-7", "async")).status_code == 200


class Awaiting(UserResolver):
    """Has a ``resolve`` that nobody can call."""

    async def resolve(self, request: Any, token: VerifiedToken) -> Any:  # type: ignore[override]
        """Return nobody."""


def test_resolve_is_not_async(project: Any) -> None:
    """The mistake is found before the first request."""
    project(USER={"STORE": f"{__name__}.Awaiting"})
    with pytest.raises(ImproperlyConfigured, match=r"Awaiting\.resolve must not be async, as aresolve is"):
        configuration()

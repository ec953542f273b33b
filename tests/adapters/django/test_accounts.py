"""A store of a project's own, derived from ours; and the user model's manager, which decides who exists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group, User, UserManager
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.http import HttpRequest, JsonResponse
from django.test import AsyncClient, Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from jwks_auth import InvalidTokenError, VerifiedToken
from jwks_auth.testing import FakeIssuer
from jwks_auth_django.backends import JWTAuthenticationBackend
from jwks_auth_django.conf import configuration
from jwks_auth_django.models import JWTIdentity
from jwks_auth_django.signals import user_provisioned
from jwks_auth_django.users import DatabaseUsers, UserResolver

pytestmark = pytest.mark.usefixtures("database")

UserOf = Callable[..., Any]
REQUEST = RequestFactory().get("/orders")


@pytest.fixture
def user_of(project: Any, issuer: FakeIssuer) -> UserOf:
    """``user_of("Members", sub="u1")``: the user of a token with these claims, by this store of the module."""

    def user(store: str = "database", options: dict[str, Any] | None = None, **claims: Any) -> Any:
        path = store if store == "database" else f"{__name__}.{store}"
        project(USER={"STORE": path, **(options or {})})
        token = configuration().authenticator.verifier.verify(issuer.token(**claims))
        return JWTAuthenticationBackend().user_of(REQUEST, token)

    return user


class Present(UserManager[User]):
    """Hides accounts that were deleted softly, as a manager of a project's own does."""

    def get_queryset(self) -> Any:
        """Those whose name does not say that they have gone."""
        return super().get_queryset().exclude(last_name="gone").defer("date_joined")


@pytest.fixture
def present(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user model's first manager hides some accounts."""
    manager = Present()
    manager.model = User
    monkeypatch.setitem(User._meta.__dict__, "default_manager", manager)


def whoami(request: HttpRequest) -> JsonResponse:
    """Who it is."""
    return JsonResponse({"user": request.user.pk})


@pytest.mark.usefixtures("present")
def test_a_token_opens_an_account_that_was_deleted_softly(
    project: Any, issuer: FakeIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    """Whom the manager hides is refused, and gets no second account; the others are found in one query."""
    project({"/me": whoami}, USER={"STORE": "database"})
    first = Client().get("/me", headers=issuer.headers(sub="u1")).json()
    with CaptureQueriesContext(connection) as sent:
        assert Client().get("/me", headers=issuer.headers(sub="u1")).json() == first
    assert len(sent) == 1
    User._base_manager.update(last_name="gone")
    answer = Client().get("/me", headers=issuer.headers(sub="u1"))
    assert (answer.status_code, User._base_manager.count(), JWTIdentity.objects.count()) == (401, 1, 1)
    assert "the user model's manager hides its account" in caplog.text


@pytest.mark.usefixtures("present")
async def test_a_token_opens_an_account_that_was_deleted_softly_async(
    project: Any, issuer: FakeIssuer
) -> None:
    """The same on an event loop."""
    project({"/me": whoami}, USER={"STORE": "database"})
    first = (await AsyncClient().get("/me", headers=issuer.headers(sub="u1"))).json()
    assert (await AsyncClient().get("/me", headers=issuer.headers(sub="u1"))).json() == first
    await User._base_manager.aupdate(last_name="gone")
    assert (await AsyncClient().get("/me", headers=issuer.headers(sub="u1"))).status_code == 401
    assert await User._base_manager.acount() == 1


class Behind(UserManager[User]):
    """Finds nobody yet, unless it is told to ask the database that accounts are written to."""

    def using(self, alias: str | None) -> Any:
        """Everybody in that database; nobody in the copy that is asked otherwise."""
        found = super().using(alias)
        return found.none() if alias is None else found


def test_an_account_that_a_copy_of_the_database_does_not_have_yet(
    user_of: UserOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is found where it was written, and gets no second one."""
    first = user_of(sub="u1")
    manager = Behind()
    manager.model = User
    monkeypatch.setitem(User._meta.__dict__, "default_manager", manager)
    assert user_of(sub="u1") == first
    assert (User._base_manager.count(), JWTIdentity.objects.count()) == (1, 1)


@pytest.mark.usefixtures("present")
def test_the_account_is_as_the_manager_fetches_it(user_of: UserOf) -> None:
    """What it defers is deferred, and nothing of the identity is left on the account."""
    user_of(sub="u1")
    user = user_of(sub="u1")
    assert user.get_deferred_fields() == {"date_joined"}
    assert not [name for name in vars(user) if "identity" in name]


class Members(DatabaseUsers):
    """Overrides everything, and notes what was called."""

    called: ClassVar[list[Any]] = []

    def note(self, name: str, request: Any) -> None:
        """Note a call, whether it is in a transaction, and that it has the request."""
        self.called.append((name, transaction.get_connection().in_atomic_block, request is REQUEST))

    def verify(self, request: Any, token: VerifiedToken) -> bool:
        """Whoever is not banned."""
        self.note("verify", request)
        return not token.get("banned")

    def match(self, request: Any, token: VerifiedToken) -> Any:
        """By a claim of the project's own."""
        self.note("match", request)
        return User.objects.filter(username=token.get("member")).first()

    def create_user(self, request: Any, token: VerifiedToken) -> Any:
        """As ever."""
        self.note("create_user", request)
        return super().create_user(request, token)

    def username_for(self, token: VerifiedToken) -> str:
        """The subject."""
        return f"member-{token.subject}"

    def update_user(self, request: Any, user: Any, token: VerifiedToken) -> Any:
        """As ever, and something more."""
        self.note("update_user", request)
        user = super().update_user(request, user, token)
        user.last_name = "updated"
        return None if token.get("given_name") == "Nobody" else user


class AsyncMembers(Members):
    """The same with coroutine functions."""

    async def verify(self, request: Any, token: VerifiedToken) -> bool:  # type: ignore[override]
        """As the other."""
        return await sync_to_async(super().verify)(request, token)

    async def match(self, request: Any, token: VerifiedToken) -> Any:
        """By a query that awaits, in the same transaction."""
        await sync_to_async(self.note)("match", request)
        return await User.objects.filter(username=token.get("member")).afirst()

    async def username_for(self, token: VerifiedToken) -> str:  # type: ignore[override]
        """As the other."""
        return super().username_for(token)

    async def update_user(self, request: Any, user: Any, token: VerifiedToken) -> Any:
        """A save that awaits."""
        await sync_to_async(self.note)("update_user", request)
        user.first_name, user.last_name = token["given_name"], "updated"
        await user.asave(update_fields=["first_name"])
        return None if user.first_name == "Nobody" else user


@pytest.fixture
def called() -> Iterator[list[Any]]:
    """The calls of ``Members``."""
    Members.called.clear()
    return Members.called


MAPPED = {"CLAIM_MAP": {"first_name": "given_name"}}


@pytest.mark.parametrize("store", ["Members", "AsyncMembers"])
def test_a_store_derived_from_ours(user_of: UserOf, called: list[Any], store: str) -> None:
    """It takes the same options; its methods get the request, and are called within the transaction."""
    user = user_of(store, MAPPED, sub="u1", given_name="Ada")
    assert (user.username, user.first_name, user.has_usable_password()) == ("member-u1", "Ada", False)
    made = [("verify", True, True), ("match", True, True), ("create_user", True, True)]
    assert called == made
    called.clear()
    assert user_of(store, MAPPED, sub="u1", given_name="Ada") == user
    assert called == [("verify", False, True)], "nothing mapped has changed, and nothing is written"
    called.clear()
    assert user_of(store, MAPPED, sub="u1", given_name="Augusta").last_name == "updated"
    assert called == [("verify", True, True), ("update_user", True, True)]
    assert User.objects.get().first_name == "Augusta"


@pytest.mark.parametrize("store", ["Members", "AsyncMembers"])
async def test_a_store_derived_from_ours_async(
    project: Any, issuer: FakeIssuer, called: list[Any], store: str
) -> None:
    """The same on an event loop."""
    project({"/me": whoami}, USER={"STORE": f"{__name__}.{store}", **MAPPED})
    for given_name in ("Ada", "Ada", "Augusta"):
        headers = issuer.headers(sub="u1", given_name=given_name)
        assert (await AsyncClient().get("/me", headers=headers)).status_code == 200
    names = [name for name, in_transaction, has_request in called]
    assert names == ["verify", "match", "create_user", "verify", "verify", "update_user"]
    assert (await User.objects.aget()).first_name == "Augusta"


@pytest.mark.parametrize("store", ["Members", "AsyncMembers"])
def test_what_a_derived_store_matches(user_of: UserOf, store: str, caplog: pytest.LogCaptureFixture) -> None:
    """The account is linked and updated; a member of the staff, or another subject's account, never."""
    ada = User.objects.create_user("ada")
    assert user_of(store, MAPPED, sub="u1", member="ada", given_name="Ada").pk == ada.pk
    assert User.objects.get().first_name == "Ada"
    with pytest.raises(InvalidTokenError):
        user_of(store, MAPPED, sub="u2", member="ada")
    assert "has another identity of its issuer" in caplog.text
    User.objects.create_superuser("root")
    with pytest.raises(InvalidTokenError):
        user_of(store, MAPPED, sub="u2", member="root")
    assert (JWTIdentity.objects.count(), User.objects.count()) == (1, 2)


@pytest.mark.usefixtures("present")
def test_a_match_that_the_manager_hides(user_of: UserOf, caplog: pytest.LogCaptureFixture) -> None:
    """However a store has found it, it is not opened, and not linked."""
    User.objects.create_user("ada", last_name="gone")
    with pytest.raises(InvalidTokenError):
        user_of("Members", sub="u1", member="ada")
    assert ("the user model's manager hides account" in caplog.text, JWTIdentity.objects.count()) == (True, 0)


class Vanishing(DatabaseUsers):
    """Matches an account that is deleted before it is linked."""

    def match(self, request: Any, token: VerifiedToken) -> Any:
        """Return an account without a row."""
        ada = User.objects.create_user("ada")
        User.objects.all().delete()
        return ada


def test_a_match_that_is_deleted_meanwhile(user_of: UserOf, caplog: pytest.LogCaptureFixture) -> None:
    """The token is refused, and is no error of the server."""
    with pytest.raises(InvalidTokenError):
        user_of("Vanishing", sub="u1")
    assert ("it was deleted just now" in caplog.text, JWTIdentity.objects.count()) == (True, 0)


def test_a_match_that_is_not_active(user_of: UserOf) -> None:
    """It is linked, refused, and nothing is written to it."""
    User.objects.create_user("ada", is_active=False)
    with pytest.raises(InvalidTokenError):
        user_of("Members", MAPPED, sub="u1", member="ada", given_name="Eve")
    assert User.objects.get().first_name == ""


@pytest.mark.parametrize("store", ["Members", "AsyncMembers"])
def test_who_is_not_verified(user_of: UserOf, store: str, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a newcomer nor a known user gets in, and nothing is written."""
    for _ in range(2):
        with pytest.raises(InvalidTokenError):
            user_of(store, sub="u1", banned=True)
        assert f"{store}.verify() says no" in caplog.text
        assert User.objects.count() == JWTIdentity.objects.count()
        user_of(store, sub="u1")


class Noting(DatabaseUsers):
    """Writes before it judges."""

    def verify(self, request: Any, token: VerifiedToken) -> bool:
        """Note the request in the database."""
        Group.objects.create(name="noted")
        return not token.get("banned")


def test_what_verify_wrote_is_undone_with_the_rest(user_of: UserOf) -> None:
    """Of a newcomer, and of a known user whose claims have changed: a refusal leaves nothing."""
    for _ in range(2):
        with pytest.raises(InvalidTokenError):
            user_of("Noting", MAPPED, sub="u1", given_name="Eve", banned=True)
        assert Group.objects.count() == 0
        user_of("Noting", MAPPED, sub="u1", given_name="Ada")
        Group.objects.get().delete()
    assert User.objects.get().first_name == "Ada"


def test_an_account_that_is_as_claimed_is_not_updated(user_of: UserOf, called: list[Any]) -> None:
    """Linked with what the token says of it, nothing has changed."""
    User.objects.create_user("ada", first_name="Ada")
    user_of("Members", MAPPED, sub="u1", member="ada", given_name="Ada")
    assert [name for name, *_ in called] == ["verify", "match"]


@pytest.mark.parametrize("last", ["", "Lovelace"])
def test_a_misfit_is_told_once(user_of: UserOf, caplog: pytest.LogCaptureFixture, last: str) -> None:
    """With a change beside it, or without; and not again while the claim is the same."""
    options = {"CLAIM_MAP": {"first_name": "given_name", "last_name": "family_name"}}
    user_of("database", options, sub="u1", given_name="Ada")
    for _ in range(2):
        user = user_of("database", options, sub="u1", given_name="x" * 151, family_name=last)
    assert (user.first_name, user.last_name) == ("Ada", last)
    assert caplog.text.count("does not fit the field first_name") == 1


def test_what_update_user_refuses(user_of: UserOf) -> None:
    """``None`` refuses the token."""
    user_of("Members", MAPPED, sub="u1", given_name="Ada")
    with pytest.raises(InvalidTokenError):
        user_of("Members", MAPPED, sub="u1", given_name="Nobody")


class Nobodies(DatabaseUsers):
    """Creates nobody."""

    def create_user(self, request: Any, token: VerifiedToken) -> Any:
        """Return nobody."""
        return None


def test_what_create_user_refuses(user_of: UserOf) -> None:
    """``None`` refuses the token, and nothing is stored."""
    with pytest.raises(InvalidTokenError):
        user_of("Nobodies", sub="u1")
    assert JWTIdentity.objects.count() == 0


def test_options_of_a_derived_store(user_of: UserOf) -> None:
    """A wrong one is found as for ours; a function that takes no request is found, too."""
    with pytest.raises(ImproperlyConfigured, match="CLAIM_MAPS"):
        user_of("Members", {"CLAIM_MAPS": {}}, sub="u1")
    with pytest.raises(ImproperlyConfigured, match="FLAGS_FROM"):
        user_of("Members", {"FLAGS_FROM": ["https://other.example/"]}, sub="u1")
    with pytest.raises(ImproperlyConfigured, match=r"of_old must take \(request, token\)"):
        user_of("of_old", sub="u1")
    with pytest.raises(ImproperlyConfigured, match=r"OfOld.resolve must take \(request, token\)"):
        user_of("OfOld", sub="u1")
    with pytest.raises(
        ImproperlyConfigured, match=r"Forgetful.update_user must take \(request, user, token\)"
    ):
        user_of("Forgetful", sub="u1")
    assert user_of("Static", sub="u1").username == "static"


def of_old(token: VerifiedToken) -> Any:
    """A function that takes no request."""


class OfOld(UserResolver):
    """A resolver that takes no request."""

    def resolve(self, token: VerifiedToken) -> Any:  # type: ignore[override]
        """Return nobody."""


class Forgetful(DatabaseUsers):
    """A store that takes no user."""

    def update_user(self, request: Any, token: VerifiedToken) -> Any:  # type: ignore[override]
        """Return nobody."""


class Static(DatabaseUsers):
    """A store with a static method."""

    @staticmethod
    def username_for(token: VerifiedToken) -> str:  # type: ignore[override]
        """Return a name."""
        return "static"


def test_the_store_s_name_is_public() -> None:
    """It is imported from the room's door, which has nothing else."""
    from jwks_auth_django import users

    assert users.DatabaseUsers is DatabaseUsers
    with pytest.raises(AttributeError, match="no attribute 'DatabaseUser'"):
        users.DatabaseUser  # type: ignore[attr-defined]


def test_a_new_account_is_made_by_its_manager(user_of: UserOf) -> None:
    """The address is normalised by ``create_user``, and not written back raw by the next request."""
    options = {"CLAIM_MAP": {"email": "email", "username": "preferred_username"}, "GROUPS_CLAIM": "groups"}
    Group.objects.create(name="ops")
    claims = {"sub": "u1", "email": "Ada@EXAMPLE.org", "preferred_username": "\u212aate", "groups": ["ops"]}
    user = user_of("database", options, **claims)
    assert (user.email, user.username) == ("Ada@example.org", "Kate")
    assert user.groups.get().name == "ops"
    with CaptureQueriesContext(connection) as sent:
        assert user_of("database", options, **claims).email == "Ada@example.org"
    assert not [each["sql"] for each in sent if not each["sql"].startswith("SELECT")]


def test_receivers_get_the_request(user_of: UserOf, caplog: pytest.LogCaptureFixture) -> None:
    """And one that fails is logged, while the others and the request go on."""
    told: list[Any] = []

    def fail(**kwargs: Any) -> None:
        raise LookupError("a bug")

    def listen(request: Any, created: bool, **kwargs: Any) -> None:
        told.append((request is REQUEST, created))

    user_provisioned.connect(fail)
    user_provisioned.connect(listen)
    user_of(sub="u1")
    user_provisioned.disconnect(fail)
    user_provisioned.disconnect(listen)
    assert told == [(True, True)]
    assert "test_receivers_get_the_request" in caplog.text
    assert "a bug" in caplog.text


def test_a_deleted_account_comes_back_by_a_token(user_of: UserOf, caplog: pytest.LogCaptureFixture) -> None:
    """Its identity is blocked; once that is lifted, the person is a newcomer."""
    first = user_of(sub="u1")
    User.objects.all().delete()
    with pytest.raises(InvalidTokenError):
        user_of(sub="u1")
    assert (User.objects.count(), "is blocked" in caplog.text) == (0, True)
    JWTIdentity.objects.update(blocked_at=None)
    again = user_of(sub="u1")
    assert (again != first, again.jwt_identities.get()) == (True, JWTIdentity.objects.get())
    JWTIdentity.objects.update(blocked_at=again.date_joined)
    with pytest.raises(InvalidTokenError):
        user_of(sub="u1")

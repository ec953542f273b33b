"""What a known user costs: one query and one hop; what is written, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import Group, User
from django.core.handlers.asgi import ASGIHandler
from django.db import OperationalError, connection
from django.db.backends.signals import connection_created
from django.http import HttpRequest, JsonResponse
from django.test import TransactionTestCase
from django.utils import timezone

from jwks_auth import InvalidTokenError, VerifiedToken
from jwks_auth.testing import FakeIssuer
from jwks_auth_django.backends import JWTAuthenticationBackend
from jwks_auth_django.conf import configuration
from jwks_auth_django.models import JWTIdentity
from jwks_auth_django.users import DatabaseUsers
from tests.django_site.asgi_client import call

pytestmark = pytest.mark.usefixtures("database")

EVERYTHING = {
    "CLAIM_MAP": {"first_name": "given_name", "email": "email"},
    "FLAGS": {"is_staff": "staff"},
    "GROUPS_CLAIM": "groups",
}
CLAIMS = {
    "sub": "u1",
    "given_name": "Ada",
    "email": "ada@example.org",
    "email_verified": True,
    "groups": ["ops", "unknown to Django"],
    "roles": ["staff"],
}
UserOf = Callable[..., Any]

costs = TransactionTestCase().assertNumQueries


@pytest.fixture
def store(project: Any) -> Callable[..., None]:
    """``store(CREATE=False)``: these options of the database store."""

    def use(views: Any = None, **options: Any) -> None:
        project(views, USER={"STORE": "database", **EVERYTHING, **options})

    return use


@pytest.fixture
def user_of(issuer: FakeIssuer) -> UserOf:
    """The user of a token with these claims."""

    def resolved(**claims: Any) -> Any:
        token = configuration().authenticator.verifier.verify(issuer.token(**claims))
        return JWTAuthenticationBackend().user_of(None, token)

    return resolved


def age(**ago: float) -> None:
    """Have every identity been seen so long ago."""
    JWTIdentity.objects.update(last_seen_at=timezone.now() - timedelta(**ago))


def groups_of(user: Any) -> set[str]:
    """The names of the account's groups."""
    return set(User.objects.get(pk=user.pk).groups.values_list("name", flat=True))


@pytest.mark.parametrize("mode", ["existing", "mirror", "off"])
def test_a_known_user_is_one_query(store: Any, user_of: UserOf, mode: str) -> None:
    """With mapped claims, flags, and groups, one of which Django lacks; from the second request on."""
    store(GROUPS=mode)
    Group.objects.create(name="ops")
    user = user_of(**CLAIMS)
    with costs(1):
        assert user_of(**CLAIMS) == user
    assert (user.is_staff, user.first_name, user.email) == (True, "Ada", "ada@example.org")
    wanted = {"existing": {"ops"}, "mirror": {"ops", "unknown to Django"}, "off": set()}
    assert groups_of(user) == wanted[mode]


def test_a_known_user_who_was_linked_by_hand_is_one_query(
    store: Any, user_of: UserOf, issuer: FakeIssuer
) -> None:
    """The first token writes what it says; the second finds it written."""
    store()
    ada = User.objects.create(username="ada", first_name="Augusta")
    JWTIdentity.objects.create(issuer=issuer.issuer, subject="u1", user=ada)
    assert user_of(**CLAIMS).first_name == "Ada"
    with costs(1):
        user_of(**CLAIMS)


def test_a_claim_that_a_token_lacks_costs_nothing(store: Any, user_of: UserOf) -> None:
    """Tokens of two clients, one without the name, take turns without a write."""
    store(GROUPS="off", FLAGS={})
    user_of(**CLAIMS)
    for claims in ({"sub": "u1"}, CLAIMS):
        with costs(1):
            user_of(**claims)


def test_two_identities_of_an_account_do_not_write_in_turns(
    store: Any, project: Any, user_of: UserOf, issuer: FakeIssuer
) -> None:
    """Each remembers what its own issuer says; only a change of that is written."""
    store(FLAGS={}, GROUPS="off")
    user = user_of(**CLAIMS)
    JWTIdentity.objects.create(issuer=issuer.issuer, subject="u2", user=user)
    assert user_of(**{**CLAIMS, "sub": "u2", "given_name": "Augusta"}).first_name == "Augusta"
    for subject, name in (("u1", "Ada"), ("u2", "Augusta")):
        with costs(1):
            assert user_of(**{**CLAIMS, "sub": subject, "given_name": name}).first_name == "Augusta"


def test_a_change_acts_at_once(store: Any, user_of: UserOf) -> None:
    """A group or a role that is gone, a name that is new: with the first token that says so."""
    store(GROUPS="mirror")
    user_of(**CLAIMS)
    user = user_of(**{**CLAIMS, "groups": ["other"], "roles": [], "given_name": "Augusta"})
    assert (groups_of(user), user.is_staff, user.first_name) == ({"other"}, False, "Augusta")


def test_a_flag_changed_by_hand_is_the_token_s_at_once(store: Any, user_of: UserOf) -> None:
    """Powers are compared each time, which costs no query."""
    store(FLAGS={"is_staff": "staff", "is_superuser": "root"})
    user_of(**CLAIMS)
    User.objects.update(is_superuser=True)
    assert not user_of(**CLAIMS).is_superuser
    assert not User.objects.get().is_superuser


def test_groups_changed_by_hand_are_the_token_s_within_the_hour(store: Any, user_of: UserOf) -> None:
    """A group that Django has got since is joined, one that was given by hand is left."""
    store()
    user = user_of(**CLAIMS)
    Group.objects.create(name="unknown to Django")
    user.groups.add(Group.objects.create(name="by hand"))
    with costs(1):
        user_of(**CLAIMS)
    assert groups_of(user) == {"by hand"}
    age(minutes=61)
    user_of(**CLAIMS)
    assert groups_of(user) == {"unknown to Django"}


def test_an_identity_moved_to_another_account_remembers_nothing(store: Any, user_of: UserOf) -> None:
    """The claims are written to the account that it has now."""
    store()
    user_of(**CLAIMS)
    bob = User.objects.create(username="bob")
    JWTIdentity.objects.update(user=bob)
    assert user_of(**CLAIMS) == bob
    bob.refresh_from_db()
    assert (bob.first_name, bob.is_staff) == ("Ada", True)


class Counted(DatabaseUsers):
    """A project's store, which counts its updates."""

    updates: ClassVar[list[str]] = []

    def update_user(self, request: Any, user: Any, token: VerifiedToken) -> Any:
        """Count."""
        self.updates.append(token["given_name"])
        return None if token["given_name"] == "Eve" else super().update_user(request, user, token)


def test_a_store_updates_only_what_has_changed(store: Any, user_of: UserOf) -> None:
    """Its update_user() is called for a new claim, not each hour; what it refuses is asked again."""
    Counted.updates.clear()
    store(STORE=f"{__name__}.Counted")
    for name in ("Ada", "Ada", "Augusta", "Augusta"):
        user_of(**{**CLAIMS, "given_name": name})
        age(hours=2)
    for _ in range(2):
        with pytest.raises(InvalidTokenError):
            user_of(**{**CLAIMS, "given_name": "Eve"})
    assert Counted.updates == ["Augusta", "Eve", "Eve"]


def test_what_a_project_made_of_a_claim_stays(store: Any, user_of: UserOf) -> None:
    """A name that is not as the claim has it is not written back, also when another claim changes."""
    store()
    user_of(**CLAIMS)
    User.objects.update(first_name="ADA")
    user = user_of(**{**CLAIMS, "email": "new@example.org"})
    assert (user.first_name, user.email) == ("ADA", "new@example.org")


def test_last_seen_is_written_once_an_hour(store: Any, user_of: UserOf) -> None:
    """For newcomers at once, and then when an hour has passed: one more query, and none for those after it."""
    store()
    before = timezone.now()
    user_of(**CLAIMS)
    assert JWTIdentity.objects.get().last_seen_at >= before
    age(minutes=59)
    old = JWTIdentity.objects.get().last_seen_at
    with costs(1):
        user_of(**CLAIMS)
    assert JWTIdentity.objects.get().last_seen_at == old
    age(minutes=61)
    user_of(**CLAIMS)
    assert JWTIdentity.objects.get().last_seen_at >= before
    with costs(1):
        user_of(**CLAIMS)


def test_last_seen_costs_one_query_an_hour(store: Any, user_of: UserOf) -> None:
    """Without groups, it is one statement in a transaction of its own."""
    store(GROUPS="off")
    user_of(**CLAIMS)
    age(hours=2)
    with written() as sent:
        user_of(**CLAIMS)
    assert [sql.split()[0] for sql in sent if sql.split()[0] not in ("BEGIN", "COMMIT")] == [
        "SELECT",
        "UPDATE",
    ]


@contextmanager
def written(fail: str = "-") -> Iterator[list[str]]:
    """The statements sent meanwhile; those that begin with *fail* fail."""
    sent: list[str] = []

    def note(execute: Any, sql: str, *args: Any) -> Any:
        sent.append(sql)
        if sql.startswith(fail):
            raise OperationalError("read-only")
        return execute(sql, *args)

    with connection.execute_wrapper(note):
        yield sent


def test_last_seen_that_can_t_be_written_refuses_nobody(
    store: Any, user_of: UserOf, caplog: pytest.LogCaptureFixture
) -> None:
    """In a database that is read-only just now, a known user is still known."""
    store()
    user = user_of(**CLAIMS)
    age(hours=2)
    with written(fail="UPDATE"):
        assert user_of(**CLAIMS) == user
    assert "the time an identity was seen could not be written: OperationalError" in caplog.text


class Interrupted(DatabaseUsers):
    """A project's store that does something between the first query and the writes."""

    meanwhile: ClassVar[Callable[[], Any]]

    def verify(self, request: Any, token: VerifiedToken) -> bool:
        """Do it."""
        type(self).meanwhile()
        return True


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda: User.objects.all().delete(),
        lambda: JWTIdentity.objects.update(blocked_at=timezone.now()),
        lambda: JWTIdentity.objects.update(user=User.objects.create(username="other")),
    ],
    ids=["deleted", "blocked", "moved"],
)
def test_nothing_is_written_to_an_account_that_is_lost_meanwhile(
    store: Any, user_of: UserOf, meanwhile: Callable[[], Any]
) -> None:
    """Deleted, blocked or moved between the look-up and the write: 401, and no row is made or changed."""
    store()
    user_of(**CLAIMS)
    store(STORE=f"{__name__}.Interrupted")
    Interrupted.meanwhile = staticmethod(meanwhile)  # type: ignore[assignment]
    with pytest.raises(InvalidTokenError, match="may not sign in"):
        user_of(**{**CLAIMS, "given_name": "Augusta"})
    assert not User.objects.filter(first_name="Augusta").exists()


async def whoami_async(request: HttpRequest) -> JsonResponse:
    """Say who it is."""
    return JsonResponse({"user": (await request.auser()).pk})


class CountingLoop(asyncio.SelectorEventLoop):
    """An event loop that counts the calls handed to threads."""

    hops = 0

    def run_in_executor(self, *given: Any) -> Any:
        """Count."""
        self.hops += 1
        return super().run_in_executor(*given)


@contextmanager
def sent_by_any_thread() -> Iterator[list[str]]:
    """The statements sent meanwhile over new connections, one of which each ASGI request has."""
    sent: list[str] = []

    def note(execute: Any, sql: str, *args: Any) -> Any:
        sent.append(sql)
        return execute(sql, *args)

    def listen(connection: Any, **kwargs: Any) -> None:
        connection.execute_wrappers.append(note)

    connection_created.connect(listen)
    try:
        yield sent
    finally:
        connection_created.disconnect(listen)


def test_a_known_user_is_one_hop(project: Any, issuer: FakeIssuer) -> None:
    """On ASGI a thread is asked once, for one query; once also for a newcomer and for changed claims."""
    middleware = ["jwks_auth_django.middleware.JWTAuthenticationMiddleware"]
    project({"/me": whoami_async}, USER={"STORE": "database", **EVERYTHING}, MIDDLEWARE=middleware)
    handler = ASGIHandler()

    async def hops(headers: Any) -> int:
        loop: Any = asyncio.get_running_loop()
        loop.hops = 0
        assert (await call(handler, "GET", "/me", headers)).status == 200
        return int(loop.hops)

    async def check(**claims: Any) -> int:
        anonymous = await hops([])  # Django's own
        return await hops([("Authorization", f"Bearer {issuer.token(**claims)}")]) - anonymous

    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        assert runner.run(check(**CLAIMS)) == 1
        with sent_by_any_thread() as sent:
            assert runner.run(check(**CLAIMS)) == 1
        assert len(sent) == 1
        assert runner.run(check(**{**CLAIMS, "groups": ["other"]})) == 1

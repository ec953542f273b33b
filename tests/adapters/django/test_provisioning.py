"""Users in the database: found, linked or created for an identity; never merged, written only on change."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection, connections
from django.http import HttpRequest, JsonResponse
from django.test import AsyncClient, Client

from jwks_auth import InvalidTokenError, VerifiedToken
from jwks_auth.testing import FakeIssuer
from jwks_auth_django.backends import JWTAuthenticationBackend
from jwks_auth_django.conf import configuration
from jwks_auth_django.models import JWTIdentity
from jwks_auth_django.signals import user_provisioned

pytestmark = pytest.mark.usefixtures("database")

UserOf = Callable[..., Any]


@pytest.fixture
def store(project: Any) -> Callable[..., None]:
    """``store(CREATE=False)``: these options of the database store."""

    def use(**options: Any) -> None:
        project(USER={"STORE": "database", **options})

    return use


@pytest.fixture
def user_of(issuer: FakeIssuer) -> UserOf:
    """The user of a token with these claims."""
    return lambda **claims: JWTAuthenticationBackend().user_of(None, verified(issuer, **claims))


@pytest.fixture
def auser_of(issuer: FakeIssuer) -> UserOf:
    """The same on an event loop."""
    return lambda **claims: JWTAuthenticationBackend().auser_of(None, verified(issuer, **claims))


def verified(issuer: FakeIssuer, **claims: Any) -> VerifiedToken:
    """A verified token."""
    return configuration().authenticator.verifier.verify(issuer.token(**claims))


@contextmanager
def queries() -> Any:
    """The statements sent meanwhile."""
    sent: list[str] = []

    def note(execute: Any, sql: str, *args: Any) -> Any:
        sent.append(sql)
        return execute(sql, *args)

    with connection.execute_wrapper(note):
        yield sent


def test_created_once(store: Any, user_of: UserOf) -> None:
    """The first token of an identity makes an account without a password; later ones find it, in one query."""
    store()
    user = user_of(sub="u1")
    assert (user.has_usable_password(), user.is_staff, user.is_superuser) == (False, False, False)
    assert str(user.jwt_identities.get()) == "u1 at https://issuer.example/"
    with queries() as sent:
        assert user_of(sub="u1") == user
    assert len(sent) == 1
    assert user_of(sub="u2") != user


async def test_created_once_async(store: Any, auser_of: UserOf) -> None:
    """The same on an event loop."""
    store()
    user = await auser_of(sub="u1")
    assert await auser_of(sub="u1") == user
    assert await User.objects.acount() == 1


def test_the_names_of_new_accounts_collide_with_none(store: Any, user_of: UserOf) -> None:
    """A subject called admin takes over no account called admin, and is told from a newcomer's."""
    store()
    User.objects.create_superuser("admin")
    with pytest.raises(InvalidTokenError):
        user_of(sub="admin")
    assert user_of(sub="admin2").username.startswith("jwt-")


def test_without_create(store: Any, user_of: UserOf) -> None:
    """CREATE=False: who has no account is refused, and gets none."""
    store(CREATE=False)
    with pytest.raises(InvalidTokenError) as refused:
        user_of(sub="u1")
    assert (refused.value.code, User.objects.count()) == ("user_refused", 0)


async def test_without_create_async(store: Any, auser_of: UserOf) -> None:
    """The same on an event loop."""
    store(CREATE=False)
    with pytest.raises(InvalidTokenError):
        await auser_of(sub="u1")


def test_inactive_users_are_refused(store: Any, user_of: UserOf) -> None:
    """Deactivating an account takes effect at once, and nothing is written to it."""
    store(CLAIM_MAP={"first_name": "given_name"})
    user_of(sub="u1")
    User.objects.update(is_active=False)
    with pytest.raises(InvalidTokenError, match="may not sign in"):
        user_of(sub="u1", given_name="Eve")
    assert User.objects.get().first_name == ""


async def test_inactive_users_are_refused_async(store: Any, auser_of: UserOf) -> None:
    """The same on an event loop."""
    store(CLAIM_MAP={"first_name": "given_name"})
    await auser_of(sub="u1")
    await User.objects.aupdate(is_active=False)
    with pytest.raises(InvalidTokenError):
        await auser_of(sub="u1", given_name="Eve")


def test_claims_are_mapped_and_written_on_change_only(store: Any, user_of: UserOf) -> None:
    """Named fields follow their claims; a claim that is missing changes nothing; nothing new, no write."""
    store(CLAIM_MAP={"username": "preferred_username", "first_name": "given_name", "email": "email"})
    claims = {"sub": "u1", "preferred_username": "ada", "given_name": "Ada", "email": "ada@example.org"}
    assert user_of(**claims).username == "ada"
    with queries() as sent:
        user_of(**claims)
    assert not [sql for sql in sent if not sql.startswith("SELECT")]
    assert user_of(sub="u1", given_name="Augusta").first_name == "Augusta"
    saved = User.objects.get()
    assert (saved.username, saved.first_name, saved.email) == ("ada", "Augusta", "ada@example.org")


def test_an_empty_address_is_nobodys(store: Any, user_of: UserOf) -> None:
    """An account without an e-mail address is not that of a token without one."""
    store(MATCH_EMAIL=True)
    root = User.objects.create_superuser("root")
    assert root.email == ""
    assert user_of(sub="u1", email="", email_verified=True).pk != root.pk


@pytest.mark.parametrize("value", [1, 1e300, True, {"a": 1}, ["a"], "yesterday"])
def test_a_claim_that_is_no_date_is_refused(store: Any, user_of: UserOf, value: object) -> None:
    """Whatever is where a date should be, the answer is 401 and not an error of the server."""
    store(CLAIM_MAP={"date_joined": "member_since"}, ON_MISFIT="refuse")
    with pytest.raises(InvalidTokenError, match="may not sign in"):
        user_of(sub="u1", member_since=value)


@pytest.mark.parametrize("name", ["id", "groups", "jwt_identities", "logentry"])
def test_no_claim_names_the_row(store: Any, user_of: UserOf, name: str) -> None:
    """The primary key, and what is no column, can't be mapped: a token would choose whose account it overwrites."""
    store(CLAIM_MAP={name: "email"})
    with pytest.raises(ImproperlyConfigured, match=name):
        user_of(sub="u1", email="1")


async def test_claims_are_written_async(store: Any, auser_of: UserOf) -> None:
    """The same on an event loop."""
    store(CLAIM_MAP={"first_name": "given_name"}, GROUPS_CLAIM="groups", GROUPS="mirror")
    await auser_of(sub="u1", given_name="Ada", groups=["staff"])
    await auser_of(sub="u1", given_name="Ada", groups=["staff"])
    await auser_of(sub="u1", given_name="Augusta", groups=["staff"])
    await auser_of(sub="u1", given_name="Augusta", groups=["staff", "ops"])
    user = await User.objects.aget()
    assert (user.first_name, await user.groups.acount()) == ("Augusta", 2)


@pytest.mark.parametrize("value", ["x" * 151, "\0", ["list"], {"a": 1}])
def test_claims_that_do_not_fit_refuse_the_user(
    store: Any, user_of: UserOf, caplog: pytest.LogCaptureFixture, value: Any
) -> None:
    """No 500 for what a provider sends; the log names the field and no value."""
    store(CLAIM_MAP={"username": "preferred_username"})
    with pytest.raises(InvalidTokenError, match="may not sign in"):
        user_of(sub="u1", preferred_username=value)
    assert (User.objects.count(), "username" in caplog.text, "x" * 9 in caplog.text) == (0, True, False)


@pytest.mark.parametrize("subject", ["s" * 256, "a\0b"])
async def test_subjects_that_do_not_fit_refuse_the_user(store: Any, issuer: FakeIssuer, subject: str) -> None:
    """Nor for a subject no column can hold, on either path."""
    store()
    token = verified(issuer, sub=subject)
    with pytest.raises(InvalidTokenError):
        await JWTAuthenticationBackend().auser_of(None, token)


def test_groups_mirror(store: Any, user_of: UserOf) -> None:
    """mirror: the account's groups are the claim's, missing ones are made, others left."""
    store(GROUPS_CLAIM="groups", GROUPS="mirror")
    user = user_of(sub="u1", groups=["staff", "ops", 7, ""])
    assert names(user) == {"staff", "ops"}
    user.groups.add(Group.objects.create(name="local"))
    assert names(user_of(sub="u1", groups=["ops"])) == {"ops"}
    assert names(user_of(sub="u1", groups="ops")) == {"ops"}, "one group need not be a list"
    assert names(user_of(sub="u1")) == set(), "a token that names no groups has none"


def test_groups_existing(store: Any, user_of: UserOf) -> None:
    """existing: only groups the project has made."""
    store(GROUPS_CLAIM="groups")
    Group.objects.create(name="ops")
    assert names(user_of(sub="u1", groups=["staff", "ops"])) == {"ops"}
    Group.objects.create(name="idle")
    with queries() as sent:
        user_of(sub="u1", groups=["staff", "ops"])
    assert not [sql for sql in sent if not sql.startswith("SELECT")]


async def test_groups_existing_async(store: Any, auser_of: UserOf) -> None:
    """The same on an event loop."""
    store(GROUPS_CLAIM="groups")
    await Group.objects.acreate(name="ops")
    for groups in (["staff", "ops"], ["staff", "ops"], ["staff"]):
        user = await auser_of(sub="u1", groups=groups)
        assert {name async for name in user.groups.values_list("name", flat=True)} == {"ops"} & set(groups)


def test_groups_off(store: Any, user_of: UserOf) -> None:
    """off, and no GROUPS_CLAIM: groups are the project's own."""
    for options in ({"GROUPS_CLAIM": "groups", "GROUPS": "off"}, {}):
        store(**options)
        user = user_of(sub="u1", groups=["ops"])
        assert names(user) == set()


def names(user: Any) -> set[str]:
    """The names of a user's groups."""
    return set(user.groups.values_list("name", flat=True))


def test_flags_follow_the_roles_named(store: Any, user_of: UserOf) -> None:
    """Staff and superuser come from a role only where it is named, and go with it."""
    store(FLAGS={"is_staff": "staff"})
    user = user_of(sub="u1", roles=["staff", "superuser"], is_superuser=True)
    assert (user.is_staff, user.is_superuser) == (True, False)
    assert not user_of(sub="u1", roles=[]).is_staff
    assert not User.objects.get().is_staff


def test_email_links_only_when_asked(store: Any, user_of: UserOf) -> None:
    """By default an account with the same address is not opened, nor is there a second one."""
    store()
    User.objects.create(username="ada", email="ada@example.org")
    with pytest.raises(InvalidTokenError):
        user_of(sub="u1", email="ada@example.org", email_verified=True)
    assert (User.objects.count(), JWTIdentity.objects.count()) == (1, 0)


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_email_links_only_when_verified(store: Any, user_of: UserOf, verified: Any) -> None:
    """An address that the issuer does not call verified, in so many words, links nothing."""
    store(MATCH_EMAIL=True)
    User.objects.create(username="ada", email="ada@example.org")
    with pytest.raises(InvalidTokenError):
        user_of(sub="u1", email="ada@example.org", email_verified=verified)
    assert (User.objects.count(), JWTIdentity.objects.count()) == (1, 0)


def test_email_links_an_account_once(store: Any, user_of: UserOf) -> None:
    """A verified address finds its account, whatever the case; told to receivers as linked, not created."""
    store(MATCH_EMAIL=True)
    told: list[bool] = []

    def listen(created: bool, **kwargs: Any) -> None:
        told.append(created)

    user_provisioned.connect(listen)
    known = User.objects.create(username="ada", email="Ada@example.org")
    assert user_of(sub="u1", email="ada@Example.org", email_verified=True) == known
    assert user_of(sub="u1") == known
    user_of(sub="u2", email="new@example.org", email_verified=True)
    user_of(sub="u3", email="nul\0", email_verified=True)
    user_provisioned.disconnect(listen)
    assert told == [False, True, True]


def test_email_links_no_lookalike(store: Any, user_of: UserOf) -> None:
    """A dotless i is no i, even to a database that thinks so."""
    store(MATCH_EMAIL=True)
    known = User.objects.create(username="mike", email="mike@example.org")
    assert user_of(sub="u1", email="m\u0131ke@example.org", email_verified=True) != known


@pytest.mark.parametrize("power", ["is_staff", "is_superuser"])
def test_email_links_no_staff(
    store: Any, user_of: UserOf, issuer: FakeIssuer, caplog: pytest.LogCaptureFixture, power: str
) -> None:
    """An issuer that calls the admin's address verified does not become the admin; a row by hand links it."""
    store(MATCH_EMAIL=True)
    root = User.objects.create(username="root", email="root@example.org", **{power: True})
    with pytest.raises(InvalidTokenError):
        user_of(sub="u1", email="root@example.org", email_verified=True)
    assert (JWTIdentity.objects.count(), User.objects.count()) == (0, 1)
    assert f"account {root.pk} is staff" in caplog.text
    JWTIdentity.objects.create(issuer=issuer.issuer, subject="u1", user=root)
    assert user_of(sub="u1", email="root@example.org", email_verified=True) == root


def test_two_subjects_never_share_an_account_by_email(
    store: Any, user_of: UserOf, caplog: pytest.LogCaptureFixture
) -> None:
    """An account that has an identity is not given another: refused and reported, nothing merged."""
    store(MATCH_EMAIL=True)
    User.objects.create(username="ada", email="ada@example.org")
    user_of(sub="u1", email="ada@example.org", email_verified=True)
    with pytest.raises(InvalidTokenError):
        user_of(sub="u2", email="ada@example.org", email_verified=True)
    assert (JWTIdentity.objects.count(), User.objects.count()) == (1, 1)
    assert "another identity" in caplog.text
    assert "ada@example.org" not in caplog.text


def test_two_accounts_with_one_email_are_refused(
    store: Any, user_of: UserOf, caplog: pytest.LogCaptureFixture
) -> None:
    """Two accounts claim one identity: refused and reported, nothing merged."""
    store(MATCH_EMAIL=True)
    for name in ("ada", "augusta"):
        User.objects.create(username=name, email="ada@example.org")
    with pytest.raises(InvalidTokenError):
        user_of(sub="u1", email="ada@example.org", email_verified=True)
    assert JWTIdentity.objects.count() == 0
    assert "share the token's email" in caplog.text


def test_a_mapped_name_that_is_taken_is_refused(
    store: Any, user_of: UserOf, caplog: pytest.LogCaptureFixture
) -> None:
    """A claim takes over no account by its name: neither a new one, nor when it changes."""
    store(CLAIM_MAP={"username": "preferred_username"})
    admin = User.objects.create_superuser("admin")
    with pytest.raises(InvalidTokenError):
        user_of(sub="u1", preferred_username="admin")
    user_of(sub="u1", preferred_username="ada")
    for claims in ({"sub": "u1", "preferred_username": "admin"}, {"sub": "u2", "preferred_username": "ada"}):
        with pytest.raises(InvalidTokenError):
            user_of(**claims)
    assert set(User.objects.values_list("username", flat=True)) == {"admin", "ada"}
    assert not admin.jwt_identities.exists()
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 3


def test_an_identity_is_one_to_the_letter(store: Any, user_of: UserOf) -> None:
    """Where a collation takes ADA for ada, the database's answer is not believed."""
    from jwks_auth_django.users.identities import _exactly

    store()
    user = user_of(sub="ada")
    with pytest.raises(InvalidTokenError):
        _exactly(user.jwt_identities.get(), user_of(sub="ADA")._jwt)


def test_a_hundred_first_requests_make_one_row(store: Any, user_of: UserOf) -> None:
    """All of them see that there is no account yet; one makes it, the others take it."""
    store()
    together = threading.Barrier(100, timeout=600)

    def resolved(_: int) -> Any:
        looked: list[str] = []

        def wait(execute: Any, sql: str, *args: Any) -> Any:
            answer = execute(sql, *args)
            if not looked:
                looked.append(sql)
                together.wait()
            return answer

        try:
            with connection.execute_wrapper(wait):
                return user_of(sub="u1").pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(100) as pool:
        found = set(pool.map(resolved, range(100)))
    assert (len(found), User.objects.count(), JWTIdentity.objects.count()) == (1, 1, 1)


def whoami(request: HttpRequest) -> JsonResponse:
    """Who it is."""
    return JsonResponse({"user": request.user.pk})


async def test_database_down_is_503(
    store: Any, project: Any, issuer: FakeIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    """A database that fails is not the token's fault, and its message, which may quote rows, is not logged."""
    project({"/me": whoami}, USER={"STORE": f"{__name__}.broken"})
    response = await AsyncClient().get("/me", headers=issuer.headers())
    assert (response.status_code, response.has_header("Retry-After")) == (503, True)
    assert "OperationalError" in caplog.text
    assert "secret" not in caplog.text


def test_database_down_is_503_sync(project: Any, issuer: FakeIssuer) -> None:
    """The same in a sync stack."""
    project({"/me": whoami}, USER={"STORE": f"{__name__}.broken"})
    assert Client().get("/me", headers=issuer.headers()).status_code == 503


def broken(request: HttpRequest, token: VerifiedToken) -> None:
    """A resolver whose database is down."""
    raise OperationalError("could not connect: password=secret")


def test_identities_are_in_the_admin() -> None:
    """Where a project uses it, accounts can be linked by hand."""
    from django.contrib import admin

    from jwks_auth_django.admin import JWTIdentityAdmin

    assert isinstance(admin.site._registry[JWTIdentity], JWTIdentityAdmin)
    assert JWTIdentityAdmin(JWTIdentity, admin.site).check() == []


def test_migrations_are_complete() -> None:
    """The model and its migration say the same, so that makemigrations finds nothing to do in a project."""
    from django.core.management import call_command

    call_command("makemigrations", "jwks_auth_django", check_changes=True, dry_run=True, verbosity=0)

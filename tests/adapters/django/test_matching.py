"""``MATCH``: existing accounts of newcomers, linked by claims that are named; nobody gets a silent second account."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from jwks_auth import InvalidTokenError
from jwks_auth.testing import FakeIssuer
from jwks_auth_django.backends import JWTAuthenticationBackend
from jwks_auth_django.conf import configuration
from jwks_auth_django.models import JWTIdentity
from jwks_auth_django.users.fields import typed

pytestmark = pytest.mark.usefixtures("database")

UserOf = Callable[..., Any]
BY_NAME = {"MATCH": {"username": "sub"}}


@pytest.fixture
def user_of(project: Any, issuer: FakeIssuer) -> UserOf:
    """``user_of({"MATCH": ...}, sub="u1")``: the user of a token with these claims, under these options."""

    def user(options: dict[str, Any], sender: FakeIssuer = issuer, **claims: Any) -> Any:
        project(USER={"STORE": "database", **options})
        token = configuration().authenticator.verifier.verify(sender.token(**claims))
        return JWTAuthenticationBackend().user_of(None, token)

    return user


def refused(user_of: UserOf, options: dict[str, Any], **claims: Any) -> None:
    """Assert that the token is refused, and nothing is made or linked."""
    before = User.objects.count(), JWTIdentity.objects.count()
    with pytest.raises(InvalidTokenError, match="may not sign in"):
        user_of(options, **claims)
    assert (User.objects.count(), JWTIdentity.objects.count()) == before


def test_an_account_is_matched_by_its_name(user_of: UserOf) -> None:
    """Once; then it is known by its identity, whatever its name is."""
    ada = User.objects.create_user("ada")
    assert user_of(BY_NAME, sub="ada") == ada
    User.objects.update(username="augusta")
    assert user_of(BY_NAME, sub="ada") == ada
    refused(user_of, BY_NAME, sub="augusta")
    assert user_of(BY_NAME, sub="newcomer") != ada


@pytest.mark.parametrize("claim", [7, "7"])
def test_an_account_is_matched_by_its_key(user_of: UserOf, claim: Any) -> None:
    """As a number or as text."""
    ada = User.objects.create_user("ada", id=7)
    assert user_of({"MATCH": {"id": "user_id"}}, sub="u1", user_id=claim) == ada


@pytest.mark.parametrize(
    "claim", [True, 7.0, "07", " 7", "7 ", "+7", "\u0667", "7\0", "", [7], {"a": 7}, None, 10**30, "1e0"]
)
def test_a_key_has_one_way_to_be_written(user_of: UserOf, claim: Any) -> None:
    """Else several subjects were one account; whatever it is, it is no error of the server."""
    User.objects.create_user("ada", id=7)
    User.objects.create_user("eve", id=1)
    refused(user_of, {"MATCH": {"id": "user_id"}, "CREATE": False}, sub="u1", user_id=claim)


@pytest.mark.parametrize("name", ["ADA", "ada ", "\uff41da", "ad", "%", "ada\u200b"])
def test_a_name_is_matched_to_the_letter(user_of: UserOf, name: str) -> None:
    """Whatever the database's collation takes for the same."""
    User.objects.create_user("ada")
    refused(user_of, {**BY_NAME, "CREATE": False}, sub=name)


@pytest.mark.parametrize("power", ["is_staff", "is_superuser"])
def test_a_subject_named_as_the_admin_becomes_the_admin(
    user_of: UserOf, power: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An issuer names people, and opens no account with powers."""
    root = User.objects.create(username="root", **{power: True})
    refused(user_of, BY_NAME, sub="root")
    assert f"account {root.pk} is staff" in caplog.text


def test_all_fields_must_fit(user_of: UserOf, caplog: pytest.LogCaptureFixture) -> None:
    """Of two fields, one is not enough; several accounts are none."""
    ada = User.objects.create_user("ada", "Ada@example.org")
    both = {"MATCH": {"username": "sub", "email": "email"}}
    refused(user_of, both, sub="ada", email="eve@example.org", email_verified=True)
    refused(user_of, both, sub="ada", email="ada@example.org", email_verified=False)
    refused(user_of, both, sub="ada")
    assert user_of(both, sub="ada", email="ada@Example.org", email_verified=True) == ada
    User.objects.create_user("eve", "eve@example.org")
    User.objects.create_user("eva", "eve@example.org")
    refused(user_of, {"MATCH": {"email": "email"}}, sub="e", email="eve@example.org", email_verified=True)
    assert "share the token's email" in caplog.text


def test_a_name_that_is_an_address_must_be_verified(user_of: UserOf) -> None:
    """Where the user name is the address, the same rules hold: verified, and ASCII letters of either case."""
    ada = User.objects.create_user("Ada@example.org")
    options = {"MATCH": {"username": "email"}}
    refused(user_of, options, sub="u1", email="ada@example.org", email_verified="true")
    assert user_of(options, sub="u1", email="ada@example.org", email_verified=True) == ada


def test_only_named_issuers_match(user_of: UserOf, issuer: FakeIssuer) -> None:
    """Of several issuers, those of MATCH_FROM; an account may have an identity of each."""
    other = FakeIssuer("https://other.example/")
    ada = User.objects.create_user("ada")
    both = [{**issuer.settings(), "ISSUER": issuer.issuer}, {**other.settings(), "ISSUER": other.issuer}]
    trusted = {"ISSUERS": [{name: each[name] for name in ("ISSUER", "JWKS")} for each in both]}

    def user(sender: FakeIssuer, *match_from: str) -> Any:
        from django.test import override_settings

        jwks = {"AUDIENCE": "api", "ALLOW_FAKE_ISSUER": True, **trusted}
        store = {"STORE": "database", **BY_NAME, "MATCH_FROM": match_from}
        with override_settings(JWKS_AUTH={**jwks, "USER": store}):
            token = configuration().authenticator.verifier.verify(sender.token(sub="ada", aud="api"))
            return JWTAuthenticationBackend().user_of(None, token)

    with pytest.raises(InvalidTokenError):
        user(other, issuer.issuer)
    assert user(issuer, issuer.issuer) == ada
    assert user(other, issuer.issuer, other.issuer) == ada
    assert JWTIdentity.objects.filter(user=ada).count() == 2


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"sub": "ada"}, "'sub' is its username"),
        ({"sub": "u1", "preferred_username": "ada"}, "'preferred_username' is its username"),
        ({"sub": "u1", "nickname": "ada"}, "'nickname' is its username"),
        ({"sub": "u1", "email": "ADA@example.org"}, "'email' is its email"),
        ({"sub": "u1", "upn": "ada@example.org"}, "'upn' is its email"),
        ({"sub": "ada", "email": "ada@example.org"}, "'sub' is its username, 'email' is its email"),
    ],
)
def test_a_newcomer_who_has_an_account_gets_no_second_one(
    user_of: UserOf, caplog: pytest.LogCaptureFixture, claims: dict[str, Any], told: str
) -> None:
    """By subject, name or address; the log names the fields and MATCH, and no claim's value."""
    ada = User.objects.create_user("ada", "Ada@example.org")
    options = {"CLAIM_MAP": {"username": "nickname", "email": "upn"}}
    refused(user_of, options, **claims)
    assert f"account {ada.pk}, as {told}: let MATCH link" in caplog.text
    assert "ada" not in caplog.text
    assert user_of(options, sub="u2", email="eve@example.org", preferred_username="eve") != ada


def test_another_subject_s_account_is_no_twin(user_of: UserOf) -> None:
    """One issuer's two people may share an address: who was first does not lock the other out."""
    options = {"CLAIM_MAP": {"email": "email"}}
    first = user_of(options, sub="thief", email="ada@example.org")
    assert user_of(options, sub="ada", email="ada@example.org", email_verified=True) != first


def test_the_cost_of_a_newcomer_is_bounded(user_of: UserOf) -> None:
    """One query looks for a twin, none for a known user."""
    User.objects.create_user("ada")
    user_of({}, sub="u1", email="eve@example.org")
    with CaptureQueriesContext(connection) as sent:
        user_of({}, sub="u1", email="eve@example.org")
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"MATCH": {"nick": "sub"}}, "MATCH: auth.User has no field 'nick'"),
        ({"MATCH": {"is_active": "sub"}}, "MATCH: 'is_active' is no field that tells accounts apart"),
        ({"MATCH": {"password": "sub"}}, "MATCH: 'password' is no field"),
        ({"MATCH": {"groups": "sub"}}, "MATCH: 'groups' is no field"),
        ({"MATCH": {"first_name": "given_name"}}, "MATCH: 'first_name' is not unique"),
        ({"MATCH": {"email": "email"}, "MATCH_EMAIL": True}, "MATCH_EMAIL exclude each other"),
        ({"MATCH": "username"}, "expected a dict"),
        (
            {"MATCH": {"email": "email"}, "MATCH_FROM": ["https://other.example/"]},
            "is no issuer of JWKS_AUTH",
        ),
        ({"MATCH": {"email": "email"}, "MATCH_FROM": []}, "expected a list of issuers"),
    ],
)
def test_a_match_that_can_not_be(user_of: UserOf, options: dict[str, Any], told: str) -> None:
    """Every wrong setting says what is wrong."""
    with pytest.raises(ImproperlyConfigured, match="JWKS_AUTH") as wrong:
        user_of(options, sub="u1")
    assert told in str(wrong.value)


def test_uuids() -> None:
    """One is the same in capitals, and not without its hyphens."""
    known = uuid.uuid4()
    field = models.UUIDField()
    assert typed(field, str(known)) == typed(field, str(known).upper()) == known
    assert typed(field, known.hex) is typed(field, "nonsense") is None


def told(issuer: FakeIssuer, project: Any, *arguments: str, **options: Any) -> list[str]:
    """The lines of ``manage.py jwks link``."""
    from io import StringIO

    project(USER={"STORE": "database"})
    out = StringIO()
    call_command("jwks", "link", f"--issuer={issuer.issuer}", *arguments, stdout=out, **options)
    return out.getvalue().splitlines()


def test_accounts_are_linked_by_command(project: Any, issuer: FakeIssuer, user_of: UserOf) -> None:
    """Each to the subject in a field; staff, empty fields, shared ones and linked accounts are left, and told."""
    ada, eve, *_ = (User.objects.create_user(name, f"{name}@x.org") for name in ("ada", "eve", "bob", "bib"))
    User.objects.filter(username__in=["bob", "bib"]).update(email="shared@x.org")
    User.objects.create_superuser("root", "root@x.org")
    User.objects.create_user("mute")
    User.objects.create_user("nul", "nul\x00@x.org")
    JWTIdentity.objects.create(issuer=issuer.issuer, subject="eve's", user=eve)
    would = told(issuer, project, "--field=email", "--dry-run")
    assert (would[0], JWTIdentity.objects.count()) == ("1 account would be linked", 1)
    did = told(issuer, project, "--field=email")
    assert did == [
        "1 account linked",
        "1 account has an identity of this issuer already",
        "1 account is staff: link it in the admin",
        "2 accounts have no value that could be a subject",
        "2 accounts share a value, and no one is linked",
    ]
    assert user_of({}, sub="ada@x.org") == ada
    assert told(issuer, project, "--field=email")[0] == "0 accounts linked"


def test_a_subject_of_another_account_is_not_taken(project: Any, issuer: FakeIssuer) -> None:
    """Who has the subject keeps it, a blocked identity without an account, too."""
    eve = User.objects.create_user("eve")
    User.objects.create_user("ada")
    JWTIdentity.objects.create(issuer=issuer.issuer, subject="ada", user=eve)
    assert "1 account has a value that is another identity's" in told(issuer, project, "--field=username")
    assert JWTIdentity.objects.get().user == eve


@pytest.mark.parametrize("field", ["nick", "groups", "password", "is_staff"])
def test_a_field_that_holds_no_subject(project: Any, issuer: FakeIssuer, field: str) -> None:
    """Said before anything is linked."""
    with pytest.raises(CommandError, match=f"{field!r}"):
        told(issuer, project, f"--field={field}")


def test_an_issuer_that_is_not_trusted(project: Any, issuer: FakeIssuer) -> None:
    """A slash too few would link accounts to nobody."""
    project(USER={"STORE": "database"})
    with pytest.raises(CommandError, match="is no issuer of JWKS_AUTH"):
        call_command("jwks", "link", f"--issuer={issuer.issuer.rstrip('/')}", "--field=username")

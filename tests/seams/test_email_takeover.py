"""``MATCH_EMAIL``: another person's address, as like as Unicode and databases make it, opens no account.

Two addresses are the same only if they are, octet for octet, once the ASCII letters of both are lowered.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import override_settings

from jwks_auth import InvalidTokenError
from jwks_auth.testing import FakeIssuer
from jwks_auth_django.conf import configuration
from jwks_auth_django.users.addresses import candidates, is_same_address
from tests.adapters.django.test_postgresql import postgresql
from tests.needs import need_module, need_tool

__all__ = ["postgresql"]  # a fixture

SCRIPT = Path(__file__).parents[1] / "adapters" / "django" / "served" / "match_email.py"

SAME = [
    ("boss@corp.com", "boss@corp.com"),
    ("Boss@Corp.com", "bOSS@corp.COM"),
    ("info@corp.com", "INFO@CORP.COM"),  # in Turkish the small letter of I is another
    ("bob@straße.de", "Bob@Straße.DE"),
    ("jos\u00e9@corp.com", "JOS\u00e9@corp.com"),
]
OTHERS = [
    ("boss@corp.com", "bos\u017f@corp.com"),  # long s
    ("bob@strasse.de", "bob@straße.de"),
    ("bob@stra\u1e9ee.de", "bob@straße.de"),  # capital sharp s
    ("kate@corp.com", "\u212aate@corp.com"),  # the Kelvin sign
    ("mike@corp.com", "m\u0131ke@corp.com"),  # dotless i
    ("info@corp.com", "\u0130nfo@corp.com"),  # I with a dot
    ("i\u0307nfo@corp.com", "\u0130nfo@corp.com"),
    ("jos\u00e9@corp.com", "jose\u0301@corp.com"),  # composed or not
    ("jos\u00e9@corp.com", "JOS\u00c9@corp.com"),
    ("jos\u00e9@corp.com", "jose@corp.com"),
    ("office@corp.com", "o\ufb03ce@corp.com"),  # a ligature
    ("boss@corp.com", "\uff42oss@corp.com"),  # full width
    ("boss@corp.com", "boss\uff20corp.com"),
    ("\u03c3ofia@corp.com", "\u03c2ofia@corp.com"),  # two small sigmas
    ("boss@corp.com", "boss@corp.com "),
    ("boss@corp.com", "boss@corp.com\u200b"),
    ("boss@corp.com", "bo_s@corp.com"),
    ("boss@corp.com", "%@corp.com"),
    ("a\\b@corp.com", "a\\\\b@corp.com"),
]

FOLDING = "create collation folding (provider = icu, locale = 'und-u-ks-level1', deterministic = false)"
COLUMN = "alter table auth_user alter column email type varchar(254) collate folding"
DATABASES: dict[str, tuple[str, list[str]]] = {
    "c": ("locale 'C.UTF-8'", []),
    "icu": ("locale_provider icu icu_locale 'und' locale 'C.UTF-8'", []),
    "turkish": ("locale_provider icu icu_locale 'tr' locale 'C.UTF-8'", []),
    "folding": ("locale_provider icu icu_locale 'und' locale 'C.UTF-8'", [FOLDING, COLUMN]),
}


@pytest.mark.parametrize("name", DATABASES)
def test_a_lookalike_signs_in_as_another_on_postgresql(postgresql: int, name: str) -> None:
    """Whatever the collation folds; the same address in capitals is found in every one."""
    locale, statements = DATABASES[name]
    environment = {**os.environ, "PGPORT": str(postgresql), "PYTHONPATH": str(SCRIPT.parents[4])}
    create = f"create database {name} template template0 encoding 'UTF8' {locale}"
    psql = [need_tool("psql"), "-h", "127.0.0.1", "-U", "postgres", "-d", "postgres", "-qc", create]
    subprocess.run(psql, check=True, env=environment)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), json.dumps(statements), json.dumps(SAME + OTHERS)],
        capture_output=True,
        text=True,
        env={**environment, "PGDATABASE": name},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = dict(zip(SAME + OTHERS, json.loads(done.stdout), strict=True))
    assert found == {**dict.fromkeys(SAME, True), **dict.fromkeys(OTHERS, False)}


def test_the_collation_is_not_asked_for_lower_case() -> None:
    """PostgreSQL's ``lower()`` and ``upper()`` go by it, and in Turkish find no INFO for info."""
    need_module("psycopg")
    backend = import_module("django.db.backends.postgresql.base")
    compiler = candidates("Info@corp.com").query.get_compiler(connection=backend.DatabaseWrapper({}, "other"))
    sql, parameters = compiler.as_sql()
    assert sql.count("translate((") == 2
    assert "LOWER(" not in sql
    assert "UPPER(" not in sql
    assert parameters == ("Info@corp.com",)


@pytest.mark.parametrize("other", [None, b"a@corp.com", ["a@corp.com"]])
def test_what_is_no_address_is_nobodys(other: Any) -> None:
    """A field of a project's own may hold anything."""
    assert not is_same_address(other, "a@corp.com")
    assert not is_same_address("a@corp.com", other)
    assert is_same_address("A@corp.com", "a@CORP.com")


@pytest.fixture
def user_of(issuer: FakeIssuer, database: None) -> Any:
    """The user of a token with these claims, in SQLite, with these options of the store."""

    def user(options: dict[str, Any], **claims: Any) -> Any:
        store = {"STORE": "database", "MATCH_EMAIL": True, **options}
        with override_settings(JWKS_AUTH={**issuer.settings(), "USER": store}):
            token = configuration().authenticator.verifier.verify(issuer.token(**claims))
            return configuration().backend.user_of(None, token)

    return user


UserOf = Callable[..., Any]


@pytest.mark.parametrize(
    ("stored", "sent", "is_same"), [(*pair, True) for pair in SAME] + [(*pair, False) for pair in OTHERS]
)
def test_a_lookalike_signs_in_as_another(user_of: UserOf, stored: str, sent: str, is_same: bool) -> None:
    """The same in SQLite."""
    known = User.objects.create(username="known", email=stored)
    assert (user_of({}, sub="u1", email=sent, email_verified=True).pk == known.pk) is is_same


MAPS = [
    {"email": "email"},
    {"email": "upn"},
    {"username": "email"},
    {"username": "email", "email": "email"},
]


@pytest.mark.parametrize("claim_map", MAPS)
@pytest.mark.parametrize("verified", [False, None, "true"])
def test_who_claims_anothers_address_first_locks_its_owner_out(
    user_of: UserOf, claim_map: dict[str, str], verified: Any
) -> None:
    """An address that is not verified is not written: the owner, whose address is, still gets an account."""
    options = {"CLAIM_MAP": claim_map}
    address = {"email": "boss@corp.com", "upn": "boss@corp.com"}
    thief = user_of(options, sub="thief", **address, email_verified=verified)
    assert "boss@corp.com" not in (thief.email, thief.username)
    owner = user_of(options, sub="boss", **address, email_verified=True)
    assert owner.pk != thief.pk
    written = {getattr(owner, name) for name in claim_map}
    assert written == {"boss@corp.com"}


@pytest.mark.parametrize("claim_map", MAPS[:1])
def test_an_address_taken_later_locks_its_owner_out(user_of: UserOf, claim_map: dict[str, str]) -> None:
    """Nor is it written where the account had another; and the other is kept."""
    options = {"CLAIM_MAP": claim_map}
    mine = {"sub": "thief", "email": "thief@corp.com", "email_verified": True}
    assert user_of(options, **mine).email == "thief@corp.com"
    changed = user_of(options, **{**mine, "email": "boss@corp.com", "email_verified": False})
    assert changed.email == "thief@corp.com"
    assert user_of(options, sub="boss", email="boss@corp.com", email_verified=True).pk != changed.pk


def test_another_claims_address_is_not_the_verified_one(user_of: UserOf) -> None:
    """``email_verified`` speaks of ``email`` alone: a ``upn`` that differs from it is not written."""
    claims = {"sub": "thief", "email": "thief@corp.com", "email_verified": True, "upn": "boss@corp.com"}
    assert user_of({"CLAIM_MAP": {"email": "upn"}}, **claims).email == ""


def test_addresses_are_written_as_ever_where_nothing_is_matched_by_them(user_of: UserOf) -> None:
    """Without MATCH_EMAIL an address that is not verified is only an address."""
    options = {"MATCH_EMAIL": False, "CLAIM_MAP": {"email": "email"}}
    assert user_of(options, sub="u1", email="ada@example.org").email == "ada@example.org"


def test_a_field_that_normalises(user_of: UserOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user model whose field makes one address of two refuses the token, and does not write the other's."""
    field: Any = User._meta.get_field("email")
    clean = field.clean
    monkeypatch.setattr(field, "clean", lambda value, user: clean(value, user).replace("\u017f", "s"))
    options = {"CLAIM_MAP": {"email": "email"}}
    assert user_of(options, sub="u1", email="ada@corp.com", email_verified=True).email == "ada@corp.com"
    with pytest.raises(InvalidTokenError, match="may not sign in"):
        user_of(options, sub="u2", email="bo\u017fs@corp.com", email_verified=True)
    assert not User.objects.filter(email="boss@corp.com").exists()

"""The indexes of the guide serve the searches for a newcomer's account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection, migrations, models
from django.db.migrations.writer import MigrationWriter

from jwks_auth.testing import FakeIssuer
from jwks_auth_django.backends import JWTAuthenticationBackend
from jwks_auth_django.conf import configuration
from jwks_auth_django.users import EmailKey

pytestmark = pytest.mark.usefixtures("database")

GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "django" / "users.md"


@pytest.fixture
def indexed(database: None) -> Iterator[None]:
    """The database after the guide's migration."""
    (snippet,) = (
        each
        for each in re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(), re.S | re.M)
        if "EmailKey" in each
    )
    guide: dict[str, Any] = {}
    exec(snippet, guide)
    with connection.schema_editor() as editor:
        guide["add"](apps, editor)
    yield
    with connection.schema_editor() as editor:
        for field in ("email", "username"):
            editor.remove_index(User, models.Index(EmailKey(field), name=f"user_{field}_key"))


def plans_of_a_newcomer(issuer: FakeIssuer) -> list[str]:
    """The plans of the searches for the account of one who is not known yet."""
    asked: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, *args: Any) -> Any:
        if sql.startswith("SELECT") and re.search(r"LOWER|translate", sql):
            asked.append((sql, params))
        return execute(sql, params, *args)

    User.objects.bulk_create(
        User(username=f"person{number}", email=f"person{number}@example.org") for number in range(1000)
    )
    raw = issuer.token(sub="u1", email="new@example.org", email_verified=True, preferred_username="new")
    token = configuration().authenticator.verifier.verify(raw)
    with connection.execute_wrapper(note):
        JWTAuthenticationBackend().user_of(None, token)
    plans = []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE auth_user")  # the plans are those for what the table holds now
            cursor.execute("SET enable_seqscan = off")  # a thousand rows may be read whole otherwise
        for sql, params in asked:
            cursor.execute(f"EXPLAIN {'QUERY PLAN' if connection.vendor == 'sqlite' else ''} {sql}", params)
            plans.append("\n".join(str(row[-1]) for row in cursor.fetchall()))
    return plans


def test_a_newcomer_is_searched_for_by_indexes(project: Any, issuer: FakeIssuer, indexed: None) -> None:
    """By MATCH and among all accounts: with the guide's indexes, no search reads the whole table."""
    project(USER={"STORE": "database", "MATCH_EMAIL": True})
    plans = plans_of_a_newcomer(issuer)
    assert len(plans) == 2
    for plan in plans:
        assert "user_email_key" in plan
        assert not re.search(r"SCAN auth_user\b|Seq Scan on auth_user\b", plan)


def test_no_other_index_serves_the_search(project: Any, issuer: FakeIssuer) -> None:
    """The control."""
    project(USER={"STORE": "database", "MATCH_EMAIL": True})
    for plan in plans_of_a_newcomer(issuer):
        assert "key" not in plan.replace("pkey", "")


def test_a_model_may_have_the_index_in_its_migrations() -> None:
    """makemigrations writes it so that it can be read again."""
    written, imports = MigrationWriter.serialize(models.Index(EmailKey("email"), name="user_email_key"))
    made = eval(written, {"django": migrations, **modules(imports)})
    assert made == models.Index(EmailKey("email"), name="user_email_key")


def modules(imports: set[str]) -> dict[str, Any]:
    """The names that these statements bring."""
    names: dict[str, Any] = {}
    for statement in sorted(imports):
        exec(statement, names)
    return names

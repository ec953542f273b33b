"""A forgotten ``manage.py migrate`` names itself: in the log beside the 503, and in a check."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import OperationalError, ProgrammingError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.transaction import atomic
from django.http import HttpRequest, JsonResponse
from django.test import AsyncClient, Client

from jwks_auth.testing import FakeIssuer
from jwks_auth_django.checks import check_migrations, check_migrations_of_deployment
from jwks_auth_django.schema import explained

pytestmark = pytest.mark.usefixtures("database")

APP, FIRST = "jwks_auth_django", "0001_initial"
TABLE = "jwks_auth_django_jwtidentity"


@pytest.fixture
def without_table(database: None) -> Iterator[None]:
    """A database that the app's migrations were never applied to."""
    call_command("migrate", APP, "zero", verbosity=0)
    yield
    call_command("migrate", APP, verbosity=0)


@pytest.fixture
def without_column(database: None) -> Iterator[None]:
    """A database from before the last migration."""
    rename = f"ALTER TABLE {TABLE} RENAME COLUMN {{}} TO {{}}"
    with connection.cursor() as cursor:
        cursor.execute(rename.format("claims_digest", "former"))
    MigrationRecorder(connection).record_unapplied(APP, FIRST)
    yield
    with connection.cursor() as cursor:
        cursor.execute(rename.format("former", "claims_digest"))
    MigrationRecorder(connection).record_applied(APP, FIRST)


def whoami(request: HttpRequest) -> JsonResponse:
    """Say who it is."""
    return JsonResponse({"user": request.user.pk})


@pytest.fixture(params=["without_table", "without_column"])
def lacking(request: pytest.FixtureRequest) -> None:
    """Each of these databases."""
    request.getfixturevalue(request.param)


async def test_the_log_names_a_forgotten_migration(
    project: Any, issuer: FakeIssuer, caplog: pytest.LogCaptureFixture, lacking: None
) -> None:
    """The answer is 503, and the log says which migration, and what to run; no claim, and no SQL."""
    project({"/me": whoami}, USER={"STORE": "database"})
    headers = issuer.headers(sub="secret")
    statuses = [
        (await sync_to_async(Client().get)("/me", headers=headers)).status_code,
        (await AsyncClient().get("/me", headers=headers)).status_code,
    ]
    assert statuses == [503, 503]
    told = [record.getMessage() for record in caplog.records if record.name == "jwks_auth.django"]
    assert len(told) == 2
    assert all(f"run manage.py migrate, the database lacks {APP}.{FIRST}" in line for line in told)
    assert "secret" not in caplog.text
    assert "SELECT" not in caplog.text


def test_the_check_names_a_forgotten_migration(project: Any, without_table: None) -> None:
    """With --database, and with --deploy; once where both are asked for."""
    project(USER={"STORE": "database"})
    (found,) = check_migrations(databases=["default"])
    assert found.id == "jwks_auth_django.W030"
    assert f"lacks {APP}.{FIRST}" in found.msg
    assert "migrate --database default" in str(found.hint)
    assert check_migrations_of_deployment() == [found]
    assert check_migrations_of_deployment(databases=["default"]) == []
    assert check_migrations() == [], "no other check asks a database"


def test_the_check_is_run_and_keeps_nobody_from_migrating(project: Any, without_table: None) -> None:
    """It is registered for both commands, and no error: "migrate" runs the checks first."""
    project(USER={"STORE": "database"})
    for options in ({"databases": ["default"]}, {"deploy": True}, {"databases": ["default"], "deploy": True}):
        err = io.StringIO()
        call_command("check", stderr=err, tags=["database", "security"], **options)
        assert err.getvalue().count("jwks_auth_django.W030") == 1
    found = [message for message in run_checks(databases=["default"]) if "migrate" in str(message.hint)]
    assert [message.is_serious() for message in found] == [False]


@pytest.mark.parametrize("user", [{}, {"STORE": "database", "ODD": 1}], ids=["no table needed", "wrong"])
def test_the_check_leaves_other_projects_alone(
    project: Any, without_table: None, user: dict[str, object]
) -> None:
    """Who keeps no identities needs no table; wrong settings are for other checks."""
    project(USER=user)
    assert check_migrations(databases=["default"]) == []
    assert check_migrations_of_deployment() == []


def test_the_check_is_silent_once_all_are_applied(project: Any) -> None:
    """The control."""
    project(USER={"STORE": "database"})
    assert check_migrations(databases=["default"]) == check_migrations_of_deployment() == []


def failing(execute: Any, *args: Any) -> Any:
    """Fail as a database does that is out of reach."""
    raise OperationalError("could not connect")


def test_a_database_out_of_reach_fails_no_deployment_check(project: Any) -> None:
    """Where a release is built there may be none."""
    project(USER={"STORE": "database"})
    with connection.execute_wrapper(failing):
        assert check_migrations_of_deployment() == []
        assert check_migrations(databases=["default"]) == []


def test_an_outage_is_not_asked_about_migrations() -> None:
    """A database that is down is not waited for once more; one in a failed transaction can't tell."""
    with connection.execute_wrapper(failing):
        assert explained(OperationalError("could not connect"), "default") == ""
        told = explained(ProgrammingError("relation does not exist"), "default")
    assert told == "; if migrations are not applied, run manage.py migrate"


def test_other_mistakes_in_sql_are_no_forgotten_migration() -> None:
    """Where every migration is applied, the log says nothing of them."""
    assert explained(ProgrammingError("permission denied"), "default") == ""


def test_the_log_hints_at_migrations_within_a_transaction(
    project: Any, issuer: FakeIssuer, without_table: None, caplog: pytest.LogCaptureFixture
) -> None:
    """A guard within ATOMIC_REQUESTS also answers 503."""
    from jwks_auth_django import require_jwt

    project({"/me": atomic(require_jwt(whoami))}, USER={"STORE": "database"}, MIDDLEWARE=[])
    assert Client().get("/me", headers=issuer.headers(sub="u1")).status_code == 503
    assert "run manage.py migrate" in caplog.text

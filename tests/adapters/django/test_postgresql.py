"""Users in a real PostgreSQL, where a hundred connections really write at once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.django.daemons import as_user, free_port, running
from tests.needs import need_module, need_tool

SCRIPT = Path(__file__).with_name("served") / "provision.py"


def made(initdb: list[str], folder: str) -> None:
    """Run *initdb*; up to three times, as it has crashed on a busy machine, which is no fault of ours."""
    for _ in range(3):
        done = subprocess.run(initdb, capture_output=True, cwd=folder)
        if done.returncode == 0:
            return
        shutil.rmtree(f"{folder}/data", ignore_errors=True)
    raise AssertionError(f"initdb: {done.returncode}: {done.stderr!r}")


@pytest.fixture(scope="module")
def postgresql() -> Iterator[int]:
    """The port of a server of its own; it refuses to run as root, so it then runs as ``postgres``."""
    need_module("psycopg")
    server = Path(need_tool("postgres")).resolve()
    folder = tempfile.mkdtemp(prefix="jwks-auth-postgresql-")
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    data = f"{folder}/data"
    initdb = [str(server.with_name("initdb")), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"]
    made(as_user(initdb, user), folder)
    port = free_port()
    command = [str(server), "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-N", "120"]
    try:
        with running([*command, "-c", "fsync=off", "-c", "autovacuum=off"], port, user=user):
            yield port
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"MATCH_EMAIL": True, "CLAIM_MAP": {"email": "email"}},
        {"GROUPS_CLAIM": "groups", "GROUPS": "mirror"},
    ],
    ids=["created", "matched", "with groups"],
)
def test_a_hundred_first_requests_make_one_row(postgresql: int, options: dict[str, object]) -> None:
    """One account, one identity, each group once; everybody gets the same account."""
    environment = {**os.environ, "PGPORT": str(postgresql), "PYTHONPATH": str(SCRIPT.parents[4])}
    subprocess.run(
        [need_tool("psql"), "-h", "127.0.0.1", "-U", "postgres", "-qc", RESET], check=True, env=environment
    )
    done = subprocess.run(
        [sys.executable, str(SCRIPT), json.dumps({"STORE": "database", **options})],
        capture_output=True,
        text=True,
        env=environment,
        timeout=1800,  # on a busy machine
    )
    assert done.returncode == 0, done.stderr[-3000:]
    groups = 2 if "GROUPS" in options else 0
    assert json.loads(done.stdout) == [1, 1, 1, groups, "user_refused"]


MODULES = [
    "test_identities.py",
    "test_costs.py",
    "test_accounts.py",
    "test_provisioning.py",
    "test_email_index.py",
    "test_schema.py",
]


def test_all_that_is_said_of_accounts_holds(postgresql: int) -> None:
    """The tests of accounts and identities, which run in SQLite by themselves, in PostgreSQL."""
    folder = Path(__file__).parent
    environment = {**os.environ, "TESTS_POSTGRESQL_PORT": str(postgresql), "PGPORT": str(postgresql)}
    subprocess.run(
        [need_tool("psql"), "-h", "127.0.0.1", "-U", "postgres", "-qc", RESET], check=True, env=environment
    )
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--no-cov"]
    done = subprocess.run(
        [*command, *(str(folder / name) for name in MODULES)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=1800,  # on a busy machine
    )
    assert done.returncode == 0, done.stdout[-5000:]


RESET = "set client_min_messages = error; drop schema public cascade; create schema public"

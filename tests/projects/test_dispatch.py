"""The dispatch: Ninja and Channels on async Django under uvicorn, with accounts in a real database."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from example_projects.demo.servers import Answer, AppServer, uvicorn
from jwks_auth.testing import FakeIssuer
from tests.adapters.django.test_postgresql import postgresql
from tests.needs import need_module
from tests.patience import PATIENCE

__all__ = ["postgresql"]  # a fixture

ROOT = Path(__file__).parents[2]
API = "https://dispatch.example"


class Dispatch:
    """The project: its commands, and its server with an issuer."""

    def __init__(self, issuer: FakeIssuer, database: dict[str, str]) -> None:
        self.issuer = issuer
        issuer.audience = API
        self.env = {
            "DJANGO_SETTINGS_MODULE": "tests.projects.dispatch.settings",
            "DISPATCH_ISSUER": issuer.issuer,
            "PYTHONPATH": str(ROOT),
            **database,
        }
        self.server: AppServer

    def manage(self, *command: str) -> str:
        """What ``manage.py`` prints; it must be content."""
        done = subprocess.run(
            [sys.executable, "-m", "django", *command],
            env={**self.env, "PATH": "/usr/bin:/bin"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def ask(self, path: str, body: Any = None, **claims: Any) -> Answer:
        """The answer to a request with a token, if there are claims for one."""
        headers = self.issuer.headers(**claims) if claims else {}
        if body is None:
            return self.server.request(path, headers.items())
        headers["Content-Type"] = "application/json"
        return self.server.request(path, headers.items(), method="POST", body=json.dumps(body).encode())


@contextmanager
def running(database: dict[str, str]) -> Iterator[Dispatch]:
    """The project, migrated and served."""
    need_module("channels")
    with FakeIssuer.serve() as issuer:
        project = Dispatch(issuer, database)
        project.manage("migrate", "--verbosity", "0")
        with uvicorn(
            "dispatch", "tests.projects.dispatch.asgi:application", cwd=ROOT, env=project.env
        ) as server:
            project.server = server
            yield project


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def dispatch(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Dispatch]:
    """On both databases."""
    if request.param == "SQLite":
        database = {"DISPATCH_DB": str(tmp_path / "dispatch.sqlite3")}
    else:
        database = {"PGPORT": str(request.getfixturevalue("postgresql"))}
    with running(database) as project:
        yield project


async def test_a_day_at_the_dispatch(dispatch: Dispatch) -> None:
    """Checks are silent, every route is guarded or open on purpose, and requests get what they should."""
    assert "no issues" in dispatch.manage("check", "--fail-level", "WARNING")
    assert "/api/status" in dispatch.manage("jwks", "routes", "--fail-unprotected")
    everybody_is_told_why(dispatch)
    newcomers_have_one_account_each(dispatch)
    each_has_jobs_and_a_quota_of_their_own(dispatch)
    services_and_permissions_are_told_apart(dispatch)
    keys_rotate_and_fail(dispatch)
    await news_by_websocket(dispatch)


def everybody_is_told_why(dispatch: Dispatch) -> None:
    """401 and 403 with challenges, from the API; a redirect for people's pages alone."""
    assert dispatch.ask("/api/status").status == 200
    missing, scopeless = dispatch.ask("/api/jobs"), dispatch.ask("/api/jobs", sub="first")
    assert (missing.status, missing.challenge) == (401, 'Bearer realm="api", scope="jobs:read"')
    assert scopeless.status == 403
    assert 'scope="jobs:read"' in str(scopeless.challenge)
    assert dispatch.ask("/api/me", aud="https://other.example").status == 401
    assert [dispatch.ask(path).status for path in ("/desk", "/api/docs")] == [302, 302]
    assert dispatch.ask("/desk", sub="first").status == 200


def newcomers_have_one_account_each(dispatch: Dispatch) -> None:
    """However many requests of theirs come at once."""
    claims: dict[str, Any] = {"sub": "ann", "given_name": "Ann"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: dispatch.ask("/api/me", **claims), range(24)))
    told = {answer.body for answer in answers}
    assert {answer.status for answer in answers} == {200}
    assert len(told) == 1
    assert json.loads(told.pop())["name"] == "Ann"


def each_has_jobs_and_a_quota_of_their_own(dispatch: Dispatch) -> None:
    """Rows belong to accounts; throttles count accounts."""
    for subject in ("ann", "bob"):
        body = {"address": f"to {subject}"}
        assert dispatch.ask("/api/jobs", body, sub=subject, scope="jobs:read").status == 403
        assert dispatch.ask("/api/jobs", body, sub=subject, scope="jobs:write").status == 201
        found = json.loads(dispatch.ask("/api/jobs", sub=subject, scope="jobs:read").body)
        assert [job["address"] for job in found] == [f"to {subject}"]
        assert [dispatch.ask("/api/quote", sub=subject).status for _ in range(3)] == [200, 200, 429]


def services_and_permissions_are_told_apart(dispatch: Dispatch) -> None:
    """A service has an account too, and is no person; permissions are the token's."""
    service = {"sub": "robot", "client_id": "robot"}
    assert json.loads(dispatch.ask("/api/me", **service).body)["service"] is True
    allowed = {"permissions": ["auth.view_user"]}
    assert dispatch.ask("/api/people", sub="ann").status == 403
    assert dispatch.ask("/api/people", **service, **allowed).status == 403
    assert json.loads(dispatch.ask("/api/people", sub="ann", **allowed).body) == {"people": 4}


def keys_rotate_and_fail(dispatch: Dispatch) -> None:
    """A new key is found; an outage keeps those that are known."""
    dispatch.issuer.rotate()
    assert dispatch.ask("/api/me", sub="ann").status == 200
    with dispatch.issuer.outage():
        assert dispatch.ask("/api/me", sub="ann").status == 200
        dispatch.issuer.rotate()
        unknown = dispatch.ask("/api/me", sub="ann")
        assert unknown.status == 503
        assert "retry-after" in unknown.headers


async def news_by_websocket(dispatch: Dispatch) -> None:
    """The account's own jobs, by a browser's subprotocol; without a token the answer is HTTP's."""
    url = dispatch.server.url.replace("http", "ws") + "/news"
    for headers, status in (({}, 401), (dispatch.issuer.headers(sub="ann", kid=first_key(dispatch)), 403)):
        with pytest.raises(InvalidStatus) as denied:
            await connect(url, additional_headers=headers, proxy=None, open_timeout=PATIENCE)
        assert denied.value.response.status_code == status
    offered: Any = ["bearer", dispatch.issuer.token(sub="ann", scope="jobs:read", kid=first_key(dispatch))]
    async with connect(url, subprotocols=offered, proxy=None, open_timeout=PATIENCE) as socket:
        await socket.send("{}")
        assert json.loads(await socket.recv()) == {"jobs": 1}


def first_key(dispatch: Dispatch) -> str:
    """A key that the service knows, as it may not ask for the newest yet."""
    kid: str = dispatch.issuer.jwks()["keys"][0]["kid"]
    return kid

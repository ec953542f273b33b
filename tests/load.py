"""A server under load while its issuer rotates keys and goes down: what it answered, and what it fetched.

::

    with FakeIssuer.serve() as issuer:
        settings = {"JWKS_AUTH_ISSUER": issuer.issuer, "JWKS_AUTH_AUDIENCE": "api"}
        settings["JWKS_AUTH_ALLOW_FAKE_ISSUER"] = "true"
        with gunicorn("Flask", "app:app", "--workers", "4", cwd=HERE, env=settings) as server:
            phases = Load(server, issuer).through_rotation_and_outage()
    for phase in phases:
        assert phase.only(200), phase        # no 5xx, no wrong 401, no connection lost
    assert phases[0].fetches <= 4            # one a worker, or one for all where they share a store

``gunicorn``, ``uvicorn`` and ``AppServer`` (any command) are in ``example_projects.demo.servers``.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from example_projects.demo.servers import AppServer
from jwks_auth.testing import FakeIssuer
from tests.needs import need_tool
from tests.patience import PATIENCE, eventually

__all__ = ["Load", "Phase"]

_SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True, slots=True)
class Phase:
    """One run: answers by status, connections *lost*, the *slowest* answer in seconds, key set *fetches*."""

    name: str
    statuses: dict[int, int]
    lost: int
    slowest: float
    fetches: int

    def only(self, status: int) -> bool:
        """Whether something was answered, nothing but *status* was, and nothing was lost."""
        return set(self.statuses) == {status} and not self.lost


@dataclass(frozen=True, slots=True)
class Load:
    """Requests by ``wrk``, for a second a phase or until there are *enough* answers, *connections* at a time.

    Each request has a connection of its own, so that every worker gets its share: kept-alive ones may all be
    one worker's, and another would meet a rotated key for the first time when the issuer is already down.
    """

    server: AppServer
    issuer: FakeIssuer
    path: str = "/me"
    enough: int = 100
    connections: int = 16

    def run(self, name: str, **claims: Any) -> Phase:
        """One phase with one token of these *claims* (arguments of ``FakeIssuer.token``)."""
        fetched = self.issuer.requests[self.issuer.jwks_path]
        statuses: Counter[int] = Counter()
        lost, slowest = 0, 0.0

        def enough() -> bool:
            nonlocal lost, slowest
            measured = self._wrk(self.issuer.token(**claims))
            statuses.update({int(status): count for status, count in measured["statuses"].items()})
            lost, slowest = lost + measured["lost"], max(slowest, measured["slowest"])
            return statuses.total() >= self.enough

        eventually(enough)
        return Phase(
            name, dict(statuses), lost, slowest, self.issuer.requests[self.issuer.jwks_path] - fetched
        )

    def through_rotation_and_outage(self, **claims: Any) -> list[Phase]:
        """Five phases with good tokens; the issuer is up again afterwards.

        ``warm``: from no keys at all. ``rotation``: a new key from the first request on. ``outage``: the
        issuer answers 503. ``hang``: it says nothing. ``recovery``: it is back, with another new key.
        """
        phases = [self.run("warm", **claims)]
        self.issuer.rotate()
        phases.append(self.run("rotation", **claims))
        with self.issuer.outage("error"):
            phases.append(self.run("outage", **claims))
        with self.issuer.outage("hang"):
            phases.append(self.run("hang", **claims))
        self.issuer.rotate()
        return [*phases, self.run("recovery", **claims)]

    def _wrk(self, token: str) -> dict[str, Any]:
        command = [need_tool("wrk"), "--threads", "2", "--connections", str(self.connections)]
        command += ["--duration", "1s", "--timeout", f"{PATIENCE:.0f}s", "--script", str(_SCRIPT)]
        command += ["--header", f"Authorization: Bearer {token}", "--header", "Connection: close"]
        command += [self.server.url + self.path]
        done = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE, check=True)
        [line] = [line for line in done.stdout.splitlines() if line.startswith("JSON ")]
        result: dict[str, Any] = json.loads(line.removeprefix("JSON "))
        return result

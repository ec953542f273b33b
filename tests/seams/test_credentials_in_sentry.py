"""Sent to an error tracker: what Sentry's SDK, as it comes, makes of each fault in every framework holds no token."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.needs import need_module
from tests.seams.sites import EVERY_SITE

ROOT = Path(__file__).parents[2]
Sent = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def sent() -> Sent:
    """Everything that was sent, by site and fault."""
    need_module("sentry_sdk")
    # In a process of its own, as the SDK changes the frameworks for good.
    script = "from tests.seams.sentry_child import main; main()"
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True)
    found: Sent = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize("site", EVERY_SITE)
def test_sentry_gets_no_token(sent: Sent, site: str) -> None:
    """Refusals and failing callbacks, reported by the log, by ``on_rejected`` and by error handlers."""
    faults = {name: seen for name, seen in sent.items() if name.startswith(f"{site}: ")}
    assert {name for name, seen in faults.items() if seen["leaks"]} == set()
    reported = {name for name, seen in faults.items() if seen["events"]}
    assert reported == {name for name, seen in faults.items() if seen["status"] != 200}
    assert {seen["status"] for seen in faults.values()} == {200, 400, 401, 503}


@pytest.mark.parametrize("loader", ["flask", "fastapi", "fastapi, WebSocket"])
def test_sentry_gets_no_token_where_a_user_loader_fails(sent: Sent, loader: str) -> None:
    """Nor where a route does, whose token came as a WebSocket's subprotocol."""
    assert sent[f"loader: {loader}"]["events"]
    assert sent[f"loader: {loader}"]["leaks"] == []


def test_sentry_would_send_the_locals_of_a_frame(sent: Sent) -> None:
    """Control: a token in a variable of somebody's frame is sent, and found."""
    assert sent["control: leaky"]["leaks"]

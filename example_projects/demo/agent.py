"""The agent at the MCP server: its steps, and a table of them."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from example_projects.demo.apps import mcp_server
from example_projects.demo.interrupts import interrupts_held
from example_projects.demo.provider import CLIENT, Provider
from example_projects.demo.servers import AppServer, ServerFailed

__all__ = ["STEPS", "Step", "judged", "show_agent"]

_AGENT = Path(__file__).parents[1] / "mcp_server" / "agent.py"


@dataclass(frozen=True, slots=True)
class Step:
    """A request of the agent, by a pattern, and its right answer: the status, and the scopes that it asks for."""

    name: str
    request: str
    status: int = 200
    asks: str | None = None


BOTH = "orders:read orders:write"
STEPS = [
    Step("a first request", "server/discover|initialize", 401, "orders:read"),
    Step("the server's metadata", "GET /.well-known/oauth-protected-resource/mcp"),
    Step("the provider's metadata", "GET /.well-known/.*"),
    Step("a token with that scope", "POST /token orders:read"),
    Step("the first request again", "server/discover|initialize"),
    Step("a tool", "tools/call whoami"),
    Step("a tool that needs more", "tools/call delete_order", 403, BOTH),
    Step("a token with both scopes", f"POST /token {BOTH}"),
    Step("that tool again", "tools/call delete_order"),
]


def show_agent(running: ExitStack) -> int:
    """Start a provider, the MCP server and the agent, print what happens, and count what is wrong in it."""
    provider = running.enter_context(Provider())
    with interrupts_held():
        server = running.enter_context(mcp_server(provider.issuer))
    print(f"\nAn agent without a browser, at the MCP server on {server.url}:\n", flush=True)
    print(_line("step", "request", "answer", "scopes asked for") + "\n" + "-" * 106)
    rows = list(judged(_exchanges(server, provider)))
    for step, found, is_right in rows:
        print(_row(step, found, is_right))
    right = sum(is_right for *_, is_right in rows)
    print(f"\n{right} of {len(rows)} steps are as expected.", flush=True)
    return len(rows) - right


def judged(
    exchanges: Iterable[dict[str, Any]], steps: Sequence[Step] = STEPS
) -> Iterator[tuple[Step, dict[str, Any], bool]]:
    """Yield each step, the exchange that is its own, and whether that is right; others in between don't matter."""
    left = iter(exchanges)
    for step in steps:
        found: dict[str, Any] = next((one for one in left if re.fullmatch(step.request, one["request"])), {})
        yield step, found, (found.get("status"), found.get("asks")) == (step.status, step.asks)


def _exchanges(server: AppServer, provider: Provider) -> list[dict[str, Any]]:
    command = [sys.executable, str(_AGENT), f"{server.url}/mcp", provider.issuer, *CLIENT]
    with ExitStack() as asking:
        with interrupts_held():
            agent = asking.enter_context(AppServer("the agent", command, env={"no_proxy": "127.0.0.1"}))
        status, told = agent.ended(), agent.log(last=100_000)
    if status:
        raise ServerFailed(f"the agent ended with {status}\n{told}\n{server.log()}")
    lines = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    return [line for line in lines if "request" in line]


def _row(step: Step, found: dict[str, Any], is_right: bool) -> str:
    if not found:
        return _line(step.name, "WRONG it never came", "", "")
    line = _line(step.name, found["request"], str(found["status"]), found["asks"] or "")
    return line if is_right else f"{line}\n    WRONG expected {step.status} {step.asks or ''}"


def _line(*cells: str) -> str:
    return "".join(f"{text:<{width}}  " for text, width in zip(cells, (26, 46, 6, 24), strict=True)).rstrip()

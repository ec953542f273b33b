"""``python -m example_projects.demo``: exits 1 if any answer is not as expected."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

from example_projects.demo import table
from example_projects.demo.agent import show_agent
from example_projects.demo.apps import AUDIENCE, ROUTES, example_apps
from example_projects.demo.cases import Case, demo_cases
from example_projects.demo.interrupts import interrupt_once, interrupts_held
from example_projects.demo.servers import Answer, AppServer, ServerFailed
from jwks_auth.devissuer import DevServer, Options
from jwks_auth.testing import FakeIssuer

PATIENCE = 60.0
"""How long a recovered issuer may take to be noticed, in seconds."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the issuer and the apps, ask them everything, stop them; ``--keep`` waits for Ctrl-C first."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the servers up until Ctrl-C")
    options = parser.parse_args(arguments)
    interrupt_once()
    try:
        with ExitStack() as running:
            issuer = running.enter_context(DevServer(Options(port=0, audience=AUDIENCE))).issuer
            apps = _start(issuer, running)
            wrong = _demonstrate(issuer, apps) + show_agent(running)
            if options.keep:
                _wait_for_interrupt(issuer, apps)
            return 1 if wrong else 0
    except KeyboardInterrupt:
        print("\nstopped; no process is left", flush=True)
        return 130
    except ServerFailed as exc:
        print(exc, file=sys.stderr)
        return 1


def _start(issuer: FakeIssuer, running: ExitStack) -> list[AppServer]:
    print(f"issuer on {issuer.issuer}", flush=True)
    issuer.outage()  # the first case shows what a cold start without an issuer looks like
    apps = example_apps(issuer.issuer)
    with interrupts_held():
        for app in apps:
            running.enter_context(app)
    for app in apps:
        print(f"starting {app.name} on {app.url} ... ", end="", flush=True)
        began = time.monotonic()
        app.request("/public")
        print(f"up after {time.monotonic() - began:.1f} s", flush=True)
    return apps


def _demonstrate(issuer: FakeIssuer, apps: Sequence[AppServer]) -> int:
    """Show the table of the three apps, and count what is wrong in it."""
    cases = demo_cases(issuer)
    print("\n" + table.header([app.name for app in apps]), flush=True)
    wrong = sum(_show(case, apps) for case in cases)
    print("\nThe challenges in full:\n" + table.legend(cases))
    print(f"\n{len(cases) * len(apps) - wrong} of {len(cases) * len(apps)} cells are as expected.\n")
    print("Routes to try by hand; make demo KEEP=1 leaves the apps up and prints a token:")
    print("\n".join(f"  {path:<10} {who}" for path, who in ROUTES.items()), flush=True)
    return wrong


def _show(case: Case, apps: Sequence[AppServer]) -> int:
    """Ask every app, print the row, and count what is wrong in it."""
    case.prepare()
    answers = [_ask(case, app) for app in apps]
    print(table.row(case, answers), flush=True)
    return sum(not table.is_right(case, answer) for answer in answers)


def _ask(case: Case, app: AppServer) -> Answer:
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = app.request(case.path, [("Authorization", value) for value in case.authorization()])
        if not (case.patient and answer.status == 503) or time.monotonic() > deadline:
            return answer
        time.sleep(float(answer.headers.get("retry-after", ["1"])[0]))


def _wait_for_interrupt(issuer: FakeIssuer, apps: Sequence[AppServer]) -> None:
    issuer.recover()
    token = issuer.token(scope="orders:read", roles=["admin"], expires_in=3600)
    print("\n" + "\n".join(f"  {app.name:<10} {app.url}" for app in apps))
    print(f"  {'issuer':<10} {issuer.issuer}/  its pages: sign in, make tokens, rotate keys, go down")
    print(f'\n  TOKEN={token}\n  curl -i -H "Authorization: Bearer $TOKEN" {apps[0].url}/orders')
    print("\nThe apps and the issuer are up until Ctrl-C.", flush=True)
    signal.pause()


if __name__ == "__main__":
    sys.exit(main())

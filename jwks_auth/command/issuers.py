"""``check``, ``show`` and ``refresh``: the issuers of a service and their keys."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from jwks_auth import cli
from jwks_auth.cli import Report, Service, Trusting, together
from jwks_auth.command.call import Call, UsageError

__all__ = ["check", "options", "refresh", "show"]

Look = Callable[[Trusting], Report]


def options(parser: ArgumentParser) -> None:
    """Add the options of ``check``."""
    parser.add_argument(
        "asked", nargs="?", metavar="ISSUER", help="this issuer alone, instead of the service's"
    )
    parser.add_argument(
        "--watch", nargs="?", type=_seconds, const=60.0, metavar="SECONDS",
        help="go on, and print what changes (default: every 60)",
    )  # fmt: skip
    parser.add_argument(
        "--deploy", action="store_true", help="exit with 1 also if something of the checklist is not ok"
    )


def check(call: Call) -> Report:
    """Fetch metadata and keys of every issuer, and report what came, the checklist, and settings to paste."""
    if call.options.watch is None:
        return _checked(call)
    if call.options.json:
        raise UsageError("--watch and --json exclude each other: --json prints one object")
    return _watched(call)


def show(call: Call) -> Report:
    """List the keys that a worker has, with their health."""
    return _of_all(call, partial(cli.show, warm_up=True))


def refresh(call: Call) -> Report:
    """Fetch every issuer's keys again."""
    return _of_all(call, cli.refresh)


def _of_all(call: Call, look: Look) -> Report:
    return _each(call, call.place.services(call.options), look)


def _each(call: Call, services: Mapping[str, Trusting], look: Look) -> Report:
    with call.terminal.busy("asking the issuers"):
        return together({name: look(service) for name, service in services.items()})


def _checked(call: Call) -> Report:
    asked = call.options.asked
    if asked is not None:
        return _with_settings(_each(call, {"": call.place.alone(call.options, asked)}, cli.check), call)
    services = call.place.services(call.options)
    return _with_checklist(_each(call, services, cli.check), call, services)


def _with_settings(report: Report, call: Call) -> Report:
    if not report.ok:
        return report
    provider = getattr(call.options, "provider", None)
    said = {"PROVIDER": provider} if provider is not None else {}
    pasted = cli.pasted({"ISSUER": call.options.asked, **said})
    lines = [
        line for name, each in pasted.items() for line in ("", f"{name}:", *(f"  {line}" for line in each))
    ]
    facts = {**report.facts, "settings": {name: "\n".join(each) for name, each in pasted.items()}}
    return Report((*report.lines, *lines), report.ok, facts=facts)


def _with_checklist(report: Report, call: Call, services: Mapping[str, Service]) -> Report:
    rows = call.place.rows(call.options)
    about: dict[str, Any] = {
        "debug": call.place.debug(call.options),
        "routes": None if rows is None else tuple(rows),
    }
    items = {item: None for service in services.values() for item in cli.checklist(service, **about)}
    lines = ("", "before production:", *(f"  {line}" for line in cli.listed(tuple(items))))
    bad = call.options.deploy and any(item.ok is False for item in items)
    facts = {**report.facts, "checklist": [item.fact for item in items]}
    return Report((*report.lines, *lines), report.ok and not bad, facts=facts)


def _watched(call: Call) -> Report:
    """Check again and again until the person has enough, and return the last report, without what was shown."""
    report = _checked(call)
    try:
        call.terminal.show(report.lines)
        while True:
            call.terminal.wait(call.options.watch)
            before, report = report, _checked(call)
            old, new = map(_lasting, (before, report))
            call.terminal.show([f"gone: {line.strip()}" for line in old if line not in new])
            call.terminal.show([f"new: {line.strip()}" for line in new if line not in old])
    except KeyboardInterrupt:
        pass
    return Report((), report.ok)


def _lasting(report: Report) -> list[str]:
    return [line for line in report.lines if " s ago, " not in line]


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 86_400:
        raise ArgumentTypeError("expected seconds, from 1 to 86400")
    return seconds

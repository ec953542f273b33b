"""The settings of another package as ours; no value is shown that may be a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jwks_auth.challenge import named, shown
from jwks_auth.cli.paste import pasted
from jwks_auth.cli.peers import PEERS, Peer, Turn
from jwks_auth.cli.report import Report

__all__ = ["doctor"]

Note = tuple[str, str]

_UNKNOWN = "has no counterpart"


def doctor(settings: Mapping[str, Any]) -> Report:
    """Find other packages' settings in *settings*, and report ours, and what has no counterpart.

    Nothing is found: not ok.
    """
    ours: dict[str, Any] = {}
    notes: list[Note] = []
    peers = [peer for peer in PEERS if _is_used(peer, settings)]
    for peer in peers:
        notes += _translated(peer, settings, ours)
    if not peers:
        known = ", ".join(peer.package for peer in PEERS)
        return Report((f"found no settings of {known}",), ok=False, facts={"found": []})
    if "ISSUER" not in ours:
        ours = {"ISSUER": "<the issuer, exactly as in iss>", **ours}
    return _report([peer.package for peer in peers], ours, notes)


def _is_used(peer: Peer, settings: Mapping[str, Any]) -> bool:
    if peer.place is not None:
        return isinstance(settings.get(peer.place), Mapping)
    return any(settings.get(name) for name in peer.needs)


def _translated(peer: Peer, settings: Mapping[str, Any], ours: dict[str, Any]) -> Iterator[Note]:
    given = settings[peer.place] if peer.place is not None else settings
    for name, value in given.items():
        row = peer.rows.get(name)
        label = named(str(name)) if peer.place is None else f"{peer.place}[{shown(name)}]"
        if row is None and peer.place is not None:
            yield label, _UNKNOWN
        elif isinstance(row, str):
            yield label, row
        elif row is not None and value not in (None, "", (), []):
            yield from _taken(row, label, value, ours)
    for name, value in (peer.adds or {}).items():
        ours.setdefault(name, value)


def _taken(row: Turn, label: str, value: Any, ours: dict[str, Any]) -> Iterator[Note]:
    try:
        read = row.read(value)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        # Any other error's words may quote the value.
        told = str(error) if type(error) is ValueError else "its value can't be read"
        yield label, told
        return
    if ours.setdefault(row.ours, read) != read:
        yield label, f"says {row.ours} once more, and otherwise: keep one"


def _report(packages: list[str], ours: Mapping[str, Any], notes: list[Note]) -> Report:
    lines = [f"found settings of {', '.join(packages)}"]
    texts = pasted(ours)
    for framework, each in texts.items():
        lines += ["", f"{framework}:", *(f"  {line}" for line in each)]
    if notes:
        lines += [
            "",
            "without a counterpart, or to be done by hand:",
            *(f"  {name}: {told}" for name, told in notes),
        ]
    facts = {
        "found": packages,
        "values": dict(ours),
        "settings": {framework: "\n".join(each) for framework, each in texts.items()},
        "notes": [{"name": name, "note": told} for name, told in notes],
    }
    return Report(tuple(lines), facts=facts)

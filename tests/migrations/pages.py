"""The parts of docs/migrations that are made from the apps, from doctor's rows, and from what was measured.

``python -m tests.migrations.pages authlib pyjwt`` measures those apps, and writes their pages anew.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

from jwks_auth.cli import peer_readers as read
from jwks_auth.cli import peers as doctor
from tests.migrations.measure import FOLDER, Measured, measured
from tests.migrations.peers import PEERS, Peer

__all__ = ["apps", "changes", "page_of", "settings"]

DOCS = FOLDER.parents[1] / "docs" / "migrations"
NOTED = {
    read.issuer_of_domain: ": `https://<domain>/`",
    read.issuer_of_tenant: ": `https://login.microsoftonline.com/<tenant>/v2.0`",
    read.audiences_of_application: ": the id, and `api://<id>`",
    read.key_by_hand: ", the public key in PEM",
    read.algorithms: ", without those of shared secrets",
    read.audiences_in_options: ", the values of `aud`",
}


def page_of(peer: Peer) -> Path:
    """The file of the peer's page."""
    return DOCS / f"{peer.page}.md"


# --- the apps


def files(path: Path) -> list[tuple[str, str]]:
    """The files that the app in *path* stands for, but for what makes one file of them."""
    parts = re.split(r"^# --- (\S+)\n", path.read_text(), flags=re.MULTILINE)
    named = zip(parts[1::2], parts[2::2], strict=True)
    return [(name, text.strip("\n")) for name, text in named if name != "start"]


def apps(peer: Peer) -> str:
    """Both apps, in tabs."""
    return "\n\n".join(tab(peer, which) for which in ("before", "after"))


def tab(peer: Peer, which: str) -> str:
    """One of them."""
    blocks = [
        f'```python title="{name}"\n{text}\n```' for name, text in files(FOLDER / peer.name / f"{which}.py")
    ]
    lines = "\n\n".join(blocks).splitlines()
    return "\n".join([f'=== "{which.capitalize()}"', "", *(f"    {line}".rstrip() for line in lines)])


# --- the settings


def settings(row: str) -> str:
    """The settings that ``doctor`` knows of a package, and what each is here."""
    (known,) = [each for each in doctor.PEERS if each.package == row]
    grouped: dict[str, list[str]] = {}
    for name, turn in known.rows.items():
        grouped.setdefault(here(turn), []).append(f"`{name}`")
    added = [f"| - | `{name}` `{value}` |" for name, value in (known.adds or {}).items()]
    lines = [f"| {', '.join(names)} | {ours} |" for ours, names in grouped.items()]
    place = f" in `{known.place}`" if known.place else ""
    return "\n".join([f"| before{place} | here |", "|---|---|", *lines, *added])


def here(turn: doctor.Turn | str) -> str:
    """What a setting is here."""
    if isinstance(turn, str):
        return turn
    return f"`{turn.ours}`{NOTED.get(turn.read, '')}"


# --- what changes


def changes(found: Measured) -> str:
    """The differences, and what is the same."""
    rows = [f"| {change} | {name} | {before} | {after} |" for change, name, before, after in changed(found)]
    table = ["| | request | before | after |", "|---|---|---|---|", *rows]
    challenges = ["| `WWW-Authenticate` | before | after |", "|---|---|---|", *challenged(found)]
    return "\n".join([*table, "", *challenges, "", *same(found)])


def changed(found: Measured) -> Iterator[tuple[str, str, int, int]]:
    """Each request whose status differs, by kind of change."""
    kinds: dict[str, list[tuple[str, str, int, int]]] = {
        "refused now": [],
        "accepted now": [],
        "another status": [],
    }
    for name, before in found.before.items():
        after = found.after[name]
        if before.status != after.status:
            kind = "another status" if before.passed == after.passed else "accepted now"
            kind = "refused now" if before.passed else kind
            kinds[kind].append((kind, name, before.status, after.status))
    for rows in kinds.values():
        yield from rows


def challenged(found: Measured) -> Iterator[str]:
    """The challenges of the three usual refusals."""
    told = {
        "no header": "no header",
        "a bad token": "a stranger's signature",
        "a missing scope": "a good token without the scope",
    }
    for label, name in told.items():
        before, after = found.before[name], found.after[name]
        yield f"| {label} | {'passes' if before.passed else before.kind} | {after.kind} |"


def same(found: Measured) -> Iterator[str]:
    """The requests that both answer with the same status."""
    alike: dict[int, list[str]] = {}
    for name, before in found.before.items():
        if before.status == found.after[name].status:
            alike.setdefault(before.status, []).append(name)
    for status, names in sorted(alike.items()):
        yield f"- Both answer {status}: {'; '.join(names)}."


# --- the pages


def section(page: str, heading: str, text: str) -> str:
    """Put *text* below *heading*; what follows the mark there is written by hand, and stays."""
    before, found, after = page.partition(f"\n## {heading}\n")
    assert found, f"no heading {heading!r}"
    body, found_next, rest = after.partition("\n## ")
    _, marked, kept = body.partition("\n<!-- why -->\n")
    return f"{before}\n## {heading}\n\n{text}\n{marked}{kept}{found_next}{rest}"


def titled(peers: Iterable[Peer], texts: Iterable[str]) -> str:
    """The texts, below a heading each if there are several."""
    pairs = list(zip(peers, texts, strict=True))
    return "\n\n".join(text if len(pairs) == 1 else f"### {peer.title}\n\n{text}" for peer, text in pairs)


def written(page: str, peers: list[Peer], founds: list[Measured]) -> str:
    """The page, with its parts made anew."""
    page = section(page, "Before and after", titled(peers, map(apps, peers)))
    if peers[0].row is not None:
        page = section(page, "Settings", settings(peers[0].row))
    for peer, found in zip(peers, founds, strict=True):
        page = section(page, peer.heading, changes(found))
    return page


def main() -> None:
    """Write the named pages, or all."""
    pages = sys.argv[1:] or list(dict.fromkeys(peer.page for peer in PEERS))
    for name in pages:
        peers = [peer for peer in PEERS if peer.page == name]
        path = page_of(peers[0])
        path.write_text(written(path.read_text(), peers, [measured(peer) for peer in peers]))
        print(path.name, *(f"{each} {version(each)}" for each in peers[0].packages))


if __name__ == "__main__":
    main()

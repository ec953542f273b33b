"""Each ``jwks-auth doctor`` on a page, typed in a folder that has the page's files, prints what the app after has."""

from __future__ import annotations

import json
import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.command.programs import started
from tests.migrations.measure import FOLDER
from tests.migrations.pages import DOCS, files
from tests.migrations.peers import PEERS, Peer
from tests.needs import missing

AUTH0 = {"AUTH0_DOMAIN": "acme.eu.auth0.com", "AUTH0_AUDIENCE": "https://api.acme.dev"}
ENTRA = "class Settings:\n    TENANT_ID = {!r}\n    APP_CLIENT_ID = {!r}\n"
FIRST = {peer.page: peer for peer in reversed(PEERS) if peer.row is not None}
TYPED = [
    (page, typed)
    for page in FIRST
    for typed in dict.fromkeys(re.findall(r"`jwks-auth (doctor[^`]*)`", (DOCS / f"{page}.md").read_text()))
]


def written(peer: Peer, folder: Path) -> None:
    """Put the reader's files into *folder*: the app's, and the places where others keep the same settings."""
    own = dict(files(FOLDER / peer.name / "before.py"))
    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").touch()
    settings = own.get("settings.py") or "\n".join(f"{name} = {value!r}" for name, value in AUTH0.items())
    (folder / "shop" / "settings.py").write_text(settings)
    (folder / "app.py").write_text(own.get("app.py", ""))
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in AUTH0.items()))
    ids = re.findall(r'"([0-9a-f-]{36})"', own.get("app.py", ""))
    (folder / "config.py").write_text(ENTRA.format(*ids) if ids else "")


@pytest.mark.parametrize(("page", "typed"), TYPED, ids=[f"{page}: {typed}" for page, typed in TYPED])
def test_a_command_on_a_page_prints_the_settings_after(page: str, typed: str, tmp_path: Path) -> None:
    """But for those that the page calls superfluous; what it leaves to the reader is in angle brackets."""
    peer = FIRST[page]
    for name in peer.modules:
        if find_spec(name) is None:
            missing(f"the package {name!r} is not installed")
    written(peer, tmp_path)
    env = AUTH0 if typed == "doctor" else {}
    done = started(*shlex.split(typed), "--json", cwd=tmp_path, env=env)
    assert done.status == 0, done.err
    report = json.loads(done.out)
    assert report["found"] == [peer.row]
    after = (FOLDER / peer.name / "after.py").read_text().lower()
    printed = {name for name, value in report["values"].items() if not str(value).startswith("<")}
    assert printed
    assert {name for name in printed if not re.search(rf"\b(jwks_auth_)?{name.lower()}\b", after)} == set(
        peer.left
    )

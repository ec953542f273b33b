"""Send every request to both apps of a peer, and tell what came back."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.certificates import Authority
from tests.migrations.cases import CASES, Case, Desk
from tests.migrations.peers import Peer
from tests.migrations.provider import Provider, served

__all__ = ["Answer", "Measured", "measured"]

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]


@dataclass(frozen=True)
class Answer:
    """A status, and the challenge that came with it."""

    status: int
    challenge: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the request was answered by the view."""
        return self.status == 200

    @property
    def kind(self) -> str:
        """The challenge without its descriptions, which differ from one release to the next."""
        if self.challenge is None:
            return "none"
        scheme = self.challenge.split(",")[0].split()[0]
        error = re.search(r'error="(\w+)"', self.challenge)
        return f"`{scheme}`" if error is None else f'`{scheme} error="{error[1]}"`'


@dataclass(frozen=True)
class Measured:
    """The answers by case, before and after, and the settings: doctor's for the app before, and those after."""

    before: dict[str, Answer]
    after: dict[str, Answer]
    doctor: dict[str, Any]
    settings: dict[str, Any]


class App:
    """One of the two apps, in a process of its own; *log* is what it prints."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process, self._log = process, log
        self.heard()

    def heard(self) -> Any:
        """The next line: the first says that the app has started."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self._log.read_text()
        return json.loads(line)

    def ask(self, **order: Any) -> Any:
        """The app's answer to an order."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self.heard()


@contextmanager
def running(path: Path, environment: dict[str, str]) -> Iterator[App]:
    """Run the app in *path*."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JWKS_AUTH", "DJANGO"))}
    command = [sys.executable, "-m", "tests.migrations.send", str(path)]
    with TemporaryDirectory() as folder, (log := Path(folder) / "log").open("w") as errors:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": errors}
        with subprocess.Popen(command, cwd=ROOT, env={**kept, **environment}, text=True, **pipes) as process:
            yield App(process, log)


@contextmanager
def provider(peer: Peer, folder: Path) -> Iterator[tuple[Provider, dict[str, str]]]:
    """The provider that the peer's apps expect, and the variables that lead to it."""
    if not peer.tls:
        with served(name=peer.issuer) as made:
            yield made, {"ISSUER": made.issuer}
        return
    authority = Authority(folder)
    with served(tls=authority.server()) as made:
        domain = made.issuer.removeprefix("https://").rstrip("/")
        bundles = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(authority.file))
        yield made, {"AUTH0_DOMAIN": domain, **bundles}


def answers(app: App, peer: Peer, made: Provider) -> dict[str, Answer]:
    """The app's answer to each case."""
    desk = Desk(made, dict(peer.claims), peer.scope)
    return {case.name: answer(app, case, desk) for case in CASES}


def answer(app: App, case: Case, desk: Desk) -> Answer:
    """The app's answer to one case."""
    with case.at(desk.provider):
        return Answer(*app.ask(path=case.path, headers=case.headers(desk), alone=case.alone))


def one(peer: Peer, which: str) -> tuple[dict[str, Answer], dict[str, Any]]:
    """The answers of one app, and the settings that it has or leads to."""
    with TemporaryDirectory() as folder, provider(peer, Path(folder)) as (made, variables):
        named = {"jwks": made.jwks_uri, "userinfo": made.userinfo_url, "discovery": discovery(made)}
        places = {name: named[kind] for name, kind in peer.places.items()} if which == "before" else {}
        extra = {name: named[kind] for name, kind in peer.environment.items()}
        environment = {**variables, **extra, "PLACES": json.dumps(places), "NO_PROXY": "*"}
        with running(FOLDER / peer.name / f"{which}.py", environment) as app:
            found = answers(app, peer, made)
            settings = {
                name: value for name, value in app.ask(settings=True).items() if value not in extra.values()
            }
    return found, json.loads(json.dumps(settings).replace(made.issuer, "<issuer>"))


def discovery(made: Provider) -> str:
    """The address of the provider's discovery document."""
    return made.jwks_uri.replace("jwks.json", "openid-configuration")


def measured(peer: Peer) -> Measured:
    """Ask both apps, each with a provider of its own."""
    before, doctor = one(peer, "before")
    after, settings = one(peer, "after")
    return Measured(before, after, doctor, settings)


if __name__ == "__main__":
    from tests.migrations.peers import PEERS

    for peer in PEERS:
        if peer.name in sys.argv:
            found = measured(peer)
            for name, before in found.before.items():
                after = found.after[name]
                print(f"{name:55} {before.status} {before.kind:40} {after.status} {after.kind}")
            print(found.doctor, found.settings, sep="\n")

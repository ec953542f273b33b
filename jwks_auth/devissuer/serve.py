"""``jwks-auth serve``: the options, where it may listen, and the run until Ctrl-C."""

from __future__ import annotations

import ipaddress
import signal
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event
from types import FrameType, TracebackType
from typing import Self
from urllib.parse import urlsplit

from jwks_auth.challenge import shown
from jwks_auth.devissuer.app import App
from jwks_auth.devissuer.gate import Gate, is_loopback_host
from jwks_auth.devissuer.issuer import DevIssuer
from jwks_auth.devissuer.people import PEOPLE, is_text, read_people
from jwks_auth.devissuer.server import Server
from jwks_auth.devissuer.state import State
from jwks_auth.errors import ConfigurationError
from jwks_auth.http import checked_url, origin_of
from jwks_auth.runtime import dataclass

__all__ = ["PORT", "DevServer", "Options", "add_options", "lines_of", "run"]

PORT = 8999


@dataclass(frozen=True, slots=True)
class Options:
    """The options of ``serve``. Raises ``ConfigurationError`` for those that do not fit together."""

    host: str = "127.0.0.1"
    port: int = PORT
    users: Path | None = None
    state: Path | None = None
    audience: str = "api"
    issuer_url: str | None = None
    unsafe_bind: bool = False

    def __post_init__(self) -> None:
        if not is_loopback_host(self.host):
            self._check_beyond()
        if not 0 <= self.port <= 65_535:
            raise ConfigurationError("--port: expected a number from 0 to 65535")
        if not is_text(self.audience) or " " in self.audience:
            raise ConfigurationError("--audience: expected an identifier of a service, without blanks")
        if self.issuer_url is not None:
            self._check_issuer_url(self.issuer_url)

    def _check_beyond(self) -> None:
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            raise ConfigurationError(
                f"--host {shown(self.host)}: expected an IP address, or localhost"
            ) from None
        if not self.unsafe_bind:
            raise ConfigurationError(
                f"--host {self.host}: whoever reaches the dev issuer can sign in as anybody, so it listens on this "
                "machine only; --unsafe-bind with --issuer-url takes it, as for containers"
            )
        if self.issuer_url is None:
            raise ConfigurationError(
                "--unsafe-bind needs --issuer-url: the address at which the others reach it"
            )

    def _check_issuer_url(self, url: str) -> None:
        checked_url(url, name="--issuer-url", http=True)
        parts = urlsplit(url)
        if parts.path not in ("", "/") or parts.query or parts.fragment or "?" in url or "#" in url:
            raise ConfigurationError("--issuer-url: expected scheme, host and port alone: http://issuer:8999")
        if not self.unsafe_bind and not is_loopback_host(parts.hostname or ""):
            raise ConfigurationError("--issuer-url names another machine: only --unsafe-bind takes that")


class DevServer:
    """A dev issuer that listens while the ``with`` block lasts. *on* the given options."""

    def __init__(self, on: Options = Options()) -> None:  # noqa: B008 - it never changes
        self._on = on

    def __enter__(self) -> Self:
        on = self._on
        people = PEOPLE if on.users is None else read_people(on.users)
        self._stopped = Event()
        self._state = State(on.state)
        try:
            self._server = _listening(on.host, on.port)
            self.url = _address(on.host, self._server.port)
            name = on.issuer_url or self.url
            self.issuer = DevIssuer(name, audience=on.audience, people=people, state=self._state)
        except BaseException:
            self._close()
            raise
        self.app = App(self.issuer, Gate(hosts=[str(origin_of(name)[1])]), self._stopped)
        self._server.start(self.app)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        self._stopped.set()
        if (server := getattr(self, "_server", None)) is not None:
            server.close()
        self._state.close()


def _listening(host: str, port: int) -> Server:
    try:
        return Server(host.removeprefix("[").removesuffix("]"), port)
    except OSError as exc:
        raise ConfigurationError(f"--host {host} --port {port}: {exc.strerror or exc}") from exc


def _address(host: str, port: int) -> str:
    bare = host.removeprefix("[").removesuffix("]")
    return f"http://{f'[{bare}]' if ':' in bare else bare}:{port}"


def add_options(parser: ArgumentParser) -> None:
    """Add the options of ``serve``."""
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=PORT, help="the port; 0: any (default: %(default)s)")
    parser.add_argument("--users", type=Path, metavar="users.toml", help="the people who can sign in")
    parser.add_argument(
        "--state", type=Path, metavar="DIR", help="a directory for keys and grants, which then last"
    )
    parser.add_argument(
        "--audience", default="api", help="the audience where none is asked for (default: %(default)s)"
    )
    parser.add_argument("--issuer-url", metavar="URL", help="the issuer's name, where it is not the address")
    parser.add_argument(
        "--unsafe-bind", action="store_true", help="listen beyond this machine, with --issuer-url"
    )


def lines_of(server: DevServer, audience: str) -> list[str]:
    """Return what is printed at the start."""
    issuer = server.issuer.issuer
    return [
        f"dev issuer {issuer} (pages: {server.url}/), for development only: whoever reaches it can sign in as anybody",
        f"  export JWKS_AUTH_ISSUER={issuer} JWKS_AUTH_AUDIENCE={audience}",
        '  curl -i -H "Authorization: Bearer $(jwks-auth token)" http://127.0.0.1:8000/',
        "up until Ctrl-C",
    ]


def options_of(given: Namespace) -> Options:
    """Return the options that were given; raise ``ConfigurationError``."""
    names = ("host", "port", "users", "state", "audience", "issuer_url", "unsafe_bind")
    return Options(**{name: getattr(given, name) for name in names})


def run(given: Namespace, show: Callable[[list[str]], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; *show* prints lines. Raises ``ConfigurationError``."""
    # Whoever reads the first line may end it at once.
    with suppress(KeyboardInterrupt), _Ended() as ended, DevServer(options_of(given)) as server:
        show(lines_of(server, given.audience))
        ended.wait()


class _Ended:
    """An event that SIGTERM sets, while the ``with`` block lasts."""

    def __enter__(self) -> Event:
        self._event = Event()
        self._before = signal.signal(signal.SIGTERM, self._set)
        return self._event

    def _set(self, number: int, frame: FrameType | None) -> None:
        self._event.set()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGTERM, self._before)

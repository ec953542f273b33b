"""A token of the dev issuer that runs, for ``jwks-auth token``.

Nothing is asked of a server that does not say that it is a dev issuer.
"""

from __future__ import annotations

import http.client
import json
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from jwks_auth.challenge import escaped, shown
from jwks_auth.devissuer.serve import PORT
from jwks_auth.errors import ConfigurationError
from jwks_auth.http import checked_url
from jwks_auth.jose import FAKE
from jwks_auth.runtime import dataclass
from jwks_auth.testing import FakeClient

__all__ = ["Wanted", "add_options", "token", "wanted"]

_SECONDS = 10.0
_MOST_OCTETS = 1_000_000
_METHOD = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ-")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The token that is wanted. *url* and *method* are of the request that a proof is for."""

    issuer: str
    asked: Mapping[str, Any]
    dpop: bool = False
    url: str = ""
    method: str = "GET"
    nonce: str | None = None


def add_options(parser: ArgumentParser) -> None:
    """Add the options of ``token``."""
    parser.add_argument("--issuer", help=f"default: JWKS_AUTH_ISSUER, or else http://127.0.0.1:{PORT}")
    parser.add_argument("--sub", default="", help="whose token; default: the first of its people")
    parser.add_argument(
        "--scope", action="append", default=[], help="a scope, or several with spaces; may be repeated"
    )
    parser.add_argument(
        "--audience", action="append", default=[], help="default: the dev issuer's; may be repeated"
    )
    parser.add_argument(
        "--claim",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a claim, as JSON or else as text; null leaves one out; may be repeated",
    )
    parser.add_argument("--expires-in", type=float, metavar="SECONDS", help="less than 0: it has expired")
    parser.add_argument(
        "--dpop", action="store_true", help="print the headers of a request with a bound token"
    )
    parser.add_argument("--url", default="", help="with --dpop: the URL of the request")
    parser.add_argument("--method", default="GET", help="with --dpop: its method (default: %(default)s)")
    parser.add_argument("--nonce", help="with --dpop: the nonce that a service has asked for")


def wanted(given: Namespace) -> Wanted:
    """Read the options; raise ``ConfigurationError``."""
    if given.dpop != bool(given.url):
        raise ConfigurationError(
            "--dpop needs --url, the URL of the request that the proof is for, and --url --dpop"
        )
    if given.dpop:
        checked_url(given.url, name="--url", http=True)
    if not given.method or not _METHOD.issuperset(given.method):
        raise ConfigurationError("--method: expected a method of HTTP, such as GET")
    issuer = given.issuer or os.environ.get("JWKS_AUTH_ISSUER") or f"http://127.0.0.1:{PORT}"
    checked_url(issuer, name="--issuer", http=True)
    asked = {
        "sub": given.sub,
        "scope": " ".join(given.scope),
        "audience": given.audience,
        "claims": dict(map(_claim, given.claim)),
    }
    if given.expires_in is not None:
        asked["expires_in"] = given.expires_in
    return Wanted(issuer, asked, given.dpop, given.url, given.method, given.nonce)


def _claim(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ConfigurationError(f"--claim {shown(text)}: expected NAME=VALUE, such as tier=gold")
    try:
        return name, json.loads(value, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return name, value


def _no_number(text: str) -> None:
    raise ValueError


def token(given: Wanted) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the token, and the headers of a request with it; raise ``ConfigurationError`` without a dev issuer."""
    issuer = _Running(given)
    client = FakeClient(issuer, dpop=given.dpop)
    client.nonce = given.nonce
    got = client.token()
    return got, tuple(client.headers(given.method, given.url, token=got).items())


class _Running:
    """The dev issuer that runs."""

    def __init__(self, given: Wanted) -> None:
        self._given = given
        where = given.issuer.rstrip("/") + "/.well-known/openid-configuration"
        if self._answer("GET", where).get(FAKE) is not True:
            raise self._missing("something else answers there")

    def token(self, **claims: Any) -> str:
        """Return a token, bound to the key in *claims* if there is one."""
        bound = claims.get("cnf") or {}
        asked = {**self._given.asked, "jkt": bound.get("jkt", "")}
        found = self._answer("POST", self._given.issuer.rstrip("/") + "/control/token", asked)
        got = found.get("token")
        if not isinstance(got, str) or not got.isprintable():
            told = found.get("error_description")
            raise ConfigurationError(f"the dev issuer refuses: {escaped(str(told))}")
        return got

    def _answer(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        # Not through a proxy that the environment names: the dev issuer is on this machine.
        parts = urlsplit(url)
        made = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = made(parts.netloc, timeout=_SECONDS)
        sent = {} if body is None else {"Content-Type": "application/json"}
        try:
            connection.request(method, parts.path, None if body is None else json.dumps(body), sent)
            found = json.loads(connection.getresponse().read(_MOST_OCTETS))
        except (OSError, http.client.HTTPException) as exc:
            raise self._missing(getattr(exc, "strerror", None) or type(exc).__name__) from exc
        except (ValueError, RecursionError):
            raise self._missing("something else answers there") from None
        finally:
            connection.close()
        return found if isinstance(found, dict) else {}

    def _missing(self, reason: str) -> ConfigurationError:
        return ConfigurationError(
            f"no dev issuer runs at {escaped(self._given.issuer)} ({escaped(reason)}): start one with jwks-auth serve"
        )

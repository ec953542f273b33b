"""Tokens that are bound to a client certificate: every framework takes and refuses them alike (RFC 8705 section 3)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pytest

from jwks_auth.testing import FakeIssuer
from tests.contract.cases import SETTINGS, U1
from tests.contract.runner import App, Headers
from tests.contract.test_sources import BY_DJANGO, BY_THE_CORE, Site

SECRET = ("X-Proxy", "only-the-proxy-knows")
CERTIFICATES = {
    "MTLS": "accept",
    "CLIENT_CERTIFICATE": {"HEADER": "Client-Cert", "FORMAT": "rfc9440"},
    "PROXY_SECRET": {"HEADER": SECRET[0], "VALUE": SECRET[1]},
}
OURS, THEIRS = b"0\x82the client's certificate", b"0\x82another client's certificate"

Sent = Callable[[FakeIssuer], Headers]


@dataclass(frozen=True, slots=True)
class Settled:
    """An issuer whose tokens may be bound."""

    issuer: FakeIssuer
    mode: str = "accept"

    def settings(self) -> dict[str, Any]:
        """All of them."""
        return {**self.issuer.settings(), **SETTINGS, **CERTIFICATES, "MTLS": self.mode}


@dataclass(frozen=True, slots=True)
class Case:
    """A request, its status, and what its challenge says or the body of its answer is."""

    name: str
    headers: Sequence[Sent | tuple[str, str]]
    status: int = 401
    told: str = ""
    path: str = "/me"
    body: Mapping[str, Any] | None = None


def thumbprint(certificate: bytes) -> str:
    """The member ``x5t#S256``."""
    return base64.urlsafe_b64encode(sha256(certificate).digest()).rstrip(b"=").decode()


def field(certificate: bytes) -> tuple[str, str]:
    """The header in which a proxy passes it on (RFC 9440)."""
    return "Client-Cert", f":{base64.b64encode(certificate).decode()}:"


def token(**claims: Any) -> Sent:
    """A header with a token."""
    return lambda issuer: [("Authorization", f"Bearer {issuer.token(sub='u1', **claims)}")]


PLAIN, BOUND = token(), token(cnf={"x5t#S256": thumbprint(OURS)})
MISSING, WRONG = "and the request has none", "bound to another client certificate"
REFUSED = "can't be used as a plain bearer token"

CASES = [
    Case("a bound token with its certificate", [BOUND, field(OURS), SECRET], 200, body=U1),
    Case("the same, where optional", [BOUND, field(OURS), SECRET], 200, path="/optional", body=U1),
    Case("a plain token", [PLAIN], 200, body=U1),
    Case("a plain token beside a certificate", [PLAIN, field(THEIRS), SECRET], 200, body=U1),
    Case("nothing, where optional", [field(OURS), SECRET], 200, path="/optional", body={"sub": None}),
    Case("a stolen token", [BOUND], told=MISSING),
    Case("a stolen token, where optional", [BOUND], told=MISSING, path="/optional"),
    Case("a stolen token, and the thief's own certificate", [BOUND, field(THEIRS), SECRET], told=WRONG),
    Case("a forged header, from no proxy of ours", [BOUND, field(OURS)], told=MISSING),
    Case("a forged header, and a guess", [BOUND, field(OURS), ("X-Proxy", "what-the-proxy-knows")], told=MISSING),
    Case("two certificates", [BOUND, field(OURS), field(THEIRS), SECRET], told=WRONG),
    Case("the certificate twice", [BOUND, field(OURS), field(OURS), SECRET], told=WRONG),
    Case("the secret twice", [BOUND, field(OURS), SECRET, SECRET], told=MISSING),
    Case("a chain instead of the leaf", [BOUND, field(OURS + THEIRS), SECRET], told=WRONG),
    Case("an empty header", [BOUND, ("Client-Cert", ""), SECRET], told=MISSING),
    Case("a header of no certificate", [BOUND, ("Client-Cert", "::"), SECRET], told=WRONG),
    Case("a header in another form", [BOUND, ("Client-Cert", "-----BEGIN CERTIFICATE-----"), SECRET], told=WRONG),
    Case("a long header", [BOUND, ("Client-Cert", ":" + "A" * 6000 + ":"), SECRET], told=WRONG),
    *(Case(f"a thumbprint of another kind, {at}", [token(cnf={"x5t#S256": value}), field(OURS), SECRET], told=WRONG)
      for at, value in enumerate(["", thumbprint(OURS) + "=", thumbprint(OURS)[:-1], sha256(OURS).hexdigest(), None,
                                  3, [], {}, [thumbprint(OURS)], True, "é" * 43])),
    Case("a thumbprint of SHA-1", [token(cnf={"x5t": thumbprint(OURS)}), field(OURS), SECRET], told=REFUSED),
    Case("bound to a key as well", [token(cnf={"x5t#S256": thumbprint(OURS), "jwk": {}}), field(OURS), SECRET],
         told=REFUSED),
    Case("bound to nothing", [token(cnf={}), field(OURS), SECRET], told=REFUSED),
    Case("bound, and expired", [token(cnf={"x5t#S256": thumbprint(OURS)}, expires_in=-90), field(OURS), SECRET],
         told="has expired"),
    Case("bound, without the scope", [BOUND, field(OURS), SECRET], 403, "insufficient_scope", "/orders"),
]  # fmt: skip

REQUIRED = [
    Case("a bound token with its certificate", [BOUND, field(OURS), SECRET], 200, body=U1),
    Case("a plain token", [PLAIN], told="is bound to no key"),
    Case("a plain token, where optional", [PLAIN], told="is bound to no key", path="/optional"),
    Case("a plain token beside a certificate", [PLAIN, field(OURS), SECRET], told="is bound to no key"),
    Case("a stolen token", [BOUND], told=MISSING),
    Case("nothing", [], told='Bearer realm="orders", resource'),
    Case("nothing, where optional", [], 200, path="/optional", body={"sub": None}),
]
"""With ``MTLS`` at ``require``."""

OFF = [
    Case("a bound token with its certificate", [BOUND, field(OURS), SECRET], told=REFUSED),
    Case("a plain token", [PLAIN, field(OURS), SECRET], 200, body=U1),
]
"""With ``MTLS`` at ``off``."""

EVERY: dict[str, Site] = {**BY_THE_CORE, **BY_DJANGO}


def run(app: App, case: Case, issuer: FakeIssuer) -> None:
    """Send *case* to *app*, and compare."""
    headers = [pair for each in case.headers for pair in (each(issuer) if callable(each) else [each])]
    answer = app.request("GET", case.path, headers)
    challenge = ", ".join(answer.values("www-authenticate"))
    assert (answer.status, case.told in challenge) == (case.status, True), (challenge, answer.body)
    if case.body is not None:
        assert json.loads(answer.body) == case.body


@pytest.fixture(scope="module", params=EVERY)
def accepting(request: pytest.FixtureRequest) -> Iterator[tuple[App, FakeIssuer]]:
    """Every framework, where tokens may be bound."""
    issuer = FakeIssuer()
    with EVERY[request.param](Settled(issuer)) as app:
        yield app, issuer


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bound_tokens_need_their_certificate(accepting: tuple[App, FakeIssuer], case: Case) -> None:
    """MTLS-1: without it, or with another, the answer is 401 and never 500; others' tokens are as before."""
    app, issuer = accepting
    run(app, case, issuer)


@pytest.mark.parametrize("site", EVERY)
def test_modes(site: str) -> None:
    """``require`` asks for a bound token, and ``off`` refuses one."""
    for mode, cases in (("require", REQUIRED), ("off", OFF)):
        issuer = FakeIssuer()
        with EVERY[site](Settled(issuer, mode)) as app:
            for case in cases:
                run(app, case, issuer)

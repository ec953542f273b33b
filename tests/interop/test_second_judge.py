"""``validateJwtAccessToken`` of npm's ``oauth4webapi``, a second judge of requests with DPoP; differences explained."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from jwks_auth.adapters import Authenticator, Credentials
from jwks_auth.errors import Refused
from jwks_auth.proofs import hash_of
from jwks_auth.testing import FakeClient, FakeIssuer, SigningKey
from tests.interop.oidc_provider import judged_by_node

URL, AUDIENCE = "https://api.acme.dev/orders", "api"
Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Case:
    """A request: what is changed in a good one. *ours* and *theirs* tell who takes it, and *why* they differ."""

    ours: bool = False
    theirs: bool = False
    why: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    proof: dict[str, Any] = field(default_factory=dict)
    scheme: str = "DPoP"
    url: str = URL
    method: str = "GET"
    headers: Callable[[Headers], Headers] = lambda pairs: pairs

    def sent(self, client: FakeClient) -> tuple[str, str, Headers]:
        """Return method, URL and headers."""
        token = client.token(**self.claims)
        changes = {name: value(client) if callable(value) else value for name, value in self.proof.items()}
        proof = client.proof("GET", URL, token, **changes)
        return (
            self.method,
            self.url,
            self.headers([("Authorization", f"{self.scheme} {token}"), ("DPoP", proof)]),
        )


def taken(**changes: Any) -> Case:
    """A case that both take."""
    return Case(True, True, **changes)


def stricter(why: str, **changes: Any) -> Case:
    """A case that they take and we do not."""
    return Case(False, True, why, **changes)


def wider(why: str, **changes: Any) -> Case:
    """A case that we take and they do not."""
    return Case(True, False, why, **changes)


def jwk(**members: Any) -> Callable[[FakeClient], dict[str, Any]]:
    """A header whose key has these members too."""

    def header(client: FakeClient) -> dict[str, Any]:
        assert client.key is not None
        return {"jwk": {**client.key.public_members(), **members}}

    return header


def at(seconds: int) -> Callable[[FakeClient], int]:
    """The time that is so far from now."""
    return lambda client: int(time.time()) + seconds


THIEF = SigningKey.generate("ES256")
SECRET = SigningKey("k", "HS256", b"x" * 32)
CASES = {
    "good": taken(),
    "a query in the request": taken(url=URL + "?a=1"),
    "a query and a fragment in the proof": taken(proof={"htu": URL + "?b=2#c"}),
    "URL in capitals with its port": taken(proof={"htu": "HTTPS://API.acme.dev:443/orders"}),
    "dots in the proof's path": taken(proof={"htu": "https://api.acme.dev/a/../orders"}),
    "an escape of a plain letter": wider("RFC 3986 6.2.2.2 makes %6F and o the same; URL of WHATWG does not",
                                         proof={"htu": "https://api.acme.dev/%6frders"}),
    "another path": Case(proof={"htu": "https://api.acme.dev/admin"}),
    "a slash more": Case(proof={"htu": URL + "/"}),
    "another host": Case(proof={"htu": "https://evil.example/orders"}),
    "another scheme": Case(proof={"htu": "http://api.acme.dev/orders"}),
    "another port": Case(proof={"htu": "https://api.acme.dev:8443/orders"}),
    "a URL without scheme": Case(proof={"htu": "/orders"}),
    "no URL": Case(proof={"htu": None}),
    "a URL of a number": Case(proof={"htu": 1}),
    "spaces around the URL": stricter("URL of WHATWG strips them; RFC 3986 has no spaces", proof={"htu": f" {URL} "}),
    "one slash after the scheme": stricter("URL of WHATWG mends it; RFC 3986 needs both slashes",
                                           proof={"htu": "https:/api.acme.dev/orders"}),
    "a backslash in the URL": stricter("URL of WHATWG takes it for a slash; RFC 3986 has none",
                                       proof={"htu": "https://api.acme.dev\\orders"}),
    "another method": Case(proof={"htm": "POST"}),
    "method in small letters": Case(proof={"htm": "get"}),
    "no method": Case(proof={"htm": None}),
    "another request": Case(method="POST"),
    "the longest jti": taken(proof={"jti": "x" * 256}),
    "a long jti": stricter("at most 256 characters are kept", proof={"jti": "x" * 257}),
    "an empty jti": stricter("a jti of no character is no id", proof={"jti": ""}),
    "no jti": Case(proof={"jti": None}),
    "a jti of a number": Case(proof={"jti": 7}),
    "half a minute old": taken(proof={"iat": at(-20)}),
    "three minutes old": stricter("DPOP_MAX_AGE is 60 s, theirs 300", proof={"iat": at(-180)}),
    "six minutes old": Case(proof={"iat": at(-400)}),
    "of the near future": taken(proof={"iat": at(15)}),
    "a minute ahead": stricter("LEEWAY is 30 s, theirs takes 300 ahead", proof={"iat": at(100)}),
    "an hour ahead": Case(proof={"iat": at(3600)}),
    "no iat": Case(proof={"iat": None}),
    "iat of a text": Case(proof={"iat": lambda client: str(int(time.time()))}),
    "another token": Case(proof={"ath": hash_of("another")}),
    "no token": Case(proof={"ath": None}),
    "expired long ago": Case(proof={"exp": at(-900)}),
    "not yet good": Case(proof={"nbf": at(900)}),
    "a nonce nobody asked for": taken(proof={"nonce": "n"}),
    "a claim of its own": taken(proof={"x": {"y": 1}}),
    "typ of another kind": Case(proof={"header": {"typ": "JWT"}}),
    "no typ": Case(proof={"header": {"typ": None}}),
    "typ with its prefix": stricter(
        "RFC 9449 4.3 has the exact value dpop+jwt", proof={"header": {"typ": "application/dpop+jwt"}}),
    "typ in capitals": taken(proof={"header": {"typ": "DPoP+JWT"}}),
    "alg none": Case(proof={"header": {"alg": "none"}}),
    "alg HS256": Case(proof={"key": SECRET, "header": {"jwk": {"kty": "oct", "k": "eHh4"}}}),
    "a critical header": Case(proof={"header": {"crit": ["x"], "x": 1}}),
    "no key": Case(proof={"header": {"jwk": None}}),
    "a key of a text": Case(proof={"header": {"jwk": "key"}}),
    "a private key": Case(proof={"header": jwk(d="AAAA")}),
    "an empty private member": Case(proof={"header": jwk(d="")}),
    "a private member of RSA": stricter("they look for d alone; no private member may be there",
                                        proof={"header": jwk(p="AAAA")}),
    "a key with an id": taken(proof={"header": jwk(kid="k")}),
    "a key of another use": stricter("they don't ask what the key says it is for", proof={"header": jwk(use="enc")}),
    "the thief's key": Case(proof={"key": THIEF, "header": {"jwk": THIEF.public_members()}}),
    "the thief's signature": Case(proof={"key": THIEF}),
    "bound to another key": Case(claims={"cnf": {"jkt": "A" * 43}}),
    "bound to nothing": Case(claims={"cnf": None}),
    "bound to an empty confirmation": Case(claims={"cnf": {}}),
    "bound to a certificate too": Case(claims={"cnf": {"jkt": "A" * 43, "x5t#S256": "A" * 43}}),
    "bound to a member of its own": Case(claims={"cnf": {"kid": "k"}}),
    "a confirmation of a list": Case(claims={"cnf": ["jkt"]}),
    "an expired token": Case(claims={"expires_in": -900}),
    "a token for another audience": Case(claims={"aud": "other"}),
    "a token of another issuer": Case(claims={"iss": "https://evil.example/"}),
    "a token without jti": wider("a JWT access token has one by RFC 9068; PROFILE at9068 asks for it",
                                 claims={"jti": None}),
    "as Bearer": Case(scheme="Bearer"),
    "as a scheme of its own": Case(scheme="Token"),
    "scheme in small letters": taken(scheme="dpop"),
    "no proof": Case(headers=lambda pairs: pairs[:1]),
    "no token at all": Case(headers=lambda pairs: pairs[1:]),
    "an empty proof": Case(headers=lambda pairs: [pairs[0], ("DPoP", "")]),
    "two proofs": Case(headers=lambda pairs: [*pairs, pairs[1]]),
    "junk for a proof": Case(headers=lambda pairs: [pairs[0], ("DPoP", "a.b.c")]),
    "a proof of four parts": Case(headers=lambda pairs: [pairs[0], ("DPoP", pairs[1][1] + ".x")]),
    "two schemes": Case(headers=lambda pairs: [*pairs, ("Authorization", pairs[0][1].replace("DPoP", "Bearer"))]),
    "a plain token": taken(scheme="Bearer", claims={"cnf": None}, headers=lambda pairs: pairs[:1]),
    "a plain token beside a proof": wider("a client may prove more than its token asks for",
                                          scheme="Bearer", claims={"cnf": None}),
    "a proof of 8 KiB": stricter("a proof has 8 KiB at most", proof={"x": "y" * 9000}),
}  # fmt: skip


def judged_here(issuer: FakeIssuer, asked: tuple[str, str, Headers]) -> bool:
    """Return whether we take the request."""
    method, url, headers = asked
    settings = {**issuer.settings(AUDIENCE), "DPOP": "accept", "DPOP_REPLAY": "memory"}
    settings |= {"PUBLIC_URL": "https://api.acme.dev", "JWKS": issuer.jwks()}
    service = Authenticator(settings, in_tests=True)
    try:
        return service.authenticate(Credentials.from_headers(headers, method=method, url=url)) is not None
    except Refused:
        return False


@pytest.mark.parametrize("alg", ["ES256", "RS256", "Ed25519"])
def test_both_judges_say_the_same_but_for_what_is_explained(alg: str) -> None:
    """Each proof, token and request is judged twice; where the verdicts differ, the case says why."""
    with FakeIssuer.serve() as issuer:
        client = issuer.client(dpop=True, alg=alg)
        asked = {name: case.sent(client) for name, case in CASES.items()}
        trusted = (issuer.issuer, issuer.issuer.rstrip("/") + issuer.jwks_path, AUDIENCE)
        verdicts = dict(zip(asked, judged_by_node(trusted, list(asked.values())), strict=True))
        here = {name: judged_here(issuer, each) for name, each in asked.items()}
    found = {name: (here[name], verdicts[name] == "") for name in CASES}
    wanted = {name: (case.ours, case.theirs) for name, case in CASES.items()}
    told = {name: verdicts[name] for name in CASES if found[name] != wanted[name]}
    assert found == wanted, told


def test_each_difference_is_explained() -> None:
    """And nothing else has an explanation."""
    assert [name for name, case in CASES.items() if (case.ours != case.theirs) != bool(case.why)] == []

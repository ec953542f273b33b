"""Tokens that are bound to a key of the client's: every framework takes and refuses them alike (RFC 9449)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from jwks_auth import KeySourceError
from jwks_auth.proofs.nonces import PERIOD, Nonces
from jwks_auth.testing import FakeClient, FakeIssuer, SigningKey
from tests.contract.cases import SETTINGS, U1
from tests.contract.runner import App, Headers
from tests.contract.test_sources import BY_DJANGO, BY_THE_CORE, Site

PUBLIC = "https://api.acme.dev"
PROOFS = {"PUBLIC_URL": PUBLIC, "DPOP_REPLAY": "memory"}
NONCES = {"DPOP_NONCE": "require", "DPOP_SECRET": "a secret of this fleet"}

EVERY: dict[str, Site] = {
    name: site for name, site in {**BY_THE_CORE, **BY_DJANGO}.items() if "mounted" not in name
}
"""Mounted applications have a path before theirs, which the tests of URLs show."""


@dataclass(frozen=True, slots=True)
class Settled:
    """An issuer whose tokens may be bound to keys."""

    issuer: FakeIssuer
    mode: str = "accept"
    others: Mapping[str, Any] = field(default_factory=dict)

    def settings(self) -> dict[str, Any]:
        """All of them."""
        return {**self.issuer.settings(), **SETTINGS, **PROOFS, "DPOP": self.mode, **self.others}


Sent = Callable[[FakeClient, FakeIssuer], Headers]


@dataclass(frozen=True, slots=True)
class Case:
    """A request, its status, and what its challenges say or the body of its answer is."""

    name: str
    sent: Sent
    status: int = 401
    told: str = ""
    path: str = "/me"
    body: Mapping[str, Any] | None = None


def proved(path: str = "/me", *, scheme: str = "DPoP", **changes: Any) -> Sent:
    """A bound token with its proof, which has these changes."""

    def sent(client: FakeClient, issuer: FakeIssuer) -> Headers:
        token = client.token(sub="u1")
        proof = client.proof("GET", PUBLIC + path, token, **changes)
        return [("Authorization", f"{scheme} {token}"), ("DPoP", proof)]

    return sent


def stolen(client: FakeClient, issuer: FakeIssuer) -> Headers:
    """A bound token, and a thief's proof with a key of its own."""
    thief, token = issuer.client(dpop=True), client.token(sub="u1")
    return [("Authorization", f"DPoP {token}"), ("DPoP", thief.proof("GET", f"{PUBLIC}/me", token))]


def two(client: FakeClient, issuer: FakeIssuer) -> Headers:
    """A token with two proofs."""
    headers = proved()(client, issuer)
    return [*headers, headers[1]]


def secret(client: FakeClient, issuer: FakeIssuer) -> Headers:
    """A proof that is signed with a shared secret."""
    key = SigningKey("k", "HS256", b"x" * 32)
    return proved(key=key, header={"alg": "HS256", "jwk": {"kty": "oct", "k": "eHh4"}})(client, issuer)


def private(client: FakeClient, issuer: FakeIssuer) -> Headers:
    """A proof whose header has the private key too."""
    assert client.key is not None
    return proved(header={"jwk": {**client.key.public_members(), "d": "AAAA"}})(client, issuer)


def bound(scheme: str) -> Sent:
    """A bound token alone."""
    return lambda client, issuer: [("Authorization", f"{scheme} {client.token(sub='u1')}")]


def plain(scheme: str) -> Sent:
    """A token that is bound to nothing."""
    return lambda client, issuer: [("Authorization", f"{scheme} {issuer.token(sub='u1')}")]


def nothing(client: FakeClient, issuer: FakeIssuer) -> Headers:
    """No header at all."""
    return []


def unknown(client: FakeClient, issuer: FakeIssuer) -> Headers:
    """A token with its proof, whose confirmation has another member too."""
    token = client.token(sub="u1", cnf={**(client.confirmation or {}), "kid": "k"})
    return [("Authorization", f"DPoP {token}"), ("DPoP", client.proof("GET", f"{PUBLIC}/me", token))]


BAD = 'error="invalid_dpop_proof"'
CASES = [
    Case("a bound token with its proof", proved(), 200, body=U1),
    Case("the same, where optional", proved("/optional"), 200, path="/optional", body=U1),
    Case("a plain token", plain("Bearer"), 200, body=U1),
    Case("nothing", nothing, told='Bearer realm="orders"'),
    Case("nothing, told of DPoP", nothing, told='DPoP realm="orders"'),
    Case("a stolen token", bound("DPoP"), told=BAD),
    Case("a stolen token, where optional", bound("DPoP"), told=BAD, path="/optional"),
    Case("a stolen token with a thief's proof", stolen, told=BAD),
    Case("a bound token as Bearer", proved(scheme="Bearer"), told='error="invalid_token"'),
    Case("a plain token as DPoP", plain("DPoP"), told='error="invalid_token"'),
    Case("for another path", proved("/orders"), told=BAD),
    Case("for another host", proved(htu="https://evil.example/me"), told=BAD),
    Case("for another method", proved(htm="POST"), told=BAD),
    Case("for another token", proved(ath="A" * 43), told=BAD),
    Case("too old", proved(iat=1), told=BAD),
    Case("two proofs", two, told=BAD),
    Case("HS256", secret, told=BAD),
    Case("a private key", private, told=BAD),
    Case("junk", lambda c, i: [*bound("DPoP")(c, i), ("DPoP", "junk")], told=BAD),
    Case("a long proof", lambda c, i: [*bound("DPoP")(c, i), ("DPoP", "x" * 8200)], told=BAD),
    Case("both schemes", lambda c, i: [*proved()(c, i), *plain("Bearer")(c, i)], 400, 'error="invalid_request"'),
    Case("both schemes in one line", lambda c, i: [("Authorization", f"DPoP {c.token()}, Bearer {i.token()}")], 400,
         'error="invalid_request"'),
    Case("bound to a member that nobody knows", unknown, told='error="invalid_token"'),
    Case("without the scope", proved("/orders"), 403, 'DPoP realm="orders", error="insufficient_scope"', "/orders"),
]  # fmt: skip


def run(app: App, case: Case, client: FakeClient, issuer: FakeIssuer) -> None:
    """Send *case* to *app*, and compare."""
    answer = app.request("GET", case.path, case.sent(client, issuer))
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
def test_bound_tokens_need_their_proof(accepting: tuple[App, FakeIssuer], case: Case) -> None:
    """Without it, or with another, the answer is 401 and never 500; others' tokens are as before."""
    app, issuer = accepting
    run(app, case, issuer.client(dpop=True), issuer)


def test_a_proof_replayed_is_refused(accepting: tuple[App, FakeIssuer]) -> None:
    """It is good once, however many guards look at it on its way."""
    app, issuer = accepting
    headers = proved()(issuer.client(dpop=True), issuer)
    assert [app.request("GET", "/me", headers).status for _ in range(2)] == [200, 401]


@pytest.mark.parametrize("site", EVERY)
def test_modes(site: str) -> None:
    """``require`` asks for a bound token, and ``off`` refuses one."""
    for mode, sent, status in (
        ("require", proved(), 200),
        ("require", plain("Bearer"), 401),
        ("off", proved(), 401),
        ("off", plain("Bearer"), 200),
    ):
        issuer = FakeIssuer()
        with EVERY[site](Settled(issuer, mode)) as app:
            answer = app.request("GET", "/me", sent(issuer.client(dpop=True), issuer))
            assert answer.status == status, (mode, answer.body)


@pytest.mark.parametrize("site", EVERY)
def test_nonces(site: str) -> None:
    """The refusal has a nonce and is not stored; the next proof has it and is taken."""
    issuer = FakeIssuer()
    client = issuer.client(dpop=True)
    with EVERY[site](Settled(issuer, "accept", NONCES)) as app:
        answer = app.request("GET", "/me", proved()(client, issuer))
        assert answer.status == 401
        assert 'error="use_dpop_nonce"' in ", ".join(answer.values("www-authenticate"))
        assert "no-store" in ", ".join(answer.values("cache-control"))
        [client.nonce] = answer.values("dpop-nonce")
        assert app.request("GET", "/me", proved()(client, issuer)).status == 200


@pytest.mark.parametrize("site", EVERY)
def test_a_success_carries_the_next_nonce(site: str) -> None:
    """Where the proof has the last period's; the answer is the view's own otherwise."""
    issuer = FakeIssuer()
    client, nonces = issuer.client(dpop=True), Nonces(NONCES["DPOP_SECRET"])
    with EVERY[site](Settled(issuer, "accept", NONCES)) as app:
        client.nonce = nonces.current(time.time() - PERIOD)
        answer = app.request("GET", "/me", proved()(client, issuer))
        assert (answer.status, json.loads(answer.body)) == (200, U1)
        [client.nonce] = answer.values("dpop-nonce")
        answer = app.request("GET", "/me", proved()(client, issuer))
        assert (answer.status, answer.values("dpop-nonce")) == (200, [])


ELSEWHERE = {"TOKEN_SOURCES": ["header", "header:X-Token", "cookie:session"]}


@pytest.mark.parametrize("site", EVERY)
def test_a_bound_token_counts_in_authorization_alone(site: str) -> None:
    """From another header or a cookie it is an invalid token, with its proof or without; a plain one is taken there."""
    issuer = FakeIssuer()
    client = issuer.client(dpop=True)
    with EVERY[site](Settled(issuer, "accept", ELSEWHERE)) as app:
        for form in (("X-Token", "DPoP {}"), ("X-Token", "{}"), ("Cookie", "session={}")):
            token = client.token(sub="u1")
            proof = ("DPoP", client.proof("GET", f"{PUBLIC}/me", token))
            for sent in ([], [proof]):
                answer = app.request("GET", "/me", [(form[0], form[1].format(token)), *sent])
                told = ", ".join(answer.values("www-authenticate"))
                assert (answer.status, 'error="invalid_token"' in told) == (401, True), told
        assert app.request("GET", "/me", [("X-Token", issuer.token(sub="u1"))]).status == 200


class FullStore:
    """A store that has no room."""

    def first(self, name: str, ttl: float) -> bool:
        """Fail."""
        raise KeySourceError("full")


@pytest.mark.parametrize("site", EVERY)
def test_a_store_that_fails_is_503(site: str) -> None:
    """The client is not at fault; plain tokens need no store."""
    issuer = FakeIssuer()
    client = issuer.client(dpop=True)
    with EVERY[site](Settled(issuer, "accept", {"DPOP_REPLAY": FullStore()})) as app:
        answer = app.request("GET", "/me", proved()(client, issuer))
        assert (answer.status, answer.values("www-authenticate")) == (503, [])
        assert app.request("GET", "/me", plain("Bearer")(client, issuer)).status == 200

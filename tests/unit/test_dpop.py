"""DPoP, from the header to the answer: the order of checks, the answers, the URL, the nonce (RFC 9449)."""

from __future__ import annotations

import asyncio
import json
import pickle
import sys
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from jwks_auth import (
    ConfigurationError,
    InvalidProofError,
    InvalidRequestError,
    InvalidTokenError,
    KeySourceError,
)
from jwks_auth.adapters import Authenticator, Credentials, Requirement, finished_headers
from jwks_auth.errors import AuthError, Refused
from jwks_auth.faults import PROOF_FAULTS
from jwks_auth.proofs.proof import Proofs
from jwks_auth.runtime import RawToken
from jwks_auth.testing import FakeClient, FakeIssuer, SigningKey

URL = "https://api.acme.dev/orders"
SECRET = "a secret of a fleet, long enough"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = float(int(time.time()))  # tokens are judged by the real clock

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class Service:
    """A service, a client of it, and a clock."""

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock()
        self.issuer = FakeIssuer(clock=self.clock)
        given = {"DPOP": "accept", "DPOP_REPLAY": "memory", "PUBLIC_URL": "https://api.acme.dev"}
        self.settings = {**self.issuer.settings(), **given, **settings}
        self.auth = self.another()
        self.client = self.issuer.client(dpop=True)

    def another(self, **settings: Any) -> Authenticator:
        """Another process of the service."""
        return Authenticator({**self.settings, **settings}, clock=self.clock)

    def request(self, headers: dict[str, str] | list[tuple[str, str]], **parts: Any) -> Credentials:
        """A request with these headers."""
        pairs = list(headers.items()) if isinstance(headers, dict) else headers
        return Credentials.from_headers(pairs, **{"method": "GET", "url": URL, **parts})

    def proving(self, token: str | None = None, **changes: Any) -> Credentials:
        """A request whose proof has these changes."""
        sent = self.client.token() if token is None else token
        proof = self.client.proof("GET", URL, sent, **changes)
        return self.request({"Authorization": f"DPoP {sent}", "DPoP": proof})

    def code(self, credentials: Credentials, requirement: Requirement | None = None) -> str | None:
        """The code of the refusal; ``None`` for none."""
        try:
            self.auth.authenticate(credentials, requirement or Requirement())
        except Refused as error:
            return error.code
        return None

    def answer(self, credentials: Credentials, requirement: Requirement | None = None) -> Any:
        """The rejection."""
        with pytest.raises(Refused) as caught:
            self.auth.authenticate(credentials, requirement or Requirement())
        return self.auth.rejection(caught.value, credentials)


@pytest.fixture
def service() -> Service:
    """A service that takes DPoP beside bearer tokens."""
    return Service()


def test_a_token_with_its_proof_is_taken(service: Service) -> None:
    """The token's sender is then known, and its confirmation is there."""
    token = service.auth.authenticate(service.request(service.client.headers("GET", URL, sub="u1")))
    assert token is not None
    assert (token.sender, token.subject) == ("dpop", "u1")
    assert token.confirmation == service.client.confirmation


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA", "Ed25519"])
async def test_every_algorithm_is_taken(service: Service, alg: str) -> None:
    """Also on an event loop."""
    client = service.issuer.client(dpop=True, alg=alg)
    for _ in range(2):  # the second finds the header known
        token = await service.auth.aauthenticate(service.request(client.headers("GET", URL)))
        assert token is not None
        assert token.sender == "dpop"


def other_key() -> SigningKey:
    """A key that no token is bound to."""
    return SigningKey.generate("ES256")


PROOFS: dict[str, tuple[Callable[[Service], dict[str, Any]], str]] = {
    "typ is another": (lambda s: {"header": {"typ": "JWT"}}, "malformed_proof"),
    "no typ": (lambda s: {"header": {"typ": None}}, "malformed_proof"),
    "typ in capitals": (lambda s: {"header": {"typ": "DPoP+JWT"}}, None),
    "typ with its prefix": (lambda s: {"header": {"typ": "application/dpop+jwt"}}, "malformed_proof"),
    "none": (lambda s: {"header": {"alg": "none"}}, "proof_algorithm"),
    "HS256": (lambda s: {"header": {"alg": "HS256"}}, "proof_algorithm"),
    "an algorithm of another key": (lambda s: {"header": {"alg": "RS256"}}, "proof_key"),
    "an unknown algorithm": (lambda s: {"header": {"alg": "XX"}}, "proof_algorithm"),
    "a header of more than 4,096 characters": (lambda s: {"header": {"x": "x" * 3000}}, "malformed_proof"),
    "a critical header": (lambda s: {"header": {"crit": ["x"]}}, "malformed_proof"),
    "no jwk": (lambda s: {"header": {"jwk": None}}, "proof_key"),
    "jwk is a string": (lambda s: {"header": {"jwk": "key"}}, "proof_key"),
    "jwk is empty": (lambda s: {"header": {"jwk": {}}}, "proof_key"),
    "jwk is a list": (lambda s: {"header": {"jwk": ["EC"]}}, "proof_key"),
    "jwk with numbers": (lambda s: {"header": {"jwk": {"kty": "EC", "crv": "P-256", "x": 1, "y": 2}}}, "proof_key"),
    "jwk with a list for kty": (lambda s: {"header": {"jwk": {"kty": ["EC"]}}}, "proof_key"),
    "jwk with private parts": (
        lambda s: {"header": {"jwk": {**s.client.key.public_members(), "d": "AA"}}},  # type: ignore[union-attr]
        "proof_key",
    ),
    "jwk with an empty private part": (
        lambda s: {"header": {"jwk": {**s.client.key.public_members(), "d": ""}}},  # type: ignore[union-attr]
        "proof_key",
    ),
    "jwk of a shared secret": (lambda s: {"header": {"jwk": {"kty": "oct", "k": "AA"}}}, "proof_key"),
    "jwk of another use": (
        lambda s: {"header": {"jwk": {**s.client.key.public_members(), "use": "enc"}}},  # type: ignore[union-attr]
        "proof_key",
    ),
    "jwk with operations": (
        lambda s: {"header": {"jwk": {**s.client.key.public_members(), "key_ops": ["verify"]}}},  # type: ignore[union-attr]
        None,
    ),
    "another key": (lambda s: (k := other_key()) and {"key": k, "header": {"jwk": k.public_members()}}, "proof_key"),
    "another key's signature": (lambda s: {"key": other_key()}, "proof_signature"),
    "no jti": (lambda s: {"jti": None}, "malformed_proof"),
    "an empty jti": (lambda s: {"jti": ""}, "malformed_proof"),
    "the longest jti": (lambda s: {"jti": "x" * 256}, None),
    "a jti too long": (lambda s: {"jti": "x" * 257}, "malformed_proof"),
    "a jti of a number": (lambda s: {"jti": 1}, "malformed_proof"),
    "a jti of half a character": (lambda s: {"jti": "\ud800"}, "malformed_proof"),
    "another method": (lambda s: {"htm": "POST"}, "proof_method"),
    "method in small letters": (lambda s: {"htm": "get"}, "proof_method"),
    "no method": (lambda s: {"htm": None}, "proof_method"),
    "another host": (lambda s: {"htu": "https://evil.example/orders"}, "proof_url"),
    "another path": (lambda s: {"htu": "https://api.acme.dev/admin"}, "proof_url"),
    "another scheme": (lambda s: {"htu": "http://api.acme.dev/orders"}, "proof_url"),
    "another port": (lambda s: {"htu": "https://api.acme.dev:8443/orders"}, "proof_url"),
    "no URL": (lambda s: {"htu": None}, "proof_url"),
    "URL is a list": (lambda s: {"htu": [URL]}, "proof_url"),
    "URL in other spelling": (lambda s: {"htu": "HTTPS://API.acme.dev:443/x/../%6frders?a=1#b"}, None),
    "at the end of its age": (lambda s: {"iat": s.clock.now - 60}, None),
    "too old": (lambda s: {"iat": s.clock.now - 61}, "proof_time"),
    "within the leeway": (lambda s: {"iat": s.clock.now + 30}, None),
    "from the future": (lambda s: {"iat": s.clock.now + 31}, "proof_time"),
    "no iat": (lambda s: {"iat": None}, "malformed_proof"),
    "iat true": (lambda s: {"iat": True}, "malformed_proof"),
    "iat a text": (lambda s: {"iat": str(s.clock.now)}, "malformed_proof"),
    "iat huge": (lambda s: {"iat": 10**300}, "malformed_proof"),
    "expired": (lambda s: {"exp": s.clock.now - 31}, "proof_time"),
    "expired within the leeway": (lambda s: {"exp": s.clock.now - 5}, None),
    "not valid yet": (lambda s: {"nbf": s.clock.now + 31}, "proof_time"),
    "exp a text": (lambda s: {"exp": "soon"}, "malformed_proof"),
    "another token": (lambda s: {"ath": "x" * 43}, "proof_token"),
    "no token": (lambda s: {"ath": None}, "proof_token"),
    "a nonce nobody asked for": (lambda s: {"nonce": "x"}, None),
}  # fmt: skip


@pytest.mark.parametrize(("change", "code"), PROOFS.values(), ids=PROOFS)
def test_a_proof_is_checked_in_every_part(
    service: Service, change: Callable[[Service], dict[str, Any]], code: str | None
) -> None:
    """Each fault has its code, its constant text, and a challenge of DPoP."""
    credentials = service.proving(**change(service))
    assert service.code(credentials) == code
    if code is not None:
        answer = service.answer(credentials)
        assert (answer.status, answer.error) == (401, "invalid_dpop_proof")
        assert answer.description == PROOF_FAULTS[code]
        [challenge] = [value for name, value in answer.headers if name == "WWW-Authenticate"]
        assert challenge.startswith('DPoP realm="api", error="invalid_dpop_proof"')
        assert ' algs="RS256 ' in challenge


def test_headers_of_many_clients_are_forgotten_in_turn() -> None:
    """The memory never grows; each proof is judged alike, known or not."""
    client, proofs = FakeIssuer().client(dpop=True), Proofs()
    assert client.key is not None
    for each in [*range(2100), 0]:
        proof = RawToken(client.proof("GET", URL, "x", header={"n": each}))
        assert proofs.read(proof, client.key.thumbprint(), ["ES256"])["htm"] == "GET"
    assert len(proofs._young) + len(proofs._old) <= 2048


def test_attack_a_known_header_is_judged_by_the_token_and_the_service_that_asks() -> None:
    """As an unknown one is: for another token's key, where its algorithm is not taken, and without its parts."""
    client, other, proofs = FakeIssuer().client(dpop=True), FakeIssuer().client(dpop=True), Proofs()
    assert client.key is not None
    assert other.key is not None
    own, proof = client.key.thumbprint(), client.proof("GET", URL, "x")
    assert proofs.read(RawToken(proof), own, ["ES256"])["htm"] == "GET"
    wrong = {
        "proof_key": (proof, other.key.thumbprint(), ["ES256"]),
        "proof_algorithm": (proof, own, ["RS256"]),
        "malformed_proof": (proof.rpartition(".")[0], own, ["ES256"]),
    }
    for code, (sent, jkt, algorithms) in wrong.items():
        with pytest.raises(InvalidProofError) as caught:
            proofs.read(RawToken(sent), jkt, algorithms)
        assert caught.value.code == code


def test_a_long_header_is_judged_and_not_remembered() -> None:
    """It would take more of the memory than a client is worth."""
    client, proofs = FakeIssuer().client(dpop=True), Proofs()
    assert client.key is not None
    for header, remembered in (({"long": "x" * 2000}, 0), ({}, 1)):
        proof = RawToken(client.proof("GET", URL, "x", header=header))
        assert proofs.read(proof, client.key.thumbprint(), ["ES256"])["htm"] == "GET"
        assert len(proofs._young) == remembered


def test_a_proof_is_needed_once(service: Service) -> None:
    """None, an empty one and two, in lines or joined, are refused; so is one of more than 8 KiB."""
    headers = service.client.headers("GET", URL)
    authorization, proof = headers.items()
    assert service.code(service.request([authorization])) == "missing_proof"
    assert service.code(service.request([authorization, ("DPoP", "")])) == "missing_proof"
    assert service.code(service.request([authorization, proof, proof])) == "multiple_proofs"
    joined = ("DPoP", f"{proof[1]}, {proof[1]}")
    assert service.code(service.request([authorization, joined])) == "multiple_proofs"
    assert service.code(service.request([authorization, ("DPoP", "x" * 8193)])) == "malformed_proof"
    assert service.code(service.request([authorization, ("DPoP", "a.b.c")])) == "malformed_proof"
    assert service.code(service.request([authorization, ("DPoP", "\xff.b.c")])) == "malformed_proof"
    assert service.code(service.request([authorization, proof])) is None


def test_junk_as_claims_is_refused(service: Service) -> None:
    """Claims that are signed and no JSON object are malformed."""
    token, key = service.client.token(), service.client.key
    assert key is not None
    header = {"typ": "dpop+jwt", "kid": None, "jwk": key.public_members()}
    for payload in (b"[]", b"junk", b'{"jti": "a", "jti": "b"}'):
        headers = {"Authorization": f"DPoP {token}", "DPoP": key.sign(payload, header)}
        assert service.code(service.request(headers)) == "malformed_proof"


def test_a_proof_replayed_is_refused(service: Service) -> None:
    """The second request with the same proof is refused; the same request asks twice and is not."""
    headers = service.client.headers("GET", URL)
    first = service.request(headers)
    for _ in range(3):  # middleware, decorator, dependency
        assert service.code(first) is None
    assert service.code(service.request(headers)) == "proof_replayed"


def test_two_services_on_one_request_share_the_proof(service: Service) -> None:
    """The APIs of a project that guard one request do not see their own proof as a replay."""
    shared = FakeStore()
    one, other = service.another(DPOP_REPLAY=shared), service.another(DPOP_REPLAY=shared)
    headers = service.client.headers("GET", URL)
    credentials = service.request(headers)
    assert one.authenticate(credentials)
    assert other.authenticate(credentials)
    with pytest.raises(InvalidProofError):
        one.authenticate(service.request(headers))


async def test_guards_at_the_same_time_share_the_proof(service: Service) -> None:
    """Two dependencies that run together ask the store once."""
    store = SlowStore()
    auth = service.another(DPOP_REPLAY=store)
    credentials = service.request(service.client.headers("GET", URL))
    tokens = await asyncio.gather(*(auth.aauthenticate(credentials) for _ in range(3)))
    assert all(tokens)
    assert len(store.asked) == 1


class FakeStore:
    """A store that counts; it may fail or hang."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.asked: list[tuple[str, float]] = []
        self.fault = fault

    def first(self, name: str, ttl: float) -> bool:
        """Return whether the name is new."""
        if self.fault is not None:
            raise self.fault
        new = name not in [known for known, _ in self.asked]
        self.asked.append((name, ttl))
        return new


class FakeRedis:
    """A client of redis-py, whose server keeps what is set."""

    def __init__(self) -> None:
        self.kept: set[str] = set()

    def set(self, name: str, value: bytes, *, px: int, nx: bool) -> bool | None:
        """Keep a new name."""
        if name in self.kept:
            return None
        self.kept.add(name)
        return True


def test_a_replay_is_found_in_a_redis_that_settings_name(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one of a proof that another process has seen."""
    server = FakeRedis()
    fake = SimpleNamespace(Redis=SimpleNamespace(from_url=lambda url, **timeouts: server))
    monkeypatch.setitem(sys.modules, "redis", fake)
    service.auth = service.another(DPOP_REPLAY="redis://127.0.0.1/0")
    headers = service.client.headers("GET", URL)
    assert service.code(service.request(headers)) is None
    service.auth = service.another(DPOP_REPLAY="valkey://127.0.0.1/0")
    assert service.code(service.request(headers)) == "proof_replayed"
    [name] = server.kept
    assert name.startswith("jwks_auth:dpop:")


class SlowStore(FakeStore):
    """A store that is async."""

    async def first(self, name: str, ttl: float) -> bool:  # type: ignore[override]
        """Return whether the name is new, later."""
        await asyncio.sleep(0)
        return super().first(name, ttl)


class HangingStore:
    """A store that answers when it is told to."""

    def __init__(self) -> None:
        self.end = threading.Event()

    def first(self, name: str, ttl: float) -> bool:
        """Wait."""
        self.end.wait(5)
        return True


async def test_a_store_is_asked_last_and_until_the_proof_is_too_old(service: Service) -> None:
    """A refused proof uses up nothing; the time is the proof's own, not that of the request."""
    store = FakeStore()
    service.auth = service.another(DPOP_REPLAY=store)
    for change, code in PROOFS.values():
        if code is not None:
            assert service.code(service.proving(**change(service))) == code
    assert store.asked == []
    assert service.code(service.proving(iat=service.clock.now - 50)) is None
    assert await service.auth.aauthenticate(service.proving(iat=service.clock.now + 20))
    assert [ttl for _, ttl in store.asked] == [10, 80]


def test_nobody_uses_up_anothers_jti(service: Service) -> None:
    """Two clients with one jti are two proofs, and so are two URLs."""
    assert service.code(service.proving(jti="1")) is None
    service.client = service.issuer.client(dpop=True)
    assert service.code(service.proving(jti="1")) is None
    assert service.code(service.proving(jti="1")) == "proof_replayed"


@pytest.mark.parametrize(
    "fault", [OSError("down"), KeySourceError("full"), RuntimeError("bug"), TimeoutError()]
)
async def test_a_store_that_fails_answers_503_unless_it_may_fail_open(
    service: Service, fault: Exception
) -> None:
    """Sync and async; ``DPOP_REPLAY_FAILS="open"`` has to be typed out."""
    service.auth = service.another(DPOP_REPLAY=FakeStore(fault))
    assert service.code(service.proving()) == "key_source_unavailable"
    with pytest.raises(KeySourceError):
        await service.auth.aauthenticate(service.proving())
    assert service.answer(service.proving()).status == 503
    service.auth = service.another(DPOP_REPLAY=FakeStore(fault), DPOP_REPLAY_FAILS="open")
    assert service.code(service.proving()) is None
    assert await service.auth.aauthenticate(service.proving())


async def test_a_store_that_hangs_is_waited_for_a_quarter_of_a_second(service: Service) -> None:
    """Then the answer is 503, from threads and event loops alike."""
    store = HangingStore()
    service.auth = service.another(DPOP_REPLAY=store)
    try:
        assert service.code(service.proving()) == "key_source_unavailable"
        with pytest.raises(KeySourceError):
            await service.auth.aauthenticate(service.proving())
    finally:
        store.end.set()


def test_an_async_store_serves_sync_requests(service: Service) -> None:
    """Where there is no event loop, it runs in one of its own."""
    service.auth = service.another(DPOP_REPLAY=SlowStore())
    credentials = service.proving()
    assert service.code(credentials) is None
    assert service.code(credentials) is None


def test_replays_may_be_allowed(service: Service) -> None:
    """``"off"``, typed out."""
    service.auth = service.another(DPOP_REPLAY="off")
    headers = service.client.headers("GET", URL)
    assert [service.code(service.request(headers)) for _ in range(2)] == [None, None]


SCHEMES = [
    (
        "a bound token as Bearer",
        lambda s: {"Authorization": f"Bearer {s.client.token()}"},
        "bound_token",
        "Bearer",
    ),
    (
        "an unbound one as DPoP",
        lambda s: {"Authorization": f"DPoP {s.issuer.token()}"},
        "unbound_token",
        "DPoP",
    ),
    (
        "a bound one in a header of its own",
        lambda s: {"X-Token": f"DPoP {s.client.token()}"},
        "bound_token",
        "Bearer",
    ),
    ("a bound one in a cookie", lambda s: {"Cookie": f"jwt={s.client.token()}"}, "bound_token", "Bearer"),
    ("a bound one, bare", lambda s: {"X-Token": s.client.token()}, "bound_token", "Bearer"),
]


@pytest.mark.parametrize(
    ("headers", "code", "scheme"), [row[1:] for row in SCHEMES], ids=[row[0] for row in SCHEMES]
)
def test_a_bound_token_counts_under_its_scheme_alone(headers: Any, code: str, scheme: str) -> None:
    """Elsewhere it is ``invalid_token``, said in the challenge of the scheme that was used."""
    service = Service(TOKEN_SOURCES=["header", "header:X-Token", "cookie:jwt"])
    credentials = service.request(headers(service))
    assert service.code(credentials) == code
    answer = service.answer(credentials)
    assert (answer.status, answer.error) == (401, "invalid_token")
    challenges = {value.split()[0]: value for name, value in answer.headers if name == "WWW-Authenticate"}
    assert list(challenges) == ["DPoP", "Bearer"]
    assert [name for name, value in challenges.items() if "invalid_token" in value] == [scheme]


def test_both_schemes_at_once_are_400(service: Service) -> None:
    """In two lines, or joined by a server."""
    token = service.client.token()
    two = [("Authorization", f"DPoP {token}"), ("Authorization", f"Bearer {token}")]
    for headers in (
        two,
        [("Authorization", f"Bearer {token}, DPoP {token}")],
        [("Authorization", f"DPoP {token}, Bearer {token}")],
    ):
        answer = service.answer(service.request(headers))
        assert (answer.status, answer.error) == (400, "invalid_request")


def test_challenges_name_the_schemes_that_are_taken() -> None:
    """Both with ``accept``, one with ``require`` or on a route that asks for it, none of DPoP where it is off."""

    def schemes(service: Service, **asked: Any) -> list[str]:
        answer = service.answer(service.request({}), Requirement.of(**asked))
        return [value.split()[0] for name, value in answer.headers if name == "WWW-Authenticate"]

    assert schemes(Service()) == ["DPoP", "Bearer"]
    assert schemes(Service(), sender="dpop") == ["DPoP"]
    assert schemes(Service(), sender="mtls") == ["DPoP", "Bearer"]
    assert schemes(Service(DPOP="require")) == ["DPoP"]
    assert schemes(Service(DPOP="off")) == ["Bearer"]


def test_a_route_may_ask_for_the_sender(service: Service) -> None:
    """An unbound token is refused there with the challenge of DPoP; a bound one passes."""
    strict = Requirement.of(sender="dpop")
    plain = service.request({"Authorization": f"Bearer {service.issuer.token()}"})
    assert service.code(plain, strict) == "unbound_token"
    answer = service.answer(plain, strict)
    assert answer.fields["WWW-Authenticate"].startswith('DPoP realm="api", error="invalid_token"')
    assert service.code(service.proving(), strict) is None
    assert service.code(service.request({"Authorization": f"Bearer {service.issuer.token()}"})) is None


def test_a_scope_that_lacks_is_said_under_the_scheme_used(service: Service) -> None:
    """403 has one challenge."""
    answer = service.answer(service.proving(), Requirement.of(scopes="orders:read"))
    assert answer.status == 403
    assert answer.fields["WWW-Authenticate"].startswith('DPoP realm="api", error="insufficient_scope"')
    plain = service.request({"Authorization": f"Bearer {service.issuer.token()}"})
    assert service.answer(plain, Requirement.of(scopes="x")).fields["WWW-Authenticate"].startswith("Bearer ")


def test_where_it_is_required_plain_tokens_are_refused() -> None:
    """For one issuer of several, or for all; also without a request."""
    service = Service(DPOP="require")
    plain = service.request({"Authorization": f"Bearer {service.issuer.token()}"})
    assert service.code(plain) == "unbound_token"
    with pytest.raises(InvalidTokenError):
        service.auth.verify(RawToken(service.issuer.token()))


def test_it_is_said_for_each_issuer() -> None:
    """``off`` for one refuses its bound tokens, whatever the others do."""
    clock = Clock()
    one, other = (
        FakeIssuer("https://one.example/", clock=clock),
        FakeIssuer("https://other.example/", clock=clock),
    )
    entries = [{"ISSUER": each.issuer, "JWKS": each.fetch_jwks} for each in (one, other)]
    settings = {
        "ISSUERS": [{**entries[0], "DPOP": "require"}, {**entries[1], "DPOP": "off"}],
        "AUDIENCE": "api",
    }
    auth = Authenticator({**settings, "PUBLIC_URL": "https://api.acme.dev"}, clock=clock)
    for issuer, code in ((one, None), (other, "bound_token")):
        client = issuer.client(dpop=True)
        credentials = Credentials.from_headers(client.headers("GET", URL).items(), method="GET", url=URL)
        if code is None:
            assert auth.authenticate(credentials)
            continue
        with pytest.raises(InvalidTokenError) as caught:
            auth.authenticate(credentials)
        assert caught.value.code == code


def test_algorithms_may_be_fewer() -> None:
    """``DPOP_ALGORITHMS`` is an allow-list, and is what the challenge names."""
    service = Service(DPOP_ALGORITHMS=["ES384"])
    assert service.code(service.proving()) == "proof_algorithm"
    assert service.answer(service.proving()).fields["WWW-Authenticate"].endswith('algs="ES384"')
    service.client = service.issuer.client(dpop=True, alg="ES384")
    assert service.code(service.proving()) is None


@pytest.mark.parametrize("jkt", [None, 5, "", "short", ["x" * 43]])
def test_a_thumbprint_of_any_shape_is_refused(service: Service, jkt: Any) -> None:
    """The issuer's own fault is the token's."""
    token = service.issuer.token(cnf={"jkt": jkt})
    assert service.code(service.proving(token)) == "invalid_claim"


class TestNonces:
    """``DPOP_NONCE="require"``."""

    def test_the_nonce_is_given_and_taken(self) -> None:
        """The refusal has it, is not to be stored, and names its own error."""
        service = Service(DPOP_NONCE="require", DPOP_SECRET=SECRET)
        answer = service.answer(service.proving())
        assert (answer.status, answer.error) == (401, "use_dpop_nonce")
        assert answer.fields["Cache-Control"] == "no-store"
        assert 'error="use_dpop_nonce"' in answer.fields["WWW-Authenticate"]
        service.client.nonce = answer.fields["DPoP-Nonce"]
        assert service.code(service.proving()) is None

    def test_the_next_nonce_comes_with_a_success(self) -> None:
        """Near the rotation the answer has the new one; the old one is good for one more period."""
        service = Service(DPOP_NONCE="require", DPOP_SECRET=SECRET)
        token = service.client.token()
        first = service.client.nonce = service.answer(service.proving(token)).fields["DPoP-Nonce"]
        credentials = service.proving(token)
        assert service.code(credentials) is None
        assert "DPoP-Nonce" not in dict(finished_headers(credentials.kept, []))
        service.clock.now += 150
        credentials = service.proving(token)
        assert service.code(credentials) is None
        assert dict(finished_headers(credentials.kept, []))["DPoP-Nonce"] != first
        service.clock.now += 160
        assert service.code(service.proving(token)) == "use_dpop_nonce"

    @pytest.mark.parametrize("nonce", ["", "x", "é", 5, ["x"], None])
    def test_any_other_nonce_is_refused(self, nonce: Any) -> None:
        """Of any shape."""
        service = Service(DPOP_NONCE="require", DPOP_SECRET=SECRET)
        assert service.code(service.proving(nonce=nonce)) == "use_dpop_nonce"

    def test_the_nonce_of_another_fleet_is_refused(self) -> None:
        """Another secret makes other nonces; the same secret the same ones, in every process."""
        service = Service(DPOP_NONCE="require", DPOP_SECRET=SECRET)
        others = Service(DPOP_NONCE="require", DPOP_SECRET="another secret of a fleet")
        service.client.nonce = others.answer(others.proving()).fields["DPoP-Nonce"]
        assert service.code(service.proving()) == "use_dpop_nonce"
        service.client.nonce = service.answer(service.proving()).fields["DPoP-Nonce"]
        service.auth = service.another()
        assert service.code(service.proving()) is None


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "mode": ({"DPOP": "on"}, "DPOP: expected one of off, accept, require"),
    "HS256": ({"DPOP_ALGORITHMS": ["HS256"]}, "found HS256"),
    "age": ({"DPOP_MAX_AGE": -1}, "DPOP_MAX_AGE"),
    "store": ({"DPOP_REPLAY": "memcached://x"}, "DPOP_REPLAY"),
    "directory": ({"DPOP_REPLAY": "file:/tmp/x"}, "DPOP_REPLAY: found a directory"),
    "cache": ({"DPOP_REPLAY": "cache:default"}, "which only Django knows"),
    "object": ({"DPOP_REPLAY": object()}, "first"),
    "fails": ({"DPOP_REPLAY_FAILS": "maybe"}, "DPOP_REPLAY_FAILS"),
    "nonce": ({"DPOP_NONCE": "on"}, "DPOP_NONCE"),
    "no secret": ({"DPOP_NONCE": "require"}, "DPOP_SECRET is missing"),
    "short secret": ({"DPOP_SECRET": "short"}, "DPOP_SECRET: expected at least 16"),
    "no URL": ({"PUBLIC_URL": "api.acme.dev"}, "PUBLIC_URL"),
    "URL with a query": ({"PUBLIC_URL": "https://api.acme.dev/?a"}, "PUBLIC_URL"),
}


@pytest.mark.parametrize(("settings", "text"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_is_named(settings: dict[str, Any], text: str) -> None:
    """At the start, not on a request."""
    with pytest.raises(ConfigurationError, match=text):
        Service(**settings)


def test_what_would_be_well_set_is_told(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The URL, and the store where there are several workers; nothing where DPoP is off."""
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    Service()
    Service(DPOP="off", DPOP_REPLAY=None, PUBLIC_URL=None)
    assert "DPoP: " not in caplog.text
    Service(DPOP_REPLAY=None, PUBLIC_URL=None)
    assert "PUBLIC_URL is missing" in caplog.text
    assert "DPOP_REPLAY is memory" in caplog.text
    caplog.clear()
    monkeypatch.setenv("WEB_CONCURRENCY", "4")
    Service()
    assert "DPOP_REPLAY is memory" in caplog.text


def test_the_metadata_says_it() -> None:
    """RFC 9728: algorithms of proofs, and whether tokens must be bound."""

    def document(**settings: Any) -> dict[str, Any]:
        service = Service(RESOURCE="https://api.acme.dev", **settings)
        return json.loads(service.auth.metadata().body)  # type: ignore[no-any-return]

    assert document(DPOP_ALGORITHMS=["ES256"])["dpop_signing_alg_values_supported"] == ["ES256"]
    assert "dpop_bound_access_tokens_required" not in document()
    assert document(DPOP="require")["dpop_bound_access_tokens_required"] is True
    assert "dpop_signing_alg_values_supported" not in document(DPOP="off")
    certified = {"CLIENT_CERTIFICATE": "tls"}
    for mode, said in (("accept", True), ("require", True), ("off", None)):
        given = {"MTLS": mode, **certified} if mode != "off" else {}
        assert document(**given).get("tls_client_certificate_bound_access_tokens") is said


def test_the_metadata_of_a_resource_is_about_its_own_issuers() -> None:
    """One whose tokens are for another resource alone has no say."""
    one, other = FakeIssuer("https://one.example/"), FakeIssuer("https://other.example/")
    resources = ["https://api.acme.dev/a", "https://api.acme.dev/b"]
    entries = [
        {"ISSUER": one.issuer, "JWKS": one.jwks, "AUDIENCE": resources[0], "DPOP": "require"},
        {"ISSUER": other.issuer, "JWKS": other.jwks, "AUDIENCE": resources[1]},
    ]
    given = {"ISSUERS": entries, "RESOURCE": resources[0], "AUDIENCE": resources, "DPOP_REPLAY": "memory"}
    auth = Authenticator({**given, "PUBLIC_URL": "https://api.acme.dev"}, in_tests=True)
    auth.check(Requirement(audience=resources[0]))
    auth.check(Requirement(audience=resources[1]))
    found = auth.well_known("GET", "/.well-known/oauth-protected-resource/b")
    assert found is not None
    assert [name for name in json.loads(found.body) if "dpop" in name] == []


def test_documents_and_caches_know_it() -> None:
    """OpenAPI names the scheme and the headers to expose; answers vary by the proof."""
    service = Service()
    schemes = service.auth.security_schemes("jwt")
    assert list(schemes) == ["jwt", "jwt-dpop"]
    assert "DPoP-Nonce" in schemes["jwt-dpop"]["description"]
    assert list(Service(DPOP="require").auth.security_schemes("jwt")) == ["jwt"]
    assert service.auth.vary == ("Authorization", "DPoP")
    assert Service(DPOP="off").auth.vary == ("Authorization",)


def test_a_client_that_proves_nothing_sends_a_bearer_token() -> None:
    """``client()`` is a plain one."""
    client: FakeClient = FakeIssuer().client()
    assert client.headers("GET", URL)["Authorization"].startswith("Bearer ")
    assert client.confirmation is None
    with pytest.raises(ValueError, match="dpop=True"):
        client.proof("GET", URL, "x")


def test_a_request_without_cnf_is_as_before(service: Service) -> None:
    """A plain token passes, whatever stands in the header DPoP."""
    headers = {"Authorization": f"Bearer {service.issuer.token()}", "DPoP": "junk"}
    token = service.auth.authenticate(service.request(headers))
    assert token is not None
    assert token.sender is None


def test_two_services_of_errors_are_told_apart() -> None:
    """``InvalidProofError`` is an ``AuthError`` with headers, and pickles as one."""
    error = InvalidProofError("use_dpop_nonce", "n1")
    assert isinstance(error, AuthError)
    again = pickle.loads(pickle.dumps(error))
    assert (again.code, again.error, again.nonce) == ("use_dpop_nonce", "use_dpop_nonce", "n1")
    assert InvalidProofError("proof_key").headers == ()
    assert not isinstance(error, InvalidRequestError)

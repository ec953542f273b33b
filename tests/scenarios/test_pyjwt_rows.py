"""docs/migrations/pyjwt.md, row by row: PyJWT's column with PyJWT's own class, ours with ours, on one server."""

from __future__ import annotations

import base64
import io
import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWKClientConnectionError
from jwt.jwk_set_cache import JWKSetCache

from jwks_auth import ConfigurationError, InvalidTokenError, KeySourceError, PyJWKClient
from jwks_auth.keys.refresher import Refresh
from tests.fault_server import FaultServer
from tests.key_fakes import document, jwk
from tests.patience import PATIENCE, eventually, waiting_in
from tests.unit.test_pem import public_pem

PAGE = Path(__file__).parent.parent.parent / "docs" / "migrations" / "pyjwt.md"
SECRET = {"kty": "oct", "kid": "secret", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"}

Test = Callable[..., None]
ROWS: list[str] = []

theirs, ours = jwt.PyJWKClient, PyJWKClient
"""The two classes; each row makes clients of both."""


def row(name: str) -> Callable[[Test], Test]:
    """Mark the test of the row whose first cell is *name*."""
    ROWS.append(name)
    return lambda test: test


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A key endpoint with one good key, ``a``."""
    with FaultServer(document({"a"})) as server:
        yield server


def raised(call: Callable[..., object], *args: Any) -> Exception:
    """The exception of *call*, whichever: PyJWT's column has bare ones, and that is the point."""
    with pytest.raises(Exception) as caught:  # noqa: PT011
        call(*args)
    return caught.value


def failures(call: Callable[..., object], *args: Any) -> int:
    """How many of five calls fail."""
    failed = 0
    for _ in range(5):
        try:
            call(*args)
        except jwt.PyJWKClientError:
            failed += 1
    return failed


def overriding(base: type[jwt.PyJWKClient], result: Any) -> jwt.PyJWKClient:
    """A client whose ``fetch_data`` returns *result*, or raises it."""

    class Given(base):  # type: ignore[misc, valid-type]
        def fetch_data(self) -> Any:
            if isinstance(result, Exception):
                raise result
            return result

    return Given("https://issuer.example/keys")


def warm(client: jwt.PyJWKClient, server: FaultServer) -> jwt.PyJWKClient:
    """*client*, which has fetched the key ``a``."""
    server.mode, server.document = "ok", document({"a"})
    client.get_signing_key("a")
    return client


def later(client: jwt.PyJWKClient, seconds: float = 0.0) -> None:
    """Let *seconds* pass for *client*, and then no more for ours."""
    if isinstance(client, ours):
        source, now = client.source, client.source.clock() + seconds
        source.clock = source.refresher.clock = lambda: now
    elif client.jwk_set_cache is not None and client.jwk_set_cache.jwk_set_with_timestamp is not None:
        client.jwk_set_cache.jwk_set_with_timestamp.timestamp -= seconds
        client._last_successful_fetch -= seconds  # type: ignore[operator]


def signed(header: dict[str, Any] | None = None, payload: dict[str, Any] | None = None) -> str:
    """A token of some key."""
    return jwt.encode(payload or {}, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers=header)


def test_every_row_has_its_test() -> None:
    """In the order of the page."""
    [rows] = re.findall(r"old behaviour \|\n\|---\|---\|---\|---\|\n(.*?)\n\n", PAGE.read_text(), re.DOTALL)
    assert [line.removeprefix("| ").split(" | ")[0] for line in rows.splitlines()] == ROWS


# outages


@row("provider down past the lifespan")
def test_an_outage_past_the_lifespan(server: FaultServer) -> None:
    """PyJWT fails and asks at every call; ours serves, and asks now and then."""
    for client, failed, asked in (
        (theirs(server.url), 5, 5),
        (ours(server.url), 0, 1),
        (ours(server.url, stale_if_error=0, cooldown_duration=0), 5, 5),
    ):
        warm(client, server)
        server.mode, before = "error500", server.requests
        later(client, 301)
        assert failures(client.get_signing_key, "a") == failed
        assert server.requests - before == asked


@row("provider down before the first fetch")
def test_an_outage_at_the_start(server: FaultServer) -> None:
    """Both fail, and PyJWT asks at every call."""
    server.mode = "error500"
    for client, asked in (
        (theirs(server.url), 5),
        (ours(server.url), 1),
        (ours(server.url, cooldown_duration=0), 5),
    ):
        before = server.requests
        later(client)
        assert failures(client.get_signing_key, "a") == 5
        assert server.requests - before == asked


@row("keys soon past their lifespan")
def test_keys_are_renewed_ahead(server: FaultServer) -> None:
    """At 95 % of it ours serves, and fetches behind the caller's back."""
    old, new = warm(theirs(server.url), server), warm(ours(server.url), server)
    assert isinstance(new, PyJWKClient)
    for client in (old, new):
        later(client, 285)
    server.hold()
    assert old.get_signing_key("a")
    assert server.requests == 2
    assert new.get_signing_key("a")
    assert new.source.refresher.current is not None
    server.wait_for_requests(3)


@row("a slow fetch for an unknown kid")
def test_a_known_key_beside_a_slow_fetch(server: FaultServer) -> None:
    """PyJWT holds a lock over the fetch, so the fetch is over when the known key comes."""
    for client, waits in (
        (theirs(server.url, timeout=600, cooldown_duration=0), True),
        (ours(server.url, timeout=600, cooldown_duration=0), False),
    ):
        warm(client, server)
        server.hold()
        before = server.requests
        with ThreadPoolExecutor(2) as pool:
            asking = pool.submit(raised, client.get_signing_key, "b")
            server.wait_for_requests(before + 1)
            known = pool.submit(lambda: (client.get_signing_key("a"), asking.done()))  # noqa: B023
            if waits:
                assert eventually(lambda: waiting_in(theirs.get_signing_key) == 2)
            else:
                assert known.result(PATIENCE)[1] is False
            server.let_go()


@row("many callers with a cold cache")
def test_a_cold_cache(server: FaultServer) -> None:
    """Eight threads that ask at once."""
    for client, waiting, asked in (
        (theirs(server.url), theirs.fetch_data, 8),
        (ours(server.url), Refresh.wait, 1),
    ):
        server.hold()
        before = server.requests
        with ThreadPoolExecutor(8) as pool:
            for _ in range(8):
                pool.submit(client.get_jwk_set)
            assert eventually(lambda: waiting_in(waiting) == 8)  # noqa: B023
            server.wait_for_requests(before + asked)
            server.let_go()
        assert server.requests - before == asked


@row("a key published right after a fetch")
def test_a_rotation_right_after_a_fetch(server: FaultServer) -> None:
    """Two such in a row are found by ours, the third is not: the budget is spent."""
    old, new = theirs(server.url, cooldown_duration=3600), ours(server.url)
    for client, found in ((old, [False, False, False]), (new, [True, True, False])):
        warm(client, server)
        later(client)
        for kid, expected in zip("bcd", found, strict=True):
            server.document = document({"a", kid})
            assert (failures(client.get_signing_key, kid) == 0) is expected


@row("unknown kids while the provider fails")
def test_unknown_kids_in_an_outage(server: FaultServer) -> None:
    """PyJWT asks for each, once its cooldown is over, as only successes start one."""
    for client, asked in (
        (theirs(server.url), 5),
        (ours(server.url), 1),
        (ours(server.url, cooldown_duration=0), 5),
    ):
        warm(client, server)
        server.mode, before = "error500", server.requests
        later(client, 31)
        assert failures(client.get_signing_key, "b") == 5
        assert server.requests - before == asked


# caches


@row("per-key cache (`cache_keys`)")
def test_a_withdrawn_key_in_the_per_key_cache(server: FaultServer) -> None:
    """PyJWT returns it after the set without it has come, and after the lifespan."""
    for client, kept in (
        (theirs(server.url, cache_keys=True), True),
        (ours(server.url, cache_keys=True), False),
    ):
        warm(client, server)
        server.document = document({"b"})
        later(client, 301)
        client.get_jwk_set(refresh=True)
        assert (failures(client.get_signing_key, "a") == 0) is kept


@row("`get_signing_key.cache_clear()` with `cache_keys`")
def test_clearing_the_per_key_cache(server: FaultServer) -> None:
    """What PyJWT's users do by hand comes with a refresh."""
    old, new = theirs(server.url, cache_keys=True), ours(server.url, cache_keys=True)
    for client in (old, new):
        warm(client, server)
        server.document = document({"b"})
        client.get_jwk_set(refresh=True)
    assert old.get_signing_key("a")
    old.get_signing_key.cache_clear()  # type: ignore[attr-defined]
    assert not hasattr(new.get_signing_key, "cache_clear")
    for client in (old, new):
        assert isinstance(raised(client.get_signing_key, "a"), jwt.PyJWKClientError)


@row("without `cache_jwk_set`, an unknown kid")
def test_an_unknown_kid_without_a_cached_set(server: FaultServer) -> None:
    """PyJWT has just fetched, and fetches again."""
    for client, asked in (
        (theirs(server.url, cache_jwk_set=False), 2),
        (ours(server.url, False, 16, False), 1),
    ):
        before = server.requests
        assert isinstance(raised(client.get_signing_key, "b"), jwt.PyJWKClientError)
        assert server.requests - before == asked


# fetches


@row("a dropped connection, or a 502, 503 or 504")
def test_one_hiccup(server: FaultServer) -> None:
    """PyJWT passes it on."""
    for mode in ("unavailable_once", "reset_once"):
        for client, works in ((theirs(server.url), False), (ours(server.url), True)):
            server.mode = mode
            if works:
                assert client.get_signing_key("a")
            else:
                assert isinstance(raised(client.get_signing_key, "a"), jwt.PyJWKClientError | OSError)


@row("`timeout`")
def test_a_drip_and_the_timeout(server: FaultServer) -> None:
    """Two seconds of drops, each in time; to a busy machine one may seem late."""
    server.mode, server.delay = "drip_body_briefly", 0.2
    old = theirs(server.url, timeout=0.8)
    assert eventually(lambda: not failures(old.get_jwk_set))
    error = raised(ours(server.url, timeout=0.8).get_signing_key, "a")
    assert isinstance(error, PyJWKClientConnectionError)
    assert isinstance(error, KeySourceError)
    assert error.kind == "timeout"


@row("an answer with a 2xx status other than 200")
def test_another_status(server: FaultServer) -> None:
    """Whoever answers so is no key endpoint."""
    server.mode = "created"
    assert theirs(server.url).get_signing_key("a")
    assert isinstance(raised(ours(server.url).get_signing_key, "a"), PyJWKClientConnectionError)


@row("how much is read")
def test_a_large_set(server: FaultServer) -> None:
    """Two mebibytes may be allowed; more than 1,000 keys may not."""
    large = {**document({"a"}), "padding": "x" * 2_000_000}
    many = {"keys": [{**jwk("a"), "kid": str(number)} for number in range(1_001)]}
    for document_, kid, allowed in ((large, "a", True), (many, "7", False)):
        server.document = document_
        assert theirs(server.url).get_signing_key(kid)
        assert isinstance(raised(ours(server.url).get_signing_key, kid), jwt.PyJWKClientError)
        wide = ours(server.url, max_response_bytes=1 << 22)
        assert (failures(wide.get_signing_key, kid) == 0) is allowed


@row("JSON that is broken, or not UTF-8")
def test_broken_json(server: FaultServer) -> None:
    """Bare exceptions there, the documented one here."""
    for mode, error in (
        ("html", json.JSONDecodeError),
        ("latin1", UnicodeDecodeError),
        ("nested", RecursionError),
        ("utf16", None),
    ):
        server.mode = mode
        if error is None:
            assert theirs(server.url).get_signing_key("a")
        else:
            assert type(raised(theirs(server.url).get_signing_key, "a")) is error
        assert isinstance(raised(ours(server.url).get_signing_key, "a"), jwt.PyJWKClientError)


# key sets


@row("a set without usable keys")
def test_a_useless_set(server: FaultServer) -> None:
    """Of a shared secret PyJWT makes a key set, and forgets the good one."""
    for client, kept in (
        (theirs(server.url), False),
        (ours(server.url), True),
        (ours(server.url, accept_empty=True), False),
    ):
        warm(client, server)
        server.document = {"keys": [SECRET]}
        failures(client.get_jwk_set, True)
        assert (failures(client.get_signing_key, "a") == 0) is kept


@row("an endpoint that serves PEM, or kids and PEM")
def test_pem(server: FaultServer) -> None:
    """As Google and Firebase publish keys, and people who have one."""
    pem = public_pem()
    server.document = pem.encode()
    assert type(raised(theirs(server.url).get_jwk_set)) is json.JSONDecodeError
    (key,) = ours(server.url).fetch_data()["keys"]
    assert key["kty"] == "RSA"
    server.document = {"k": pem}
    assert type(raised(theirs(server.url).get_jwk_set)) is jwt.PyJWKSetError
    assert ours(server.url).fetch_data() == {"k": pem}
    assert ours(server.url).get_signing_key("k").key_type == "RSA"


@row("a member that makes PyJWT's parser raise")
def test_a_member_that_spoils_the_set(server: FaultServer) -> None:
    """What it raises is not what it skips."""
    for member, error in (({**jwk("b"), "alg": ["EdDSA"]}, TypeError), ({"kty": "oct"}, KeyError)):
        server.document = {"keys": [member, jwk("a")]}
        assert type(raised(theirs(server.url).get_signing_key, "a")) is error
        assert ours(server.url).get_signing_key("a")


@cache
def weak_or_private() -> tuple[dict[str, Any], ...]:
    """Keys that PyJWT uses."""
    private = OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate(), as_dict=True)
    small = rsa.generate_private_key(65537, 1024).public_key()
    return (
        SECRET,
        {**private, "kid": "private"},
        {**RSAAlgorithm.to_jwk(small, as_dict=True), "kid": "small", "key_ops": ["verify"]},
        {**jwk("operations"), "key_ops": ["sign"]},
    )


@row("keys it returns for signatures")
def test_weak_and_private_keys(server: FaultServer) -> None:
    """PyJWT returns each of them by name; ours shows them in the set alone."""
    for member in weak_or_private():
        server.document = {"keys": [jwk("a"), member]}
        client = ours(server.url)
        assert theirs(server.url).get_signing_key(member["kid"])
        assert isinstance(raised(client.get_signing_key, member["kid"]), jwt.PyJWKClientError)
        assert client.get_jwk_set()[member["kid"]]


@row("`get_jwk_set` of a set with such keys only")
def test_a_set_of_weak_and_private_keys(server: FaultServer) -> None:
    """For a program that wants the set for something else."""
    server.document = {"keys": list(weak_or_private())}
    assert len(theirs(server.url).get_jwk_set().keys) == 4
    assert isinstance(raised(ours(server.url).get_jwk_set), jwt.PyJWKSetError)
    assert len(ours(server.url, accept_empty=True).get_jwk_set().keys) == 4


# tokens and errors


@row("a token without `kid`")
def test_a_token_without_kid(server: FaultServer) -> None:
    """One key, so there is no doubt which."""
    assert isinstance(raised(theirs(server.url).get_signing_key_from_jwt, signed()), jwt.PyJWKClientError)
    assert ours(server.url).get_signing_key_from_jwt(signed()).key_id == "a"
    server.document = document({"a", "b"})
    assert isinstance(raised(ours(server.url).get_signing_key_from_jwt, signed()), jwt.PyJWKClientError)


@row("a kid that is not there")
def test_the_message_for_an_unknown_kid(server: FaultServer) -> None:
    """Whatever goes to a log may be an attacker's."""
    kid = "made-up\nERROR forged line"
    assert kid in str(raised(theirs(server.url).get_signing_key, kid))
    assert kid not in str(raised(ours(server.url).get_signing_key, kid))


@row("unknown kid: the exception")
def test_the_exception_for_an_unknown_kid(server: FaultServer) -> None:
    """PyJWT's, and a verdict on the token."""
    assert type(raised(theirs(server.url).get_signing_key, "b")) is jwt.PyJWKClientError
    error = raised(ours(server.url).get_signing_key, "b")
    assert isinstance(error, jwt.PyJWKClientError)
    assert isinstance(error, jwt.InvalidTokenError)
    assert isinstance(error, InvalidTokenError)
    assert error.code == "unknown_key"


@row("failures: the exception")
def test_the_exceptions_of_failures(server: FaultServer) -> None:
    """PyJWT's, where it has one."""
    for mode, error in (
        ("error500", PyJWKClientConnectionError),
        ("array", jwt.PyJWKClientError),
        ("braces", jwt.PyJWKSetError),
        ("reset", ConnectionResetError),
    ):
        server.mode = mode
        assert isinstance(raised(theirs(server.url).get_jwk_set), error)
        mine = raised(ours(server.url).get_jwk_set)
        assert isinstance(mine, PyJWKClientConnectionError if mode == "reset" else error)
        assert isinstance(mine, jwt.PyJWKClientError)
        assert isinstance(mine, KeySourceError)
        assert mine.kind
        assert mine.retry_after >= 1


@row("what `fetch_data` raises when overridden")
def test_what_an_override_raises() -> None:
    """Nothing that callers of PyJWT's class do not catch already."""
    own = ZeroDivisionError()
    assert raised(overriding(theirs, own).get_jwk_set) is own
    error = raised(overriding(ours, own).get_jwk_set)
    assert isinstance(error, jwt.PyJWKClientError)
    assert error.__cause__ is own


@row("overriding or patching `get_jwk_set` or `get_signing_keys`")
def test_overriding_other_methods(server: FaultServer) -> None:
    """What they leave out is found all the same, as lookups are not made through them."""
    for base, found in ((theirs, False), (ours, True)):

        class Hiding(base):  # type: ignore[misc, valid-type]
            def get_signing_keys(self, refresh: bool = False) -> list[jwt.PyJWK]:
                return []

        assert (failures(Hiding(server.url).get_signing_key, "a") == 0) is found


@row("attributes set later")
def test_attributes_set_later(server: FaultServer) -> None:
    """Those that say where and how to ask are read at each fetch."""
    for client, durations in (
        (theirs("http://127.0.0.1:1/keys"), True),
        (ours("http://127.0.0.1:1/keys"), False),
    ):
        client.uri, client.headers = server.url, {"X-Later": "1"}
        warm(client, server)
        assert "X-Later: 1" in server.seen[-1]
        client.timeout = 0.5
        server.mode, server.delay = "slow", 1.5
        if durations:
            assert isinstance(raised(client.get_jwk_set, True), jwt.PyJWKClientError)
        else:
            assert client.get_jwk_set(refresh=True)
        client.jwk_set_cache = JWKSetCache(60)
        server.mode, before = "ok", server.requests
        client.get_jwk_set()
        assert (server.requests > before) is durations


@row("`get_signing_key_from_jwt`")
def test_what_is_parsed_of_a_token(server: FaultServer) -> None:
    """A payload that is no JSON does not matter for the key; size and a header that can be read in two ways do."""
    opaque = jwt.PyJWS().encode(b"opaque", Ed25519PrivateKey.generate(), "EdDSA", headers={"kid": "a"})
    large = signed({"kid": "a"}, {"padding": "x" * 20_000})
    header = base64.urlsafe_b64encode(b'{"alg":"EdDSA","kid":"b","kid":"a"}').rstrip(b"=").decode()
    twofold = ".".join([header, *signed().split(".")[1:]])
    old, new = theirs(server.url), ours(server.url)
    assert isinstance(raised(old.get_signing_key_from_jwt, opaque), jwt.DecodeError)
    assert new.get_signing_key_from_jwt(opaque)
    for token in (large, twofold):
        assert old.get_signing_key_from_jwt(token)
        assert isinstance(raised(new.get_signing_key_from_jwt, token), jwt.DecodeError)


@row("a negative `timeout`, `timeout=None`, a URL without a host or with a line end")
def test_parameters_that_cannot_work() -> None:
    """Where PyJWT notices at the first fetch, or not at all."""
    for name, arguments in (
        ("timeout", {"timeout": -1}),
        ("timeout", {"timeout": None}),
        ("uri", {"uri": "https://"}),
        ("uri", {"uri": "https://issuer.example/keys\n"}),
    ):
        given: dict[str, Any] = {"uri": "https://issuer.example/keys", **arguments}
        theirs(**given)
        error = raised(lambda: ours(**given))  # noqa: B023
        assert isinstance(error, jwt.PyJWKClientError)
        assert isinstance(error, ConfigurationError)
        assert str(error).startswith(name)


@row("HTTP")
def test_who_asks(server: FaultServer) -> None:
    """And a name of one's own."""
    for client, name in (
        (theirs(server.url), "Python-urllib/"),
        (ours(server.url), "jwks-auth\r\n"),
        (ours(server.url, headers={"User-Agent": "Python-urllib/3"}), "Python-urllib/"),
    ):
        client.get_jwk_set()
        assert f"user-agent: {name}".lower() in server.seen[-1].lower()


@row("tests that patch `jwt.PyJWKClient`")
def test_patching_the_class(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answers to its own name."""
    monkeypatch.setattr(theirs, "fetch_data", lambda self: document({"b"}))
    assert theirs(server.url).get_signing_key("b")
    assert ours(server.url).get_signing_key("a")
    monkeypatch.setattr(ours, "fetch_data", lambda self: document({"b"}))
    assert ours(server.url).get_signing_key("b")


@row("tests that patch `urllib`")
def test_patching(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyJWT's users patch what it calls; ``fetch_data`` can be patched on both."""
    answer = json.dumps(document({"b"})).encode()
    monkeypatch.setattr(urllib.request.OpenerDirector, "open", lambda *args, **kwargs: io.BytesIO(answer))
    assert theirs(server.url).get_signing_key("b")
    assert ours(server.url).get_signing_key("a")
    for client in (theirs(server.url), ours(server.url)):
        monkeypatch.setattr(client, "fetch_data", lambda: document({"b"}))
        assert client.get_signing_key("b")

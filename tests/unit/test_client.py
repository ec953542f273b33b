"""``PyJWKClient`` against a real server: what PyJWT's users call."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import RSAAlgorithm
from jwt.jwk_set_cache import JWKSetCache

from jwks_auth import ConfigurationError, InvalidTokenError, KeySourceError, PyJWKClient
from jwks_auth.client.view import KeySetView
from jwks_auth.keys.events import KeyEvent
from jwks_auth.keys.freshness import RefreshReason
from jwks_auth.keys.state import NOTHING, LoadRequest
from jwks_auth.stores.protocol import KeySetStore, MemoryStore
from jwks_auth.testing import FakeIssuer
from tests.fault_server import FaultServer
from tests.key_fakes import Provider, jwk
from tests.patience import PATIENCE


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    """An issuer behind a real server."""
    with FakeIssuer.serve() as issuer:
        yield issuer


def uri(issuer: FakeIssuer) -> str:
    """Where *issuer* publishes its keys."""
    return issuer.issuer.rstrip("/") + issuer.jwks_path


def fetches(issuer: FakeIssuer) -> int:
    """How often the keys were asked for."""
    return issuer.requests[issuer.jwks_path]


def test_the_usual_workflow_works_unchanged(issuer: FakeIssuer) -> None:
    """The key of a token decodes it with PyJWT."""
    client, token = PyJWKClient(uri(issuer)), issuer.token(sub="u1")
    key = client.get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key.key, algorithms=[key.algorithm_name], audience="api")
    assert claims["sub"] == "u1"
    assert isinstance(client, jwt.PyJWKClient)
    assert client.get_jwk_set()[str(key.key_id)].key_id == key.key_id


def test_a_rotated_key_is_accepted_on_first_use(issuer: FakeIssuer) -> None:
    """A key published right after a fetch is found by asking again."""
    client = PyJWKClient(uri(issuer))
    client.get_signing_key_from_jwt(issuer.token())
    issuer.rotate()
    assert client.get_signing_key_from_jwt(issuer.token()).key_id
    assert fetches(issuer) == 2


def test_made_up_kids_cause_three_fetches_at_most(issuer: FakeIssuer) -> None:
    """1000 unknown kids cost the provider the first fetch and a burst of two."""
    client = PyJWKClient(uri(issuer))
    for number in range(1000):
        with pytest.raises(jwt.PyJWKClientError):
            client.get_signing_key(f"made-up-{number}")
    assert fetches(issuer) == 3


def test_known_keys_survive_an_outage(issuer: FakeIssuer) -> None:
    """While the provider is down, keys in hand are served and a cold client says so."""
    client, token = PyJWKClient(uri(issuer), timeout=2), issuer.token()
    client.warm_up()
    with issuer.outage():
        assert client.get_signing_key_from_jwt(token)
        with pytest.raises(jwt.exceptions.PyJWKClientConnectionError) as caught:
            PyJWKClient(uri(issuer), timeout=2).get_jwk_set()
    assert isinstance(caught.value, KeySourceError)
    assert caught.value.kind == "status"


async def test_event_loops_use_the_same_cache(issuer: FakeIssuer) -> None:
    """The async twins find what the sync methods fetched."""
    client = PyJWKClient(uri(issuer))
    await client.awarm_up()
    assert client.get_signing_key_from_jwt(issuer.token()) is await client.aget_signing_key_from_jwt(
        issuer.token()
    )
    assert fetches(issuer) == 1


def test_pyjwts_objects_are_made_with_a_pause_before_each() -> None:
    """The thread that makes them lets an event loop go on."""
    pauses: list[int] = []
    loaded = Provider({"a", "b", "c"})(LoadRequest(RefreshReason.EXPLICIT, NOTHING, 0.0))
    view = KeySetView(loaded, pause=lambda: pauses.append(1))
    assert len(view.signing_keys) == len(pauses) == 3


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("uri", {"uri": "ftp://example.com/keys"}),
        ("uri", {"uri": "file:///etc/passwd"}),
        ("uri", {"uri": "https://"}),
        ("uri", {"uri": "https://[::1/keys"}),
        ("uri", {"uri": "https://example.com:port/keys"}),
        ("uri", {"uri": ""}),
        ("uri: expected no user and password", {"uri": "https://me:secret@example.com/keys"}),
        ("uri", {"uri": None}),
        ("uri", {"uri": "https://example.com/keys\n"}),
        ("uri", {"uri": " https://example.com/keys"}),
        ("uri", {"uri": "https://example.com/k e y s"}),
        ("uri", {"uri": "https://exam\tple.com/keys"}),
        ("uri", {"uri": b"https://example.com/keys"}),
        ("lifespan", {"lifespan": 0}),
        ("lifespan", {"lifespan": -1}),
        ("lifespan", {"lifespan": float("nan")}),
        ("lifespan", {"lifespan": "300"}),
        ("lifespan", {"lifespan": True}),
        ("lifespan", {"lifespan": 10**400}),
        ("lifespan", {"lifespan": 10**5000}),
        ("timeout", {"timeout": -1}),
        ("timeout", {"timeout": None}),
        ("timeout", {"timeout": float("inf")}),
        ("timeout", {"timeout": 1e10}),
        ("cooldown_duration", {"cooldown_duration": float("inf")}),
        ("cooldown_duration", {"cooldown_duration": -1}),
        ("max_response_bytes", {"max_response_bytes": 0}),
        ("max_response_bytes", {"max_response_bytes": 1.5}),
        ("max_response_bytes", {"max_response_bytes": float("inf")}),
        ("wait", {"wait": -1}),
        ("stale_if_error", {"stale_if_error": -1}),
        ("max_cached_keys", {"max_cached_keys": "16"}),
        ("headers", {"headers": ["X"]}),
        ("headers", {"headers": {"X-Team": "a\r\nX-Admin: 1"}}),
        ("headers", {"headers": {"X-Team": b"a\r\nX-Admin: 1"}}),
        ("headers", {"headers": {"X-Team": "\u20ac"}}),
        ("headers", {"headers": {"X-Team": " a"}}),
        ("headers", {"headers": {"X-Team": None}}),
        ("headers", {"headers": {"X Team": "a"}}),
        ("headers", {"headers": {"X-Team:": "a"}}),
        ("headers", {"headers": {"X-T\xe9am": "a"}}),
        ("headers", {"headers": {"": "a"}}),
        ("ssl_context", {"ssl_context": True}),
        ("session", {"session": "requests"}),
        ("on_event", {"on_event": 1}),
        ("store", {"store": "somewhere"}),
    ],
)
def test_wrong_parameters_are_named(name: str, arguments: dict[str, Any]) -> None:
    """A wrong parameter is a configuration error, and PyJWT's error."""
    with pytest.raises(jwt.PyJWKClientError, match=name) as caught:
        PyJWKClient(**{"uri": "https://example.com/keys", **arguments})
    assert isinstance(caught.value, ConfigurationError)


@pytest.mark.parametrize(
    "arguments",
    [
        {"lifespan": float("inf"), "stale_if_error": float("inf"), "wait": float("inf")},
        {"lifespan": sys.maxsize, "cooldown_duration": sys.maxsize, "stale_if_error": sys.maxsize},
        {"timeout": 1e9},
        {"timeout": 0.5, "wait": 0, "stale_if_error": 0, "cooldown_duration": 0},
    ],
)
def test_the_widest_parameters_work(issuer: FakeIssuer, arguments: dict[str, Any]) -> None:
    """What is accepted at construction overflows nothing later."""
    client = PyJWKClient(uri(issuer), store=MemoryStore(), **{"wait": 10, **arguments})
    client.fetch_data()
    assert client.get_signing_key_from_jwt(issuer.token())
    with pytest.raises(jwt.PyJWKClientError):
        client.get_signing_key("made-up")
    assert client.health().failures == 0


def test_parameters_are_pyjwts_in_order_and_defaults() -> None:
    """Whatever was passed by position goes where it went; what is new is passed by name."""
    theirs = inspect.signature(jwt.PyJWKClient.__init__).parameters
    ours = inspect.signature(PyJWKClient.__init__).parameters
    shared = [(name, parameter.default, parameter.kind) for name, parameter in theirs.items()]
    assert [(name, ours[name].default, ours[name].kind) for name in list(ours)[: len(theirs)]] == shared
    new = list(ours)[list(ours).index("cooldown_duration") + 1 :]
    assert all(ours[name].kind is inspect.Parameter.KEYWORD_ONLY for name in new)


def test_no_lifespan_is_needed_without_a_cache() -> None:
    """As PyJWT: it is not looked at."""
    assert PyJWKClient("https://example.com/keys", cache_jwk_set=False, lifespan=-1).jwk_set_cache is None


# the caches


@pytest.mark.parametrize(
    ("cache_keys", "cache_jwk_set", "fetched"),
    [(False, True, 1), (True, True, 1), (True, False, 1), (False, False, 4)],
)
def test_each_combination_of_caches(
    issuer: FakeIssuer, cache_keys: bool, cache_jwk_set: bool, fetched: int
) -> None:
    """Either cache is enough; without both every call fetches."""
    client = PyJWKClient(uri(issuer), cache_keys, 16, cache_jwk_set)
    for _ in range(4):
        assert client.get_signing_key_from_jwt(issuer.token())
    assert fetches(issuer) == fetched


@pytest.mark.parametrize("cache_keys", [True, False])
@pytest.mark.parametrize("cache_jwk_set", [True, False])
@pytest.mark.parametrize("store", [MemoryStore, lambda: None])
def test_a_withdrawn_key_is_refused_after_the_next_fetch(
    issuer: FakeIssuer, cache_keys: bool, cache_jwk_set: bool, store: Callable[[], KeySetStore | None]
) -> None:
    """In every combination of caches, a store among them."""
    client = PyJWKClient(uri(issuer), cache_keys, 16, cache_jwk_set, store=store())
    old = issuer.token()
    kid = str(client.get_signing_key_from_jwt(old).key_id)
    issuer.rotate()
    issuer.withdraw(kid)
    assert client.get_signing_key_from_jwt(issuer.token())
    for look in (lambda: client.get_signing_key(kid), lambda: client.get_signing_key_from_jwt(old)):
        with pytest.raises(jwt.PyJWKClientError) as caught:
            look()
        assert isinstance(caught.value, InvalidTokenError)
        assert kid not in str(caught.value)


def test_the_set_cache_looks_like_pyjwts(issuer: FakeIssuer) -> None:
    """Subclasses read and fill ``jwk_set_cache``."""
    client = PyJWKClient(uri(issuer))
    cache = client.jwk_set_cache
    assert isinstance(cache, JWKSetCache)
    assert cache.get() is None
    assert not cache.is_expired()
    cache.put(issuer.jwks())
    assert client.get_signing_key_from_jwt(issuer.token())
    cached = cache.get()
    assert cached is not None
    assert [key.key_id for key in cached.keys] == [issuer.jwks()["keys"][0]["kid"]]
    assert fetches(issuer) == 0
    cache.put(None)
    assert cache.get() is None
    cache.put(jwt.PyJWKSet.from_dict(issuer.jwks()))
    assert cache.lifespan == 300
    with pytest.raises(jwt.PyJWKSetError):
        cache.put({"keys": []})
    assert cache.get() is not None


# which key


KEYS = {"keys": [jwk("a"), jwk("b"), {**jwk("c"), "use": "enc"}]}


class Given(PyJWKClient):
    """A client that gets its document from the test."""

    def __init__(self, document: Any = KEYS, **options: Any) -> None:
        super().__init__("https://issuer.example/keys", **options)
        self.document = document
        self.calls = 0

    def fetch_data(self) -> Any:
        """What the test gave."""
        self.calls += 1
        if isinstance(self.document, BaseException):
            raise self.document
        return self.document


def token_without_kid(alg: str = "EdDSA") -> str:
    """A token whose header names no key."""
    return jwt.encode({}, Ed25519PrivateKey.generate(), algorithm=alg)


def test_the_set_shows_everything_and_the_keys_only_what_verifies() -> None:
    """``get_jwk_set`` keeps keys for encryption, ``get_signing_keys`` does not."""
    client = Given()
    assert {key.key_id for key in client.get_jwk_set().keys} == {"a", "b", "c"}
    assert {key.key_id for key in client.get_signing_keys()} == {"a", "b"}
    with pytest.raises(jwt.PyJWKClientError):
        client.get_signing_key("c")


def test_no_private_rsa_key_is_shown() -> None:
    """PyJWT examines them as it reads them: one whose numbers have a million bits would take it days."""
    private = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048), as_dict=True)
    client = Given({"keys": [{**private, "kid": "private"}, *KEYS["keys"]]})
    assert {key.key_id for key in client.get_jwk_set().keys} == {"a", "b", "c"}


def test_a_token_without_a_kid_needs_a_single_candidate() -> None:
    """One key that fits will do; of two none is guessed."""
    assert Given({"keys": [jwk("a")]}).get_signing_key_from_jwt(token_without_kid()).key_id == "a"
    assert Given({"keys": [jwk("a")]}).get_signing_key(None).key_id == "a"
    with pytest.raises(jwt.PyJWKClientError):
        Given().get_signing_key_from_jwt(token_without_kid().encode())
    with pytest.raises(jwt.PyJWKClientError):
        Given().get_signing_key(None)


def test_a_single_candidate_without_a_name() -> None:
    """A key without a kid is for tokens without one, and not listed by kid."""
    nameless = {name: value for name, value in jwk("a").items() if name != "kid"}
    client = Given({"keys": [nameless]})
    assert client.get_signing_key_from_jwt(token_without_kid()).key_id is None
    with pytest.raises(jwt.PyJWKClientError, match="signing keys"):
        client.get_signing_keys()


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "a.b",
        "a.b.c.d.e",
        "\xff.x.y",
        b"\xff.x.y",
        "e30.e30.",
        "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.e30=.",
        7,
    ],
)
def test_what_is_no_token_is_a_decode_error(junk: Any) -> None:
    """As in PyJWT, and without a fetch."""
    client = Given()
    with pytest.raises(jwt.DecodeError):
        client.get_signing_key_from_jwt(junk)
    assert client.calls == 0


def test_match_kid_may_be_overridden() -> None:
    """It decides by which name a key is found."""

    class Lenient(Given):
        @staticmethod
        def match_kid(signing_keys: list[jwt.PyJWK], kid: str) -> jwt.PyJWK | None:
            return Given.match_kid(signing_keys, kid.lower())

    assert Lenient().get_signing_key("A").key_id == "a"
    assert PyJWKClient.match_kid(Lenient().get_signing_keys(), "z") is None


def test_match_kid_may_choose_for_a_token_without_a_kid() -> None:
    """As in PyJWT it is asked with ``None``; only where it knows no key is the single candidate taken."""

    class Defaulting(Given):
        @staticmethod
        def match_kid(signing_keys: list[jwt.PyJWK], kid: str | None) -> jwt.PyJWK | None:
            return Given.match_kid(signing_keys, "b" if kid is None else kid)

    client = Defaulting()
    for _ in range(2):
        assert client.get_signing_key_from_jwt(token_without_kid()).key_id == "b"
        assert client.get_signing_key(None).key_id == "b"
    assert Defaulting({"keys": [jwk("a")]}).get_signing_key_from_jwt(token_without_kid()).key_id == "a"


def test_get_signing_key_may_be_overridden() -> None:
    """``get_signing_key_from_jwt`` goes through it, as in PyJWT."""

    class Counting(Given):
        asked: list[str | None]

        def get_signing_key(self, kid: str | None) -> jwt.PyJWK:
            self.asked = [kid]
            return super().get_signing_key(kid)

    client = Counting({"keys": [jwk("a")]})
    token = jwt.encode({}, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers={"kid": "a"})
    for given, kid in ((token, "a"), (token_without_kid(), None)):
        assert client.get_signing_key_from_jwt(given).key_id == "a"
        assert client.asked == [kid]


def test_get_signing_key_may_be_patched(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the class or on a client, as tests do, whose tokens seldom name a key."""
    key = jwt.PyJWK(jwk("b"))
    client = Given()
    client.get_signing_key = lambda kid: key  # type: ignore[method-assign]
    assert client.get_signing_key_from_jwt(token_without_kid()) is key
    monkeypatch.setattr(PyJWKClient, "get_signing_key", lambda client, kid: key)
    assert Given().get_signing_key_from_jwt(token_without_kid()) is key


def test_names_that_match_are_not_remembered_without_bounds() -> None:
    """A lenient ``match_kid`` does not let clients fill the memory."""

    class Any_(Given):
        @staticmethod
        def match_kid(signing_keys: list[jwt.PyJWK], kid: str) -> jwt.PyJWK | None:
            return signing_keys[0]

    client = Any_()
    for number in range(1000):
        client.get_signing_key(str(number))
    assert len(client.source.cache.snapshot.found) < 200
    assert client.calls == 1


def test_an_overriding_match_kid_may_drop_a_key_that_was_found() -> None:
    """As in PyJWT it is asked each time: a key may have to go before its provider withdraws it."""

    class Wary(Given):
        dropped: ClassVar[set[str]] = set()

        @staticmethod
        def match_kid(signing_keys: list[jwt.PyJWK], kid: str) -> jwt.PyJWK | None:
            return None if kid in Wary.dropped else Given.match_kid(signing_keys, kid)

    client = Wary()
    for _ in range(2):
        assert client.get_signing_key("a").key_id == "a"
    Wary.dropped.add("a")
    with pytest.raises(jwt.PyJWKClientError):
        client.get_signing_key("a")


@pytest.mark.parametrize("store", [None, MemoryStore()], ids=["alone", "with a store"])
@pytest.mark.parametrize("options", [{}, {"cache_jwk_set": False, "cache_keys": True}], ids=["set", "keys"])
async def test_what_is_no_kid_names_no_key(store: MemoryStore | None, options: dict[str, Any]) -> None:
    """As a list, which can't be hashed: it comes from a header that a program read without checking it."""
    anything: Any
    for anything in ([], {"a": "b"}, ["a"], 1, b"a"):
        client = Given(store=store, **options)
        for _ in range(2):
            with pytest.raises(jwt.PyJWKClientError, match="Unable to find"):
                client.get_signing_key(anything)
            with pytest.raises(jwt.PyJWKClientError, match="Unable to find"):
                await client.aget_signing_key(anything)
            assert client.get_signing_key("a").key_id == "a"
        assert client.health().failures == 0


# fetch_data, the one place to override


def test_an_override_may_return_a_pyjwkset() -> None:
    """Its keys are judged like any."""
    client = Given(jwt.PyJWKSet.from_dict(KEYS))
    assert client.get_signing_key("a").key_id == "a"
    assert client.get_jwk_set() is client.document


@pytest.mark.parametrize(
    ("document", "kind", "error"),
    [
        ([], "not_an_object", jwt.PyJWKClientError),
        (None, "not_an_object", jwt.PyJWKClientError),
        ({}, "not_a_key_set", jwt.PyJWKSetError),
        ({"keys": []}, "no_usable_keys", jwt.PyJWKSetError),
        ({"keys": [{"kty": "oct", "k": "AA", "kid": "a"}]}, "no_usable_keys", jwt.PyJWKSetError),
        (ZeroDivisionError(), "callback", jwt.PyJWKClientError),
        (jwt.PyJWKClientError("own"), "callback", jwt.PyJWKClientError),
        (KeySourceError(kind="own"), "own", jwt.exceptions.PyJWKClientConnectionError),
    ],
)
def test_whatever_an_override_does_has_a_documented_error(
    document: Any, kind: str, error: type[Exception]
) -> None:
    """Ours and PyJWT's at once, with the cause."""
    client = Given(document)
    for _ in range(2):
        with pytest.raises(error) as caught:
            client.get_signing_key("a")
        assert isinstance(caught.value, KeySourceError)
        assert isinstance(caught.value, jwt.PyJWKClientError)
        assert caught.value.kind == kind
    assert client.calls == 1


def test_a_patched_fetch_data_is_called(issuer: FakeIssuer) -> None:
    """Set on the instance, as tests do."""
    client = PyJWKClient(uri(issuer))
    client.fetch_data = lambda: KEYS  # type: ignore[method-assign]
    assert client.get_signing_key("a").key_id == "a"
    assert fetches(issuer) == 0


def test_fetch_data_may_be_patched_on_the_class(issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """For clients that somebody else makes."""
    client = PyJWKClient(uri(issuer))
    monkeypatch.setattr(PyJWKClient, "fetch_data", lambda client: KEYS)
    assert client.get_signing_key("a").key_id == "a"
    assert fetches(issuer) == 0


class Filtering(PyJWKClient):
    """Leaves one key out of what the endpoint says."""

    hidden: str | None = None
    calls = 0

    def fetch_data(self) -> Any:
        """The document without the hidden key."""
        self.calls += 1
        document = super().fetch_data()
        return {"keys": [key for key in document["keys"] if key["kid"] != self.hidden]}


def test_super_inside_a_flight_publishes_nothing_by_itself(issuer: FakeIssuer) -> None:
    """What counts is what the override returns; its ETag travels along, and a 304 is the raw document again."""
    client = Filtering(uri(issuer))
    hidden = str(client.get_signing_key_from_jwt(issuer.token()).key_id)
    kid = issuer.rotate()
    client.hidden = hidden
    assert client.get_signing_key(kid).key_id == kid
    with pytest.raises(jwt.PyJWKClientError):
        client.get_signing_key(hidden)
    client.hidden = None
    assert {key.key_id for key in client.get_jwk_set(refresh=True).keys} == {hidden, kid}
    assert client.source.cache.snapshot.result.etag


def test_super_outside_a_flight_fills_the_cache(issuer: FakeIssuer) -> None:
    """As PyJWT's does: a program may fetch when it likes."""
    client = Filtering(uri(issuer))
    document = client.fetch_data()
    assert client.get_signing_key(document["keys"][0]["kid"])
    assert (client.calls, fetches(issuer)) == (1, 1)
    assert client.fetch_data() == document


def test_fetching_outside_a_flight_fails_as_documented() -> None:
    """A set without usable keys does not reach the cache."""
    with FaultServer({"keys": [{"kty": "oct"}]}) as server:
        client = PyJWKClient(server.url)
        with pytest.raises(jwt.PyJWKSetError):
            client.fetch_data()
        assert PyJWKClient(server.url, accept_empty=True).fetch_data() == server.document


def test_an_empty_set_can_be_the_providers_word() -> None:
    """``accept_empty``: every key is withdrawn, and that is no failure."""
    client = Given(accept_empty=True)
    client.warm_up()
    client.document = {"keys": []}
    with pytest.raises(jwt.PyJWKClientError):
        client.get_signing_keys(refresh=True)
    assert client.health().failures == 0
    with pytest.raises(jwt.PyJWKSetError):
        client.get_jwk_set()
    with pytest.raises(jwt.PyJWKClientError, match="Unable to find a signing key"):
        client.get_signing_key("a")


def test_keys_that_only_we_can_use_are_left_out_of_pyjwts_view() -> None:
    """PyJWT does not know the name that RFC 9864 gave to EdDSA with Ed25519."""
    client = Given({"keys": [{**jwk("a"), "alg": "Ed25519"}]})
    assert client.source.resolve("a", "Ed25519")
    with pytest.raises(jwt.PyJWKClientError):
        client.get_signing_key("a")
    with pytest.raises(jwt.PyJWKSetError):
        client.get_jwk_set()


# async


async def test_the_twins_answer_alike(issuer: FakeIssuer) -> None:
    """Each method has one for event loops."""
    client, token = PyJWKClient(uri(issuer)), issuer.token()
    key = await client.aget_signing_key_from_jwt(token)
    assert await client.aget_signing_key(key.key_id) is key
    assert [key] == await client.aget_signing_keys() == client.get_signing_keys()
    assert await client.aget_jwk_set() is client.get_jwk_set()
    await client.aget_jwk_set(refresh=True)
    assert fetches(issuer) == 2
    with pytest.raises(jwt.PyJWKClientError):
        await client.aget_signing_key("made-up")


async def test_an_override_runs_in_the_flights_thread() -> None:
    """However long it takes, the event loop goes on: its own thread releases what the override waits for."""
    released, threads = threading.Event(), []

    class Slow(Given):
        def fetch_data(self) -> Any:
            threads.append(threading.current_thread())
            assert released.wait(PATIENCE)
            return super().fetch_data()

    client = Slow()
    waiting = asyncio.ensure_future(client.aget_signing_key("a"))
    while not threads:
        await asyncio.sleep(0)
    released.set()
    assert (await waiting).key_id == "a"
    assert [thread.name for thread in threads] == ["jwks-auth-fetch"]


def test_health_and_events(issuer: FakeIssuer) -> None:
    """What a dashboard shows."""
    heard: list[KeyEvent] = []
    client = PyJWKClient(uri(issuer), on_event=heard.append)
    assert client.health().state == "empty"
    client.warm_up()
    assert (client.health().state, client.health().keys) == ("fresh", 1)
    assert [event.name for event in heard] == ["refresh_started", "refresh_ok"]


def test_memory_does_not_grow_with_made_up_kids() -> None:
    """No negative cache: of 100 000 names that are not there not one is kept."""
    client = Given(cooldown_duration=3600)  # the budget is not filled again, however long it takes
    client.warm_up()

    def ask(names: range) -> None:
        for number in names:
            with contextlib.suppress(jwt.PyJWKClientError):
                client.get_signing_key(f"made-up-{number}")

    ask(range(1000))
    gc.collect()
    before = sys.getallocatedblocks()
    ask(range(1000, 101_000))
    gc.collect()
    assert sys.getallocatedblocks() - before < 1000
    assert client.calls <= 4

"""A client warm with good keys meets every kind of bad answer: the right error, the keys stay, the time is bounded."""

from __future__ import annotations

import json
import threading
import tracemalloc
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from jwks_auth import KeySourceError, PyJWKClient
from jwks_auth.runtime.clock import elapsed
from tests.fault_server import FaultServer
from tests.key_fakes import document
from tests.patience import PATIENCE, eventually, soon


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A key endpoint with one good key."""
    with FaultServer(document({"a"})) as server:
        yield server


FAULTS = {
    # mode: (kind, requests made)
    "error500": ("status", 1),
    "busy": ("status", 1),
    "created": ("status", 1),
    "gone": ("gone", 1),
    "gone_for_good": ("gone", 1),
    "html": ("not_json", 1),
    "empty": ("not_json", 1),
    "braces": ("not_a_key_set", 1),
    "array": ("not_an_object", 1),
    "no_keys": ("no_usable_keys", 1),
    "hang": ("timeout", 1),
    "drip_body": ("timeout", 1),
    "drip_endless": ("timeout", 1),
    "drip_headers": ("timeout", 1),
    "huge": ("too_large", 1),
    "negative_chunk": ("too_large", 1),
    "bad_chunk": ("connection", 2),
    "gzip_bomb": ("encoding", 1),
    "redirect": ("redirect", 1),
    "unchanged": ("status", 1),
    "reset": ("connection", 2),
    "truncated": ("connection", 2),
    "utf16": ("not_json", 1),
    "latin1": ("not_json", 1),
    "nested": ("not_json", 1),
    "nested_little": ("no_usable_keys", 1),
    "many_keys": ("not_a_key_set", 1),
    "garbage": ("connection", 2),
    "endless_headers": ("connection", 2),
}


def patient(server: FaultServer, mode: str) -> PyJWKClient:
    """A client that soon gives up where nothing comes, and otherwise waits for a busy machine."""
    return PyJWKClient(server.url, timeout=1 if FAULTS[mode][0] == "timeout" else PATIENCE)


def warmed(client: PyJWKClient) -> bool:
    """Whether it has the key; one that soon gives up may have to ask again."""
    try:
        return bool(client.fetch_data())
    except KeySourceError:
        return False


def own_threads() -> bool:
    """Whether a thread of a fetch or of its watchdog is alive."""
    return any("jwks-auth" in t.name or isinstance(t, threading.Timer) for t in threading.enumerate())


@pytest.mark.parametrize("mode", FAULTS)
def test_every_fault_has_its_kind_and_costs_no_key(server: FaultServer, mode: str) -> None:
    """The documented error within the deadline; the key in hand is served all the while, and no thread stays."""
    client = patient(server, mode)
    assert eventually(lambda: warmed(client))
    key = client.get_signing_key("a")
    server.mode, before = mode, server.requests
    with pytest.raises(jwt.PyJWKClientError) as caught:
        soon(lambda: client.get_jwk_set(refresh=True))
    assert isinstance(caught.value, KeySourceError)
    kind, made = FAULTS[mode]
    assert caught.value.kind == kind
    # Where time runs out it may have done so before anything was sent.
    assert server.requests - before in ({0, made} if kind == "timeout" else {made})
    assert client.get_signing_key("a") is key
    assert client.health().keys == 1
    assert eventually(lambda: not own_threads())


@pytest.mark.parametrize("mode", FAULTS)
def test_fetch_data_alone_raises_the_same(server: FaultServer, mode: str) -> None:
    """Called by a program, outside any refresh."""
    client = patient(server, mode)
    server.mode = mode
    with pytest.raises(jwt.PyJWKClientError) as caught:
        client.fetch_data()
    assert isinstance(caught.value, KeySourceError)
    assert caught.value.kind == FAULTS[mode][0]
    assert client.health().keys == 0


@pytest.mark.parametrize("mode", ["unavailable_once", "reset_once"])
def test_one_hiccup_is_retried_within_the_deadline(server: FaultServer, mode: str) -> None:
    """A dropped connection or a 503 is asked again once."""
    server.mode = mode
    assert PyJWKClient(server.url).get_signing_key("a").key_id == "a"
    assert server.requests == 2


def test_a_chunked_answer_is_read(server: FaultServer) -> None:
    """Without a length."""
    server.mode = "chunked"
    assert PyJWKClient(server.url).get_signing_key("a")


@pytest.mark.parametrize("mode", ["huge", "negative_chunk"])
def test_a_huge_answer_is_not_swallowed(server: FaultServer, mode: str) -> None:
    """Whatever length it claims to have, little more than the bound is ever held."""
    client = PyJWKClient(server.url)
    server.mode = mode
    tracemalloc.start()
    with pytest.raises(KeySourceError):
        client.get_jwk_set()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20  # most of it the server's own megabyte


@pytest.mark.parametrize(("spare", "fits"), [(0, True), (-1, False)])
@pytest.mark.parametrize("mode", ["ok", "chunked", "unmeasured"])
def test_the_bound_is_exact(server: FaultServer, mode: str, spare: int, fits: bool) -> None:
    """To the octet, with a length and without."""
    server.mode, size = mode, len(json.dumps(server.document))
    client = PyJWKClient(server.url, max_response_bytes=size + spare)
    if fits:
        assert client.get_signing_key("a")
    else:
        with pytest.raises(KeySourceError) as caught:
            client.get_signing_key("a")
        assert caught.value.kind == "too_large"


@pytest.mark.parametrize(
    ("junk", "kind"),
    [
        ({"keys": [[]] * 50_000}, "too_large"),
        ({str(number): 1 for number in range(50_001)}, "too_large"),
        ({"keys": [10**100]}, "not_json"),
        ({"keys": [10**99]}, "no_usable_keys"),
    ],
    ids=["lists", "names", "digits", "control"],
)
def test_junk_within_the_bound_holds_up_nobody(server: FaultServer, junk: dict[str, Any], kind: str) -> None:
    """What would take the parser long, and with it all threads, is refused by its looks."""
    server.document = junk
    with pytest.raises(KeySourceError) as caught:
        PyJWKClient(server.url).warm_up()
    assert caught.value.kind == kind


@pytest.mark.parametrize("mode", ["ok", "chunked", "unmeasured"])
def test_a_bound_costs_nothing_by_itself(server: FaultServer, mode: str) -> None:
    """However wide it is, no memory is set aside for what does not come."""
    server.mode = mode
    client = PyJWKClient(server.url, max_response_bytes=1 << 60)
    tracemalloc.start()
    client.warm_up()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 << 20


def test_a_byte_order_mark_is_tolerated(server: FaultServer) -> None:
    """Some providers write one; PyJWT reads it too."""
    server.mode = "bom"
    assert PyJWKClient(server.url).get_signing_key("a")


def test_a_dripping_server_does_not_stretch_the_deadline(server: FaultServer) -> None:
    """Each drop comes well within the socket's timeout, but the whole is bounded."""
    server.mode, server.delay = "drip_body", 0.2
    with pytest.raises(jwt.exceptions.PyJWKClientConnectionError):
        soon(PyJWKClient(server.url, timeout=1).get_jwk_set)


def test_an_unconditional_304_is_a_failure(server: FaultServer) -> None:
    """Nothing was held that it could confirm."""
    server.mode = "unchanged"
    with pytest.raises(jwt.PyJWKClientError):
        PyJWKClient(server.url).get_jwk_set()


def test_retry_after_is_heard(server: FaultServer) -> None:
    """A 429 with ``Retry-After: 120`` is left alone for two minutes, and the caller is told."""
    server.mode = "busy"
    client = PyJWKClient(server.url)
    now = elapsed()
    client.source.clock = client.source.refresher.clock = lambda: now
    with pytest.raises(KeySourceError):
        client.get_jwk_set()
    with pytest.raises(KeySourceError) as caught:
        client.get_jwk_set()
    assert caught.value.retry_after == 120
    assert server.requests == 1


BROKEN_MEMBERS = [
    None,
    17,
    "key",
    [],
    {},
    {"kty": None},
    {"kty": []},
    {"kty": "RSA"},
    {"kty": "RSA", "n": 1, "e": 2},
    {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
    {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
    {"kty": "EC", "crv": ["P-256"], "x": "AA", "y": "AA"},
    {"kty": "EC", "crv": "P-1024"},
    {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
    {"kty": "OKP", "crv": "X25519", "x": "AA"},
    {"kty": "oct", "k": "c2VjcmV0"},
    {"kty": "AKP", "alg": "ML-DSA-44"},
    {"kty": "OKP", "crv": "Ed25519", "alg": [], "x": "AA"},
    {"kty": "RSA", "alg": {"a": 1}, "n": "A" * 5000, "e": "AQAB"},
    {"kty": "OKP", "crv": "Ed25519", "kid": {"k": []}, "x": "AA"},
    {"kty": "OKP", "crv": "Ed25519", "use": ["sig"], "kid": 5},
]


@pytest.mark.parametrize("member", BROKEN_MEMBERS, ids=repr)
def test_a_broken_member_never_spoils_the_set(server: FaultServer, member: object) -> None:
    """It is refused with a reason, and the good key beside it serves, in PyJWT's view too."""
    server.document = {"keys": [member, *document({"a"})["keys"], member]}
    events = []
    client = PyJWKClient(server.url, on_event=events.append)
    assert client.get_signing_key("a").key_id == "a"
    assert client.get_jwk_set()["a"].key_id == "a"
    assert [key.key_id for key in client.get_signing_keys()] == ["a"]
    [refreshed] = [event for event in events if event.name == "refresh_ok"]
    assert len(refreshed.skipped) == 2
    assert all(refused.reason for refused in refreshed.skipped)

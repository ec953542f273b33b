"""Programs that look for PyJWT's words in a message find them, whichever class it is from, and our reason within."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from jwks_auth import KeySourceError, PyJWKClient
from tests.fault_server import FaultServer
from tests.key_fakes import document, jwk

UNREACHED = 'Fail to fetch data from the url, err: "'
NO_OBJECT = "The JWKS endpoint did not return a JSON object"
NO_KEYS = "did not contain any keys"
NO_SIGNING_KEYS = "did not contain any signing keys"


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A key endpoint."""
    with FaultServer(document({"a"})) as server:
        yield server


def message_of(client: jwt.PyJWKClient, method: str, *args: Any) -> str:
    """What *method* raises says."""
    with pytest.raises((jwt.PyJWKClientError, jwt.PyJWKSetError)) as caught:
        getattr(client, method)(*args)
    return str(caught.value)


@pytest.mark.parametrize("method", ["fetch_data", "get_jwk_set", "get_signing_keys"])
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([], NO_OBJECT),
        ("text", NO_OBJECT),
        ({"keys": []}, NO_KEYS),
        ({}, NO_KEYS),
    ],
)
def test_words_about_the_document(server: FaultServer, answer: Any, words: str, method: str) -> None:
    """No object; no keys."""
    server.document = answer
    for client in (jwt.PyJWKClient(server.url), PyJWKClient(server.url)):
        assert words in message_of(client, method)


@pytest.mark.parametrize("member", [{"use": "enc"}, {"kid": None}])
def test_words_about_keys_that_sign_nothing(server: FaultServer, member: dict[str, Any]) -> None:
    """For encryption, or without a name."""
    found = {name: value for name, value in {**jwk("a"), **member}.items() if value is not None}
    server.document = {"keys": [found]}
    for client in (jwt.PyJWKClient(server.url), PyJWKClient(server.url)):
        assert NO_SIGNING_KEYS in message_of(client, "get_signing_keys")


def test_words_about_an_endpoint_that_fails(server: FaultServer) -> None:
    """Once, however often it is handed on, with the reason between the quotes."""
    url = server.url
    server.__exit__(None, None, None)
    for client in (jwt.PyJWKClient(url), PyJWKClient(url)):
        for method, args in (("fetch_data", ()), ("get_jwk_set", ()), ("get_signing_key", ("a",))):
            message = message_of(client, method, *args)
            assert message.startswith(UNREACHED)
            assert message.endswith('"')
            assert message.count("Fail to fetch") == 1
            assert len(message) > len(UNREACHED) + 5


def test_what_is_no_json_is_no_object_either(server: FaultServer) -> None:
    """Where PyJWT's bare error tells of JSON, ours has its words for it and the reason; the kind says which."""
    server.mode = "html"
    client = PyJWKClient(server.url)
    with pytest.raises(jwt.PyJWKClientError) as caught:
        client.get_jwk_set()
    assert str(caught.value) == f"{NO_OBJECT}: the answer is not JSON"
    assert isinstance(caught.value, KeySourceError)
    assert caught.value.kind == "not_json"


def test_a_client_of_a_client_says_it_once() -> None:
    """An override may hand on what another client raised."""

    class Outer(PyJWKClient):
        def fetch_data(self) -> Any:
            raise inner.value

    with pytest.raises(jwt.PyJWKClientError) as inner:
        PyJWKClient("http://127.0.0.1:9/keys", timeout=1).fetch_data()
    assert message_of(Outer("https://issuer.example/keys"), "get_jwk_set").count("Fail to fetch") == 1

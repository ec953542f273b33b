"""``PyJWKClient`` against a real server: what PyJWT's users call."""

from __future__ import annotations

from collections.abc import Iterator

import jwt
import pytest

from jwks_auth import ConfigurationError, KeySourceError, PyJWKClient
from jwks_auth.testing import FakeIssuer


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


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("uri", {"uri": "ftp://example.com/keys"}),
        ("lifespan", {"lifespan": 0}),
        ("timeout", {"timeout": -1}),
        ("cooldown_duration", {"cooldown_duration": float("inf")}),
        ("max_response_bytes", {"max_response_bytes": 0}),
    ],
)
def test_wrong_parameters_are_named(name: str, arguments: dict[str, object]) -> None:
    """A wrong parameter is a configuration error, and PyJWT's error."""
    with pytest.raises(jwt.PyJWKClientError, match=name) as caught:
        PyJWKClient(**{"uri": "https://example.com/keys", **arguments})  # type: ignore[arg-type]
    assert isinstance(caught.value, ConfigurationError)

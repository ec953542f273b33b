"""``Issuer``: where keys come from."""

from __future__ import annotations

from traceback import format_exception_only
from typing import Any

import pytest

from jwks_auth import (
    ANY_AUDIENCE,
    ConfigurationError,
    InvalidTokenError,
    Issuer,
    KeySet,
    KeySourceError,
    PyJWKClient,
    TokenVerifier,
)
from jwks_auth.stores.protocol import MemoryStore
from jwks_auth.testing import FakeIssuer


def test_keys_are_discovered() -> None:
    """An issuer's URL is enough, at either standard address, and it costs one request a day."""
    with FakeIssuer.serve(path="/tenant") as fake:
        issuer = Issuer(fake.issuer)
        assert fake.requests.total() == 0
        [member] = fake.jwks()["keys"]
        assert issuer.keys.resolve(member["kid"], "RS256").kid == member["kid"]
        assert issuer.keys.find(member["kid"], "RS256") is not None
        assert issuer.client is not None
        assert issuer.client.uri.endswith(fake.jwks_path)
        fake.rotate()
        assert issuer.client.get_signing_key_from_jwt(fake.token())
        assert (fake.requests.total(), fake.requests[fake.jwks_path]) == (3, 2)
        health = issuer.health()
        assert health is not None
        assert health.state == "fresh"


async def test_keys_can_be_fetched_ahead() -> None:
    """``warm_up`` and its twin; static keys need none."""
    with FakeIssuer.serve() as fake:
        for issuer in (Issuer(fake.issuer), Issuer(fake.issuer, jwks_uri=fake.issuer + fake.jwks_path)):
            issuer.warm_up()
            await issuer.awarm_up()
        assert fake.requests[fake.jwks_path] == 2
    static = Issuer(fake.issuer, jwks=fake.jwks())
    static.warm_up()
    await static.awarm_up()
    assert static.health() is None


def test_an_outage_of_the_provider_has_a_kind() -> None:
    """And costs the discovered address nothing."""
    with FakeIssuer.serve() as fake:
        issuer = Issuer(fake.issuer, cooldown_duration=0)
        with fake.outage(), pytest.raises(KeySourceError) as caught:
            issuer.warm_up()
        assert caught.value.kind == "discovery"
        issuer.warm_up()
        assert issuer.client is not None
        with fake.outage(), pytest.raises(KeySourceError) as caught:
            issuer.client.get_jwk_set(refresh=True)
        assert caught.value.kind == "status"


def test_a_fetch_is_bounded_with_its_discovery() -> None:
    """``timeout`` covers both requests."""
    with FakeIssuer.serve() as fake:
        issuer = Issuer(fake.issuer, timeout=0.5)
        with fake.outage("hang"), pytest.raises(KeySourceError) as caught:
            issuer.warm_up()
        assert caught.value.kind == "timeout"


def test_a_client_of_ones_own() -> None:
    """Subclassed or not, with its own options."""
    fake = FakeIssuer()
    client = PyJWKClient("https://keys.example/jwks")
    issuer = Issuer(fake.issuer, client=client)
    assert issuer.client is client
    assert issuer.keys.key_set is client.source.key_set
    with pytest.raises(ConfigurationError, match="client and lifespan"):
        Issuer(fake.issuer, client=client, lifespan=60)


def test_a_misspelt_option_is_told() -> None:
    """Even where no client is made of it."""
    with pytest.raises(TypeError, match="lifspan"):
        Issuer("https://issuer.example/", jwks=FakeIssuer().jwks(), lifspan=60)  # type: ignore[call-arg]


def test_keys_are_handed_over() -> None:
    """A document, a set or a callable will do."""
    fake = FakeIssuer()
    [member] = fake.jwks()["keys"]
    for jwks in (
        fake.jwks(),
        KeySet.from_dict(fake.jwks()),
        fake.jwks,
        lambda: KeySet.from_dict(fake.jwks()),
    ):
        issuer = Issuer(fake.issuer, jwks=jwks)
        assert issuer.keys.find(member["kid"], "RS256") is not None
        assert issuer.client is None


async def test_a_callable_is_asked_each_time() -> None:
    """Rotation needs no restart, and an unchanged document is parsed once."""
    fake = FakeIssuer()
    keys = Issuer(fake.issuer, jwks=fake.jwks).keys
    old = fake.jwks()["keys"][0]["kid"]
    assert keys.find(old, "RS256") is keys.resolve(old, "RS256") is await keys.aresolve(old, "RS256")
    kid = fake.rotate()
    assert keys.resolve(kid, "RS256").kid == kid
    with pytest.raises(InvalidTokenError):
        keys.resolve("made-up", "RS256")


def test_an_async_callable_is_refused_when_the_issuer_is_made() -> None:
    """Nobody would await it, and every request would be a 503."""

    async def jwks() -> dict[str, Any]:
        return {"keys": []}

    with pytest.raises(ConfigurationError, match="jwks: found an async function"):
        Issuer("https://issuer.example/", jwks=jwks)


def test_a_callable_that_fails_costs_no_key() -> None:
    """The last good keys serve; before the first, that is an outage and not a bad token."""
    fake = FakeIssuer()
    answers: list[Any] = [ZeroDivisionError(), fake.jwks(), ZeroDivisionError(), {"keys": []}, [], None]

    def supply() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    keys = Issuer(fake.issuer, jwks=supply).keys
    kid = fake.jwks()["keys"][0]["kid"]
    assert keys.find(kid, "RS256") is None
    answers.insert(0, ZeroDivisionError())
    with pytest.raises(KeySourceError) as caught:
        keys.resolve(kid, "RS256")
    assert caught.value.kind == "callback"
    while answers:
        assert keys.find(kid, "RS256") is not None


def test_what_an_issuer_says_of_itself() -> None:
    """For the verifier: what stands in for its own settings."""
    issuer = Issuer("https://a.example", jwks=FakeIssuer().jwks(), audience=["b", "a"], algorithms=["RS256"])
    assert (issuer.audience, issuer.algorithms) == (("a", "b"), frozenset({"RS256"}))
    assert (
        Issuer("https://a.example", jwks=FakeIssuer().jwks(), audience=ANY_AUDIENCE).audience is ANY_AUDIENCE
    )


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("issuer", {"issuer": "http://issuer.example"}),
        ("issuer", {"issuer": "https://issuer.example/?tenant=a"}),
        ("issuer", {"issuer": "https://issuer.example/\n"}),
        ("issuer", {"issuer": 7}),
        ("jwks_uri", {"jwks_uri": "http://issuer.example/keys"}),
        ("jwks_uri", {"jwks_uri": "file:///etc/passwd"}),
        ("discovery_url", {"discovery_url": "http://issuer.example/metadata"}),
        ("jwks", {"jwks": {"keys": []}}),
        ("jwks", {"jwks": {"keys": [{"kty": "oct"}]}}),
        ("key set", {"jwks": []}),
        ("timeout", {"timeout": 0}),
        ("wait", {"wait": -1}),
        ("lifespan", {"lifespan": 0}),
        ("stale_if_error", {"stale_if_error": "an hour"}),
        ("cooldown_duration", {"cooldown_duration": -1}),
        ("max_response_bytes", {"max_response_bytes": 0}),
        ("headers", {"headers": "X-Team: orders"}),
        ("store", {"store": "postgres://host"}),
        ("algorithms", {"algorithms": ["HS256"]}),
        ("audience", {"audience": ""}),
        ("jwks_uri and jwks", {"jwks": {"keys": []}, "jwks_uri": "https://issuer.example/keys"}),
    ],
)
def test_what_cant_work_is_refused(name: str, arguments: dict[str, Any]) -> None:
    """Wrong settings are told at construction, by name."""
    with pytest.raises(ConfigurationError, match=f"^{name}"):
        Issuer(**{"issuer": "https://issuer.example/", **arguments})


class Boastful(FakeIssuer):
    """An issuer whose metadata announce what nobody should take."""

    def discovery(self) -> dict[str, Any]:
        """The metadata."""
        return {**super().discovery(), "id_token_signing_alg_values_supported": ["none", "HS256", "ES256"]}


def test_algorithms_are_never_taken_from_the_metadata() -> None:
    """Neither more of them nor fewer."""
    with Boastful.serve() as fake:
        verifier = TokenVerifier(Issuer(fake.issuer), "api")
        assert verifier.verify(fake.token())
        for alg in ("none", "HS256"):
            header, rest = fake.token(header={"alg": alg}).split(".", 1)
            with pytest.raises(InvalidTokenError) as caught:
                verifier.verify(f"{header}.{rest}")
            assert caught.value.code == "algorithm_not_allowed"
        assert verifier.issuers[0].algorithms is None


@pytest.mark.parametrize(
    "url",
    [
        "http://user:hunter2@issuer.example/",
        "https://user:hunter2@issuer.example/",
        "ftp://user:hunter2@issuer.example/",
        "https://user:hunter2@issuer.example:port/",
        "https://user:hunter2/x@issuer.example/",
        "https://user:hun@ter2@issuer.example:port/",
        "user:hunter2@issuer.example",
    ],
)
@pytest.mark.parametrize("place", ["issuer", "jwks_uri", "discovery_url"])
def test_a_refused_address_is_told_without_its_password(place: str, url: str) -> None:
    """Start-up errors end in logs; neither the text nor its cause holds the user or the password."""
    arguments = {"issuer": "https://issuer.example/", place: url}
    with pytest.raises(ConfigurationError, match=place) as caught:
        Issuer(**arguments)  # type: ignore[arg-type]
    told = "".join(format_exception_only(caught.value)) + repr(caught.value.__cause__)
    assert not any(secret in told for secret in ("user:", "hun", "ter2"))


def test_a_record_of_another_issuer_is_not_taken_from_a_store() -> None:
    """Not even where both have their metadata at one address: it names one of them."""
    store = MemoryStore()
    with FakeIssuer.serve() as fake:
        Issuer(fake.issuer, store=store).warm_up()
        with pytest.raises(KeySourceError) as caught:
            Issuer(f"{fake.issuer}/", store=store).warm_up()
    assert caught.value.kind == "discovery"


def test_where_headers_choose_the_keys_a_store_keeps_them_apart() -> None:
    """One address for all tenants, whose keys never mix."""
    fakes = {name: FakeIssuer(f"https://id.example/{name}") for name in ("a", "b")}

    class Client(PyJWKClient):
        def fetch_data(self) -> Any:
            return fakes[self.headers["X-Tenant"]].jwks()

    store = MemoryStore()
    first, second = (
        Client("https://id.example/keys", headers={"X-Tenant": name}, store=store) for name in fakes
    )
    assert first.get_signing_key_from_jwt(fakes["a"].token())
    with pytest.raises(InvalidTokenError, match="matches the kid"):
        second.get_signing_key_from_jwt(fakes["a"].token())

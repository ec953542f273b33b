"""Issuers that can't be listed: a callback finds them, within narrow bounds."""

from __future__ import annotations

from typing import Any

import pytest

from jwks_auth import (
    ConfigurationError,
    InvalidTokenError,
    Issuer,
    KeyEvent,
    KeySourceError,
    Tenants,
    TokenVerifier,
)
from jwks_auth.testing import FakeIssuer

FAKES = {name: FakeIssuer(f"https://id.example/{name}") for name in ("acme", "umbrella", "initech")}


class Directory:
    """A resolver that notes whom it was asked about."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, issuer: str) -> Issuer | None:
        """The issuer of a tenant we know."""
        self.asked.append(issuer)
        fake = FAKES.get(issuer.rpartition("/")[2])
        return None if fake is None else Issuer(fake.issuer, jwks=fake.jwks)


@pytest.fixture
def directory() -> Directory:
    """Three tenants."""
    return Directory()


async def test_a_tenant_is_found_by_its_first_token_and_kept(directory: Directory) -> None:
    """Sync and async share what was found."""
    verifier = TokenVerifier([], "api", tenants=Tenants(directory, hosts=["id.example"]))
    for _ in range(2):
        assert verifier.verify(FAKES["acme"].token()).issuer == "https://id.example/acme"
        assert (await verifier.averify(FAKES["umbrella"].token())).issuer == "https://id.example/umbrella"
    assert directory.asked == ["https://id.example/acme", "https://id.example/umbrella"]


async def test_an_async_resolver_is_awaited(directory: Directory) -> None:
    """It also answers sync callers."""

    async def resolve(issuer: str) -> Issuer | None:
        return directory(issuer)

    verifier = TokenVerifier([], "api", tenants=Tenants(resolve, hosts=["id.example"]))
    assert (await verifier.averify(FAKES["acme"].token())).subject
    assert verifier.verify(FAKES["initech"].token()).subject


async def test_tenants_are_isolated(directory: Directory) -> None:
    """One tenant's key never verifies another's token."""
    verifier = TokenVerifier([], "api", tenants=Tenants(directory, hosts=["id.example"]))
    with pytest.raises(InvalidTokenError) as caught:
        verifier.verify(FAKES["acme"].token(iss="https://id.example/umbrella"))
    assert caught.value.code in ("unknown_key", "bad_signature")


@pytest.mark.parametrize(
    "issuer",
    [
        "http://id.example/acme",
        "https://evil.example/acme",
        "https://id.example.evil.example/acme",
        "https://id.example@evil.example/acme",
        "https://id.example:8443/acme",
        "https://ID.example/acme",
        "https://id.example/acme?x",
        "https://id.example/acme#x",
        "https://id.example/x/../acme",
        "https://id.example\\@evil.example/acme",
        "https://id.example/acme\n",
        "https://id.example/\u00e9",
        "https://169.254.169.254/acme",
        "id.example/acme",
        "",
    ],
)
async def test_bcp_12_the_resolver_is_asked_about_plain_https_urls_on_listed_hosts_only(
    directory: Directory, issuer: str
) -> None:
    """Anything else is refused before the callback, and so before any network."""
    verifier = TokenVerifier([], "api", tenants=Tenants(directory, hosts=["id.example"]))
    raw = FAKES["acme"].token(iss=issuer)
    for outcome in (lambda: verifier.averify(raw), lambda: verifier.verify(raw)):
        with pytest.raises(InvalidTokenError) as caught:
            await outcome()  # type: ignore[misc]
        assert caught.value.code == "wrong_issuer"
    assert directory.asked == []


async def test_tenants_are_off_by_default(directory: Directory) -> None:
    """An issuer that is not listed is refused."""
    with pytest.raises(InvalidTokenError):
        TokenVerifier(FAKES["umbrella"].issuer, "api").verify(FAKES["acme"].token())


def test_an_unknown_tenant_is_refused_and_takes_no_place(directory: Directory) -> None:
    """So that invented tenants can't push out real ones."""
    tenants = Tenants(directory, hosts=["id.example"], max_issuers=1)
    verifier = TokenVerifier([], "api", tenants=tenants)
    verifier.verify(FAKES["acme"].token())
    for number in range(5):
        with pytest.raises(InvalidTokenError):
            verifier.verify(FAKES["acme"].token(iss=f"https://id.example/{number}"))
    verifier.verify(FAKES["acme"].token())
    assert directory.asked.count("https://id.example/acme") == 1


def test_the_least_recently_used_tenant_makes_room(directory: Directory) -> None:
    """The cache is bounded; who is forgotten is asked about again."""
    verifier = TokenVerifier([], "api", tenants=Tenants(directory, hosts=["id.example"], max_issuers=2))
    for name in ("acme", "umbrella", "acme", "initech", "acme", "umbrella"):
        verifier.verify(FAKES[name].token())
    asked = [issuer.rpartition("/")[2] for issuer in directory.asked]
    assert asked == ["acme", "umbrella", "initech", "umbrella"]
    verifier.forget_tenant("https://id.example/umbrella")
    verifier.forget_tenant("https://id.example/nobody")
    verifier.verify(FAKES["umbrella"].token())
    assert len(directory.asked) == 5


@pytest.mark.parametrize("answer", ["no issuer", Issuer("https://id.example/other", jwks=FAKES["acme"].jwks)])
def test_a_resolver_that_answers_nonsense_is_the_services_fault(answer: Any) -> None:
    """503: the token can't be judged; so it is when the resolver fails."""

    def failing(issuer: str) -> Issuer | None:
        raise OSError

    for resolve in (lambda issuer: answer, failing):
        verifier = TokenVerifier([], "api", tenants=Tenants(resolve, hosts=["id.example"]))
        with pytest.raises(KeySourceError):
            verifier.verify(FAKES["acme"].token())


@pytest.mark.parametrize(
    "options",
    [{"hosts": []}, {"hosts": "id.example"}, {"hosts": ["ID.example"]}, {"hosts": ["https://id.example"]},
     {"hosts": ["id.example"], "max_issuers": 0}],
)  # fmt: skip
def test_wrong_bounds_are_found_at_construction(options: dict[str, Any]) -> None:
    """Hosts are a list of plain names."""
    with pytest.raises(ConfigurationError, match="tenants"):
        Tenants(lambda issuer: None, **options)


def test_explain_finds_a_tenant_too(directory: Directory) -> None:
    """A developer may explain the first token that a tenant ever sent; nothing is screened, so every step shows."""
    verifier = TokenVerifier([], "api", tenants=Tenants(directory, hosts=["id.example"]))
    assert verifier.explain(FAKES["acme"].token()).failed is None
    assert directory.asked == ["https://id.example/acme"]


def test_a_tenant_that_makes_room_is_an_event(directory: Directory, caplog: pytest.LogCaptureFixture) -> None:
    """A cache that is too small shows nowhere else: each request calls the callback, and fetches."""
    heard: list[KeyEvent] = []
    tenants = Tenants(directory, hosts=["id.example"], max_issuers=2, on_event=heard.append)
    verifier = TokenVerifier([], "api", tenants=tenants)
    caplog.set_level("INFO", "jwks_auth")
    for name in ("acme", "umbrella", "acme", "umbrella"):
        verifier.verify(FAKES[name].token())
    assert heard == []
    verifier.verify(FAKES["initech"].token())
    assert heard == [KeyEvent("tenant_dropped", "https://id.example/acme")]
    assert "https://id.example/acme made room for another; max_issuers is 2" in caplog.text


def test_a_callback_that_raises_costs_no_tenant(
    directory: Directory, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged; without one nothing is told."""

    def broken(event: KeyEvent) -> None:
        raise ZeroDivisionError

    for on_event in (broken, None):
        tenants = Tenants(directory, hosts=["id.example"], max_issuers=1, on_event=on_event)
        verifier = TokenVerifier([], "api", tenants=tenants)
        for name in ("acme", "umbrella"):
            assert verifier.verify(FAKES[name].token()).subject
    assert caplog.text.count("on_event failed") == 1

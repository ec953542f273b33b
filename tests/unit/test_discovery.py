"""Where an issuer's keys are found, and when that is asked."""

from __future__ import annotations

import re
from typing import Any

import pytest

from jwks_auth.errors import ConfigurationError, KeySourceError
from jwks_auth.http.discovery import Discovery, checked_issuer, metadata_urls
from jwks_auth.http.fetch import Answer, FetchError
from tests.key_fakes import Clock

ISSUER = "https://issuer.example/tenant"
OIDC = "https://issuer.example/tenant/.well-known/openid-configuration"
OAUTH = "https://issuer.example/.well-known/oauth-authorization-server/tenant"
METADATA = {
    "issuer": ISSUER,
    "jwks_uri": "https://keys.example/jwks",
    "id_token_signing_alg_values_supported": ["none"],
}


class Web:
    """Documents by address; an exception is raised, and what is missing is a 404."""

    def __init__(self, **documents: Any) -> None:
        self.documents: dict[str, Any] = {}
        self.asked: list[str] = []

    def __call__(self, url: str) -> Answer:
        """Fetch *url*."""
        self.asked.append(url)
        found = self.documents.get(url, FetchError("HTTP 404", kind="gone"))
        if isinstance(found, Exception):
            raise found
        return Answer(found)


@pytest.fixture
def web() -> Web:
    """A web without documents."""
    return Web()


@pytest.fixture
def clock() -> Clock:
    """The test's clock."""
    return Clock()


@pytest.fixture
def discovery(clock: Clock) -> Discovery:
    """The discovery of an issuer with a path."""
    return Discovery(ISSUER, clock=clock)


@pytest.mark.parametrize("url", [OIDC, OAUTH])
def test_both_standard_addresses_are_asked(discovery: Discovery, web: Web, url: str) -> None:
    """DISC-2, 9700-8: OpenID Connect's first, then RFC 8414's."""
    web.documents[url] = METADATA
    assert discovery.jwks_uri(web) == "https://keys.example/jwks"
    assert web.asked == [OIDC, OAUTH][: len(web.asked)]


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        (
            "https://a.example",
            (
                "https://a.example/.well-known/openid-configuration",
                "https://a.example/.well-known/oauth-authorization-server",
            ),
        ),
        (
            "https://a.example/",
            (
                "https://a.example/.well-known/openid-configuration",
                "https://a.example/.well-known/oauth-authorization-server",
            ),
        ),
        (
            "https://a.example:8443/t/1/",
            (
                "https://a.example:8443/t/1/.well-known/openid-configuration",
                "https://a.example:8443/.well-known/oauth-authorization-server/t/1",
            ),
        ),
    ],
)
def test_the_standard_addresses(issuer: str, expected: tuple[str, str]) -> None:
    """Appended, and inserted between host and path."""
    assert metadata_urls(issuer) == expected


def test_an_address_of_ones_own(web: Web, clock: Clock) -> None:
    """``discovery_url`` is the only one asked."""
    url = "https://issuer.example/metadata"
    web.documents[url] = METADATA
    assert Discovery(ISSUER, url=url, clock=clock).jwks_uri(web)
    assert web.asked == [url]


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {**METADATA, "issuer": ISSUER + "/"},
        {**METADATA, "issuer": "https://ISSUER.example/tenant"},
        {**METADATA, "issuer": [ISSUER]},
        {"issuer": ISSUER},
        {**METADATA, "jwks_uri": 7},
        {**METADATA, "jwks_uri": "http://keys.example/jwks"},
        {**METADATA, "jwks_uri": "file:///etc/passwd"},
        {**METADATA, "jwks_uri": "https://[keys.example/"},
    ],
)
def test_metadata_that_cannot_be_used(discovery: Discovery, web: Web, metadata: dict[str, Any]) -> None:
    """DISC-3, DISC-4: another issuer's, compared by code point, or keys without TLS."""
    web.documents[OIDC] = metadata
    with pytest.raises(KeySourceError) as caught:
        discovery.jwks_uri(web)
    assert caught.value.kind == "discovery"
    assert web.asked == [OIDC, OAUTH]


def test_plain_http_keys_of_a_plain_http_issuer(web: Web, clock: Clock) -> None:
    """On this machine, or where it is allowed."""
    for issuer, allow in (("http://127.0.0.1:8000", False), ("http://issuer.test", True)):
        web.documents[metadata_urls(issuer)[0]] = {"issuer": issuer, "jwks_uri": f"{issuer}/jwks"}
        assert Discovery(issuer, allow_http=allow, clock=clock).jwks_uri(web) == f"{issuer}/jwks"


@pytest.mark.parametrize("kind", ["timeout", "connection", "tls"])
def test_a_server_out_of_reach_is_not_asked_twice(discovery: Discovery, web: Web, kind: str) -> None:
    """The other address is on the same server."""
    web.documents[OIDC] = FetchError("no", kind=kind)
    with pytest.raises(KeySourceError) as caught:
        discovery.jwks_uri(web)
    assert (caught.value.kind, web.asked) == (kind, [OIDC])


def test_the_answer_is_kept_for_a_day(discovery: Discovery, web: Web, clock: Clock) -> None:
    """Apart from the keys, which are renewed far more often."""
    web.documents[OIDC] = METADATA
    for _ in range(3):
        discovery.jwks_uri(web)
        discovery.note_success()
        clock.advance(3600)
    assert len(web.asked) == 1
    web.documents[OIDC] = {**METADATA, "jwks_uri": "https://keys.example/new"}
    clock.advance(86_400)
    assert discovery.jwks_uri(web) == "https://keys.example/new"


def test_it_is_asked_again_when_the_endpoint_is_gone(discovery: Discovery, web: Web) -> None:
    """404 and 410 say that the keys have moved."""
    web.documents[OIDC] = METADATA
    discovery.jwks_uri(web)
    discovery.note_failure("gone")
    discovery.jwks_uri(web)
    discovery.jwks_uri(web)
    assert len(web.asked) == 2


def test_it_is_asked_again_when_the_endpoint_keeps_failing(discovery: Discovery, web: Web) -> None:
    """Three times in a row."""
    web.documents[OIDC] = METADATA
    discovery.jwks_uri(web)
    for kind in ("timeout", "status", "timeout"):
        discovery.note_failure(kind)
        discovery.note_success() if kind == "status" else None
        discovery.jwks_uri(web)
    assert len(web.asked) == 1
    for _ in range(2):
        discovery.note_failure("timeout")
    discovery.jwks_uri(web)
    assert len(web.asked) == 2


def test_the_known_address_serves_while_asking_fails(discovery: Discovery, web: Web, clock: Clock) -> None:
    """An outage of the metadata is no outage of the keys."""
    web.documents[OIDC] = METADATA
    discovery.jwks_uri(web)
    web.documents.clear()
    clock.advance(90_000)
    assert discovery.jwks_uri(web) == "https://keys.example/jwks"
    assert len(web.asked) == 3


@pytest.mark.parametrize(
    "issuer",
    [
        "",
        "issuer.example",
        "http://issuer.example",
        "https://i.example/?a=b",
        "https://i.example/#f",
        "https://",
        None,
    ],
)
def test_what_cannot_be_an_issuer(issuer: Any) -> None:
    """DISC-1: https, no query, no fragment."""
    with pytest.raises(ConfigurationError, match="issuer"):
        checked_issuer(issuer)


@pytest.mark.parametrize(
    ("issuer", "says"),
    [
        ("http://issuer.example", "found http, expected https://...; on a network you trust, allow_http"),
        (
            "https://a.example/t/.well-known/openid-configuration",
            "expected the tokens' iss, as 'https://a.example/t/'",
        ),
    ],
)
def test_usual_mistakes_are_told_what_to_do(issuer: str, says: str) -> None:
    """Plain http, and a document's address in the place of the issuer."""
    with pytest.raises(ConfigurationError, match=re.escape(says)):
        checked_issuer(issuer)


@pytest.mark.parametrize(
    ("issuer", "allow_http"),
    [
        ("https://issuer.example", False),
        ("http://localhost:8080/realms/a", False),
        ("http://[::1]:8080", False),
        ("http://127.0.0.2", False),
        ("http://keycloak", True),
    ],
)
def test_what_can_be_an_issuer(issuer: str, allow_http: bool) -> None:
    """Plain http to this machine, or where it is allowed."""
    assert checked_issuer(issuer, allow_http=allow_http) == issuer


def test_a_discovery_url_is_checked(clock: Clock) -> None:
    """At construction, by name."""
    with pytest.raises(ConfigurationError, match="discovery_url"):
        Discovery(ISSUER, url="http://issuer.example/metadata", clock=clock)

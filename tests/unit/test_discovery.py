"""Where an issuer's keys are found, and when that is asked."""

from __future__ import annotations

import re
from typing import Any

import pytest

from jwks_auth.errors import ConfigurationError, KeySourceError
from jwks_auth.http.answer import Answer, FetchError
from jwks_auth.http.discovery import Discovery, checked_issuer, metadata_urls
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
    assert discovery.address(web) == "https://keys.example/jwks"
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
    assert Discovery(ISSUER, url=url, clock=clock).address(web)
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
        discovery.address(web)
    assert caught.value.kind == "discovery"
    assert web.asked == [OIDC, OAUTH]


def test_plain_http_keys_of_a_plain_http_issuer(web: Web, clock: Clock) -> None:
    """On this machine, or where it is allowed."""
    for issuer, allow in (("http://127.0.0.1:8000", False), ("http://issuer.test", True)):
        web.documents[metadata_urls(issuer)[0]] = {"issuer": issuer, "jwks_uri": f"{issuer}/jwks"}
        assert Discovery(issuer, allow_http=allow, clock=clock).address(web) == f"{issuer}/jwks"


@pytest.mark.parametrize("kind", ["timeout", "connection", "tls"])
def test_a_server_out_of_reach_is_not_asked_twice(discovery: Discovery, web: Web, kind: str) -> None:
    """The other address is on the same server."""
    web.documents[OIDC] = FetchError("no", kind=kind)
    with pytest.raises(KeySourceError) as caught:
        discovery.address(web)
    assert (caught.value.kind, web.asked) == (kind, [OIDC])


def test_the_answer_is_kept_for_a_day(discovery: Discovery, web: Web, clock: Clock) -> None:
    """Apart from the keys, which are renewed far more often."""
    web.documents[OIDC] = METADATA
    for _ in range(3):
        discovery.address(web)
        discovery.note_success()
        clock.advance(3600)
    assert len(web.asked) == 1
    web.documents[OIDC] = {**METADATA, "jwks_uri": "https://keys.example/new"}
    clock.advance(86_400)
    assert discovery.address(web) == "https://keys.example/new"


def test_it_is_asked_again_when_the_endpoint_is_gone(discovery: Discovery, web: Web) -> None:
    """404 and 410 say that the keys have moved."""
    web.documents[OIDC] = METADATA
    discovery.address(web)
    discovery.note_failure("gone")
    discovery.address(web)
    discovery.address(web)
    assert len(web.asked) == 2


def test_it_is_asked_again_when_the_endpoint_keeps_failing(discovery: Discovery, web: Web) -> None:
    """Three times in a row."""
    web.documents[OIDC] = METADATA
    discovery.address(web)
    for kind in ("timeout", "status", "timeout"):
        discovery.note_failure(kind)
        discovery.note_success() if kind == "status" else None
        discovery.address(web)
    assert len(web.asked) == 1
    for _ in range(2):
        discovery.note_failure("timeout")
    discovery.address(web)
    assert len(web.asked) == 2


def test_the_known_address_serves_while_asking_fails(discovery: Discovery, web: Web, clock: Clock) -> None:
    """An outage of the metadata is no outage of the keys."""
    web.documents[OIDC] = METADATA
    discovery.address(web)
    web.documents.clear()
    clock.advance(90_000)
    assert discovery.address(web) == "https://keys.example/jwks"
    assert len(web.asked) == 3


@pytest.mark.parametrize("issuer", ["", " ", " issuer.example", "issuer.example\n", None, 7, b"issuer"])
def test_what_cannot_be_an_issuer(issuer: Any) -> None:
    """Neither nothing, nor what an unset or badly cut variable leaves."""
    with pytest.raises(ConfigurationError, match=r"issuer: found .* exactly as in the tokens' iss"):
        checked_issuer(issuer)


NAMES = [
    "https://issuer.example",
    "http://adfs.example/adfs/services/trust",
    "accounts.google.com",
    "ansible-issuer",
    "urn:example:issuer@home",
    "https://issuer.example/?tenant=a#b",
    "robot@project.iam.gserviceaccount.com",
    "https://keycloak.example/realms/common",
    "émetteur 1",
]


@pytest.mark.parametrize("issuer", NAMES)
def test_any_other_string_can_be_an_issuer(issuer: str) -> None:
    """A name is compared and never fetched, so it needs no scheme, and no TLS."""
    assert checked_issuer(issuer) == issuer
    assert Discovery(issuer, url=OIDC).urls == (OIDC,)


@pytest.mark.parametrize(
    ("issuer", "says"),
    [
        ("accounts.google.com", "expected https://..., or jwks_uri, discovery_url or jwks beside it"),
        ("ftp://issuer.example/", "expected https://..., or jwks_uri"),
        ("http://issuer.example", "expected https://..., or beside this name a jwks_uri or discovery_url"),
        ("HTTP://issuer.example", "on a network you trust, allow_http takes it"),
        ("https://i.example/?a=b", "without query and fragment"),
        ("https://i.example/#f", "without query and fragment"),
        ("https://", "no usable scheme and host"),
    ],
)
def test_discovery_from_the_issuer_needs_its_url(issuer: str, says: str) -> None:
    """DISC-1: https, no query, no fragment; the message says what else will do."""
    with pytest.raises(ConfigurationError, match=re.escape(says)) as caught:
        Discovery(issuer)
    assert str(caught.value).startswith("issuer")


@pytest.mark.parametrize(
    ("issuer", "bare"),
    [
        ("https://a.example/t/.well-known/openid-configuration", "https://a.example/t"),
        ("https://a.example/.well-known/openid-configuration", "https://a.example"),
        ("https://a.example/.well-known/jwks.json", "https://a.example"),
        ("https://a.example/.well-known/oauth-authorization-server/t/1", "https://a.example/t/1"),
        ("https://a.example/.well-known", "https://a.example"),
        ("accounts.google.com/.well-known/openid-configuration", "accounts.google.com"),
    ],
)
def test_a_documents_address_is_no_issuer(issuer: str, bare: str) -> None:
    """The message names both that it may be: only the tokens say whether the slash is there."""
    with pytest.raises(ConfigurationError, match=re.escape(f"tokens' iss: {bare!r} or '{bare}/'")):
        checked_issuer(issuer)


@pytest.mark.parametrize(
    "issuer",
    [
        "https://login.microsoftonline.com/common/v2.0",
        "https://login.microsoftonline.com/common",
        "https://login.microsoftonline.com/organizations/v2.0",
        "https://LOGIN.microsoftonline.us/consumers/",
        "https://login.microsoftonline.com/{tenantid}/v2.0",
        "https://login.microsoftonline.com/<tenant-id>/v2.0",
        "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration",
    ],
)
def test_an_address_of_many_tenants_is_no_issuer(issuer: str) -> None:
    """No token names it, and the message names the cure."""
    with pytest.raises(ConfigurationError, match=r"many tenants .* one tenant's iss, or TENANTS"):
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
def test_metadata_may_be_asked_in_plain_http(issuer: str, allow_http: bool) -> None:
    """Of this machine, or where it is allowed."""
    assert Discovery(issuer, allow_http=allow_http).issuer == issuer


ADFS = {
    "issuer": "https://adfs.example/adfs",
    "access_token_issuer": "http://adfs.example/adfs/services/trust",
    "jwks_uri": "https://adfs.example/adfs/discovery/keys",
}


def test_ad_fs_has_another_name_in_access_tokens(web: Web) -> None:
    """Its metadata says which; either will do for an issuer, where the other has no metadata of its own."""
    url = metadata_urls(ADFS["issuer"])[0]
    web.documents[url] = ADFS
    for discovery in (Discovery(ADFS["issuer"]), Discovery(ADFS["access_token_issuer"], url=url)):
        assert discovery.access_token_issuer is None
        assert discovery.address(web) == ADFS["jwks_uri"]
        assert discovery.access_token_issuer == ADFS["access_token_issuer"]


def test_metadata_may_name_an_alias(web: Web) -> None:
    """Google's name in tokens has no metadata; where nobody called both one issuer, it is another's."""
    issuer = "https://accounts.google.com"
    web.documents[OIDC] = {"issuer": issuer, "jwks_uri": "https://keys.example/jwks"}
    assert Discovery("accounts.google.com", aliases=[issuer], url=OIDC).address(web)
    with pytest.raises(KeySourceError):
        Discovery("accounts.google.com", url=OIDC).address(web)


@pytest.mark.parametrize("odd", [["http://a.example/"], {}, 7, "", None])
def test_an_odd_name_for_access_tokens_is_none(web: Web, odd: Any) -> None:
    """Whatever the metadata holds there."""
    web.documents[OIDC] = {**METADATA, "access_token_issuer": odd}
    discovery = Discovery(ISSUER, url=OIDC)
    assert discovery.address(web)
    assert discovery.access_token_issuer is None


def test_keys_in_plain_http_need_metadata_from_this_machine(web: Web) -> None:
    """Whoever can change an answer on the way could name keys of their own; the control has TLS all the way."""
    keys = {"jwks_uri": "http://keycloak:8080/keys"}
    for url, allowed in (
        ("http://localhost:8080/metadata", True),
        ("https://localhost:8443/metadata", False),
        (OIDC, False),
    ):
        web.documents[url] = {"issuer": ISSUER, **keys}
        if allowed:
            assert Discovery(ISSUER, url=url).address(web) == keys["jwks_uri"]
        else:
            with pytest.raises(KeySourceError, match="found http, expected https"):
                Discovery(ISSUER, url=url).address(web)
        assert Discovery(ISSUER, url=url, allow_http=True).address(web)


def test_a_discovery_url_is_checked(clock: Clock) -> None:
    """At construction, by name."""
    with pytest.raises(ConfigurationError, match="discovery_url"):
        Discovery(ISSUER, url="http://issuer.example/metadata", clock=clock)

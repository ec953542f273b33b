"""Protected-resource metadata (RFC 9728): what may be a resource, where its document is, and what it says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jwks_auth import (
    ANY_AUDIENCE,
    ConfigurationError,
    ForbiddenError,
    InsufficientAuthenticationError,
    InsufficientScopeError,
    InvalidTokenError,
    Issuer,
    MissingTokenError,
)
from jwks_auth.adapters import Authenticator, Credentials, Requirement, Settings
from jwks_auth.testing import FakeIssuer, assert_discoverable

PLACE = "/.well-known/oauth-protected-resource"


@pytest.fixture
def issuer() -> FakeIssuer:
    """An issuer in this process."""
    return FakeIssuer()


def described(issuer: FakeIssuer, resource: str, **more: Any) -> Authenticator:
    """An authenticator for a resource."""
    return Authenticator({**issuer.settings(), "RESOURCE": resource, **more})


@pytest.mark.parametrize(
    ("resource", "url", "path"),
    [
        ("https://x.example", f"https://x.example{PLACE}", PLACE),
        ("https://x.example/", f"https://x.example{PLACE}", PLACE),
        ("https://x.example/mcp", f"https://x.example{PLACE}/mcp", f"{PLACE}/mcp"),
        ("https://x.example/mcp/", f"https://x.example{PLACE}/mcp/", f"{PLACE}/mcp/"),
        ("https://x.example:8443/a/b", f"https://x.example:8443{PLACE}/a/b", f"{PLACE}/a/b"),
        ("https://x.example/a%20b", f"https://x.example{PLACE}/a%20b", f"{PLACE}/a b"),
        ("https://x.example/a?k=v", f"https://x.example{PLACE}/a?k=v", f"{PLACE}/a"),
        ("https://x.example/?k=v", f"https://x.example{PLACE}?k=v", PLACE),
        ("http://localhost:8000/api", f"http://localhost:8000{PLACE}/api", f"{PLACE}/api"),
        ("http://[::1]:8000", f"http://[::1]:8000{PLACE}", PLACE),
    ],
)
def test_9728_1_the_document_is_between_host_and_path(
    resource: str, url: str, path: str, issuer: FakeIssuer
) -> None:
    """Inserted after the host, a slash alone removed; challenges lead there, and the resource is said as it is."""
    authenticator = described(issuer, resource)
    found = authenticator.metadata()
    assert (found.url, found.path) == (url, path)
    assert json.loads(found.body)["resource"] == resource
    answer = authenticator.well_known("GET", path)
    assert answer is not None
    assert (answer.status, answer.body, answer.headers) == (200, found.body, found.headers)
    challenge = authenticator.rejection(MissingTokenError(), Credentials([])).headers[0][1]
    assert challenge == f'Bearer realm="api", resource_metadata="{url}"'


@pytest.mark.parametrize(
    "resource",
    ["", "api", "/orders", "//x.example/a", "x.example/a", "http://x.example/a", "ftp://x.example/a", "https://",
     "https:///a", "https://x.example/a#b", "https://x.example/#", "https://u:p@x.example/a", "https://x.example:p/a",
     "https://x.example/../a", "https://x.example/a/./b", "https://x.example/..", "https://x.example\\a",
     "https://x.example/a b", "https://x.example/\"a", "https://x.example/\u00e4", "https://x.example/\n", 7, ["a"],
     {"a": 1}],
)  # fmt: skip
def test_9728_2_what_can_t_be_a_resource_stops_the_start(resource: Any, issuer: FakeIssuer) -> None:
    """With the name of the setting."""
    with pytest.raises(ConfigurationError, match=r"^JWKS_AUTH_RESOURCE"):
        Authenticator(_settings(issuer, resource))


def _settings(issuer: FakeIssuer, resource: Any) -> Any:
    given = {**issuer.settings(prefix="JWKS_AUTH_"), "JWKS_AUTH_RESOURCE": resource}
    return Settings.from_prefixed(given)


def test_9728_4_the_document_says_what_is_known(issuer: FakeIssuer) -> None:
    """Issuers as they are configured, scopes, names; what is not said is left out; built once."""
    several = Authenticator({
        "ISSUERS": [{"ISSUER": issuer.issuer, "JWKS": issuer.jwks}, {"ISSUER": "urn:other", "JWKS": issuer.jwks}],
        "AUDIENCE": "api", "RESOURCE": "https://x.example/api", "RESOURCE_NAME": "Orders",
        "RESOURCE_DOCUMENTATION": "https://docs.example/", "RESOURCE_SCOPES": "a b",
    })  # fmt: skip
    assert json.loads(several.metadata().body) == {
        "resource": "https://x.example/api",
        "authorization_servers": [issuer.issuer],
        "scopes_supported": ["a", "b"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Orders",
        "resource_documentation": "https://docs.example/",
    }
    assert several.metadata() is several.metadata()
    elsewhere = Authenticator(
        {**issuer.settings(), "RESOURCE": "https://x.example", "TOKEN_SOURCES": "header:X-Token"}
    )
    assert set(json.loads(elsewhere.metadata().body)) == {"resource", "authorization_servers"}


def test_9728_3_a_document_is_json_that_anybody_may_read_and_keep(issuer: FakeIssuer) -> None:
    """Its headers; and those of a preflight."""
    authenticator = described(issuer, "https://x.example/api")
    assert authenticator.metadata().headers == (
        ("Content-Type", "application/json"),
        ("Cache-Control", "public, max-age=3600"),
        ("Access-Control-Allow-Origin", "*"),
    )
    preflight = authenticator.well_known("OPTIONS", f"{PLACE}/api")
    assert preflight is not None
    assert preflight.status == 204
    assert dict(preflight.headers)["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "path", ["/", "/api", f"{PLACE}-x", f"{PLACE}x/api", "/.well-known/other", f"/x{PLACE}/api", ""]
)
def test_other_paths_are_left_alone(path: str, issuer: FakeIssuer) -> None:
    """Nothing but what is at or below the place is answered."""
    assert described(issuer, "https://x.example/api").well_known("GET", path) is None


@pytest.mark.parametrize(
    "path", [PLACE, f"{PLACE}/", f"{PLACE}/other", f"{PLACE}/api/", f"{PLACE}/API", f"{PLACE}//api"]
)
def test_9728_6_another_resource_is_not_found(path: str, issuer: FakeIssuer) -> None:
    """404, of any method, and never 401."""
    for method in ("GET", "POST", "OPTIONS", "BREW"):
        answer = described(issuer, "https://x.example/api").well_known(method, path)
        assert answer is not None
        assert answer.status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "get", "BREW", ""])
def test_another_method_is_not_allowed(method: str, issuer: FakeIssuer) -> None:
    """405, with those that are."""
    answer = described(issuer, "https://x.example/api").well_known(method, f"{PLACE}/api")
    assert answer is not None
    assert (answer.status, dict(answer.headers)["Allow"]) == (405, "GET, HEAD, OPTIONS")


def test_9728_5_challenges_name_the_document(issuer: FakeIssuer) -> None:
    """Beside the error, the scopes and the age of an authentication; and of a refusal of the whole service's."""
    authenticator = described(issuer, "https://x.example/api")
    named = f', resource_metadata="https://x.example{PLACE}/api"'
    for error in (
        MissingTokenError(),
        InvalidTokenError("expired"),
        InsufficientScopeError("a"),
        InsufficientAuthenticationError("mfa", 60, scopes="a"),
        ForbiddenError("guest"),
    ):
        challenge = authenticator.rejection(error, Credentials([])).headers[0][1]
        assert challenge.endswith(named), error


def test_without_a_resource_nothing_is_served(issuer: FakeIssuer) -> None:
    """The framework answers as if we were not there; asking for the document says what is missing."""
    authenticator = Authenticator({**issuer.settings(), "RESOURCE_METADATA": "https://other.example/doc"})
    assert authenticator.well_known("GET", f"{PLACE}/api") is None
    with pytest.raises(ConfigurationError, match="RESOURCE is missing"):
        authenticator.metadata()
    answer = authenticator.rejection(MissingTokenError(), Credentials([]))
    assert 'resource_metadata="https://other.example/doc"' in answer.headers[0][1]


def test_the_metadata_s_url_may_be_overridden(issuer: FakeIssuer) -> None:
    """Challenges lead where ``RESOURCE_METADATA`` says; the document stays where clients look for it."""
    authenticator = described(issuer, "https://x.example/api", RESOURCE_METADATA="https://docs.example/meta")
    answer = authenticator.rejection(MissingTokenError(), Credentials([]))
    assert 'resource_metadata="https://docs.example/meta"' in answer.headers[0][1]
    assert authenticator.well_known("GET", f"{PLACE}/api") is not None


def test_the_audience_defaults_to_the_resource(issuer: FakeIssuer) -> None:
    """Unless it is said what is judged instead, for all or by each issuer."""
    given = issuer.settings()
    del given["AUDIENCE"]
    resource = "https://x.example/api"
    for settings, audience in (
        ({**given, "RESOURCE": resource}, resource),
        ({**given, "RESOURCE": resource, "AUDIENCE": "api"}, "api"),
    ):
        authenticator = Authenticator(settings)
        sent = issuer.headers(sub="u1", aud=audience)["Authorization"]
        assert authenticator.authenticate(Credentials([sent])) is not None
        assert authenticator.accepts([audience])
    own = {"ISSUER": issuer.issuer, "JWKS": issuer.jwks, "AUDIENCE": "own"}
    each = Authenticator({"ISSUERS": [own], "RESOURCE": resource})
    assert "AUDIENCE" not in each.settings.shared
    with pytest.raises(ConfigurationError, match="AUDIENCE is missing"):
        Authenticator(given)


def test_9728_7_a_route_s_audience_on_the_same_host_is_a_resource_of_its_own(issuer: FakeIssuer) -> None:
    """It has its document, with the issuers whose tokens may be for it, and challenges lead there; others have none."""
    v2 = "https://x.example/v2"
    other = FakeIssuer("https://other.example/")
    authenticator = Authenticator({
        "ISSUERS": [{"ISSUER": issuer.issuer, "JWKS": issuer.jwks},
                    {"ISSUER": other.issuer, "JWKS": other.jwks, "AUDIENCE": "feeds"}],
        "AUDIENCE": "api", "RESOURCE": "https://x.example/v1",
    })  # fmt: skip
    assert json.loads(authenticator.metadata().body)["authorization_servers"] == [issuer.issuer, other.issuer]
    for audience in (
        ["reports", v2],
        ["https://elsewhere.example/v3"],
        ["http://x.example/v4"],
        ["https://x.example/#"],
    ):
        authenticator.check(Requirement.of(audience=audience))
    authenticator.check(Requirement.of(audience=ANY_AUDIENCE))
    assert json.loads(authenticator.metadata(v2).body)["authorization_servers"] == [issuer.issuer]
    for unknown in ("reports", "https://elsewhere.example/v3", "http://x.example/v4", "https://x.example/#"):
        with pytest.raises(ConfigurationError, match="expected one of"):
            authenticator.metadata(unknown)
    for audience, path in ((["reports", v2], "/v2"), (["reports"], "/v1")):
        sent = Credentials([])
        with pytest.raises(MissingTokenError) as caught:
            authenticator.authenticate(sent, Requirement.of(audience=audience))
        challenge = authenticator.rejection(caught.value, sent).headers[0][1]
        assert f'resource_metadata="https://x.example{PLACE}{path}"' in challenge


@pytest.mark.parametrize("scopes", ["offline_access", ["a", "offline_access"], ['a"b'], ["a,b"]])
def test_scopes_that_are_none_of_the_service_s_are_not_advertised(scopes: Any, issuer: FakeIssuer) -> None:
    """``offline_access`` is between a client and its provider: named, and refused at the start."""
    with pytest.raises(ConfigurationError, match="RESOURCE_SCOPES"):
        described(issuer, "https://x.example", RESOURCE_SCOPES=scopes)


@pytest.mark.parametrize(
    ("implies", "held", "granted"),
    [
        ({"w": ["r"]}, "w", {"w", "r"}),
        ({"w": "r x"}, "w", {"w", "r", "x"}),
        ('{"w": ["r"]}', "w", {"w", "r"}),
        ({"all": ["w"], "w": ["r"]}, "all", {"all", "w", "r"}),
        ({"a": ["b"], "b": ["a"]}, "a", {"a", "b"}),
        ({"w": ["w"]}, "w", {"w"}),
        ({"w": ["r"]}, "r", {"r"}),
        ({"w": ["r"]}, "W", {"W"}),
        ({"w": ["r"]}, "", set()),
        ({"w": ["r"], "x": ["y"]}, "w x z", {"w", "r", "x", "y", "z"}),
    ],
)
def test_scopes_imply_others_to_the_end(
    implies: Any, held: str, granted: set[str], issuer: FakeIssuer
) -> None:
    """Where the token is read, so that whoever asks it sees the same."""
    authenticator = Authenticator({**issuer.settings(), "SCOPE_IMPLIES": implies})
    token = authenticator.authenticate(Credentials([issuer.headers(sub="u1", scope=held)["Authorization"]]))
    assert token is not None
    assert token.scopes == granted


@pytest.mark.parametrize("implies", [{}, [], "w r", {"w": [1]}, {1: ["r"]}, {'w"': ["r"]}, {"w x": "r"}, "{"])
def test_implications_that_can_t_be_meant_are_refused(implies: Any, issuer: FakeIssuer) -> None:
    """At the start, by name."""
    with pytest.raises(ConfigurationError, match=r"^SCOPE_IMPLIES"):
        Authenticator({**issuer.settings(), "SCOPE_IMPLIES": implies})


def test_acr_may_be_another_claim(issuer: FakeIssuer) -> None:
    """A path as for roles."""
    authenticator = Authenticator({**issuer.settings(), "ACR_CLAIM": "session.level"})
    strong = Requirement.of(acr="mfa")
    sent = issuer.headers(sub="u1", session={"level": "mfa"}, acr="pwd")["Authorization"]
    assert authenticator.authenticate(Credentials([sent]), strong) is not None


def test_time_is_the_authenticator_s(issuer: FakeIssuer) -> None:
    """A clock of one's own judges how long ago the user authenticated."""
    at = 2_000_000_000.0
    authenticator = Authenticator(issuer.settings(), clock=lambda: at)
    sent = issuer.headers(sub="u1", auth_time=at - 10)["Authorization"]
    assert authenticator.authenticate(Credentials([sent]), Requirement.of(max_auth_age=10))


class Broken:
    """A client whose service serves no document."""

    class Answer:
        status_code, content, headers = 404, b"", {}

    def get(self, path: str) -> Any:
        """Nothing is there."""
        return self.Answer


def test_a_service_that_serves_no_document_fails_its_test(issuer: FakeIssuer) -> None:
    """The check for a test suite says what it found."""
    with pytest.raises(AssertionError, match="404, expected 200"):
        assert_discoverable(Broken(), described(issuer, "https://x.example"))


ID_TOKENS = {"PROFILE": "id_token"}


@pytest.mark.parametrize(
    ("more", "judged"),
    [
        ({"ISSUER": "https://issuer.example/"}, True),
        ({"ISSUER": "https://issuer.example/", "PROVIDER": "auth0"}, True),
        ({"ISSUERS": ["https://issuer.example/", {"ISSUER": "https://b.example/", "AUDIENCE": "b"}]}, True),
        ({"ISSUERS": [Issuer("https://issuer.example/")]}, True),
        ({"ISSUERS": [Issuer("https://issuer.example/", audience="own")]}, False),
        (
            {
                "ISSUER": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc",
                "PROVIDER": "cognito",
                "ALLOWED_CLIENTS": "c1",
            },
            False,
        ),
    ],
)
def test_the_resource_is_judged_where_nothing_else_is_said(more: dict[str, Any], judged: bool) -> None:
    """By no issuer, not by its preset, and not by the code that made it."""
    settings = Settings.from_mapping({"RESOURCE": "https://x.example/api", **more})
    assert settings.shared.get("AUDIENCE") == (("https://x.example/api",) if judged else None)


@pytest.mark.parametrize(
    "more",
    [
        {"ISSUER": "https://issuer.example/", **ID_TOKENS},
        {"ISSUERS": [{"ISSUER": "https://issuer.example/", **ID_TOKENS}]},
        {"ISSUERS": [Issuer("https://issuer.example/", profile="id_token")]},
        {"ISSUER": "https://accounts.google.com", "PROVIDER": "google"},
        {"ISSUER": "https://securetoken.google.com/my-project", "PROVIDER": "firebase"},
    ],
)
def test_id_tokens_are_never_judged_by_the_resource(more: dict[str, Any]) -> None:
    """They are for clients, whose ids have to be said."""
    with pytest.raises(ConfigurationError, match="AUDIENCE"):
        Settings.from_mapping({"RESOURCE": "https://x.example/api", **more})


CERTIFICATE = {"CLIENT_CERTIFICATE": "tls"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, None),
        ({**CERTIFICATE, "MTLS": "off"}, None),
        ({**CERTIFICATE, "MTLS": "accept"}, True),
        ({**CERTIFICATE, "MTLS": "require"}, True),
    ],
    ids=str,
)
def test_it_says_that_tokens_may_be_bound_to_certificates(
    issuer: FakeIssuer, settings: dict[str, Any], said: bool | None
) -> None:
    """``tls_client_certificate_bound_access_tokens`` is there where ``MTLS`` takes them (RFC 8705 section 3.3)."""
    document = json.loads(described(issuer, "https://x.example", **settings).metadata().body)
    assert document.get("tls_client_certificate_bound_access_tokens") is said


def test_one_issuer_is_enough_for_that(issuer: FakeIssuer) -> None:
    """The document is for all issuers whose tokens may be for the resource."""
    keys = {"JWKS": issuer.fetch_jwks, "AUDIENCE": "api"}
    settings: dict[str, Any] = {
        "ISSUERS": [{"ISSUER": "a", **keys}, {"ISSUER": "b", **keys, "MTLS": "accept"}],
        "RESOURCE": "https://x.example",
        **CERTIFICATE,
    }
    document = json.loads(Authenticator(settings).metadata().body)
    assert document["tls_client_certificate_bound_access_tokens"] is True

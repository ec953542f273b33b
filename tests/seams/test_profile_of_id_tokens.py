"""An API that is called with ID tokens says so, and takes nothing else; whoever does not say so takes none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from jwks_auth import (
    ANY_AUDIENCE,
    ConfigurationError,
    InvalidTokenError,
    Issuer,
    KeySourceError,
    Tenants,
    TokenVerifier,
)
from jwks_auth.adapters import Authenticator, Credentials, Requirement
from jwks_auth.testing import FakeIssuer
from tests.contract.cases import REALM
from tests.seams.sites import EVERY_SITE, Site

Raw = Callable[[FakeIssuer], str]

ID_TOKENS: dict[str, Raw] = {
    "plain": lambda issuer: issuer.id_token(sub="u1"),
    "with a nonce": lambda issuer: issuer.id_token(sub="u1", nonce="n"),
    "with at_hash": lambda issuer: issuer.id_token(sub="u1", access_token="opaque", code="code"),
    "Cognito": lambda issuer: issuer.id_token(sub="u1", token_use="id", **{"cognito:groups": ["a"]}),
    "Keycloak": lambda issuer: issuer.id_token(sub="u1", typ="ID", azp="api"),
    "Google's mobile sign-in": lambda issuer: issuer.id_token(sub="u1", azp="android"),
    "of both clients": lambda issuer: issuer.id_token(sub="u1", aud=["api", "reports"], azp="reports"),
}
ACCESS_TOKENS: dict[str, Raw] = {
    "RFC 9068": lambda issuer: issuer.token(sub="u1"),
    "without typ": lambda issuer: issuer.token(sub="u1", header={"typ": "JWT"}),
    "Cognito": lambda issuer: issuer.token(
        sub="u1", client_id=None, token_use="access", header={"typ": None}
    ),
    "Keycloak": lambda issuer: issuer.token(sub="u1", client_id=None, typ="Bearer", header={"typ": "JWT"}),
    "Entra": lambda issuer: issuer.token(sub="u1", client_id=None, scp="a", azp="api", header={"typ": "JWT"}),
    "Okta": lambda issuer: issuer.token(sub="u1", client_id=None, cid="api", scp=["a"], header={"typ": None}),
}
"""For the same audience: an API may be named as its page is."""

TELLING = set(ID_TOKENS) - {"plain", "Google's mobile sign-in", "of both clients"}
"""Those that say themselves that they are ID tokens."""


def provider() -> FakeIssuer:
    """A provider whose tokens are for the page."""
    issuer = FakeIssuer()
    issuer.audience = "api"
    return issuer


def settings_of(issuer: FakeIssuer, profile: str | None, **settings: Any) -> dict[str, Any]:
    """The settings of a service that the page calls."""
    return {
        **issuer.settings(["api", "reports"], profile=profile),
        "ALLOWED_CLIENTS": ["android", "client"],
        "REALM": REALM,
        **settings,
    }


def answers(site: Site, settings: dict[str, Any], raw: list[str]) -> list[tuple[int, str]]:
    """Status and challenge for each token."""
    with site(settings) as app:
        found = [app.request("GET", "/me", [("Authorization", f"Bearer {each}")]) for each in raw]
    return [(answer.status, ", ".join(answer.values("www-authenticate"))) for answer in found]


@pytest.mark.parametrize("site", EVERY_SITE.values(), ids=EVERY_SITE)
def test_every_framework_takes_id_tokens_on_purpose(site: Site) -> None:
    """All of them, and no access token of the same issuer for the same audience."""
    issuer = provider()
    settings = settings_of(issuer, "id_token")
    good = answers(site, settings, [make(issuer) for make in ID_TOKENS.values()])
    assert good == [(200, "")] * len(ID_TOKENS)
    bad = answers(site, settings, [make(issuer) for make in ACCESS_TOKENS.values()])
    assert {status for status, _ in bad} == {401}
    told = {challenge for _, challenge in bad}
    assert told == {
        f'Bearer realm="{REALM}", error="invalid_token", error_description="The token is not an ID token"',
    }


@pytest.mark.parametrize("site", EVERY_SITE.values(), ids=EVERY_SITE)
def test_no_framework_takes_them_otherwise(site: Site) -> None:
    """Whatever says that it is an ID token is refused where nobody asked for one, for the right audience too."""
    issuer = provider()
    settings = settings_of(issuer, None, ALLOWED_CLIENTS=None)
    good = answers(site, settings, [make(issuer) for make in ACCESS_TOKENS.values()])
    assert good == [(200, "")] * len(ACCESS_TOKENS)
    bad = answers(site, settings, [ID_TOKENS[name](issuer) for name in sorted(TELLING)])
    assert {status for status, _ in bad} == {401}
    assert {"The token is not an access token" in challenge for _, challenge in bad} == {True}


@pytest.mark.parametrize("site", EVERY_SITE.values(), ids=EVERY_SITE)
@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "other"},
        {"aud": ["api", "other"]},
        {"aud": []},
        {"azp": "other"},
        {"auth_time": 1},
        {"sub": None},
    ],
    ids=str,
)
def test_another_client_s_id_token_is_refused(site: Site, claims: dict[str, Any]) -> None:
    """Or one for a third party too, or of a sign-in too long ago."""
    issuer = provider()
    [(status, challenge)] = answers(
        site, settings_of(issuer, "id_token", MAX_AGE=600), [issuer.id_token(**claims)]
    )
    assert status == 401
    assert 'error="invalid_token"' in challenge


def code_of(verifier: TokenVerifier, raw: str, **options: Any) -> str | None:
    """The code of the refusal, sync and async alike."""

    def refused(call: Callable[[], Any]) -> str | None:
        try:
            call()
        except InvalidTokenError as error:
            return error.code
        return None

    [code] = {
        refused(lambda: verifier.verify(raw, **options)),
        refused(lambda: asyncio.run(verifier.averify(raw, **options))),
    }
    return code


@pytest.mark.parametrize("audience", [None, ANY_AUDIENCE])
def test_the_clients_have_to_be_said(audience: Any) -> None:
    """An ID token for any client at all would let in whoever runs one."""
    issuer = provider()
    with pytest.raises(ConfigurationError, match="client ids"):
        TokenVerifier(Issuer(issuer.issuer, jwks=issuer.fetch_jwks), audience, profile="id_token")
    with pytest.raises(ConfigurationError, match="client ids"):
        TokenVerifier(Issuer(issuer.issuer, jwks=issuer.fetch_jwks, audience=audience, profile="id_token"))
    with pytest.raises(ConfigurationError, match="client ids"):
        Authenticator({**issuer.settings(ANY_AUDIENCE), "PROFILE": "id_token"})


def test_a_route_narrows_the_clients_and_never_widens_them() -> None:
    """Neither by an audience of its own nor by ANY_AUDIENCE, and beside ``issuer=`` neither."""
    issuer = provider()
    authenticator = Authenticator(settings_of(issuer, "id_token"))

    def let_in(raw: str, **asked: Any) -> bool:
        try:
            authenticator.authenticate(Credentials([f"Bearer {raw}"], "", "GET"), Requirement.of(**asked))
        except InvalidTokenError as error:
            return error.code != "wrong_audience"
        return True

    web, ios, other = (issuer.id_token(aud=name) for name in ("api", "reports", "other"))
    assert [let_in(web), let_in(ios), let_in(other)] == [True, True, False]
    assert [let_in(web, audience="reports"), let_in(ios, audience="reports")] == [False, True]
    for asked in ({"audience": ANY_AUDIENCE}, {"audience": ANY_AUDIENCE, "issuer": issuer.issuer}):
        assert [let_in(web, **asked), let_in(other, **asked)] == [True, False]
    assert not let_in(other, audience=["other", "api"], issuer=issuer.issuer)
    with pytest.raises(ConfigurationError, match=r"expected some of api, reports\Z"):
        authenticator.check(Requirement.of(audience="other"))


def test_each_issuer_has_its_own_kind() -> None:
    """One signs users in, the other's access tokens are taken; neither is taken for the other."""
    login, api = FakeIssuer("https://login.example/"), FakeIssuer("https://api-tokens.example/")
    verifier = TokenVerifier(
        [
            Issuer(login.issuer, jwks=login.fetch_jwks, profile="id_token", audience="web"),
            Issuer(api.issuer, jwks=api.fetch_jwks),
        ],
        "api",
    )
    login.audience, api.audience = "web", "api"
    assert code_of(verifier, login.id_token()) is None
    assert code_of(verifier, api.token()) is None
    assert code_of(verifier, login.token()) == "wrong_type"
    assert code_of(verifier, api.id_token(nonce="n")) == "wrong_type"
    assert code_of(verifier, login.id_token(aud="api")) == "wrong_audience"
    assert code_of(verifier, login.id_token(), audience=ANY_AUDIENCE) is None
    assert code_of(verifier, login.id_token(aud="x"), audience=ANY_AUDIENCE) == "wrong_audience"


def test_an_issuer_of_its_own_kind_keeps_its_audience_replaceable() -> None:
    """Where ID tokens are the rule, an issuer of access tokens is judged as such."""
    login, api = FakeIssuer("https://login.example/"), FakeIssuer("https://api-tokens.example/")
    login.audience = api.audience = "web"
    issuers = [
        Issuer(login.issuer, jwks=login.fetch_jwks),
        Issuer(api.issuer, jwks=api.fetch_jwks, profile="default"),
    ]
    verifier = TokenVerifier(issuers, "web", profile="id_token")
    assert code_of(verifier, login.id_token()) is None
    assert code_of(verifier, api.token()) is None
    assert code_of(verifier, api.token(aud="other"), audience="other") is None
    assert code_of(verifier, login.id_token(aud="other"), audience="other") == "wrong_audience"


def test_a_tenant_may_be_one_that_signs_users_in() -> None:
    """It is asked about for either kind; one that does not name its clients can't be judged."""
    made = {name: FakeIssuer(f"https://{name}.tenants.example/") for name in ("a", "b", "c")}
    for issuer in made.values():
        issuer.audience = "web"

    def find(name: str) -> Issuer | None:
        issuer = next((each for each in made.values() if each.issuer == name), None)
        if issuer is None:
            return None
        own: dict[str, Any] = {
            made["a"].issuer: {"profile": "id_token", "audience": "web"},
            made["b"].issuer: {"audience": "web"},
            made["c"].issuer: {"profile": "id_token"},
        }[name]
        return Issuer(name, jwks=issuer.fetch_jwks, **own)

    hosts = ["a.tenants.example", "b.tenants.example", "c.tenants.example"]
    verifier = TokenVerifier([], tenants=Tenants(find, hosts=hosts))
    assert code_of(verifier, made["a"].id_token(nonce="n")) is None
    assert code_of(verifier, made["a"].token()) == "wrong_type"
    assert code_of(verifier, made["b"].token()) is None
    assert code_of(verifier, made["b"].id_token(nonce="n")) == "wrong_type"
    with pytest.raises(KeySourceError, match="client ids"):
        verifier.verify(made["c"].id_token())


def test_the_fake_issuer_makes_what_its_settings_ask_for() -> None:
    """``headers`` has an ID token where the service takes them, so that a test client's requests are let in."""
    issuer = FakeIssuer()
    for profile in ("id_token", None, "rfc9068"):
        authenticator = Authenticator(issuer.settings(["web"], profile=profile))
        token = authenticator.authenticate(
            Credentials([issuer.headers(sub="u1")["Authorization"]], "", "GET")
        )
        assert token is not None
        assert (token.subject, "auth_time" in token.payload) == ("u1", profile == "id_token")

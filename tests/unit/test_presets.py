"""Providers' presets: applied once, where an issuer is made or prepared, and never over what a user says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from jwks_auth import (
    ANY_AUDIENCE,
    ConfigurationError,
    IDTokenVerifier,
    InvalidTokenError,
    Issuer,
    KeySourceError,
    Tenants,
    TokenVerifier,
)
from jwks_auth.settings import Settings
from jwks_auth.testing import FakeIssuer
from jwks_auth.verifier import PROVIDERS

LABEL = 'JWKS_AUTH["{}"]'
REALM = "https://sso.acme.dev/realms/acme"
POOL = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_A"
TENANT = "https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0"


def issuer_of(fake: FakeIssuer, provider: str, **options: Any) -> Issuer:
    """Return an issuer with the keys of *fake*."""
    return Issuer(fake.issuer, provider=provider, jwks=fake.jwks(), **options)


@pytest.mark.parametrize(
    ("provider", "hint"),
    [
        ("keyclock", "did you mean keycloak?"),
        ("", "known are auth0, entra,"),
        (3, "known are"),
        (["auth0"], "auth0"),
    ],
)
def test_an_unknown_provider_is_told(provider: Any, hint: str) -> None:
    """In code, in settings, in an entry of ``ISSUERS``, and in ``Tenants``; with the nearest that is known."""
    with pytest.raises(ConfigurationError, match=r"^provider: found .*" + hint.replace("?", r"\?")):
        Issuer("https://i/", provider=provider)
    with pytest.raises(
        ConfigurationError, match=r'^JWKS_AUTH\["PROVIDER"\]: found .*' + hint.replace("?", r"\?")
    ):
        Settings.from_mapping({"PROVIDER": provider, "ISSUER": "https://i/", "AUDIENCE": "a"}, label=LABEL)
    entry = {"PROVIDER": provider, "ISSUER": "https://i/"}
    with pytest.raises(ConfigurationError, match=r'^JWKS_AUTH\["ISSUERS"\]\[0\]\["PROVIDER"\]: found'):
        Settings.from_mapping({"ISSUERS": [entry], "AUDIENCE": "a"}, label=LABEL)
    with pytest.raises(ConfigurationError, match=r"^provider: found"):
        Tenants(lambda name: None, hosts=["a.example"], provider=provider)


def test_an_issuer_needs_no_name_where_all_have_the_same() -> None:
    """In code as in settings; elsewhere the message has the form of it."""
    assert Issuer(provider="google", audience="c").names == (
        "https://accounts.google.com",
        "accounts.google.com",
    )
    assert Issuer(provider="google-iap").issuer == "https://cloud.google.com/iap"
    with pytest.raises(
        ConfigurationError, match=r"^issuer is missing: for provider okta it is 'https://<org>"
    ):
        Issuer(provider="okta")
    with pytest.raises(ConfigurationError, match=r"^issuer is missing"):
        Issuer()


@pytest.mark.parametrize("issuer", [3, b"x", ["https://i/"], ""])
def test_an_issuer_of_another_type_is_told(issuer: Any) -> None:
    """Never with a traceback of a pattern."""
    with pytest.raises(ConfigurationError, match=r"^issuer: found .* expected for provider auth0"):
        Issuer(issuer, provider="auth0")


def test_what_a_user_says_wins() -> None:
    """At the issuer, or at the verifier; all else is the preset's."""
    fake = FakeIssuer(REALM)
    claims = {"realm_access": {"roles": ["realm"]}, "groups": ["mine"], "scp": ["other"], "scope": "plain"}
    raw = fake.token(typ="Bearer", **claims)
    plain = TokenVerifier(issuer_of(fake, "keycloak"), "api").verify(raw)
    assert (plain.roles, plain.scopes) == ({"realm"}, {"plain"})
    at_issuer = TokenVerifier(issuer_of(fake, "keycloak", roles_claim="groups"), "api").verify(raw)
    at_verifier = TokenVerifier(
        issuer_of(fake, "keycloak"), "api", roles_claim="groups", scope_claims="scp"
    ).verify(raw)
    assert (at_issuer.roles, at_issuer.scopes) == ({"mine"}, {"plain"})
    assert (at_verifier.roles, at_verifier.scopes) == ({"mine"}, {"other"})


def test_a_user_s_own_addresses_names_and_algorithms_win() -> None:
    """Keys, aliases, algorithms."""
    issuer = Issuer(
        TENANT, provider="entra", jwks_uri="https://keys.acme.dev/", aliases=["me"], algorithms=["ES256"]
    )
    assert issuer.client is not None
    assert (issuer.client.uri, issuer.aliases, issuer.algorithms) == (
        "https://keys.acme.dev/",
        frozenset({"me"}),
        frozenset({"ES256"}),
    )
    assert Issuer(TENANT, provider="entra").algorithms == frozenset({"RS256"})
    assert Issuer(REALM, provider="keycloak").algorithms is None
    assert Issuer("https://i/").algorithms is None


def test_several_issuers_have_each_a_provider_of_its_own() -> None:
    """One may be for all that name none."""
    given = {
        "PROVIDER": "keycloak",
        "AUDIENCE": "api",
        "ISSUERS": [
            REALM,
            {"ISSUER": POOL, "PROVIDER": "cognito", "ALLOWED_CLIENTS": ["web"], "AUDIENCE": "ANY_AUDIENCE"},
            {"PROVIDER": "google", "AUDIENCE": ["client"]},
            Issuer("https://plain.example/", audience="own"),
        ],
    }
    verifier = Settings.from_mapping(given).verifier()
    assert [issuer.provider for issuer in verifier.issuers] == ["keycloak", "cognito", "google", None]
    assert [issuer.issuer for issuer in verifier.issuers][2] == "https://accounts.google.com"


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (
            [{"ISSUER": POOL, "PROVIDER": "cognito"}],
            r'^JWKS_AUTH\["ALLOWED_CLIENTS"\] is missing: for provider cognito',
        ),
        (
            [{"PROVIDER": "cognito"}],
            r'^JWKS_AUTH\["ISSUERS"\]\[0\]\["ISSUER"\] is missing: for provider cognito',
        ),
        ([REALM], r'^JWKS_AUTH\["AUDIENCE"\] is missing'),
        (
            [{"ISSUER": REALM, "PROVIDER": "keycloak", "AUDIENCE": "account"}],
            r'\[0\]\["AUDIENCE"\]: found .account',
        ),
        ([Issuer(REALM)], r'^JWKS_AUTH\["AUDIENCE"\] is missing'),
        ([Issuer(REALM, provider="keycloak")], r'^JWKS_AUTH\["AUDIENCE"\] is missing: for provider keycloak'),
        ([{"AUDIENCE": "api"}], r'^JWKS_AUTH\["ISSUERS"\]\[0\]\["ISSUER"\] is missing'),
    ],
)
def test_what_is_missing_is_said_of_the_entry(entries: list[Any], message: str) -> None:
    """By the setting, and where it would stand."""
    with pytest.raises(ConfigurationError, match=message):
        Settings.from_mapping({"ISSUERS": entries}, label=LABEL).verifier()


def test_clients_stand_for_an_audience_where_the_provider_has_none() -> None:
    """Said at the verifier, too; a verifier's audience stays one that tokens must have."""
    fake = FakeIssuer(POOL)
    raw = fake.token(aud=None, client_id="web", token_use="access")
    verifier = TokenVerifier(issuer_of(fake, "cognito"), allowed_clients=["web"])
    assert verifier.verify(raw).client_id == "web"
    with pytest.raises(InvalidTokenError, match="audience"):
        TokenVerifier(issuer_of(fake, "cognito", allowed_clients=["web"]), "api").verify(raw)
    with pytest.raises(ConfigurationError, match=r"^allowed_clients is missing"):
        TokenVerifier(issuer_of(fake, "cognito"))
    with pytest.raises(ConfigurationError, match=r"^audience is missing: for provider keycloak"):
        TokenVerifier(Issuer(REALM, provider="keycloak"), allowed_clients=["web"])
    with pytest.raises(ConfigurationError, match=r"^audience is ANY_AUDIENCE, and no allowed_clients"):
        TokenVerifier(Issuer(REALM, provider="keycloak"), ANY_AUDIENCE)


def test_issuers_may_share_an_audience() -> None:
    """One of its names has the form that the provider's audiences have."""
    tag = "32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228"
    access = {"PROVIDER": "cloudflare-access", "ISSUER": "https://acme.cloudflareaccess.com"}
    given = {"ISSUERS": [access, {"PROVIDER": "keycloak", "ISSUER": REALM}], "AUDIENCE": [tag, "orders"]}
    assert len(Settings.from_mapping(given).verifier().issuers) == 2
    with pytest.raises(
        ConfigurationError, match=r"^AUDIENCE: found \['orders'\], expected for provider cloudflare-access"
    ):
        Settings.from_mapping({**given, "AUDIENCE": ["orders"]})


def test_a_pods_own_files_are_for_the_clusters_own_address() -> None:
    """They are options as a user gives them; beside any other place of the keys there is none of them."""
    cluster, row = "https://kubernetes.default.svc.cluster.local", PROVIDERS["kubernetes"]
    pod = "/var/run/secrets/kubernetes.io/serviceaccount"
    assert row.filled("kubernetes", cluster, {"headers": None})[1] == {
        "aliases": (),
        "jwks_uri": "https://kubernetes.default.svc/openid/v1/jwks",
        "ca_file": f"{pod}/ca.crt",
        "bearer_file": f"{pod}/token",
    }
    for place in ("jwks_uri", "jwks", "discovery_url", "client"):
        assert row.filled("kubernetes", cluster, {place: "x"})[1] == {"aliases": (), place: "x"}


def test_a_network_of_one_s_own_is_not_changed(tmp_path: Path) -> None:
    """A session decides on certificates and credentials alone; a file of one's own stands for the pod's."""
    cluster = "https://kubernetes.default.svc.cluster.local"
    with requests.Session() as session:
        issuer = Issuer(cluster, provider="kubernetes", audience="orders", session=session)
    assert issuer.client is not None
    assert issuer.client.uri == "https://kubernetes.default.svc/openid/v1/jwks"
    with pytest.raises(ConfigurationError, match=r"^ca_file.*mine.pem"):
        Issuer(cluster, provider="kubernetes", audience="orders", ca_file=tmp_path / "mine.pem")


def test_a_profile_of_the_verifier_s_is_held_against_the_provider() -> None:
    """As one of the issuer's own."""
    with pytest.raises(
        ConfigurationError, match=r"^profile: found 'rfc9068', expected id_token, as provider google"
    ):
        TokenVerifier(Issuer(provider="google"), "client", profile="rfc9068")


def test_sign_in_needs_no_more_than_a_client() -> None:
    """``IDTokenVerifier`` takes the issuer's names, keys and algorithms, and none of its rules for APIs."""
    fake = FakeIssuer(POOL)
    signed_in = IDTokenVerifier(issuer_of(fake, "cognito"), "web")
    token = fake.token(aud="web", client_id=None, token_use="id", header={"typ": None})
    assert signed_in.verify(token).subject == "user"


def test_tenants_take_a_provider_that_they_do_not_have() -> None:
    """Given in code or by settings; a tenant that is none of the provider's is the callback's fault."""
    fake = FakeIssuer(TENANT)

    def find(name: str) -> Issuer:
        return Issuer(name, jwks=fake.jwks())

    hosts = ["login.microsoftonline.com"]
    in_code = Tenants(find, hosts=hosts, provider="entra-multitenant")
    own = Tenants(lambda name: Issuer(name, jwks=fake.jwks(), provider="entra"), hosts=hosts, provider="okta")
    settings = {"PROVIDER": "entra-multitenant", "TENANTS": Tenants(find, hosts=hosts), "AUDIENCE": "api"}
    for verifier in (
        TokenVerifier([], "api", tenants=in_code),
        TokenVerifier([], "api", tenants=own),
        Settings.from_mapping(settings).verifier(),
        Settings.from_mapping({**settings, "PROVIDER": "okta", "TENANTS": in_code}).verifier(),
    ):
        assert verifier.verify(fake.token(azp="web", scp="a b")).scopes == {"a", "b"}
        with pytest.raises(InvalidTokenError):
            verifier.verify(fake.token(scp="a b"))  # neither azp nor appid, as in an ID token
        elsewhere = fake.token(iss="https://login.microsoftonline.com/elsewhere", azp="web")
        with pytest.raises(KeySourceError):
            verifier.verify(elsewhere)


def test_tenants_that_are_no_issuers_stay_the_callback_s_fault() -> None:
    """A provider is given to an ``Issuer`` alone."""
    tenants: Any = Tenants(lambda name: 7, hosts=["a.example"], provider="okta")  # type: ignore[arg-type, return-value]
    fake = FakeIssuer("https://a.example/")
    with pytest.raises(KeySourceError):
        TokenVerifier([], "api", tenants=tenants).verify(fake.token())


def test_a_kind_that_is_refused_is_explained() -> None:
    """By the mark that it lacks."""
    fake = FakeIssuer(TENANT)
    told = str(TokenVerifier(issuer_of(fake, "entra"), "api").explain(fake.token()))
    assert "a token of this provider for an API has one of the claims azp, appid" in told
    expired = str(
        TokenVerifier(issuer_of(fake, "entra"), "api").explain(fake.token(azp="x", expires_in=-900))
    )
    assert "of this provider" not in expired


def test_rows_are_complete() -> None:
    """Each says what to paste, and its own issuer is one of its own."""
    for name, row in PROVIDERS.items():
        assert row.audience, name
        assert row.profiles, name
        assert row.keys or row.keys_to_paste, name
        assert row.is_for_everyone == (name in ("google", "google-iap", "github-actions")), name


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_preset_refuses_neither_audience_nor_clients(provider: str) -> None:
    """In code, too."""
    issuers = {
        "auth0": "https://a.auth0.com/",
        "entra": TENANT,
        "entra-multitenant": TENANT,
        "adfs": "https://fs.acme.dev/adfs",
        "keycloak": REALM,
        "okta": "https://a.okta.com/oauth2/default",
        "cognito": POOL,
        "firebase": "https://securetoken.google.com/acme",
        "supabase": "https://a.supabase.co/auth/v1",
        "authentik": "https://id.acme.dev/application/o/orders/",
        "logto": "https://a.logto.app/oidc",
        "cloudflare-access": "https://a.cloudflareaccess.com",
        "spiffe": "acme.dev",
    }
    row = PROVIDERS[provider]
    name = None if row.is_for_everyone else issuers.get(provider, "https://id.acme.dev")
    issuer = Issuer(name, provider=provider, jwks=FakeIssuer().jwks())
    for audience in (None, ANY_AUDIENCE):
        with pytest.raises(ConfigurationError, match=r"^(audience|allowed_clients)"):
            TokenVerifier(issuer, audience)

"""Explanations of good tokens: what they grant and from where, what a route asks, what a claims model lacks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from jwks_auth import ANY_AUDIENCE, Issuer, Policy, TokenVerifier
from jwks_auth.adapters import Authenticator, RawToken, Requirement
from jwks_auth.testing import FakeIssuer
from jwks_auth.verifier.explain import Explanation
from tests.attacks import forge

PLACES: dict[str, Any] = {"roles_claim": ["realm_access.roles", ["resource_access", "my.api", "roles"]]}
VERIFIER = TokenVerifier(Issuer(forge.ISSUER, jwks=forge.KEY_SET, **PLACES), forge.AUDIENCE)


def explained(requirement: Any = (), model: Any = None, **claims: Any) -> Explanation:
    """The explanation of a token with these claims."""
    raw = forge.token(payload=forge.claims(**claims))
    return VERIFIER.explain(raw, requirement=requirement, claims=model)


def found(explanation: Explanation, name: str) -> str:
    """What was found at a step."""
    return next(step.found for step in explanation.steps if step.name == name)


def test_what_was_read_is_listed_with_its_place() -> None:
    """Scopes, roles and permissions; where there are none, why."""
    explanation = explained(
        scope="orders:read", scp=["a b"], permissions=7, realm_access={"roles": ["ops", "dev"]},
        resource_access={"my.api": {"roles": {"admin": {"org": "acme"}, "owner": False}}},
    )  # fmt: skip
    assert found(explanation, "scopes") == "orders:read from scope; 'a b' from scp"
    assert (
        found(explanation, "roles")
        == "dev, ops from realm_access.roles; admin from resource_access.my.api.roles"
    )
    assert found(explanation, "permissions") == "none at permissions, as it is a number"
    assert found(explained(), "roles") == "none"
    many = explained(realm_access={"roles": [f"r{number:03}" for number in range(60)]})
    assert found(many, "roles").endswith("r049 and 10 more from realm_access.roles")


def test_a_missing_role_is_no_accepted_token() -> None:
    """A route's policy is judged last; what it asks is told, and where to look."""
    asked = Requirement.of(any_role=["ops"], scopes="orders:read")
    refused = explained(asked, scope="orders:read")
    assert refused.failed is not None
    assert (refused.failed.name, refused.failed.code) == ("route", "insufficient_scope")
    assert refused.failed.expected == str(asked)
    assert "ROLES_CLAIM" in (refused.hint or "")
    accepted = explained(asked, scope="orders:read", realm_access={"roles": ["ops"]})
    assert accepted.failed is None
    assert "ok   route: " in str(accepted)


def test_several_requirements_all_hold() -> None:
    """As those of nested guards do; each is told."""
    one, two = Requirement.of(scopes="a"), Requirement(policy=Policy(actor="gateway"))
    refused = explained([one, two], scope="a")
    assert [step.code for step in refused.steps if step.name == "route"] == [None, "insufficient_scope"]
    assert explained([one, two], scope="a", act={"sub": "gateway"}).failed is None


def test_a_routes_audience_and_issuer_are_judged() -> None:
    """They replace the verifier's, as on a request."""
    reports = explained(Requirement(audience=("reports",)))
    assert reports.failed is not None
    assert (reports.failed.name, reports.failed.expected) == ("audience", "reports")
    assert explained(Requirement(audience=("reports",)), aud="reports").failed is None
    assert explained(Requirement(audience=ANY_AUDIENCE), aud="x").failed is None
    other = explained(Requirement(issuers=("https://other.example/",)))
    assert other.failed is not None
    assert other.failed.code == "wrong_issuer"
    assert "other issuers than 'https://id.example/'" in (other.hint or "")
    assert explained(Requirement(issuers=(forge.ISSUER,), audience=("x",)), aud="x").failed is None


@dataclass
class Claims:
    """A model without a library."""

    email: str
    sub: str
    tenant: str = "none"
    groups: list[str] = field(default_factory=list)


def test_a_models_errors_are_shown_by_field() -> None:
    """A dataclass tells what it lacks; what has a default may be missing."""
    refused = explained(model=Claims)
    assert refused.failed is not None
    assert (refused.failed.name, refused.failed.code) == ("claims model", "invalid_claim")
    assert (refused.failed.expected, refused.failed.found) == ("Claims", "email: is missing")
    assert explained(model=Claims, email="a@b.example").failed is None


def test_a_function_of_claims_is_a_model_too() -> None:
    """Whatever it raises is shown in one line; it gets the claims as they were sent."""

    def check(claims: dict[str, Any]) -> None:
        assert claims["sub"]
        if claims["tier"] != "gold":
            raise LookupError("tier\nis not gold")

    assert explained(model=check, tier="gold").failed is None
    refused = explained(model=check, tier="tin")
    assert refused.failed is not None
    assert refused.failed.found == r"'tier\nis not gold'"
    assert len(str(refused).splitlines()) == len(refused.steps) + 1


def test_an_authenticator_explains_routes_too() -> None:
    """With the verifier of its settings, or one of the service's own, whose steps nobody knows."""
    issuer = FakeIssuer()
    authenticator = Authenticator(issuer.settings(audience="api"), in_tests=True)
    raw, asked = RawToken(issuer.token(aud="api")), Requirement.of(scopes="a")
    for each in (authenticator, Authenticator(_Own(authenticator.verifier))):  # type: ignore[arg-type]
        failed = each.explain(raw, requirement=asked).failed
        assert failed is not None
        assert failed.code == "insufficient_scope"
        assert each.explain(raw, claims=Claims).failed is not None
        assert each.explain(raw).failed is None


class _Own:
    """A verifier in front of another."""

    def __init__(self, behind: Any) -> None:
        self.issuers = behind.issuers
        self.verify_any_audience = behind.verify_any_audience
        self.averify_any_audience = behind.averify_any_audience
        self.admit, self.aadmit = behind.admit, behind.aadmit


AUDIENCES: dict[str, tuple[dict[str, Any], Any, str]] = {
    "slash": ({"aud": "https://api.acme.dev/"}, "https://api.acme.dev", "only the trailing slash differs"),
    "case": ({"aud": "API"}, "api", "only upper and lower case differ; configure the audience as 'API'"),
    "api_scheme": ({"aud": "api://1234"}, "1234", "only api:// differs"),
    "no_api_scheme": ({"aud": ["1234"]}, "api://1234", "only api:// differs"),
    "userinfo": ({"aud": "https://acme.eu.auth0.com/userinfo"}, "api", "userinfo endpoint alone"),
    "client": ({"aud": "web", "azp": "web"}, "api", "Don't add it to the audience: every ID token"),
    "nonce": ({"aud": "web", "nonce": "n"}, "api", "Don't add it to the audience"),
    "graph": ({"aud": "00000003-0000-0000-c000-000000000000"}, "api", "for Microsoft Graph"),
    "okta_org": ({"aud": "https://acme.okta.com"}, "api", "/oauth2/default"),
    "cognito": ({"aud": ..., "client_id": "web"}, "api", "ALLOWED_CLIENTS"),
    "keycloak": ({"aud": "account"}, "api", "audience mapper"),
    "none": ({"aud": ...}, "api", "names no audience"),
    "other": ({"aud": "reports"}, "api", "another API's token, 'reports'"),
}
ISSUERS = {
    "okta_org": "https://acme.okta.com",
    "cognito": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x",
}


@pytest.mark.parametrize("name", AUDIENCES)
def test_each_mistake_of_audience_has_a_sentence_of_its_own(name: str) -> None:
    """None leads to an audience by which ID tokens or anybody's tokens would pass."""
    claims, audience, hint = AUDIENCES[name]
    issuer = ISSUERS.get(name, forge.ISSUER)
    verifier = TokenVerifier(Issuer(issuer, jwks=forge.KEY_SET), audience)
    explanation = verifier.explain(forge.token(payload=forge.claims(iss=issuer, **claims)))
    assert explanation.failed is not None
    assert (explanation.failed.name, explanation.failed.code) in (
        ("audience", "wrong_audience"),
        ("claims", "wrong_type"),
    )
    if explanation.failed.name == "audience":
        assert hint in (explanation.hint or "")
    others = {
        text for key, (_, _, text) in AUDIENCES.items() if key not in (name, "client", "nonce", "api_scheme")
    }
    assert not [text for text in others - {hint} if text in (explanation.hint or "")]


MISTAKES: dict[str, tuple[Any, str]] = {
    "refresh": (
        lambda: forge.token(payload=forge.claims(typ="Refresh")),
        "typ is 'Refresh': only its issuer",
    ),
    "id": (lambda: forge.token(payload=forge.claims(typ="ID")), "ID token"),
    "aud_list": (
        lambda: forge.token(payload=forge.claims(aud=[1])),
        "aud is a list, expected a string or a list",
    ),
    "exp_text": (lambda: forge.token(payload=forge.claims(exp="soon")), "exp is a string, expected a number"),
    "iat_bool": (
        lambda: forge.token(payload=forge.claims(iat=True)),
        "iat is true or false, expected a number",
    ),
    "jti_object": (lambda: forge.token(payload=forge.claims(jti={})), "jti is an object, expected a string"),
    "alb": (
        lambda: ".".join(
            [forge.segment({**forge.header(), "signer": "arn:aws"}) + "=", *forge.token().split(".")[1:]]
        ),
        "load balancer (ALB)",
    ),
    "graph": (
        lambda: forge.token(
            forge.header(nonce="n"), forge.claims(aud="https://graph.microsoft.com"), key=forge.ATTACKER_KEY
        ),
        "only Graph can verify it",
    ),
}


MISTAKES |= {
    "quoted": (lambda: f'"{forge.token()}"=', "quotes, white space or = padding"),
    "padded_junk": (lambda: "a=.b.c", "quotes, white space or = padding"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_usual_mistakes_have_a_hint(name: str) -> None:
    """The claim, its type and what was expected; or the provider that made the token so."""
    make, hint = MISTAKES[name]
    explanation = VERIFIER.explain(make())
    assert explanation.failed is not None
    assert hint in (explanation.hint or "")


def test_supabases_shared_secret_has_a_hint() -> None:
    """Its legacy tokens are HS256."""
    issuer = "https://abcd.supabase.co/auth/v1"
    raw = forge.token(forge.header(alg="HS256"), forge.claims(iss=issuer))
    explanation = TokenVerifier(Issuer(issuer, jwks=forge.KEY_SET), "api").explain(raw)
    assert "Supabase's legacy secret" in (explanation.hint or "")


def test_oktas_org_server_and_keys_without_names_have_a_hint() -> None:
    """Where no key is found."""
    issuer = "https://acme.okta.com"
    raw = forge.token(forge.header(kid="k"), forge.claims(iss=issuer))
    explanation = TokenVerifier(Issuer(issuer, jwks=forge.KEY_SET), "api").explain(raw)
    assert "Okta's org server publishes no keys" in (explanation.hint or "")
    nameless = [{**key, "kid": None} for key in forge.KEY_SET["keys"] if key["kty"] == "RSA"] * 2
    nameless = [{name: value for name, value in key.items() if name != "kid"} for key in nameless]
    other = {**FakeIssuer().jwks()["keys"][0]}
    del other["kid"]
    verifier = TokenVerifier(Issuer(forge.ISSUER, jwks={"keys": [*nameless, other]}), forge.AUDIENCE)
    hint = verifier.explain(forge.token(forge.header(kid="k"))).hint or ""
    assert "keys without a kid serve only where one alone fits" in hint


def test_required_values_are_named_with_what_was_found() -> None:
    """The claim, its type, its value, and the values that will do."""
    verifier = TokenVerifier(
        Issuer(forge.ISSUER, jwks=forge.KEY_SET), forge.AUDIENCE, required_claims={"hd": ["acme.dev", "b"]}
    )
    hint = verifier.explain(forge.token(payload=forge.claims(hd="x"))).hint
    assert hint == "hd is a string, 'x'; expected 'acme.dev' or 'b'"
    assert "lacks hd" in (verifier.explain(forge.token()).hint or "")


def test_a_client_that_is_no_string_is_told() -> None:
    """ALLOWED_CLIENTS asks for one."""
    verifier = TokenVerifier(
        Issuer(forge.ISSUER, jwks=forge.KEY_SET), forge.AUDIENCE, allowed_clients=["web"]
    )
    explanation = verifier.explain(forge.token(payload=forge.claims(client_id=5)))
    assert explanation.failed is not None
    assert explanation.failed.code == "wrong_client"
    assert "names no client (client_id or azp, as a string)" in (explanation.hint or "")


def test_a_claim_that_no_hint_knows_has_none() -> None:
    """The step shows all claims, which have to do."""
    verifier = TokenVerifier(
        Issuer(forge.ISSUER, jwks=forge.KEY_SET), forge.AUDIENCE, required_claims={"hd": "x", "env": "prod"}
    )
    hint = verifier.explain(forge.token(payload=forge.claims(hd="x", env=True))).hint
    assert hint == "env is true or false, True; expected 'prod'"
    ids = TokenVerifier(Issuer(forge.ISSUER, jwks=forge.KEY_SET), "web", profile="id_token", max_age=60)
    explanation = ids.explain(forge.token(forge.header(typ="JWT"), forge.claims(aud="web", auth_time="x")))
    assert explanation.failed is not None
    assert (explanation.failed.code, explanation.hint) == ("invalid_claim", None)


def test_a_model_with_a_method_of_its_own_judges_the_token() -> None:
    """As an adapter's does, which fills it."""

    class Filling:
        def validated(self, token: Any) -> None:
            raise ValueError(token.subject)

    refused = explained(model=Filling(), sub="u1")
    assert refused.failed is not None
    assert (refused.failed.expected, refused.failed.found) == ("Filling", "'u1'")

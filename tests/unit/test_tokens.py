"""What a token looks like to those who use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from jwks_auth import ANY_AUDIENCE, ConfigurationError, VerifiedToken
from jwks_auth.claims.audience import checked_audience
from jwks_auth.claims.paths import ClaimMapping, ClaimPath
from jwks_auth.jose.jws import parse_jws
from tests.attacks.forge import token as signed


def named(roles: str, permissions: str | tuple[str, ...]) -> ClaimMapping:
    """Where the claims are."""
    return ClaimMapping(("scope", "scp"), ClaimPath.of(roles), ClaimPath.of(permissions))


def token(names: ClaimMapping | None = None, **claims: Any) -> VerifiedToken:
    """A token with these claims, as if it had been verified."""
    claims = {"iss": "https://id.example/", "exp": 2000, **claims}
    return VerifiedToken(claims, {"alg": "RS256"}, claims, names or named("roles", "permissions"))


def test_a_token_equals_itself_alone_and_can_be_a_key() -> None:
    """Two tokens with the same claims are still two; hashing looks at no claims."""
    one, other = token(sub="u"), token(sub="u")
    assert one != other
    assert {one: 1, other: 2}[one] == 1


def test_9068_12_subject_and_client_are_told_apart() -> None:
    """9700-7: a client-credentials token's sub may be the client; both are there to be compared."""
    full = token(sub="u", client_id="c", azp="z", iat=1000, aud="a", sid="s")
    assert (full.subject, full.client_id, full.issuer, full.audience) == (
        "u",
        "c",
        "https://id.example/",
        ("a",),
    )
    assert (full.expires_at, full.issued_at) == (2000.0, 1000.0)
    bare = token()
    assert (bare.subject, bare.client_id, bare.issued_at, bare.audience) == (None, None, None, ())


@pytest.mark.parametrize("claim", ["client_id", "azp", "appid", "cid"])
def test_the_client_is_found_under_every_issuers_name_for_it(claim: str) -> None:
    """RFC 9068, OpenID Connect, Entra v1, Okta."""
    assert token(**{claim: "web"}).client_id == "web"
    assert token(**{claim: 7}).client_id is None


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": "a b"}, {"a", "b"}),
        ({"scope": " a  b "}, {"a", "b"}),
        ({"scope": "a\tb\u00a0c"}, {"a\tb\u00a0c"}),
        ({"scope": ["a", "b c"]}, {"a", "b c"}),
        ({"scp": ["a"]}, {"a"}),
        ({"scp": "a b"}, {"a", "b"}),
        ({"scope": "a", "scp": "b"}, {"a"}),
        ({"scope": ""}, set()),
        ({}, set()),
    ],
)
def test_9068_10_scopes_come_as_a_string_or_a_list(claims: dict[str, Any], scopes: set[str]) -> None:
    """A string splits at single spaces and nothing else; the first claim present counts."""
    assert token(**claims).scopes == scopes


def test_roles_and_permissions_are_found_at_their_path() -> None:
    """Keycloak's nested lists, an exact name with dots in it, a path given in steps, the token's own client."""
    names = named("realm_access.roles", ("resource_access", "my.api", "roles"))
    access = {"my.api": {"roles": ["x"]}, "web": {"roles": "single"}}
    nested = token(names, realm_access={"roles": ["a", "b"]}, resource_access=access)
    assert (nested.roles, nested.permissions) == ({"a", "b"}, {"x"})
    by_client = named("resource_access.{client}.roles", "https://acme.dev/permissions")
    own = token(by_client, client_id="web", resource_access=access, **{"https://acme.dev/permissions": ["p"]})
    assert (own.roles, own.permissions) == ({"single"}, {"p"})
    assert token(names, realm_access="no object, but roles in words").roles == frozenset()
    assert token(by_client, resource_access=access).roles == frozenset()


def test_claims_are_read_like_a_mapping() -> None:
    """9068-11: ``token[...]``, ``in`` and ``get``."""
    one = token(email="a@b")
    assert one["email"] == one.get("email") == "a@b"
    assert "email" in one
    assert "phone" not in one
    assert one.get("phone", "-") == "-"
    with pytest.raises(KeyError):
        one["phone"]


def test_claims_can_be_a_model() -> None:
    """All else stays as it is."""

    @dataclass
    class Claims:
        email: str

    typed = token(email="a@b", scope="x").with_claims(Claims("a@b"))
    assert typed.claims.email == typed["email"] == "a@b"
    assert typed.scopes == {"x"}


def test_a_token_is_frozen_and_shows_no_values() -> None:
    """9700-4: what is verified stays verified; names of claims are all that is printed."""
    one = token(email="secret@b")
    for name in ("claims", "header", "payload", "mapping", "anything"):
        with pytest.raises(AttributeError):
            setattr(one, name, {})
    assert repr(one) == "<VerifiedToken with claims email, exp, iss>"


def test_an_unverified_token_says_so() -> None:
    """The parts that a header has, for those who look before they verify."""
    parsed = parse_jws(signed())
    assert (parsed.alg, parsed.kid, parsed.typ) == ("RS256", "RS256", "at+jwt")
    assert parsed.header == {"alg": "RS256", "kid": "RS256", "typ": "at+jwt"}
    assert repr(parsed) == "<UnverifiedToken>"
    with pytest.raises(TypeError):
        parsed.header["alg"] = "none"  # type: ignore[index]


@pytest.mark.parametrize("audience", ["", [], [""], ["a", 1], [None]])
def test_an_audience_that_is_none_is_a_mistake(audience: Any) -> None:
    """It has to be said, and in strings."""
    with pytest.raises(ConfigurationError, match="audience"):
        checked_audience(audience)


def test_an_audience_is_one_several_or_any() -> None:
    """``ANY_AUDIENCE`` has to be typed out."""
    assert checked_audience("a") == {"a"}
    assert checked_audience(["a", "b"]) == {"a", "b"}
    assert checked_audience(ANY_AUDIENCE) is ANY_AUDIENCE
    assert checked_audience(None) is None

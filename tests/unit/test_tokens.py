"""What a token looks like to those who use it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

from jwks_auth import ANY_AUDIENCE, ConfigurationError, VerifiedToken
from jwks_auth.claims.audience import checked_audience
from jwks_auth.claims.mapping import ClaimMapping
from jwks_auth.claims.paths import ClaimPath, checked_places, find_claim, read_places
from jwks_auth.jose.jws import parse_jws
from tests.attacks.forge import token as signed


def named(roles: Any = "roles", permissions: Any = "permissions", scopes: Any = "scope scp") -> ClaimMapping:
    """The places of the claims."""
    return ClaimMapping(read_places(scopes, split=True), read_places(roles), read_places(permissions))


def token(names: ClaimMapping | None = None, **claims: Any) -> VerifiedToken:
    """A token with these claims, as if it had been verified."""
    claims = {"iss": "https://id.example/", "exp": 2000, **claims}
    return VerifiedToken(claims, {"alg": "RS256"}, claims, names or named())


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
        ({"scope": "a", "scp": "b"}, {"a", "b"}),
        ({"scope": None, "scp": "b"}, {"b"}),
        ({"scope": ""}, set()),
        ({}, set()),
    ],
)
def test_9068_10_scopes_come_as_a_string_or_a_list(claims: dict[str, Any], scopes: set[str]) -> None:
    """A string splits at single spaces and nothing else; all places are united."""
    assert token(**claims).scopes == scopes


def test_roles_and_permissions_are_found_at_their_path() -> None:
    """Keycloak's nested lists, an exact name with dots in it, a path given in steps, the token's own client."""
    names = named("realm_access.roles", [["resource_access", "my.api", "roles"]])
    access = {"my.api": {"roles": ["x"]}, "web": {"roles": "single"}}
    nested = token(names, realm_access={"roles": ["a", "b"]}, resource_access=access)
    assert (nested.roles, nested.permissions) == ({"a", "b"}, {"x"})
    by_client = named("resource_access.{client}.roles", "https://acme.dev/permissions")
    own = token(by_client, client_id="web", resource_access=access, **{"https://acme.dev/permissions": ["p"]})
    assert (own.roles, own.permissions) == ({"single"}, {"p"})
    assert token(names, realm_access="no object, but roles in words").roles == frozenset()
    assert token(by_client, resource_access=access).roles == frozenset()


KEYCLOAK = ["realm_access.roles", ["resource_access", "my.client", "roles"]]
HASURA = [["https://hasura.io/jwt/claims", "x-hasura-allowed-roles"]]


@pytest.mark.parametrize(
    ("place", "claims", "roles"),
    [
        (
            KEYCLOAK,
            {"realm_access": {"roles": ["a"]}, "resource_access": {"my.client": {"roles": ["b"]}}},
            "ab",
        ),
        (KEYCLOAK, {"resource_access": {"my.client": {"roles": ["b"]}}}, "b"),
        (KEYCLOAK, {"resource_access.my.client.roles": ["b"], "realm_access": {"roles": None}}, ""),
        (HASURA, {"https://hasura.io/jwt/claims": {"x-hasura-allowed-roles": ["a", "b"]}}, "ab"),
        ("https://acme.dev/roles", {"https://acme.dev/roles": ["a"]}, "a"),
        ("https://acme.dev/../roles", {"https://acme.dev/../roles": ["a"]}, "a"),
        ([["my roles"]], {"my roles": ["a"]}, "a"),
        (["roles", "groups"], {"roles": "a", "groups": ["a", "b"]}, "ab"),
        (["roles", "groups"], {"roles": 7, "groups": ["b"]}, "b"),
        ("a.b", {"a.b": None, "a": {"b": ["x"]}}, "x"),
        ("roles", {"roles": {"a": {"1": "acme.dev"}, "b": True, "c": "x", "d": 1, "e": [0]}}, "abcde"),
        ("roles", {"roles": {"a": False, "b": None, "c": 0, "d": "", "e": {}, "f": [], "g": 0.0}}, ""),
    ],
)
def test_roles_are_where_issuers_write_them(place: Any, claims: dict[str, Any], roles: str) -> None:
    """Several places are united; an object's keys are names, but for those it denies."""
    assert token(named(place, place), **claims).roles == set(roles)
    assert token(named(place, place), **claims).permissions == set(roles)
    assert token(named(scopes=place), **claims).scopes == set(roles)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (7, "it is a number"),
        (0.5, "it is a number"),
        (True, "it is true or false"),
        (["admin", 1], "the list holds something else than names"),
        (["admin", ["ops"]], "the list holds something else than names"),
        ([{"name": "admin"}], "the list holds something else than names"),
        ([None], "the list holds something else than names"),
        (["admin"] * 10_001, "there are more than 10,000"),
        ({str(number): True for number in range(10_001)}, "there are more than 10,000"),
    ],
    ids=str,
)
def test_what_is_no_name_grants_nothing_and_the_log_says_why(
    value: Any, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No value of the claim is in the log; a good place beside it counts all the same."""
    caplog.set_level("DEBUG", "jwks_auth")
    one = token(roles=value, permissions=value, scope=value, scp="a")
    assert (one.roles, one.permissions, one.scopes) == (set(), set(), {"a"})
    assert [record.getMessage() for record in caplog.records] == [
        f"{kind}: none at {place}, as {why}"
        for kind, place in (("roles", "roles"), ("permissions", "permissions"), ("scopes", "scope"))
    ]


@pytest.mark.parametrize(
    ("place", "claims", "why"),
    [
        ("groups", {"_claim_names": {"groups": "src1"}, "_claim_sources": {}}, "Entra's overage"),
        ("groups", {"hasgroups": True}, "Entra's overage"),
        ("resource_access.{client}.roles", {"client_id": 5}, "the token names no client"),
    ],
)
def test_why_there_are_no_roles_is_in_the_log(
    place: str, claims: dict[str, Any], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Groups that Entra left out, and a client that a path needs; where nothing is amiss nothing is said."""
    caplog.set_level("DEBUG", "jwks_auth")
    assert token(named(place), **claims).roles == set()
    assert why in caplog.text
    caplog.clear()
    assert token(named(place), azp="web", _claim_names={"other": "src1"}).roles == set()
    assert caplog.text == ""


@pytest.mark.parametrize("place", ["scope", "a.b", ["a", "my.b"], ["one"]], ids=str)
def test_what_is_put_at_a_place_is_found_there(place: Any) -> None:
    """For tokens made in tests; what else is there stays."""
    claims: dict[str, Any] = {"a": {"other": 1}, "sub": "u"}
    path = ClaimPath.of(place)
    path.put(claims, "x")
    assert find_claim(claims, path) == "x"
    assert (claims["a"]["other"], claims["sub"]) == (1, "u")


@pytest.mark.parametrize(
    "place",
    ["", " ", "a b", "a\tb", "a..b", ".a", "a.", '"a"', '{"a":1}', [], (), {}, {"a": "b"}, 5, None, [""], ["a b"],
     [[]], [[""]], [["a", 1]], [5], [None], [{"a": "b"}], [[["a"]]]],
    ids=str,
)  # fmt: skip
def test_a_place_that_no_claim_can_have_is_refused(place: Any) -> None:
    """When the verifier is made; the message names the setting and what was found."""
    for name in ("roles_claim", "permissions_claim"):
        with pytest.raises(ConfigurationError, match=rf"^{name}: expected .*found"):
            checked_places(name, place)
    if place not in ("a b", "a\tb"):
        with pytest.raises(ConfigurationError, match=r"^scope_claims: "):
            checked_places("scope_claims", place, split=True)


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


SENDERS = {
    "one": {"sub": "u1"},
    "another": {"sub": "u2"},
    "of another issuer": {"sub": "u1", "iss": "https://other.example/"},
    "with a bar in it": {"sub": "u1|x"},
    "a client": {"client_id": "u1"},
    "another client": {"client_id": "u2"},
    "no name at all": {"role": "reader"},
    "a name of anything": {"sub": "\ud800 \r\n%s" + "\u00e9" * 999},
}


def test_a_token_names_its_sender_to_throttles() -> None:
    """str() tells senders apart, is the same for all tokens of one, fits any cache's key, and shows no claim."""
    names = {who: str(token(**claims)) for who, claims in SENDERS.items()}
    assert len(set(names.values())) == len(SENDERS)
    assert str(token(sub="u1", email="ada@example.org", jti="2")) == names["one"]
    assert all(re.fullmatch(r"jwt-[0-9a-f]{64}", name) for name in names.values())


def test_a_sender_named_as_another_is_told_apart() -> None:
    """No subject and no client can be chosen so that its token has the name of another sender's."""
    victim = str(token(sub="u1"))
    assert str(token(sub=victim)) != victim
    assert str(token(client_id=victim)) != victim
    assert str(token(sub='u1", null]')) != victim

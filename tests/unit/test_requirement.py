"""What a route may ask, said once for every framework."""

from __future__ import annotations

from typing import Any

import pytest

from jwks_auth import (
    ANY_AUDIENCE,
    ConfigurationError,
    InsufficientScopeError,
    InvalidTokenError,
    Issuer,
    Policy,
)
from jwks_auth.claims.token import VerifiedToken
from jwks_auth.request.requirement import Requirement
from jwks_auth.testing import FakeIssuer
from jwks_auth.verifier.verifier import TokenVerifier


def token(**claims: Any) -> VerifiedToken:
    """A verified token."""
    issuer = FakeIssuer()
    verifier = TokenVerifier(Issuer(issuer.issuer, jwks=issuer.jwks), audience="api")
    return verifier.verify(issuer.token(**claims))


def test_the_default_asks_for_nothing_more() -> None:
    """Any good token passes."""
    Requirement.of().judge(token())


def test_all_that_is_stated_must_hold() -> None:
    """Scopes, roles and a policy of the user's add up."""
    requirement = Requirement.of(scopes="a", any_role=["x", "y"], policy=Policy(claims={"tier": "gold"}))
    requirement.judge(token(scope="a b", roles=["y"], tier="gold"))
    for lacking in ({"scope": "b"}, {"roles": ["z"]}, {"tier": "lead"}):
        with pytest.raises(InsufficientScopeError):
            requirement.judge(token(**{"scope": "a", "roles": ["y"], "tier": "gold", **lacking}))


def test_a_policy_alone_is_kept() -> None:
    """A policy object serves as it is."""
    policy = Policy(scopes="a")
    assert Requirement.of(policy=policy).policy is policy


def test_an_issuer_may_be_named() -> None:
    """A route for one of several issuers refuses the others' tokens."""
    Requirement.of(issuer="https://issuer.example/").judge(token())
    with pytest.raises(InvalidTokenError) as caught:
        Requirement.of(issuer=["https://a.example/", "https://b.example/"]).judge(token())
    assert caught.value.code == "wrong_issuer"


@pytest.mark.parametrize(
    "arguments",
    [
        {"scopes": ["a,b"]},
        {"scopes": ""},
        {"any_scope": []},
        {"roles": []},
        {"audience": ""},
        {"audience": []},
        {"audience": [3]},
        {"issuer": []},
        {"claims": ["tier"]},
        {"claims": {}},
        {"policy": lambda token: True},
    ],
)
def test_what_no_token_could_satisfy_is_refused_when_declared(arguments: dict[str, Any]) -> None:
    """An empty list is a mistake, not a wish for nothing."""
    with pytest.raises(ConfigurationError):
        Requirement.of(**arguments)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("scope", "did you mean scopes"),
        ("role", "did you mean roles"),
        ("any_roles", "did you mean any_role"),
        ("issuers", "did you mean issuer"),
        ("shade_of_blue", "known are audience, issuer, scopes"),
    ],
)
def test_an_option_that_is_none_is_named_with_the_nearest_that_is(name: str, hint: str) -> None:
    """Every adapter's decorators hand their options on, so all of them say it so."""
    with pytest.raises(TypeError, match=f"\\A{name} is nothing a route can ask: {hint}"):
        Requirement.of(**{name: "a"})  # type: ignore[arg-type]


@pytest.mark.parametrize("optional", ["false", 0, None])
def test_optional_is_no_text(optional: Any) -> None:
    """The text ``false`` would open a route."""
    with pytest.raises(ConfigurationError, match="optional: found"):
        Requirement.of(optional=optional)
    assert not Requirement.of(optional=False).optional


def test_audiences_are_kept_as_a_tuple() -> None:
    """A string, a list and ANY_AUDIENCE."""
    assert Requirement.of(audience="api").audience == ("api",)
    assert Requirement.of(audience=["a", "b"]).audience == ("a", "b")
    assert Requirement.of(audience=ANY_AUDIENCE).audience is ANY_AUDIENCE
    assert Requirement.of().audience is None


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "token"),
        ({"optional": True}, "token or none"),
        (
            {"audience": ["a", "b"], "issuer": "https://a.example/"},
            "token for a or b from https://a.example/",
        ),
        ({"audience": ANY_AUDIENCE}, "token for any audience"),
        ({"scopes": "orders:read"}, "token with scopes orders:read"),
        (
            {"scopes": "a b", "policy": Policy(any_role=["ops", "admin"]) | ~Policy(claims={"tier": "gold"})},
            "token with scopes a, b and (any_role ops, admin or not claim tier 'gold')",
        ),
    ],
)
def test_as_text_it_says_what_it_asks(options: dict[str, Any], expected: str) -> None:
    """For people who look at a table of routes."""
    assert str(Requirement.of(**options)) == expected

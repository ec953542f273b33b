"""Policies: what a verified token must allow, and which scopes a refusal names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jwks_auth import (
    ConfigurationError,
    InsufficientAuthenticationError,
    InsufficientScopeError,
    MissingTokenError,
    Policy,
    VerifiedToken,
)
from jwks_auth.claims import ClaimRules, checked_rules
from tests.unit.test_tokens import token

TOKEN = token(
    scope="a b",
    roles=["ops"],
    permissions=["p"],
    tier="gold",
    level=1,
    ok=True,
    groups=["x"],
    org={"id": "o", "flags": [True, {"n": 1}]},
    nothing=None,
)


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        (Policy(), True),
        (~Policy(), False),
        (Policy(scopes="a b"), True),
        (Policy(scopes=["a", "c"]), False),
        (Policy(any_scope="a c"), True),
        (Policy(any_scope=["c", "d"]), False),
        (Policy(roles="ops"), True),
        (Policy(roles=["ops", "dev"]), False),
        (Policy(any_role=["ops", "dev"]), True),
        (Policy(any_role="dev"), False),
        (Policy(permissions=["p"]), True),
        (Policy(permissions="q"), False),
        (Policy(claims={"tier": "gold", "org.id": "o"}), True),
        (Policy(claims={"tier": "Gold"}), False),
        (Policy(claims={"level": 1}), True),
        (Policy(claims={"level": True}), False),
        (Policy(claims={"ok": 1}), False),
        (Policy(claims={"ok": True}), True),
        (Policy(claims={"groups": "x"}), True),
        (Policy(claims={"groups": ["x"]}), True),
        (Policy(claims={"groups": ["y"]}), False),
        (Policy(claims={"absent": "x"}), False),
        (Policy(claims={"absent": None}), False),
        (Policy(claims={"org.absent": None}), False),
        (Policy(claims={"nothing": None}), True),
        (Policy(claims={"org": {"id": "o", "flags": [True, {"n": 1}]}}), True),
        (Policy(claims={"org": {"id": "o", "flags": [1, {"n": 1}]}}), False),
        (Policy(claims={"org": {"id": "o", "flags": [True, {"n": True}]}}), False),
        (Policy(claims={"org": {"id": "o"}}), False),
        (Policy(claims={"org": {"id": "o", "flags": [True]}}), False),
        (Policy(claims={"org.flags": {"n": 1}}), True),
        (Policy(claims={"org.flags": {"n": 1.0}}), False),
        (Policy(scopes="a", roles="dev"), False),
        (Policy(scopes="a") & Policy(roles="ops"), True),
        (Policy(scopes="a") & Policy(roles="dev"), False),
        (Policy(scopes="c") | Policy(roles="ops"), True),
        (Policy(scopes="c") | Policy(roles="dev"), False),
        (~Policy(roles="banned"), True),
        (Policy(scopes="a") & ~Policy(roles="ops"), False),
        (~~Policy(scopes="a"), True),
        (Policy(person=True), False),
        (~Policy(person=True), True),
        (Policy(person=True) | Policy(scopes="a"), True),
    ],
)
def test_policies_decide(policy: Policy, allowed: bool) -> None:
    """9700-2: each alone and combined; ``check`` and ``allows`` agree."""
    assert policy.allows(TOKEN) is allowed
    if allowed:
        policy.check(TOKEN)
    else:
        with pytest.raises(InsufficientScopeError):
            policy.check(TOKEN)


@pytest.mark.parametrize(
    ("policy", "named"),
    [
        (Policy(scopes="a c d"), ("a", "c", "d")),
        (Policy(any_scope="c d"), ("c",)),
        (Policy(any_scope="c d", scopes="d"), ("d", "c")),
        (Policy(scopes="a", roles="dev"), ()),
        (Policy(scopes="c") & Policy(scopes="c d"), ("c", "d")),
        (Policy(scopes="c") | Policy(scopes="d"), ("c",)),
        (Policy(scopes="c d") | Policy(scopes="a d"), ("a", "d")),
        (Policy(scopes="c") | Policy(roles="dev"), ("c",)),
        (Policy(roles="dev") | Policy(scopes="c"), ("c",)),
        (Policy(scopes="c", roles="dev") | Policy(scopes="c d e"), ("c", "d", "e")),
        (Policy(scopes="c", roles="dev") | Policy(roles="x"), ()),
        (Policy(scopes="c", roles="dev"), ("c",)),
        (Policy(scopes="a") & ~Policy(roles="ops"), ()),
        ((Policy(roles="ops") | Policy(scopes="z")) & Policy(scopes="c"), ("c",)),
        (~Policy(scopes="a"), ()),
        (Policy(permissions="q"), ()),
        (Policy(claims={"tier": "x"}) & Policy(scopes="e"), ("e",)),
        (Policy(person=True), ()),
    ],
)
def test_6750_10_a_refusal_names_every_scope_that_is_needed(policy: Policy, named: tuple[str, ...]) -> None:
    """Each once, in order, of one alternative; a policy that fails for other reasons alone names none."""
    with pytest.raises(InsufficientScopeError) as caught:
        policy.check(TOKEN)
    assert caught.value.scopes == named


def test_a_policy_describes_itself_for_documentation() -> None:
    """JSON values, and every scope that it asks for."""
    policy = (Policy(scopes="a b", any_scope="c d") & Policy(any_role=["ops"])) | ~Policy(
        claims={"tier": "x"}
    )
    assert policy.scopes == ("a", "b", "c", "d")
    assert json.loads(json.dumps(policy.describe())) == {
        "any_of": [
            {"all_of": [
                {"all_of": [{"scopes": ["a", "b"]}, {"any_scope": ["c", "d"]}]},
                {"any_role": ["ops"]},
            ]},
            {"not": {"claims": {"tier": "x"}}},
        ]
    }  # fmt: skip
    assert str(policy) == ("((scopes a, b and any_scope c, d) and any_role ops) or not claim tier 'x'")
    assert repr(Policy(roles="a")) == "Policy({'roles': ['a']})"


@pytest.mark.parametrize("policy", [Policy(), Policy(scopes="a"), ~Policy(roles="banned")])
def test_without_a_token_there_is_nothing_to_allow(policy: Policy) -> None:
    """As on a route with an optional token: the request is asked for one (401), whatever the policy."""
    with pytest.raises(MissingTokenError):
        policy.check(None)


def test_policies_are_values() -> None:
    """Equal when they ask for the same."""
    assert Policy(scopes="a") == Policy(scopes=["a"])
    assert Policy(scopes="a") != Policy(scopes="b")
    assert Policy(scopes="a") != "a"
    assert len({Policy(scopes="a"), Policy(scopes=["a"])}) == 1


@pytest.mark.parametrize(
    "arguments",
    [{"scopes": "a,b"}, {"scopes": 'a"'}, {"scopes": ["a b"]}, {"any_scope": []}, {"any_scope": ""},
     {"any_role": []}, {"claims": {}}, {"claims": "x"}, {"roles": [""]}, {"roles": [1]}, {"permissions": [None]}],
)  # fmt: skip
def test_a_policy_that_no_token_can_meet_is_a_mistake(arguments: dict[str, Any]) -> None:
    """It is found when it is written, not when a request comes."""
    with pytest.raises(ConfigurationError):
        Policy(**arguments)


@pytest.mark.parametrize("given", [False, "yes", 1, ()])
def test_a_policy_for_services_is_no_policy_for_everybody(given: Any) -> None:
    """``person=False`` might be read as "services only", and asked nothing: it is refused, with what to write."""
    with pytest.raises(ConfigurationError, match=r"~Policy\(person=True\)"):
        Policy(person=given)
    assert str(~Policy(person=True)) == "not a person"
    assert Policy(person=True).describe() == {"person": True}
    assert Policy(person=True).allows(token(sub="u1"))


@pytest.mark.parametrize(
    ("policy", "choices"),
    [
        (Policy(scopes="a b"), (("a", "b"),)),
        (Policy(any_scope="a b"), (("a",), ("b",))),
        (Policy(scopes="a", any_scope="b c"), (("a", "b"), ("a", "c"))),
        (Policy(scopes="a", any_scope="a b"), (("a",), ("a", "b"))),
        (Policy(scopes="a") | Policy(roles="admin"), (("a",), ())),
        (Policy(roles="admin", claims={"tier": "gold"}), ((),)),
        (~Policy(scopes="a"), ((),)),
        (Policy(), ((),)),
    ],
    ids=str,
)
def test_alternatives_of_scopes(policy: Policy, choices: object) -> None:
    """One of them is needed; roles and claims have no place in such a list."""
    assert policy.scope_alternatives() == choices


@pytest.mark.parametrize(
    ("policy", "named"),
    [
        (Policy(scopes="a b"), ("a", "b")),
        (Policy(any_scope="c d"), ("c",)),
        (Policy(scopes="c d") | Policy(scopes="e"), ("e",)),
        (Policy(roles="x") | Policy(scopes="e"), ("e",)),
        (Policy(roles="x", scopes="a") | Policy(roles="y", scopes="b"), ("a",)),
        (Policy(roles="x"), ()),
        (~Policy(scopes="a"), ()),
        (Policy(acr="mfa", scopes="a"), ("a",)),
    ],
)
def test_without_a_token_the_easiest_way_is_named(policy: Policy, named: tuple[str, ...]) -> None:
    """For a 401: of no token it is known which roles it will have."""
    assert policy.scopes_for(None) == named


NOW = 1_000_000.0


def authenticated(leeway: float = 30, **claims: Any) -> VerifiedToken:
    """A token with scope a whose user authenticated somehow, sometime."""
    rules = ClaimRules(
        leeway=leeway, **checked_rules(profile="default", scope_claims="scope", roles_claim="roles",
                                       permissions_claim="permissions", acr_claim="acr")
    )  # fmt: skip
    payload = {"iss": "i", "scope": "a", **claims}
    return VerifiedToken(payload, {}, payload, rules.mapping)


@pytest.mark.parametrize(
    ("claims", "allowed"),
    [
        ({"acr": "mfa", "auth_time": NOW}, True),
        ({"acr": "otp", "auth_time": NOW - 330}, True),
        ({"acr": "otp", "auth_time": NOW + 30}, True),
        ({"acr": "mfa", "auth_time": NOW - 330.5}, False),
        ({"acr": "mfa", "auth_time": NOW + 30.5}, False),
        ({"acr": "mfa"}, False),
        ({"acr": "mfa", "auth_time": None}, False),
        ({"acr": "mfa", "auth_time": True}, False),
        ({"acr": "mfa", "auth_time": str(NOW)}, False),
        ({"acr": "mfa", "auth_time": [NOW]}, False),
        ({"acr": "mfa", "auth_time": 10**400}, False),
        ({"acr": "mfa", "auth_time": float("nan")}, False),
        ({"acr": "mfa", "auth_time": float("inf")}, False),
        ({"auth_time": NOW}, False),
        ({"acr": "pwd", "auth_time": NOW}, False),
        ({"acr": "MFA", "auth_time": NOW}, False),
        ({"acr": ["mfa"], "auth_time": NOW}, False),
        ({"acr": {"mfa": 1}, "auth_time": NOW}, False),
        ({"acr": None, "auth_time": NOW}, False),
    ],
)
def test_step_3_way_and_time_are_judged_strictly(claims: dict[str, Any], allowed: bool) -> None:
    """What is missing, of another type, or in the future, is not enough; the leeway counts once."""
    policy, token = Policy(acr=["mfa", "otp"], max_auth_age=300), authenticated(**claims)
    assert policy.allows(token, NOW) is allowed
    assert (~policy).allows(token, NOW) is not allowed
    if not allowed:
        with pytest.raises(InsufficientAuthenticationError) as caught:
            policy.check(token, NOW)
        assert (caught.value.acr, caught.value.max_age, caught.value.scopes) == (("mfa", "otp"), 300, ())


def test_no_leeway_is_none() -> None:
    """With ``LEEWAY = 0`` and ``max_auth_age=0`` only this moment counts."""
    policy = Policy(max_auth_age=0)
    assert policy.allows(authenticated(0, auth_time=NOW), NOW)
    assert not policy.allows(authenticated(0, auth_time=NOW - 1), NOW)


MFA = Policy(acr="mfa")


@pytest.mark.parametrize(
    ("policy", "acr", "max_age", "scopes"),
    [
        (MFA & Policy(scopes="a b"), ("mfa",), None, ("a", "b")),
        (MFA & Policy(scopes="a"), ("mfa",), None, ()),
        (MFA & Policy(max_auth_age=60) & Policy(max_auth_age=30), ("mfa",), 30, ()),
        (Policy(acr=["x", "mfa"]) & Policy(acr=["mfa", "y"]), ("mfa",), None, ()),
        (MFA & Policy(acr="y"), ("mfa", "y"), None, ()),
        (Policy(acr="weak") & MFA, ("weak", "mfa"), None, ()),
        (MFA | Policy(roles="x"), ("mfa",), None, ()),
        (MFA & Policy(roles="x"), ("mfa",), None, ()),
        (MFA & (Policy(acr="mfa", scopes="b") | Policy(scopes="c d")), ("mfa",), None, ("c", "d")),
    ],
)
def test_step_2_a_refusal_names_way_time_and_scopes(
    policy: Policy, acr: tuple[str, ...], max_age: int | None, scopes: tuple[str, ...]
) -> None:
    """All that is needed in one challenge, of the way that asks the user for least."""
    with pytest.raises(InsufficientAuthenticationError) as caught:
        policy.check(authenticated(acr="weak"), NOW)
    error = caught.value
    assert (error.acr, error.max_age, error.scopes) == (acr, max_age, scopes)
    assert (error.status, error.error) == (401, "insufficient_user_authentication")


def test_scopes_alone_are_preferred_to_another_sign_in() -> None:
    """Of alternatives the user is bothered last."""
    with pytest.raises(InsufficientScopeError) as caught:
        (MFA | Policy(scopes="b")).check(authenticated(), NOW)
    assert caught.value.scopes == ("b",)


@pytest.mark.parametrize(
    "asked",
    [{"acr": ""}, {"acr": []}, {"acr": None}, {"acr": 'm"fa'}, {"acr": [1]}, {"max_auth_age": -1},
     {"max_auth_age": 1.5}, {"max_auth_age": True}, {"max_auth_age": None}, {"max_auth_age": "300"}],
)  # fmt: skip
def test_a_step_up_that_can_t_be_meant_is_refused(asked: Any) -> None:
    """Where the route is declared, naming the option."""
    with pytest.raises(ConfigurationError, match=next(iter(asked))):
        Policy(**asked)


def test_a_step_up_describes_itself() -> None:
    """As JSON, and in words."""
    policy = Policy(acr=["mfa", "otp"], max_auth_age=300)
    assert policy.describe() == {"acr": ["mfa", "otp"], "max_auth_age": 300}
    assert str(policy) == "authentication mfa or otp authenticated within 300 s"
    assert Policy(acr="mfa").describe() == {"acr": ["mfa"]}
    assert str(Policy(max_auth_age=5)) == "authenticated within 5 s"
    assert policy.scopes == ()


def test_an_actor_is_described_like_all_else() -> None:
    """In words and as JSON; none but names can be asked for."""
    policy = Policy(actor=["gateway", "batch"])
    assert (str(policy), policy.describe()) == ("actor gateway or batch", {"actor": ["gateway", "batch"]})
    assert policy.scope_alternatives() == ((),)
    for wrong in ("", [], None, [5], " "):
        with pytest.raises(ConfigurationError, match="actor"):
            Policy(actor=wrong)  # type: ignore[arg-type]

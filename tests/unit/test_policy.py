"""Policies: what a verified token must allow, and which scopes a refusal names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jwks_auth import ConfigurationError, InsufficientScopeError, MissingTokenError, Policy
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
        (Policy(scopes="a c d"), ("c", "d")),
        (Policy(any_scope="c d"), ("c", "d")),
        (Policy(scopes="a", roles="dev"), ()),
        (Policy(scopes="c") & Policy(scopes="c d"), ("c", "d")),
        (Policy(scopes="c") | Policy(scopes="d"), ("c", "d")),
        (~Policy(scopes="a"), ()),
        (Policy(permissions="q"), ()),
        (Policy(claims={"tier": "x"}) & Policy(scopes="e"), ("e",)),
        (Policy(person=True), ()),
    ],
)
def test_6750_10_a_refusal_names_the_scopes_that_are_missing(policy: Policy, named: tuple[str, ...]) -> None:
    """Each once, in order; a policy that fails for other reasons names none."""
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

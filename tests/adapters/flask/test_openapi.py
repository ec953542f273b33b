"""What an OpenAPI document says of a policy: alternatives, each with all its scopes."""

from __future__ import annotations

import pytest

from jwks_auth import Policy
from jwks_auth_flask.openapi import openapi_path, scope_choices


@pytest.mark.parametrize(
    ("policy", "choices"),
    [
        (Policy(scopes="a b"), [["a", "b"]]),
        (Policy(any_scope="a b"), [["a"], ["b"]]),
        (Policy(scopes="a", any_scope="b c"), [["a", "b"], ["a", "c"]]),
        (Policy(scopes="a", any_scope="a b"), [["a"], ["a", "b"]]),
        (Policy(scopes="a") | Policy(roles="admin"), [["a"], []]),
        (Policy(roles="admin", claims={"tier": "gold"}), [[]]),
        (~Policy(scopes="a"), [[]]),
        (Policy(), [[]]),
    ],
    ids=str,
)
def test_choices(policy, choices):
    """One of them is enough; roles and claims have no place in such a list."""
    assert scope_choices(policy.describe()) == choices


@pytest.mark.parametrize(
    ("rule", "path"),
    [("/", "/"), ("/a/<b>", "/a/{b}"), ("/<int:b>/<string(length=2):c>", "/{b}/{c}"), ("/<path:p>", "/{p}")],
)
def test_paths(rule, path):
    """Flask's converters have no place in OpenAPI's paths."""
    assert openapi_path(rule) == path

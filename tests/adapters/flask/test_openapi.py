"""What an OpenAPI document calls Flask's paths."""

from __future__ import annotations

import pytest

from jwks_auth_flask.documents import openapi_path


@pytest.mark.parametrize(
    ("rule", "path"),
    [("/", "/"), ("/a/<b>", "/a/{b}"), ("/<int:b>/<string(length=2):c>", "/{b}/{c}"), ("/<path:p>", "/{p}")],
)
def test_paths(rule, path):
    """Flask's converters have no place in OpenAPI's paths."""
    assert openapi_path(rule) == path

"""OpenAPI's description of a service: its schemes by source, the scopes of operations, and refusals."""

from __future__ import annotations

from typing import Any

import pytest

from jwks_auth import Policy
from jwks_auth.adapters import Authenticator
from jwks_auth.request.openapi import may_name_scopes, refusal_responses, schemes_of, security_of
from jwks_auth.testing import FakeIssuer

BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


def test_each_source_has_a_scheme() -> None:
    """The first has the plain name; the others' names have no letter that a document forbids."""
    found = schemes_of("jwt", ["header", "header:X-Token", "cookie:a!b"], "Bearer")
    assert found == {
        "jwt": BEARER,
        "jwt-header-X-Token": {"type": "apiKey", "in": "header", "name": "X-Token"},
        "jwt-cookie-a-b": {"type": "apiKey", "in": "cookie", "name": "a!b"},
    }


def test_another_scheme_is_told_in_words() -> None:
    """Documentation pages know no other word than ``Bearer`` in ``Authorization``."""
    [found] = schemes_of("jwt", ["header"], "JWT").values()
    assert found == {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "JWT and the token",
    }


def test_tokens_that_may_be_opaque_are_not_called_jwts() -> None:
    """A service that asks its issuer about them takes any text."""
    assert schemes_of("jwt", ["header"], "bearer", only_jwts=False) == {
        "jwt": {"type": "http", "scheme": "bearer"}
    }


@pytest.mark.parametrize(("mode", "names"), [("accept", ["jwt", "jwt-dpop"]), ("require", ["jwt"])])
def test_proofs_are_a_scheme_beside_the_others_or_alone(mode: str, names: list[str]) -> None:
    """As ``DPOP`` says."""
    settings = {**FakeIssuer().settings(), "DPOP": mode, "PUBLIC_URL": "https://api.acme.dev"}
    found = Authenticator(settings).security_schemes("jwt")
    assert list(found) == names
    assert found[names[-1]]["scheme"] == "dpop"


@pytest.mark.parametrize(
    ("scheme", "version", "found"),
    [
        ("http", "3.1.0", True),
        ("http", "3.0.3", False),
        ("apiKey", "2.0", False),
        ("oauth2", "3.0.3", True),
        ("openIdConnect", "2.0", True),
    ],
)
def test_scopes_are_named_where_the_version_allows_it(scheme: str, version: str, found: bool) -> None:
    """Elsewhere the operation asks for the scheme alone."""
    made = {"type": scheme}
    assert may_name_scopes(made, version) is found
    security = security_of("jwt", [Policy(scopes="a"), Policy(any_scope="b c")], scheme=made, version=version)
    assert security == ([{"jwt": ["a", "b"]}, {"jwt": ["a", "c"]}] if found else [{"jwt": []}])


def test_every_refusal_is_documented() -> None:
    """With its header, and the members of the body; for a media type of the framework's own, too."""
    found: Any = refusal_responses({"error": "string"}, "application/problem+json")
    assert list(found) == [400, 401, 403, 503]
    assert [list(each["headers"]) for each in found.values()] == [["WWW-Authenticate"]] * 3 + [
        ["Retry-After"]
    ]
    assert found[401]["content"] == {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "properties": {"error": {"type": "string"}},
                "required": ["error"],
            }
        }
    }

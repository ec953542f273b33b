"""Objects that this package shares with a program: changing them in place fools nobody."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from jwks_auth import InvalidTokenError, Issuer, PyJWKClient, TokenVerifier
from jwks_auth.adapters import Credentials
from jwks_auth.jose.jws import parse_jws
from jwks_auth.testing import FakeIssuer


def replaced(keys: list[dict[str, Any]]) -> None:
    """Put another key in the place of those in *keys*."""
    keys[:] = FakeIssuer().jwks()["keys"]


def refused(verifier: TokenVerifier, raw: str) -> str:
    """Why *raw* is refused."""
    with pytest.raises(InvalidTokenError) as caught:
        verifier.verify(raw)
    return caught.value.code


def test_a_key_withdrawn_from_a_document_in_place_is_gone() -> None:
    """The callable given as ``jwks`` may return one dict each time, and the program may change it."""
    issuer = FakeIssuer()
    document = issuer.jwks()
    verifier = TokenVerifier(Issuer(issuer.issuer, jwks=lambda: document), "api")
    raw = issuer.token()
    assert verifier.verify(raw).subject == "user"
    replaced(document["keys"])
    assert refused(verifier, raw) == "unknown_key"


def test_a_key_withdrawn_in_an_override_is_gone() -> None:
    """So may an overriding ``fetch_data``."""
    issuer = FakeIssuer()
    document = issuer.jwks()

    class Client(PyJWKClient):
        def fetch_data(self) -> Any:
            return document

    client = Client("https://issuer.example/keys")
    verifier = TokenVerifier(Issuer(issuer.issuer, client=client), "api")
    raw = issuer.token()
    assert verifier.verify(raw).subject == "user"
    replaced(document["keys"])
    client.get_jwk_set(refresh=True)
    assert refused(verifier, raw) == "unknown_key"


def test_the_header_of_one_token_cant_be_changed_through_another() -> None:
    """Tokens with the same header share it, so nothing in it can be changed."""
    header = base64.urlsafe_b64encode(b'{"alg":"RS256","x5c":["a"],"jwk":{"n":"b"}}').rstrip(b"=").decode()
    members = parse_jws(f"{header}.e30.AA").header
    assert members["x5c"] == ("a",)
    for part in (members, members["jwk"]):
        with pytest.raises(TypeError, match="does not support item assignment"):
            part["n"] = "c"


def test_what_error_reports_print_holds_no_token() -> None:
    """The values on the way of a token show nothing of it."""
    raw = FakeIssuer().token(sub="ada")
    shown = f"{Credentials([f'Bearer {raw}'], query='access_token=' + raw)!r} {parse_jws(raw)!r}"
    assert not [part for part in (*raw.split("."), "ada") if part in shown]

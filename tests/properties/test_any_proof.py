"""Proofs, certificates' headers, URLs and peers of any shape, beside a good bound token: refused, never a fault."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwks_auth import AuthError
from jwks_auth.adapters import Authenticator, Credentials
from jwks_auth.proofs import FORMATS, hash_of
from jwks_auth.testing import ClientCertificate, FakeIssuer

FAKE = FakeIssuer()
CLIENT = FAKE.client(dpop=True)
OURS = ClientCertificate.generate()
SETTINGS = {**FAKE.settings(), "DPOP": "accept", "DPOP_REPLAY": "memory", "MTLS": "accept"}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
CLAIMS = st.dictionaries(
    st.sampled_from(["jti", "htm", "htu", "iat", "ath", "exp", "nbf", "nonce"]), JSON, max_size=4
)
HEADER = st.dictionaries(
    st.sampled_from(["typ", "alg", "jwk", "kid", "crit", "b64", "x5c"]), JSON, max_size=3
)
LATIN = st.text(st.characters(max_codepoint=255), max_size=40)
PIECES = st.sampled_from(
    ["Hash=", "Cert=", "By=", '"', "\\", ";", ",", "=", ":", "%", "%2B", "-----BEGIN CERTIFICATE-----",
     "-----END CERTIFICATE-----", "MIIB", " ", "(null)", "0" * 64, OURS.field("der-base64")]
)  # fmt: skip
CERTIFICATES = st.lists(PIECES | LATIN, max_size=8).map("".join)


def outcome(service: Authenticator, make: Any) -> str:
    """The code of a refusal, the same on an event loop; empty for a token."""

    def code(run: Any) -> str:
        try:
            token = run()
        except AuthError as error:
            answer = service.rejection(error, make())
            return error.code if answer.status in (400, 401) else f"{answer.status}"
        return "" if token is not None else "none"

    found = code(lambda: service.authenticate(make()))
    assert not found.isdigit()
    asynchronous = code(lambda: asyncio.run(service.aauthenticate(make())))
    assert asynchronous == found or (found, asynchronous) == ("", "proof_replayed")
    return found


@given(CLAIMS, HEADER, st.booleans())
def test_proofs_of_any_claims_and_headers(
    claims: dict[str, Any], header: dict[str, Any], signed: bool
) -> None:
    """Signed by the right key too, so that each check is reached."""
    service, token = Authenticator(SETTINGS | {"CLIENT_CERTIFICATE": "tls"}, in_tests=True), CLIENT.token()
    assert CLIENT.key is not None
    payload = {"jti": "1", "htm": "GET", "htu": "https://a/b", "iat": 1, "ath": hash_of(token), **claims}
    own = {"typ": "dpop+jwt", "kid": None, "jwk": CLIENT.key.public_members()}
    try:
        proof = CLIENT.key.sign(json.dumps(payload).encode(), own | (header if not signed else {}))
    except (TypeError, ValueError, KeyError):
        return  # the kit signs with no such header
    headers = [("Authorization", f"DPoP {token}"), ("DPoP", proof)]
    assert outcome(service, lambda: Credentials.from_headers(headers, url="https://a/b"))


@given(st.lists(LATIN, max_size=3), LATIN, LATIN, LATIN)
def test_headers_hosts_and_paths_of_any_text(values: list[str], host: str, path: str, method: str) -> None:
    """In ASGI's form and in WSGI's."""
    service, token = Authenticator(SETTINGS | {"CLIENT_CERTIFICATE": "tls"}, in_tests=True), CLIENT.token()
    good = CLIENT.proof("GET", "https://a/b", token)
    for sent in (values, [good]):
        pairs = [("Authorization", f"DPoP {token}"), ("Host", host), *(("DPoP", each) for each in sent)]
        encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs]
        scope = {"type": "http", "headers": encoded, "path": "/" + path, "method": method, "scheme": "https"}
        environ = {"HTTP_" + name.upper(): value for name, value in pairs}
        environ |= {"PATH_INFO": path, "SCRIPT_NAME": path, "REQUEST_METHOD": method, "RAW_URI": path}
        assert outcome(service, lambda scope=scope: Credentials.from_asgi({**scope}))
        assert outcome(service, lambda environ=environ: Credentials.from_wsgi({**environ}))


@pytest.mark.parametrize("form", FORMATS)
@given(st.lists(CERTIFICATES, min_size=1, max_size=2), st.sampled_from(["127.0.0.1", "::1", "", "x"]) | LATIN)
def test_certificates_of_any_text_and_peers_of_any_name(form: str, values: list[str], peer: str) -> None:
    """None is taken for ours, but ours."""
    given = {"CLIENT_CERTIFICATE": {"HEADER": "X-Cert", "FORMAT": form}, "TRUSTED_PROXIES": ["127.0.0.0/8"]}
    service = Authenticator(SETTINGS | given, in_tests=True)
    sent = [
        ("Authorization", f"Bearer {FAKE.token(cnf=OURS.confirmation)}"),
        *(("X-Cert", each) for each in values),
    ]
    found = outcome(service, lambda: Credentials.from_headers(sent, url="https://a/b", peer=peer))
    assert found in ("missing_certificate", "wrong_certificate", "")
    if found == "":
        assert any(OURS.field("der-base64") in each for each in values)
        assert peer == "127.0.0.1"


@pytest.mark.parametrize("form", FORMATS)
def test_ours_is_taken(form: str) -> None:
    """A control."""
    given = {"CLIENT_CERTIFICATE": {"HEADER": "X-Cert", "FORMAT": form}, "TRUSTED_PROXIES": ["127.0.0.0/8"]}
    service = Authenticator(SETTINGS | given, in_tests=True)
    sent = [("Authorization", f"Bearer {FAKE.token(cnf=OURS.confirmation)}"), ("X-Cert", OURS.field(form))]
    assert outcome(service, lambda: Credentials.from_headers(sent, url="https://a/b", peer="127.0.0.1")) == ""

"""Sign-ins at a Django server with ``django-oauth-toolkit``, judged by the core."""

import base64
import hashlib
import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from jwks_auth import (
    ANY_AUDIENCE,
    IDTokenVerifier,
    Introspection,
    InvalidTokenError,
    Issuer,
    KeySourceError,
    TokenVerifier,
)
from tests.needs import need_module
from tests.patience import PATIENCE

PROGRAM = Path(__file__).parent / "django_provider.py"
CLIENT = "web-app"
CALLBACK = "https://client.example/callback"

PATIENT: Any = {"timeout": PATIENCE, "wait": PATIENCE}


class DjangoProvider:
    """The server at *address*."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.issuer = f"{address}/o"

    def sign_in(self, nonce: str = "n-1") -> dict[str, str]:
        """A user's sign-in by the authorization-code flow with PKCE: what the token endpoint answers."""
        browser = requests.Session()
        browser.get(f"{self.address}/sign-in", timeout=PATIENCE).raise_for_status()
        proof = secrets.token_urlsafe(48)
        asked = {
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": CALLBACK,
            "scope": "openid orders:read",
            "nonce": nonce,
            "code_challenge": base64url(hashlib.sha256(proof.encode()).digest()),
            "code_challenge_method": "S256",
        }
        place = f"{self.issuer}/authorize/"
        answer = browser.get(place, params=asked, allow_redirects=False, timeout=PATIENCE)
        assert answer.is_redirect, answer.text
        code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
        return self._exchanged(code, proof)

    def _exchanged(self, code: str, proof: str) -> dict[str, str]:
        sent = {
            "grant_type": "authorization_code",
            "client_id": CLIENT,
            "redirect_uri": CALLBACK,
            "code": code,
            "code_verifier": proof,
        }
        answer = requests.post(f"{self.issuer}/token/", data=sent, timeout=PATIENCE)
        answer.raise_for_status()
        answered: dict[str, str] = answer.json()
        return answered

    def command(self, name: str) -> None:
        """Have it ``rotate`` or ``withdraw`` keys."""
        requests.get(f"{self.address}/{name}", timeout=PATIENCE).raise_for_status()


@pytest.fixture(scope="module")
def provider() -> Iterator[DjangoProvider]:
    """The server, up."""
    need_module("oauth2_provider")
    command = [sys.executable, str(PROGRAM), CLIENT, CALLBACK]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        address = process.stdout.readline().strip()
        try:
            assert address, f"the provider ended: {process.stderr.read()}"
            yield DjangoProvider(address)
        finally:
            process.terminate()


def jwk_thumbprint(jwk: dict[str, str]) -> str:
    """The SHA-256 thumbprint of an RSA key (RFC 7638)."""
    members = json.dumps({name: jwk[name] for name in ("e", "kty", "n")}, separators=(",", ":"))
    return base64url(hashlib.sha256(members.encode()).digest())


def base64url(data: bytes) -> str:
    """*data* as JOSE writes it, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def code_of(verifier: IDTokenVerifier | TokenVerifier, raw: str, **beside: str) -> str | None:
    """The code of the refusal."""
    try:
        verifier.verify(raw, **beside)
    except InvalidTokenError as error:
        return error.code
    return None


def test_an_api_takes_its_id_tokens_on_purpose(provider: DjangoProvider):
    """By discovery alone, where the issuer's profile asks for ID tokens; its key is named by its thumbprint."""
    verifier = TokenVerifier(Issuer(provider.issuer, **PATIENT, profile="id_token"), audience=CLIENT)
    token = verifier.verify(provider.sign_in()["id_token"])
    assert (token.issuer, token.header["alg"]) == (provider.issuer, "RS256")
    assert token.subject == "1"
    published = requests.get(f"{provider.issuer}/.well-known/jwks.json", timeout=PATIENCE).json()["keys"]
    assert token.header["kid"] == jwk_thumbprint(published[0])


async def test_an_api_takes_them_asynchronously(provider: DjangoProvider):
    """The same in an event loop."""
    verifier = TokenVerifier(Issuer(provider.issuer, **PATIENT, profile="id_token"), audience=CLIENT)
    assert (await verifier.averify(provider.sign_in()["id_token"])).subject == "1"


def test_a_sign_in_is_verified_with_its_nonce_and_access_token(provider: DjangoProvider):
    """Swapped for others they are refused."""
    answer = provider.sign_in(nonce="n-1")
    verifier = IDTokenVerifier(provider.issuer, CLIENT)
    raw, access_token = answer["id_token"], answer["access_token"]
    assert verifier.verify(raw, nonce="n-1", access_token=access_token).subject == "1"
    assert code_of(verifier, raw, nonce="n-2") == "wrong_nonce"
    assert code_of(verifier, raw, nonce="n-1", access_token=f"{access_token}x") == "wrong_hash"


def test_another_client_s_sign_in_is_refused(provider: DjangoProvider):
    """Whichever verifier judges it."""
    raw = provider.sign_in()["id_token"]
    issuer = Issuer(provider.issuer, **PATIENT, profile="id_token")
    assert code_of(TokenVerifier(issuer, audience="another-app"), raw) == "wrong_audience"
    assert code_of(IDTokenVerifier(provider.issuer, "another-app"), raw, nonce="n-1") == "wrong_audience"
    assert code_of(TokenVerifier(issuer, audience=CLIENT), raw) is None


def test_its_access_token_is_no_jwt(provider: DjangoProvider):
    """It is opaque, for the server's own introspection, and no verifier takes it for an ID token."""
    access_token = provider.sign_in()["access_token"]
    issuer = Issuer(provider.issuer, **PATIENT, profile="id_token")
    assert code_of(TokenVerifier(issuer, audience=CLIENT), access_token) == "malformed"
    assert code_of(IDTokenVerifier(provider.issuer, CLIENT), access_token, nonce="n-1") == "malformed"


def test_an_id_token_signed_with_another_key_is_refused(provider: DjangoProvider):
    """Even where its claims, and the name of its key, are of a sign-in that the server answered."""
    raw = provider.sign_in()["id_token"]
    verifier = IDTokenVerifier(provider.issuer, CLIENT)
    assert verifier.verify(raw, nonce="n-1")
    provider.command("rotate")
    other = provider.sign_in()["id_token"]
    swapped = ".".join([*raw.split(".")[:2], other.split(".")[2]])
    assert jwt.get_unverified_header(swapped)["kid"] != jwt.get_unverified_header(other)["kid"]
    assert code_of(verifier, swapped, nonce="n-1") == "bad_signature"


def test_a_verifier_follows_a_rotation_and_a_withdrawal(provider: DjangoProvider):
    """A new key is accepted on first use beside the old; one that is gone from the set is refused after that fetch."""
    verifier = TokenVerifier(Issuer(provider.issuer, **PATIENT, profile="id_token"), audience=CLIENT)
    old = provider.sign_in()["id_token"]
    assert verifier.verify(old)
    provider.command("rotate")
    assert verifier.verify(provider.sign_in()["id_token"])
    assert verifier.verify(old)
    provider.command("withdraw")
    provider.command("rotate")
    assert verifier.verify(provider.sign_in()["id_token"])
    assert code_of(verifier, old) == "unknown_key"


def test_its_opaque_access_tokens_are_asked_about(provider: DjangoProvider):
    """Its answers have no ``aud``, so that any audience has to be typed out, best beside the clients."""
    answer = provider.sign_in()
    endpoint = {
        "url": f"{provider.issuer}/introspect/",
        "client_id": "service",
        "client_secret": "not-a-secret-it-lives-for-a-test",
    }
    asked = Issuer(provider.issuer, **PATIENT, introspection=Introspection(**endpoint, audience=ANY_AUDIENCE))
    verifier = TokenVerifier(asked, "api", allowed_clients=[CLIENT])
    token = verifier.verify(answer["access_token"])
    assert (token.kind, token.client_id, token["username"]) == ("opaque", CLIENT, "u1")
    assert token.scopes == {"openid", "orders:read"}
    assert code_of(verifier, "made-up") == "inactive"
    strict = TokenVerifier(Issuer(provider.issuer, **PATIENT, introspection=Introspection(**endpoint)), "api")
    assert code_of(strict, answer["access_token"]) == "wrong_audience"
    wrong = Introspection(**{**endpoint, "client_secret": "wrong"})
    with pytest.raises(KeySourceError):
        TokenVerifier(Issuer(provider.issuer, **PATIENT, introspection=wrong), "api").verify("made-up")

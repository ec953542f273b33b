"""One token, and every library's documented way to verify it with the keys already at hand."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from jwt.algorithms import get_default_algorithms

from jwks_auth import Issuer, TokenVerifier

ISSUER = "https://id.example.com/realms/acme"
AUDIENCE = "https://api.example.com"
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
SMALL, LARGE = 280, 615
SHAPES = ("strings", "lists")
"""Whether ``aud`` and the scopes are strings, or lists."""


@dataclass(frozen=True)
class Case:
    """A signed token, the private key that signed it, and the key set that verifies it."""

    alg: str
    token: str
    private_key: Any
    key_set: dict[str, Any]


def make_case(alg: str, size: int, shape: str = "strings") -> Case:
    """A token of *alg* whose payload has *size* octets, with claims of *shape*."""
    key: Any
    if alg[:2] in ("RS", "PS"):
        key = rsa.generate_private_key(65537, 2048)
    else:
        key = (
            ec.generate_private_key(ec.SECP256R1())
            if alg == "ES256"
            else ed25519.Ed25519PrivateKey.generate()
        )
    jwk = get_default_algorithms()[alg].to_jwk(key.public_key(), as_dict=True)
    claims = _claims(size, shape)
    token = jwt.encode(claims, key, alg, {"kid": "2026-11", "typ": "at+jwt"})
    assert len(base64.urlsafe_b64decode(token.split(".")[1] + "==")) == size
    return Case(alg, token, key, {"keys": [{**jwk, "kid": "2026-11", "alg": alg, "use": "sig"}]})


def _claims(size: int, shape: str) -> dict[str, Any]:
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "sub": "user-8c1d",
        "aud": AUDIENCE,
        "exp": now + 86400,
        "iat": now,
    }
    claims |= {"jti": "0f3b", "client_id": "web", "scope": "orders:read orders:write profile"}
    if shape == "lists":
        claims |= {"aud": [AUDIENCE], "scp": claims.pop("scope").split()}
    if size >= LARGE:  # what Keycloak adds
        claims |= {"typ": "Bearer", "azp": "web", "sid": "6a1f", "acr": "1", "email_verified": True}
        claims |= {"realm_access": {"roles": ["offline_access", "uma_authorization", "default-roles-acme"]}}
        claims |= {"resource_access": {"account": {"roles": ["manage-account", "view-profile"]}}}
    spare = size - len(json.dumps(claims, separators=(",", ":"))) - len(',"name":""')
    return claims | {"name": "x" * spare}


def bare(case: Case) -> Callable[[], Any]:
    """The signature check alone, in ``cryptography``, from prepared bytes."""
    key = case.private_key.public_key()
    signing_input, _, signature = case.token.encode().rpartition(b".")
    raw = base64.urlsafe_b64decode(signature + b"==")
    sha = hashes.SHA256()
    if case.alg == "RS256":
        scheme = padding.PKCS1v15()
        return lambda: key.verify(raw, signing_input, scheme, sha)
    if case.alg == "PS256":
        pss = padding.PSS(padding.MGF1(sha), 32)
        return lambda: key.verify(raw, signing_input, pss, sha)
    if case.alg == "ES256":
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        ecdsa = ec.ECDSA(sha)
        return lambda: key.verify(der, signing_input, ecdsa)
    return lambda: key.verify(raw, signing_input)


def make_verifier(case: Case) -> TokenVerifier:
    """Ours, with every check in place."""
    return TokenVerifier(Issuer(ISSUER, jwks=case.key_set), AUDIENCE)


def ours(case: Case) -> Callable[[], Any]:
    """One call."""
    verifier, token = make_verifier(case), case.token
    return lambda: verifier.verify(token)


def ours_cached(case: Case) -> Callable[[], Any]:
    """One call of a verifier that remembers the token."""
    verifier = TokenVerifier(Issuer(ISSUER, jwks=case.key_set), AUDIENCE, token_cache=1024)
    token = case.token
    for _ in range(2):
        verifier.verify(token)
    return lambda: verifier.verify(token)


def pyjwt(case: Case) -> Callable[[], Any]:
    """The flow in PyJWT's documentation: the key from the token, then decode; the set is cached."""

    class Client(jwt.PyJWKClient):
        def fetch_data(self) -> Any:
            if self.jwk_set_cache is not None:
                self.jwk_set_cache.put(case.key_set)
            return case.key_set

    client, token, algorithms = Client("https://id.example.com/jwks", lifespan=86400), case.token, [case.alg]

    def verify() -> Any:
        key = client.get_signing_key_from_jwt(token)
        return jwt.decode(token, key.key, algorithms=algorithms, audience=AUDIENCE, issuer=ISSUER)

    return verify


def joserfc(case: Case) -> Callable[[], Any]:
    """joserfc: decode, then validate the claims."""
    from joserfc import jwt as jose
    from joserfc.jwk import KeySet

    keys: Any = KeySet.import_key_set(case.key_set)  # type: ignore[arg-type]
    rules = jose.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": AUDIENCE},
        exp={"essential": True},
    )
    token, algorithms = case.token, [case.alg]
    return lambda: rules.validate(jose.decode(token, keys, algorithms=algorithms).claims)


def authlib(case: Case) -> Callable[[], Any]:
    """Authlib: decode, then validate the claims."""
    from authlib.jose import JsonWebKey, JsonWebToken

    keys, decoder, token = JsonWebKey.import_key_set(case.key_set), JsonWebToken([case.alg]), case.token
    options = {"iss": {"essential": True, "value": ISSUER}, "aud": {"essential": True, "value": AUDIENCE}}
    return lambda: decoder.decode(token, keys, claims_options=options).validate()


def python_jose(case: Case) -> Callable[[], Any]:
    """python-jose: decode with the key set."""
    from jose import jwt as jose

    token, key_set, algorithms = case.token, case.key_set, [case.alg]
    return lambda: jose.decode(token, key_set, algorithms, audience=AUDIENCE, issuer=ISSUER)


CONTENDERS = {
    "bare": bare,
    "jwks-auth": ours,
    "jwks-auth cached": ours_cached,
    "PyJWT": pyjwt,
    "joserfc": joserfc,
    "Authlib": authlib,
    "python-jose": python_jose,
}


def able(case: Case) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every contender that knows the algorithm, ready to be called."""
    for name, make in CONTENDERS.items():
        try:
            call = make(case)
            call()
        except Exception as exc:  # noqa: BLE001  any library, any error
            print(f"  {name} can't verify {case.alg}: {type(exc).__name__}")
            continue
        yield name, call

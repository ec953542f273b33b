"""docs/reference/key-members.md: one member of a JWK at a time, as providers write it, here and with PyJWT's client."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from jwks_auth import InvalidTokenError, KeySet, verify_jws
from jwks_auth.jose.base64url import decode_base64url, encode_base64url
from tests.attacks import forge

PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "key-members.md"


def short_ec_key() -> ec.EllipticCurvePrivateKey:
    """A key whose x begins with a zero octet, as one in 256 does."""
    secret = 1
    while (key := ec.derive_private_key(secret, ec.SECP256R1())).public_key().public_numbers().x >> 248:
        secret += 1
    return key


EC_KEY, WEAK = short_ec_key(), rsa.generate_private_key(65537, 1024)
KEYS: dict[str, tuple[str, Any]] = {
    "RSA": ("RS256", forge.RSA_KEY),
    "EC": ("ES256", EC_KEY),
    "OKP": ("EdDSA", forge.ED_KEY),
    "weak": ("RS256", WEAK),
}
JWKS = {name: forge.public_jwk(alg, key, kid="k") for name, (alg, key) in KEYS.items()}
RSA, EC, OKP = JWKS["RSA"], JWKS["EC"], JWKS["OKP"]
X = decode_base64url(EC["x"].encode())
GOOD = {**forge.public_jwk("EdDSA", forge.ED_KEY, kid="neighbour")}


def standard(text: str) -> str:
    """The same in the standard alphabet."""
    return text.replace("-", "+").replace("_", "/")


NULL, LOOSE = "it says nothing, so it is absent", "the key says it is for something else; PyJWT does not look"
LOST = "one bad member never spoils the set"
NAMELESS = (
    "a key without a kid serves where it is the only one that fits; PyJWT's client looks for the kid alone"
)
NOTHING = "nothing private is in it; PyJWT takes the key for a private one"
PRIVATE = "whoever can read the set can sign; PyJWT looks at `d` alone"
POINT = "it is plain which point is meant, and whether it is on the curve"
ROWS: dict[str, tuple[str, dict[str, Any], str]] = {
    "nothing changed": ("RSA", {}, ""),
    "`use: null`": ("RSA", {"use": None}, ""),
    '`use: ""`': ("RSA", {"use": ""}, NULL),
    "`use: []`": ("RSA", {"use": []}, NULL),
    '`use: "sig"`': ("RSA", {"use": "sig"}, ""),
    '`use: "enc"`': ("RSA", {"use": "enc"}, ""),
    '`use: "SIG"`': ("RSA", {"use": "SIG"}, ""),
    '`use: "jwt-svid"`': ("EC", {"use": "jwt-svid"}, "SPIFFE's word for a key that signs tokens"),
    '`use: "x509-svid"`': ("EC", {"use": "x509-svid"}, ""),
    '`use: ["sig"]`': ("RSA", {"use": ["sig"]}, ""),
    "`alg: null`": ("RSA", {"alg": None}, ""),
    '`alg: ""`': ("RSA", {"alg": ""}, ""),
    "`alg: []`": ("RSA", {"alg": []}, ""),
    '`alg: "RS512"`, the token RS256': ("RSA", {"alg": "RS512"}, ""),
    '`alg: "RSA-OAEP"`': ("RSA", {"alg": "RSA-OAEP"}, ""),
    '`alg: "ES256"` of an RSA key': ("RSA", {"alg": "ES256"}, ""),
    '`alg: "HS256"` of an RSA key': ("RSA", {"alg": "HS256"}, ""),
    '`alg: "none"`': ("RSA", {"alg": "none"}, LOST),
    '`alg: ["RS256"]`': ("RSA", {"alg": ["RS256"]}, LOST),
    "`key_ops: null`": ("RSA", {"key_ops": None}, ""),
    "`key_ops: []`": ("RSA", {"key_ops": []}, ""),
    '`key_ops: ["verify"]`': ("RSA", {"key_ops": ["verify"]}, ""),
    '`key_ops: ["sign", "verify"]`': ("RSA", {"key_ops": ["sign", "verify"]}, ""),
    '`key_ops: ["encrypt"]`': ("RSA", {"key_ops": ["encrypt"]}, LOOSE),
    '`key_ops: ["verify", "encrypt"]`': ("RSA", {"key_ops": ["verify", "encrypt"]}, LOOSE),
    '`key_ops: "verify"`': ("RSA", {"key_ops": "verify"}, LOOSE),
    "`kid: null`": ("RSA", {"kid": None}, NAMELESS),
    '`kid: ""`': ("RSA", {"kid": ""}, NAMELESS),
    "`kid: []`": ("RSA", {"kid": []}, NAMELESS),
    "`kid: 7`": ("RSA", {"kid": 7}, ""),
    "`d: null`": ("RSA", {"d": None}, NOTHING),
    '`d: ""`': ("RSA", {"d": ""}, NOTHING),
    "`d: 0`": ("RSA", {"d": 0}, ""),
    '`d: "AQAB"`': ("RSA", {"d": "AQAB"}, ""),
    "`oth: []`": ("RSA", {"oth": []}, ""),
    '`p: "AQAB"`': ("RSA", {"p": "AQAB"}, PRIVATE),
    '`d: "AQAB"` of an EC key': ("EC", {"d": "AQAB"}, ""),
    "`d: null` of an EC key": ("EC", {"d": None}, NOTHING),
    '`k: ""`': ("RSA", {"k": ""}, ""),
    "`x5c: []`": ("RSA", {"x5c": []}, ""),
    "`x5t: null`": ("RSA", {"x5t": None}, ""),
    "`n` with `=`": ("RSA", {"n": RSA["n"] + "=="}, ""),
    "`n` with `+` and `/`": ("RSA", {"n": standard(RSA["n"])}, ""),
    "`n` with an octet of zero in front": (
        "RSA", {"n": encode_base64url(b"\0" + decode_base64url(RSA["n"].encode()))}, ""
    ),
    "`n` with a space": ("RSA", {"n": RSA["n"][:8] + " " + RSA["n"][8:]}, ""),
    "`n: null`": ("RSA", {"n": None}, ""),
    '`n: ""`': ("RSA", {"n": ""}, ""),
    "`n` of 1,024 bits": ("weak", {}, "too short for anybody (RFC 7518 section 3.3)"),
    "`e: 65537`": ("RSA", {"e": 65537}, ""),
    '`e: "AQAB="`': ("RSA", {"e": "AQAB="}, ""),
    "`x` without its zeros in front": ("EC", {"x": encode_base64url(X.lstrip(b"\0"))}, POINT),
    "`x` with an octet of zero in front": ("EC", {"x": encode_base64url(b"\0" + X)}, POINT),
    "`x` with two": ("EC", {"x": encode_base64url(bytes(2) + X)}, ""),
    "`x` with `=`": ("EC", {"x": EC["x"] + "="}, ""),
    "`y: null`": ("EC", {"y": None}, ""),
    "`crv: null`": ("EC", {"crv": None}, ""),
    '`crv: "p-256"`': ("EC", {"crv": "p-256"}, ""),
    "`x` of Ed25519 with `=`": ("OKP", {"x": OKP["x"] + "="}, ""),
    "`x` of Ed25519 with an octet of zero in front": (
        "OKP", {"x": encode_base64url(b"\0" + decode_base64url(OKP["x"].encode()))}, ""
    ),
    "`kty: null`": ("RSA", {"kty": None}, ""),
    '`kty: "rsa"`': ("RSA", {"kty": "rsa"}, ""),
}  # fmt: skip


def member(name: str) -> tuple[dict[str, Any], str, str]:
    """The changed JWK, the algorithm, and a token that its key signed."""
    kind, change, _ = ROWS[name]
    alg, key = KEYS[kind]
    return {**JWKS[kind], **change}, alg, forge.token(forge.header(alg, kid="k"), alg=alg, key=key)


def here(name: str) -> str:
    """Our verdict, beside a good neighbour."""
    jwk, _, raw = member(name)
    keys = KeySet.from_dict({"keys": [GOOD, jwk]})
    assert "neighbour" in keys.kids()
    try:
        assert verify_jws(raw, keys)
    except InvalidTokenError as exc:
        reason = keys.refused[0].reason if keys.refused else exc.code
        return f"refused: {reason}"
    return "taken"


def theirs(name: str) -> str:
    """PyJWT's: by its client, and with the algorithm that its key names."""
    jwk, alg, raw = member(name)

    class Client(jwt.PyJWKClient):
        def fetch_data(self) -> Any:
            return {"keys": [GOOD, jwk]}

    try:
        with warnings.catch_warnings(action="ignore"):  # of short keys
            key = Client("https://id.example/").get_signing_key("k")
            jwt.decode(raw, key, algorithms=[alg], audience=forge.AUDIENCE)
    except jwt.PyJWTError:
        return "refused"
    except Exception as exc:  # noqa: BLE001  that it raises whatever it likes is the point
        return f"the set is lost (`{type(exc).__name__}`)"
    return "taken"


def row(name: str) -> str:
    """A row of the page."""
    return f"| {name} | {here(name)} | {theirs(name)} | {ROWS[name][2]} |"


@pytest.mark.parametrize("name", ROWS)
def test_a_member_is_read_as_the_page_says(name: str) -> None:
    """With the real reason of a refusal, and with why PyJWT's verdict differs where it does."""
    assert row(name) in PAGE.read_text().splitlines()
    assert bool(ROWS[name][2]) == (
        (here(name) == "taken") != (theirs(name) == "taken") or "lost" in theirs(name)
    )


def test_the_page_has_no_other_rows() -> None:
    """Each is shown."""
    shown = re.findall(r"^\| (.+?) \| (?:taken|refused: .+?) \|", PAGE.read_text(), re.MULTILINE)
    assert shown == list(ROWS)

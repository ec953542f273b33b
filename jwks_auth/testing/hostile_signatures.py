"""Hostile tokens by their form, their algorithm, their signature, and the keys that they bring along."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from jwks_auth.testing.forge import Bench, Kinds, Named, decoded, encoded

__all__ = ["foreign_keys", "macs", "shapes", "signatures", "unsigned"]


def shapes(bench: Bench) -> Named:
    """No compact form of a JWS, or no JSON object in it."""
    head, payload, signature = bench.head, bench.payload, bench.signature
    yield "form: no token at all", "token"
    yield "form: two segments", f"{head}.{payload}"
    yield "form: four segments", f"{bench.good}.{signature}"
    yield "form: five segments", f"{head}.{payload}.{signature}.{head}.{payload}"
    yield "form: a dot before", f".{bench.good}"
    yield "form: a dot after", f"{bench.good}."
    yield "form: padding", f"{bench.good}=="
    yield "form: no base64url", f"{head}.{payload}.{'!' + signature[1:]}"
    yield "form: twice, with a comma", f"{bench.good},{bench.good}"
    plain = {"a list": [bench.claims], "a string": "claims", "null": None, "a number": 1}
    for name, value in plain.items():
        yield f"payload: {name}", bench.signed(json.dumps(value).encode())
    text = json.dumps(bench.claims)
    yield "payload: no JSON", bench.signed(b"no JSON")
    yield "payload: empty", bench.signed(b"")
    yield "payload: cut", bench.signed(text[:-1].encode())
    yield "payload: in UTF-16", bench.signed(text.encode("utf-16"))
    yield "payload: a name twice", bench.signed((text[:-1] + ', "sub": "admin"}').encode())
    yield "payload: infinite exp", bench.signed(json.dumps({**bench.claims, "exp": float("inf")}).encode())


def unsigned(bench: Bench) -> Named:
    """Algorithms that are none."""
    for alg in ("none", "None", "NONE", "nOnE", ""):
        head = encoded(json.dumps({**bench.header, "alg": alg}).encode())
        yield f"alg {alg!r}: without a signature", f"{head}.{bench.payload}."
        yield f"alg {alg!r}: with a signature", bench.signed(alg=alg)
    kinds: Kinds = {"null": None, "missing": ..., "a list": [bench.issuer.key.alg], "a number": 256}
    for name, value in kinds.items():
        yield f"alg: {name}", bench.signed(alg=value)
    yield "alg: in lower case", bench.signed(alg=bench.issuer.key.alg.lower())
    yield "alg: with a space", bench.signed(alg=f"{bench.issuer.key.alg} ")
    for alg in ("RS256", "PS256", "RS512", "ES256", "ES384", "EdDSA", "RSA1_5", "dir"):
        if alg != bench.issuer.key.alg:
            yield f"alg {alg}: of another key", bench.signed(alg=alg)


def macs(bench: Bench) -> Named:
    """A MAC under what everybody knows: the public key in each of its forms (algorithm confusion)."""
    pem = bench.issuer.key.public_pem()
    der = base64.b64decode(b"".join(pem.splitlines()[1:-1]))
    jwk = bench.issuer.key.jwk()
    secrets = {
        "the PEM": pem,
        "the PEM without its last newline": pem.rstrip(),
        "the PEM with other newlines": pem.replace(b"\n", b"\r\n"),
        "the DER": der,
        "the JWK": json.dumps(jwk).encode(),
        "a number of the JWK": str(jwk.get("n") or jwk.get("x")).encode(),
        "the kid": bench.issuer.kid.encode(),
        "nothing": b"",
        "secret": b"secret",
    }
    for (name, secret), size in ((each, size) for each in secrets.items() for size in ("256", "384", "512")):
        head = encoded(json.dumps({**bench.header, "alg": f"HS{size}"}).encode())
        mac = hmac.new(secret, f"{head}.{bench.payload}".encode(), getattr(hashlib, f"sha{size}"))
        yield f"HS{size} under {name}", f"{head}.{bench.payload}.{encoded(mac.digest())}"
    mac = hmac.new(pem, f"{bench.head}.{bench.payload}".encode(), hashlib.sha256)
    yield "a MAC under the PEM, called a signature", f"{bench.head}.{bench.payload}.{encoded(mac.digest())}"


_CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda octets: b"",
    "first bit changed": lambda octets: bytes([octets[0] ^ 128]) + octets[1:],
    "last bit changed": lambda octets: octets[:-1] + bytes([octets[-1] ^ 1]),
    "cut": lambda octets: octets[:-1],
    "all zero": lambda octets: bytes(len(octets)),
    "all ones": lambda octets: b"\xff" * len(octets),
    "one": lambda octets: bytes(len(octets) - 1) + b"\1",
    "reversed": lambda octets: octets[::-1],
    "twice": lambda octets: octets + octets,
    "zero before": lambda octets: b"\0" + octets,
    "zero after": lambda octets: octets + b"\0",
}


def signatures(bench: Bench) -> Named:
    """A signature that does not fit."""
    octets = decoded(bench.signature)
    for name, change in _CHANGES.items():
        yield f"signature: {name}", f"{bench.head}.{bench.payload}.{encoded(change(octets))}"
    other = encoded(json.dumps({**bench.claims, "sub": "admin"}).encode())
    yield "signature: of other claims", f"{bench.head}.{other}.{bench.signature}"
    head = encoded(json.dumps({**bench.header, "x": 1}).encode())
    yield "signature: of another header", f"{head}.{bench.payload}.{bench.signature}"
    yield "signature: of a stranger's key", bench.signed(key=bench.stranger)


def foreign_keys(bench: Bench) -> Named:
    """Keys that the token brings along."""
    jwk = bench.stranger.jwk()
    members: dict[str, Any] = {
        "jwk": jwk,
        "jwks": {"keys": [jwk]},
        "jku": "https://evil.example/jwks",
        "x5u": "https://evil.example/cert",
        "x5c": ["MIIB"],
        "iss": "https://evil.example/",
    }
    for name, value in members.items():
        for which, kid in (("a known kid", bench.issuer.kid), ("no kid", ...), ("another kid", "evil")):
            yield (
                f"{name} in the header, {which}",
                bench.signed(key=bench.stranger, **{name: value, "kid": kid}),
            )

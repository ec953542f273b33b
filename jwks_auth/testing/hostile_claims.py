"""Hostile tokens that are rightly signed, by their header and claims."""

from __future__ import annotations

from typing import Any

from jwks_auth.testing.forge import Bench, Kinds, Named

__all__ = ["dates", "headers", "kids", "others", "parties"]


def kids(bench: Bench) -> Named:
    """Names of keys that the issuer does not have."""
    for kid in (
        "other",
        "",
        "../../../../dev/null",
        "x' OR '1'='1",
        "x|/usr/bin/id",
        "https://evil.example/key",
    ):
        yield f"kid {kid!r}", bench.signed(kid=kid)
    kinds: Kinds = {"null": None, "a number": 1, "a list": [bench.issuer.kid], "an object": {}}
    for name, value in kinds.items():
        yield f"kid: {name}", bench.signed(kid=value)


def headers(bench: Bench) -> Named:
    """Extensions that nobody understands, and other kinds of token."""
    crits: dict[str, Any] = {
        "exp": ["exp"],
        "b64": ["b64"],
        "nothing": [],
        "absent": ["absent"],
        "no list": "b64",
    }
    for name, crit in crits.items():
        yield f"crit: {name}", bench.signed(crit=crit, b64=True, exp=1)
    yield "b64: false", bench.signed(b64=False)
    for typ in ("dpop+jwt", "logout+jwt", "secevent+jwt", "token-introspection+jwt", "JWE", "", "at+jwt\0"):
        yield f"typ {typ!r}", bench.signed(typ=typ)
    yield "typ: a number", bench.signed(typ=1)


def parties(bench: Bench) -> Named:
    """Tokens of another issuer, or for another service."""
    iss, aud = str(bench.claims["iss"]), bench.claims.get("aud")
    turned = iss[:-1] if iss.endswith("/") else f"{iss}/"
    for name in (
        "https://evil.example/",
        turned,
        f"{iss}.evil.example",
        f"https://evil.example/{iss}",
        "",
        "null",
    ):
        yield f"iss {name!r}", bench.with_claims(iss=name)
    ids: Kinds = {"missing": ..., "null": None, "a list": [iss], "an object": {}, "true": True}
    for kind, value in ids.items():
        yield f"iss: {kind}", bench.with_claims(iss=value)
    if aud is None:
        return
    own = aud if isinstance(aud, str) else aud[0]
    for name in ("somebody-else", "", f"{own}.evil.example", f"{own} other", own[:-1], own.swapcase(), "*"):
        if name != own:
            yield f"aud {name!r}", bench.with_claims(aud=name)
    kinds: Kinds = {
        "missing": ...,
        "null": None,
        "an empty list": [],
        "others": ["a", "b"],
        "a number": 1,
        "true": True,
    }
    for kind, value in kinds.items():
        yield f"aud: {kind}", bench.with_claims(aud=value)


_DAY = 86_400


def dates(bench: Bench) -> Named:
    """Tokens of another time, or of none."""
    now = int(bench.claims["iat"])
    yield "exp: an hour ago", bench.with_claims(exp=now - 3600)
    yield "exp: in milliseconds", bench.with_claims(exp=(now + _DAY) * 1000)
    yield "nbf: tomorrow", bench.with_claims(nbf=now + _DAY)
    yield "iat: tomorrow", bench.with_claims(iat=now + _DAY, exp=now + 2 * _DAY)
    kinds: Kinds = {
        "missing": ...,
        "null": None,
        "a string": str(now + _DAY),
        "a list": [now + _DAY],
        "true": True,
    }
    for kind, value in kinds.items():
        yield f"exp: {kind}", bench.with_claims(exp=value)
    for past in (0, -1):
        yield f"exp: {past}", bench.with_claims(exp=past)
    yield "nbf: a string", bench.with_claims(nbf="0")


def others(bench: Bench) -> Named:
    """Claims of wrong types, and tokens that are bound to a key which their sender does not show."""
    kinds: Kinds = {"a list": ["user"], "an object": {}, "true": True}
    for kind, value in kinds.items():
        yield f"sub: {kind}", bench.with_claims(sub=value)
    yield "cnf: of a key", bench.with_claims(cnf={"jkt": bench.stranger.thumbprint()})
    yield "cnf: of a certificate", bench.with_claims(cnf={"x5t#S256": "x" * 43})
    yield "cnf: of nothing", bench.with_claims(cnf={})

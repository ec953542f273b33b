"""Tokens and keys in the making, and every change that the differential makes to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from jwks_auth.jose.base64url import encode_base64url
from tests.attacks import forge
from tests.attacks.forge import In
from tests.attacks.form import spare


class Draft:
    """A good token and the key it is verified with, until it is changed."""

    def __init__(self, alg: str) -> None:
        self.alg = alg
        self.header = forge.header(alg)
        self.claims = forge.claims()
        self.jwk = forge.public_jwk(alg, forge.ALGORITHMS[alg], kid=alg, alg=alg, use="sig")
        self.texts: list[Callable[[str], str | bytes]] = []
        self.finishes: list[Callable[[str], str]] = []

    def finished(self) -> str:
        """The token, signed as it is sent. Of changes to its JSON, and of those to the result, the first counts."""
        payload: str | bytes = json.dumps(self.claims)
        for change in self.texts[:1]:
            payload = change(json.dumps(self.claims))
        raw = forge.token(self.header, payload, alg=self.alg)
        return self.finishes[0](raw) if self.finishes else raw


Change = Callable[[Draft], object]


def header(**members: Any) -> Change:
    """Other members of the header."""
    return lambda draft: draft.header.update(members)


def claims(**members: Any) -> Change:
    """Other claims."""
    return lambda draft: draft.claims.update(forge.dated(members))


def text(change: Callable[[str], str | bytes]) -> Change:
    """The payload's JSON, written otherwise."""
    return lambda draft: draft.texts.append(change)


def member(written: str) -> Change:
    """One more member in the payload's JSON."""
    return text(lambda good: f"{good[:-1]}, {written}}}")


def finish(change: Callable[[str], str]) -> Change:
    """The signed token, changed as text."""
    return lambda draft: draft.finishes.append(change)


def key(**members: Any) -> Change:
    """Other members of the JWK."""
    return lambda draft: draft.jwk.update(members)


def without(part: str, *names: str) -> Change:
    """A draft's header, claims or JWK without these members."""
    return lambda draft: [getattr(draft, part).pop(name, None) for name in names]


def coordinate(change: Callable[[str], str]) -> Change:
    """The JWK's first number, be it ``n`` or ``x``, changed as text."""

    def apply(draft: Draft) -> None:
        for name in {"n", "x"} & draft.jwk.keys():
            draft.jwk[name] = change(draft.jwk[name])

    return apply


HARMLESS: dict[str, Change] = {
    "nothing": lambda draft: None,
    "typ_JWT": header(typ="JWT"),
    "typ_in_capitals": header(typ="AT+JWT"),
    "typ_missing": without("header", "typ"),
    "aud_a_list": claims(aud=[forge.AUDIENCE, "x"]),
    "sub_missing": without("claims", "sub"),
    "iat_missing": without("claims", "iat"),
    "iat_fraction": claims(iat=In(-0.5)),
    "nbf_past": claims(nbf=In(-900)),
    "nbf_within_the_leeway": claims(nbf=In(-5)),
    "exp_fraction": claims(exp=In(300.25)),
    "scope": claims(scope="a b"),
    "scope_list": claims(scope=["a", "b"]),
    "many_claims": claims(**{f"claim{number}": number for number in range(200)}),
    "b64_true": header(b64=True),
    "nested_claims": claims(a={"b": [{"c": [None, True, 1.5, "\u00e9\u4e2d\U0001f600"]}]}),
    "escapes": member('"x": "\\u0041\\n\\\\\\"\\/\\ud83d\\ude00"'),
    "raw_unicode": member('"x": "\u00e9\u4e2d\U0001f600"'),
    "space_around": text(lambda good: f" \r\n\t{good} \n"),
    "space_within": text(lambda good: good.replace('": ', '" :\t')),
    "exponents": member('"x": [1e3, -0.0, 2E-2, 1e-400]'),
    "brackets_in_a_string": claims(brackets="[{" * 40),
    "client_id_a_list": claims(client_id=["x"]),
    "scope_a_number": claims(scope=1),
    "roles_an_object": claims(roles={}),
    "jwk_use_missing": without("jwk", "use"),
    "jwk_key_ops_verify": key(key_ops=["verify"]),
    "jwk_unknown_member": key(**{"x-vendor": [1], "x5t": "AAAA"}),
}
"""All three accept the token."""

REFUSED: dict[str, Change] = {
    "alg_none": header(alg="none"),
    "alg_HS256": header(alg="HS256"),
    "alg_of_another_key": header(alg="ES384"),
    "alg_in_small_letters": header(alg="rs256"),
    "alg_missing": without("header", "alg"),
    "alg_a_list": header(alg=["RS256"]),
    "kid_unknown": header(kid="x"),
    "kid_a_number": header(kid=1),
    "crit_unknown": header(crit=["exp"], exp=1),
    "exp_past": claims(exp=In(-900)),
    "exp_null": claims(exp=None),
    "exp_words": claims(exp="tomorrow"),
    "nbf_ahead": claims(nbf=In(300)),
    "iss_other": claims(iss=forge.ISSUER + "x"),
    "iss_missing": without("claims", "iss"),
    "iss_a_list": claims(iss=[forge.ISSUER]),
    "aud_other": claims(aud="x"),
    "aud_missing": without("claims", "aud"),
    "aud_empty": claims(aud=[]),
    "aud_with_a_number": claims(aud=[forge.AUDIENCE, 1]),
    "iat_ahead": claims(iat=In(300)),
    "sub_a_number": claims(sub=1),
    "jti_a_number": claims(jti=1),
    "text_cut": text(lambda good: good[:-1]),
    "text_a_list": text(lambda good: f"[{good}]"),
    "text_twice": text(lambda good: good + good),
    "text_latin1": text(lambda good: f'{good[:-1]}, "x": "\u00e9"}}'.encode("latin-1")),
    "text_control_character": member('"x": "\n"'),
    "raw_cut": finish(lambda raw: raw[:-3]),
    "raw_longer": finish(lambda raw: raw + "AAAA"),
    "raw_other_claims": finish(lambda raw: raw.replace(".", ".e30", 1)),
    "raw_empty_segment": finish(lambda raw: raw.replace(".", "..", 1)),
    "raw_spare_bits": finish(spare),
    "raw_without_signature": finish(lambda raw: raw[: raw.rindex(".") + 1]),
    "jwk_alg_of_another": key(alg="RS512"),
    "jwk_alg_unknown": key(alg="x"),
    "jwk_kty_unknown": key(kty="AKP"),
    "jwk_number_missing": without("jwk", "n", "x"),
    "jwk_number_of_another": coordinate(lambda number: encode_base64url(bytes(len(number) * 3 // 4))),
}
"""All three refuse it, one way or the other."""

Listed = tuple[Change, str | None, dict[str, str]]


def they_take(code: str, change: Change, pyjwt: str = "", joserfc: str = "") -> Listed:
    """What we refuse with *code*, and why who takes it does."""
    return change, code, {name: why for name, why in (("PyJWT", pyjwt), ("joserfc", joserfc)) if why}


def we_take(change: Change, pyjwt: str = "", joserfc: str = "") -> Listed:
    """What we accept, and why who refuses it does."""
    return change, None, {name: why for name, why in (("PyJWT", pyjwt), ("joserfc", joserfc)) if why}


PADDED, UTF8, TWICE = (
    "padding is put right",
    "json.loads guesses the encoding",
    "the last of two names counts",
)
CONSTANTS, HALVES, DEEP = (
    "Python's json reads NaN",
    "half a surrogate pair is a character",
    "depth is not bounded",
)
KIND, NULL = "not looked at", "null is a value, and no string"
DIGITS, OPTIONAL, ANY_DATE = "int() reads it", "exp is optional", "any number is a date"
INFINITE, PURPOSE = "Python's json makes it infinity", "the JWK's purpose is not looked at"

LISTED: dict[str, Listed] = {
    "kid_missing": we_take(without("header", "kid"), "its client looks keys up by kid alone"),
    "header_unknown_member": we_take(
        header(x=1), "", "unknown members are refused; RFC 7515 has them ignored"
    ),
    "jwk_alg_missing": we_take(without("jwk", "alg"), "an RSA key is for RS256 then"),
    "crit_empty": they_take("critical_header", header(crit=[]), "", "an empty list is no extension"),
    "crit_b64_true": they_take(
        "critical_header", header(crit=["b64"], b64=True), "b64 is implemented", "b64 is implemented"
    ),
    "b64_a_string": they_take("critical_header", header(b64="x"), KIND),
    "typ_other": they_take("wrong_type", header(typ="dpop+jwt"), KIND, KIND),
    "typ_a_number": they_take("malformed", header(typ=1), KIND),
    "at_hash": they_take("wrong_type", claims(at_hash="x"), KIND, KIND),
    "events": they_take("wrong_type", claims(events={}), KIND, KIND),
    "token_use_id": they_take("wrong_type", claims(token_use="id"), KIND, KIND),
    "cnf": they_take("bound_token", claims(cnf={"jkt": "x"}), KIND, KIND),
    "exp_missing": they_take("missing_claim", without("claims", "exp"), OPTIONAL, OPTIONAL),
    "exp_digits": they_take("invalid_claim", claims(exp="4000000000"), DIGITS),
    "exp_milliseconds": they_take("invalid_claim", claims(exp=In(300, 1000)), ANY_DATE, ANY_DATE),
    "nbf_true": they_take("invalid_claim", claims(nbf=True), DIGITS),
    "nbf_digits": they_take("invalid_claim", claims(nbf="5"), DIGITS),
    "iat_digits": they_take("invalid_claim", claims(iat="5"), DIGITS),
    "sub_null": we_take(claims(sub=None), NULL, NULL),
    "duplicate_name": they_take("malformed", member('"sub": "x"'), TWICE, TWICE),
    "nan": they_take("malformed", member('"x": NaN'), CONSTANTS, CONSTANTS),
    "beyond_floats": they_take("malformed", member('"x": 1e400'), INFINITE, INFINITE),
    "lone_surrogate": they_take("malformed", member('"x": "\\ud800"'), HALVES, HALVES),
    "deep": they_take("malformed", member(f'"x": {"[" * 40}{"]" * 40}'), DEEP, DEEP),
    "utf16": they_take("malformed", text(lambda good: good.encode("utf-16")), UTF8, UTF8),
    "byte_order_mark": they_take("malformed", text(lambda good: b"\xef\xbb\xbf" + good.encode()), UTF8, UTF8),
    "raw_padded": they_take("malformed", finish(lambda raw: raw + "=="), PADDED),
    "raw_too_large": they_take(
        "too_large", claims(filler="x" * 13_000), "size is not bounded", "its bound is higher"
    ),
    "jwk_use_enc": they_take("no_key", key(use="enc"), PURPOSE),
    "jwk_key_ops_sign": they_take("no_key", key(key_ops=["sign"]), PURPOSE),
    "jwk_private": they_take("no_key", key(dp="AQAB"), PURPOSE, PURPOSE),
    "jwk_padded": we_take(coordinate(lambda number: number + "=="), "", "padding is refused in keys too"),
    "jwk_use_null": we_take(key(use=None), "", "null is a value"),
    "jwk_private_null": we_take(key(dp=None, qi="", oth=[]), "", "null is a value"),
}
"""What others judge otherwise: our verdict (``None``: accepted), and why theirs differs."""

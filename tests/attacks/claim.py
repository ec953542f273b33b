"""Attacks by rightly signed claims: whose token it is, for whom, when, and of which JSON types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.attacks import forge
from tests.attacks.attack import Attack, of_claims, of_values
from tests.attacks.forge import In, claims, token

OTHER_ISSUERS = {
    "other": "https://evil.example/",
    "without_slash": "https://id.example",
    "two_slashes": "https://id.example//",
    "upper_case": "https://ID.example/",
    "upper_case_scheme": "HTTPS://id.example/",
    "http": "http://id.example/",
    "port": "https://id.example:443/",
    "root_dot": "https://id.example./",
    "prefix": "https://id.example/evil",
    "dot_segment": "https://id.example/./",
    "query": "https://id.example/?",
    "fragment": "https://id.example/#",
    "escape": "https://id.ex%61mple/",
    "backslash": "https://id.example\\",
    "user": "https://id.example@evil.example/",
    "space": "https://id.example/ ",
    "newline": "https://id.example/\n",
    "nul": "https://id.example/\0",
    "zero_width_space": "https://id.example/\u200b",
    "cyrillic": "https://\u0456d.example/",
    "full_width": "https://\uff49d.example/",
    "ideographic_dot": "https://id\u3002example/",
    "combining": "https://id.example/\u0301",
    "empty": "",
}


def issuers() -> Iterator[Attack]:
    """9068-2, BCP-10, DISC-3: the issuer's name, code point by code point."""
    yield from of_values("iss", "wrong_issuer", OTHER_ISSUERS)
    yield of_claims("iss_missing", "missing_claim", {"iss": ...})
    yield of_claims("iss_null", "missing_claim", {"iss": None})
    wrong = {"a_list": [forge.ISSUER], "a_number": 1, "true": True, "an_object": {}}
    yield from of_values("iss", "invalid_claim", wrong)


OTHER_AUDIENCES: dict[str, Any] = {
    "other": "https://other.example",
    "list_of_others": ["a", "b"],
    "empty_list": [],
    "empty": "",
    "list_of_empty": [""],
    "prefix": forge.AUDIENCE[:-1],
    "longer": forge.AUDIENCE + "/",
    "upper_case": forge.AUDIENCE.upper(),
    "star": "*",
    "pattern": [".*"],
    "letters": list(forge.AUDIENCE),
    "several_in_one_string": f"{forge.AUDIENCE} other",
    "json_in_a_string": json.dumps([forge.AUDIENCE]),
    "zero_width_space": forge.AUDIENCE + "\u200b",
    "full_width": forge.AUDIENCE.replace("a", "\uff41"),
    "nul": forge.AUDIENCE + "\0",
    "missing": ...,
    "null": None,
}
NO_AUDIENCES = {
    "a_number": 1,
    "an_object": {forge.AUDIENCE: 1},
    "list_with_a_number": [forge.AUDIENCE, 1],
    "list_with_null": [forge.AUDIENCE, None],
    "list_with_a_list": [[forge.AUDIENCE]],
    "true": True,
}


def audiences() -> Iterator[Attack]:
    """9068-3, BCP-11, 9700-1: the token names us."""
    good = ["other", forge.AUDIENCE]
    yield from of_values("aud", "wrong_audience", OTHER_AUDIENCES, good)
    yield from of_values("aud", "invalid_claim", NO_AUDIENCES, good)


NO_DATES = {
    "digits": "1800000000",
    "true": True,
    "false": False,
    "a_list": [1_800_000_000],
    "an_object": {},
    "empty": "",
    "iso": "2040-01-01T00:00:00Z",
}
NO_LIKELY_DATES = {"huge": "1" * 400, "huge_float": "1e300", "minus_huge": "-1e300", "just_too_late": "1e11"}
SHIFTED: dict[str, tuple[str, dict[str, Any]]] = {
    "exp_past": ("expired", {"exp": In(-31)}),
    "exp_past_by_a_fraction": ("expired", {"exp": In(-30.5)}),
    "exp_long_past": ("expired", {"exp": 0}),
    "exp_negative": ("expired", {"exp": -5}),
    "exp_negative_zero": ("expired", {"exp": -0.0}),
    "exp_missing": ("missing_claim", {"exp": ...}),
    "exp_null": ("missing_claim", {"exp": None}),
    "exp_in_milliseconds": ("invalid_claim", {"exp": In(300, 1000)}),
    "nbf_ahead": ("not_yet_valid", {"nbf": In(60)}),
    "nbf_in_milliseconds": ("invalid_claim", {"nbf": In(0, 1000)}),
    "iat_ahead": ("not_yet_valid", {"iat": In(60)}),
    "iat_in_milliseconds": ("invalid_claim", {"iat": In(0, 1000)}),
}


def times() -> Iterator[Attack]:
    """9068-5, JOSE-10: dates are numbers, and now lies between them."""
    for name, (code, bad) in SHIFTED.items():
        yield of_claims(name, code, bad, nbf=In(0))
    for claim in ("exp", "nbf", "iat"):
        ahead = {"exp": 300}.get(claim, 0)
        yield from of_values(claim, "invalid_claim", NO_DATES, In(ahead))
        yield of_claims(f"{claim}_fraction_is_fine", None, {claim: In(ahead + 0.5)})
        for name, text in NO_LIKELY_DATES.items():
            forged = lambda claim=claim, text=text: token(payload=written(claim, text))  # noqa: E731
            yield Attack(f"{claim}_{name}", forged, "invalid_claim")


def written(claim: str, text: str) -> str:
    """A good payload but for *claim*, which is written as *text*."""
    return f'{json.dumps(claims(**{claim: ...}))[:-1]}, "{claim}": {text}}}'


NO_STRINGS = {"a_number": 1, "a_list": ["user"], "an_object": {}, "true": True}
NO_NAMES = {
    "a_number": 1,
    "an_object": {"a": 1},
    "list_with_a_number": ["a", 1],
    "list_with_null": [None],
    "list_with_a_list": [["a"]],
    "true": True,
}


def claim_types() -> Iterator[Attack]:
    """JOSE-10, 9068-10: strings are strings. What nobody asks for refuses nothing, whatever its type; nor does null."""
    for claim in ("sub", "jti"):
        yield from of_values(claim, "invalid_claim", NO_STRINGS, "x")
    for claim in ("client_id", "azp", "scope", "scp", "roles", "permissions"):
        yield from of_values(f"{claim}", None, {f"{name}_is_fine": value for name, value in NO_NAMES.items()})
    for claim in ("sub", "jti", "nbf", "iat", "client_id", "azp", "scope", "roles", "at_hash", "token_use"):
        yield of_claims(f"{claim}_null_is_fine", None, {claim: None})

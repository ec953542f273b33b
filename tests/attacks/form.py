"""Attacks on the compact form: what is around the segments, how they are spelled, and how long they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.attacks.attack import Attack, of_header, of_text
from tests.attacks.forge import AUDIENCE, ISSUER, assemble, claims, header, segment, token


def flattened(raw: str) -> str:
    """RFC 7515 section 7.2.2."""
    protected, payload, signature = raw.split(".")
    return json.dumps({"protected": protected, "payload": payload, "signature": signature})


def general(raw: str) -> str:
    """RFC 7515 section 7.2.1."""
    protected, payload, signature = raw.split(".")
    return json.dumps({"payload": payload, "signatures": [{"protected": protected, "signature": signature}]})


ARRANGEMENTS: dict[str, Callable[[str], Any]] = {
    "empty": lambda raw: "",
    "no_dots": lambda raw: raw.replace(".", ""),
    "one_dot": lambda raw: raw.rpartition(".")[0],
    "only_dots": lambda raw: "..",
    "four_segments": lambda raw: raw + ".AAAA",
    "encrypted_five_segments": lambda raw: raw + ".AAAA.AAAA",
    "leading_dot": lambda raw: "." + raw,
    "trailing_dot": lambda raw: raw + ".",
    "doubled_dot": lambda raw: raw.replace(".", "..", 1),
    "no_header": lambda raw: raw[raw.index(".") :],
    "bearer_inside": lambda raw: "Bearer " + raw,
    "two_tokens": lambda raw: f"{raw},{raw}",
    "space_before": lambda raw: " " + raw,
    "space_after": lambda raw: raw + " ",
    "newline_after": lambda raw: raw + "\n",
    "newlines_between": lambda raw: raw.replace(".", ".\n"),
    "nul_after": lambda raw: raw + "\0",
    "mark_before": lambda raw: "\ufeff" + raw,
    "percent_dots": lambda raw: raw.replace(".", "%2E"),
    "full_width_dot": lambda raw: raw.replace(".", "\uff0e"),
    "lone_surrogate": lambda raw: raw + "\ud800",
    "quoted": lambda raw: f'"{raw}"',
    "octets_instead_of_text": lambda raw: raw.encode(),
    "nothing_at_all": lambda raw: None,
    "flattened_json": flattened,
    "general_json": general,
    "general_json_polyglot": lambda raw: general(raw) + "." + raw,
}


def structure() -> Iterator[Attack]:
    """JOSE-4, BCP-6, BCP-16, 9068-9: three segments, in the compact form, and nothing around them."""
    for name, change in ARRANGEMENTS.items():
        yield of_text(f"structure_{name}", change)
    yield Attack("structure_no_payload", lambda: assemble(segment(header()), ""), "malformed")
    encrypted = segment({"alg": "RSA-OAEP", "enc": "A256GCM", "kid": "RS256"})
    yield Attack("structure_encrypted", lambda: f"{encrypted}.AAAA.AAAA.AAAA.AAAA", "malformed")
    for name, enc in {"a_name": "A256GCM", "null": None, "empty": "", "an_object": {}}.items():
        yield of_header(f"structure_signed_with_enc_{name}", "malformed", {"enc": enc}, cty="JWT", zip="DEF")


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def spare(encoded: str) -> str:
    """The same octets with a spare bit set in the last character."""
    return encoded[:-1] + ALPHABET[ALPHABET.index(encoded[-1]) + 1]


def inside(text: str) -> Callable[[str], str]:
    """*text* after the eighth character."""
    return lambda encoded: encoded[:8] + text + encoded[8:]


SPELLINGS: dict[str, tuple[int, Callable[[str], str]]] = {
    "padding": (2, lambda encoded: encoded + "=="),
    "one_padding_of_two": (2, lambda encoded: encoded + "="),
    "padding_of_three": (3, lambda encoded: encoded + "="),
    "padding_inside": (2, inside("====")),
    "padding_of_nothing": (0, lambda encoded: encoded + "===="),
    "spare_bits_of_two": (2, spare),
    "spare_bits_of_three": (3, spare),
    "impossible_length": (2, lambda encoded: encoded + "AAA"),
    "space": (2, inside(" ")),
    "tab": (2, inside("\t")),
    "newline": (2, inside("\n")),
    "nul": (2, inside("\0")),
    "crlf_at_the_end": (2, lambda encoded: encoded + "\r\n"),
    "exclamation": (2, inside("!")),
    "four_exclamations": (2, inside("!!!!")),
    "percent_escape": (2, lambda encoded: encoded + "%3D%3D"),
    "standard_alphabet": (2, lambda encoded: encoded.replace("-", "+").replace("_", "/")),
}
"""What may be wrong, and how many characters the segment has beyond groups of four, for it to be that."""


def texts_by_length(value: dict[str, Any]) -> dict[int, str]:
    """One JSON text by that number, with spaces at its end; base64 of it has both special characters."""
    texts = [json.dumps({**value, "x": "?>~?>~?>~\x7f"}) + " " * spaces for spaces in range(3)]
    return {len(segment(text)) % 4: text for text in texts}


ETERNAL = {"iss": ISSUER, "sub": "user", "aud": AUDIENCE, "exp": 4_000_000_000, "iat": 1}
"""Claims whose text stays the same."""


def laxness() -> Iterator[Attack]:
    """JOSE-4: base64url in its one spelling. Each is signed exactly as it is sent."""
    heads, payloads = texts_by_length(header()), texts_by_length(ETERNAL)
    for name, (length, spell) in SPELLINGS.items():
        head, payload = segment(heads[length]), segment(payloads[length])
        good = lambda head=head, payload=payload: assemble(head, payload)  # noqa: E731
        yield Attack(
            f"laxness_header_{name}",
            lambda spell=spell, head=head, payload=payload: assemble(spell(head), payload),
            "malformed",
            good,
        )
        yield Attack(
            f"laxness_payload_{name}",
            lambda spell=spell, head=head, payload=payload: assemble(head, spell(payload)),
            "malformed",
            good,
        )
    yield from lax_signatures()


def lax_signatures() -> Iterator[Attack]:
    """The signature's own spelling, which nothing signs; it has two characters beyond groups of four."""
    for name, (length, spell) in SPELLINGS.items():
        if length == 2:
            yield of_text(f"laxness_signature_{name}", lambda raw, spell=spell: respelled(raw, spell))


def respelled(raw: str, spell: Callable[[str], str]) -> str:
    """*raw* with another spelling of its signature; of a token whose signature has a special character."""
    head, _, signature = raw.rpartition(".")
    while "-" not in signature and "_" not in signature:
        head, _, signature = token().rpartition(".")
    return f"{head}.{spell(signature)}"


def sizes() -> Iterator[Attack]:
    """Bounded input: 16 KiB, and a clear code above."""
    yield Attack("size_above_the_limit", lambda: token(payload=claims(x="x" * 13000)), "too_large",
                 lambda: token(payload=claims(x="x" * 10000)))  # fmt: skip
    yield of_text("size_of_a_megabyte", lambda raw: raw + "A" * 2**20, "too_large")
    yield of_text("size_of_a_megabyte_of_dots", lambda raw: "." * 2**20, "too_large")
    yield of_header("size_of_the_header", "too_large", {"x": "x" * 15000}, x="x" * 5000)
    yield of_header("size_of_a_list_in_the_header", "malformed", {"x": [0] * 2000}, x=[0] * 100)
    yield of_header("size_of_objects_in_the_header", "malformed", {"x": [[{}]] * 500}, x=[[{}]] * 30)
    yield of_header("size_of_an_integer_in_the_header", "malformed", {"x": 10**64}, x=10**63)
    long_float = b'{"alg": "RS256", "kid": "RS256", "x": 0.' + b"1" * 63 + b"}"
    short_float = long_float.replace(b"11}", b"1}")
    yield Attack("size_of_a_float_in_the_header", lambda: token(long_float), "malformed",
                 lambda: token(short_float))  # fmt: skip
    yield of_text("size_just_above_the_limit", lambda raw: raw.ljust(16_385, "A"), "too_large")
    yield of_text("size_just_at_the_limit", lambda raw: raw.ljust(16_384, "A"), "malformed")

"""The table: every attack, the code of its refusal, and the control that differs in nothing but the fault."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.attacks import forge
from tests.attacks.forge import assemble, claims, header, resigned, segment, sign, tampered, token


@dataclass(frozen=True)
class Attack:
    """*forged* is refused with *code* (``None``: the attack is none, and the token is good); *control* is accepted."""

    name: str
    forged: Callable[[], Any]
    code: str | None
    control: Callable[[], str] = token


def of_claims(name: str, code: str, bad: dict[str, Any], **good: Any) -> Attack:
    """Claims rightly signed."""
    return Attack(name, lambda: token(payload=claims(**bad)), code, lambda: token(payload=claims(**good)))


def of_header(name: str, code: str, bad: dict[str, Any], **good: Any) -> Attack:
    """A header rightly signed with RS256."""
    return Attack(name, lambda: token(header(**bad)), code, lambda: token(header(**good)))


def of_payload(name: str, change: Callable[[str], Any], code: str = "malformed") -> Attack:
    """The payload's JSON text, changed and rightly signed."""
    return Attack(name, lambda: token(payload=change(json.dumps(claims()))), code)


def of_text(name: str, change: Callable[[str], Any], code: str = "malformed") -> Attack:
    """A good token, changed as text."""
    return Attack(name, lambda: change(token()), code)


def structure() -> Iterator[Attack]:
    """JOSE-4, BCP-16, 9068-9: three segments, in the compact form, and nothing around them."""
    changes: dict[str, Callable[[str], Any]] = {
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
        "space_before": lambda raw: " " + raw,
        "space_after": lambda raw: raw + " ",
        "newline_after": lambda raw: raw + "\n",
        "nul_after": lambda raw: raw + "\0",
        "full_width_dot": lambda raw: raw.replace(".", "\uff0e"),
        "lone_surrogate": lambda raw: raw + "\ud800",
        "octets_instead_of_text": lambda raw: raw.encode(),
        "nothing_at_all": lambda raw: None,
        "flattened_json": flattened,
        "general_json": lambda raw: json.dumps({"payload": raw.split(".")[1], "signatures": [{}]}),
    }
    for name, change in changes.items():
        yield of_text(f"structure_{name}", change)
    yield Attack("structure_no_payload", lambda: assemble(segment(header()), ""), "malformed")


def flattened(raw: str) -> str:
    """RFC 7515 section 7.2.2."""
    protected, payload, signature = raw.split(".")
    return json.dumps({"protected": protected, "payload": payload, "signature": signature})


def laxness() -> Iterator[Attack]:
    """JOSE-4: base64url in its one spelling. Each is signed exactly as it is sent."""
    # Payloads are padded with spaces until base64 has the length and the characters that an attack needs.
    two = next(text for text in spaced() if len(segment(text)) % 4 == 2)
    three = next(text for text in spaced() if len(segment(text)) % 4 == 3)
    dash = segment(json.dumps(claims(sub="?>~?>~?>~")))
    spellings = {
        "padding": lambda: segment(two) + "==",
        "one_padding_of_two": lambda: segment(two) + "=",
        "padding_of_three": lambda: segment(three) + "=",
        "padding_inside": lambda: segment(two)[:4] + "====" + segment(two)[4:],
        "spare_bits_of_two": lambda: spare(segment(two)),
        "spare_bits_of_three": lambda: spare(segment(three)),
        "impossible_length": lambda: segment(two) + "AAA",
        "space": lambda: segment(two)[:8] + " " + segment(two)[8:],
        "newline": lambda: segment(two)[:8] + "\n" + segment(two)[8:],
        "crlf_at_the_end": lambda: segment(two) + "\r\n",
        "exclamation": lambda: segment(two)[:8] + "!" + segment(two)[8:],
        "percent_escape": lambda: segment(two) + "%3D%3D",
        "standard_alphabet": lambda: dash.replace("-", "+").replace("_", "/"),
    }
    for name, spell in spellings.items():
        good = dash if name == "standard_alphabet" else segment(three if name.endswith("three") else two)
        yield Attack(
            f"laxness_payload_{name}",
            lambda spell=spell: assemble(segment(header()), spell()),
            "malformed",
            lambda good=good: assemble(segment(header()), good),
        )
    heads = [text for text in spaced(header()) if len(segment(text)) % 4 == 2]
    yield Attack(
        "laxness_header_padding",
        lambda: assemble(segment(heads[0]) + "==", segment(claims())),
        "malformed",
        lambda: assemble(segment(heads[0]), segment(claims())),
    )
    yield Attack(
        "laxness_header_spare_bits",
        lambda: assemble(spare(segment(heads[0])), segment(claims())),
        "malformed",
        lambda: assemble(segment(heads[0]), segment(claims())),
    )
    yield of_text("laxness_signature_padding", lambda raw: raw + "==")
    yield of_text("laxness_signature_spare_bits", spare)
    yield of_text("laxness_signature_space", lambda raw: raw[:-9] + " " + raw[-9:])
    yield of_text("laxness_signature_foreign_character", lambda raw: raw + "!")


def spaced(value: Any = None) -> list[str]:
    """One JSON text with none to three spaces at its end."""
    return [json.dumps(claims() if value is None else value) + " " * spaces for spaces in range(4)]


def spare(encoded: str) -> str:
    """The same octets with a spare bit set in the last character."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return encoded[:-1] + alphabet[alphabet.index(encoded[-1]) + 1]


def json_texts() -> Iterator[Attack]:
    """BCP-9, JOSE-2, JOSE-10: JSON that two programs could read differently."""
    changes: dict[str, Callable[[str], Any]] = {
        "duplicate_name": lambda text: text[:-1] + ', "sub": "admin"}',
        "duplicate_name_escaped": lambda text: text[:-1] + ', "s\\u0075b": "admin"}',
        "duplicate_name_nested": lambda text: text[:-1] + ', "a": [{"b": 1, "b": 2}]}',
        "utf16": lambda text: text.encode("utf-16"),
        "utf16_without_mark": lambda text: text.encode("utf-16-le"),
        "utf32": lambda text: text.encode("utf-32"),
        "byte_order_mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
        "latin1": lambda text: (text[:-1] + ', "name": "\xe9"}').encode("latin-1"),
        "overlong_utf8": lambda text: text[:-1].encode() + b', "name": "\xc0\xaf"}',
        "surrogate_in_utf8": lambda text: text[:-1].encode() + b', "name": "\xed\xa0\x80"}',
        "lone_surrogate_escape": lambda text: text[:-1] + ', "name": "\\ud800"}',
        "lone_surrogate_in_a_name": lambda text: text[:-1] + ', "\\udc00": 1}',
        "nan": lambda text: text[:-1] + ', "x": NaN}',
        "infinity": lambda text: text[:-1] + ', "x": Infinity}',
        "minus_infinity": lambda text: text[:-1] + ', "x": [-Infinity]}',
        "trailing_comma": lambda text: text[:-1] + ",}",
        "trailing_garbage": lambda text: text + "x",
        "two_objects": lambda text: text + text,
        "comment": lambda text: text[:-1] + "/**/}",
        "single_quotes": lambda text: text.replace('"', "'"),
        "no_break_space_around": lambda text: text + "\u00a0",
        "nul_at_the_end": lambda text: text + "\0",
        "control_character": lambda text: text[:-1] + ', "name": "a\tb"}',
        "leading_zero": lambda text: text[:-1] + ', "x": 01}',
        "hexadecimal": lambda text: text[:-1] + ', "x": 0x1}',
        "huge_integer": lambda text: text[:-1] + f', "x": {"9" * 5000}}}',
        "deep_lists": lambda text: text[:-1] + f', "x": {"[" * 40}{"]" * 40}}}',
        "very_deep_lists": lambda text: text[:-1] + f', "x": {"[" * 4000}{"]" * 4000}}}',
        "deep_objects": lambda text: text[:-1] + ', "x": ' + '{"x":' * 40 + "1" + "}" * 41,
        "unclosed": lambda text: text[:-1],
        "a_list": lambda text: f"[{text}]",
        "a_string": lambda text: json.dumps(text),
        "a_number": lambda text: "1",
        "null": lambda text: "null",
        "only_space": lambda text: "  ",
        "nested_token": lambda text: token(),
    }
    for name, change in changes.items():
        yield of_payload(f"json_payload_{name}", change)
    text = json.dumps(header())
    heads = {
        "duplicate_alg": text[:-1] + ', "alg": "none"}',
        "duplicate_kid": text[:-1] + ', "kid": "other"}',
        "utf16": text.encode("utf-16"),
        "byte_order_mark": b"\xef\xbb\xbf" + text.encode(),
        "a_list": f"[{text}]",
        "deep": text[:-1] + f', "x": {"[" * 40}{"]" * 40}}}',
        "unclosed": text[:-1],
    }
    for name, head in heads.items():
        yield Attack(f"json_header_{name}", lambda head=head: token(head), "malformed")
    yield Attack("json_wide_but_not_deep", lambda: token(payload=claims(x=[[{}]] * 200)), None)
    yield Attack("json_brackets_in_strings", lambda: token(payload=claims(x='[{"' * 200)), None)


def algorithms() -> Iterator[Attack]:
    """BCP-1, BCP-4, BCP-5, JOSE-7: the allow-list and the key decide, never the token."""
    for alg in (
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        "rs256",
        "RS256 ",
        " RS256",
        "RS-256",
        "RSA-OAEP",
        "ES256K",
        "RS1",
    ):
        yield of_header(
            f"alg_{alg or 'empty'!r}_with_a_signature", "algorithm_not_allowed", {"alg": alg, "kid": "RS256"}
        )
    for alg in ("none", "None", "nonE"):
        yield Attack(
            f"alg_{alg}_without_a_signature",
            lambda alg=alg: assemble(segment(header(alg=alg, kid="RS256")), segment(claims()), lambda _: b""),
            "algorithm_not_allowed",
        )
    for name, alg in {
        "missing": ...,
        "null": None,
        "a_number": 256,
        "a_list": ["RS256"],
        "an_object": {},
    }.items():
        yield of_header(f"alg_{name}", "malformed", {"alg": alg, "kid": "RS256"})
    public = forge.RSA_KEY.public_key()
    secrets = {
        "pem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "pkcs1_pem": public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "modulus": public.public_numbers().n.to_bytes(256, "big"),
        "jwk": json.dumps(forge.KEY_SET["keys"][0]).encode(),
        "empty": b"",
    }
    for name, secret in secrets.items():
        for alg, digest in (("HS256", "sha256"), ("HS512", "sha512")):
            yield Attack(
                f"hs_confusion_{alg}_{name}",
                lambda alg=alg, secret=secret, digest=digest: assemble(
                    segment(header(alg=alg, kid="RS256")), segment(claims()), forge.mac(secret, digest)
                ),
                "algorithm_not_allowed",
            )
        yield Attack(
            f"hs_confusion_mac_called_RS256_{name}",
            lambda secret=secret: resigned("RS256", forge.mac(secret)),
            "bad_signature",
        )
    yield Attack(  # the same RSA key pair, under a JWK that says RS256
        "key_of_RS256_used_for_PS256",
        lambda: token(header(alg="PS256", kid="RS256"), alg="PS256", key=forge.RSA_KEY),
        "unknown_key",
        lambda: token(alg="PS256"),
    )
    yield Attack(
        "key_of_EdDSA_used_for_Ed25519",
        lambda: token(header(alg="Ed25519", kid="EdDSA"), alg="EdDSA"),
        "unknown_key",
        lambda: token(alg="EdDSA"),
    )
    for alg in ("ES256", "EdDSA", "PS256"):
        yield of_header(f"alg_{alg}_over_an_RS256_signature", "bad_signature", {"alg": alg, "kid": alg})


def embedded_keys() -> Iterator[Attack]:
    """BCP-12, 9068-4: keys come from the issuer, never from the token."""
    jwk = forge.public_jwk("RS256", forge.ATTACKER_KEY, kid="RS256")
    members: dict[str, Any] = {
        "jwk": jwk,
        "jku": "https://evil.example/jwks",
        "x5u": "https://evil.example/cert",
        "x5c": ["MIIB"],
    }
    for name, value in members.items():
        good = {name: value}
        yield Attack(
            f"embedded_{name}_with_a_known_kid",
            lambda good=good: token(header(**good), key=forge.ATTACKER_KEY),
            "bad_signature",
            lambda good=good: token(header(**good)),  # as a member nobody reads it does no harm
        )
        yield Attack(
            f"embedded_{name}_with_an_unknown_kid",
            lambda good=good: token(header(kid="evil", **good), key=forge.ATTACKER_KEY),
            "unknown_key",
        )


def kids() -> Iterator[Attack]:
    """JOSE-3, JOSE-8, BCP-12: a kid is a string, compared exactly, and leads nowhere but into the set."""
    for name, kid in {
        "unknown": "other",
        "lower_case": "rs256",
        "space": "RS256 ",
        "nul": "RS256\0",
        "path": "../../../../dev/null",
        "sql": "RS256' OR '1'='1",
        "url": "https://evil.example/key",
        "empty": "",
        "full_width": "\uff32\uff33256",
        "very_long": "k" * 5000,
    }.items():
        yield of_header(f"kid_{name}", "unknown_key", {"kid": kid})
    for name, kid in {
        "null": None,
        "a_number": 1,
        "a_list": ["RS256"],
        "an_object": {},
        "true": True,
    }.items():
        yield of_header(f"kid_{name}", "malformed", {"kid": kid})


def signatures() -> Iterator[Attack]:
    """JOSE-9, BCP-6: every signature scheme at its edges."""
    for alg in forge.ALGORITHMS:
        good = lambda alg=alg: token(alg=alg)  # noqa: E731
        changes: dict[str, Callable[[bytes], bytes]] = {
            "first_bit": lambda data: bytes([data[0] ^ 128]) + data[1:],
            "last_bit": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
            "cut": lambda data: data[:-1],
            "zero_before": lambda data: b"\0" + data,
            "zero_after": lambda data: data + b"\0",
            "all_zero": lambda data: bytes(len(data)),
            "all_ones": lambda data: b"\xff" * len(data),
            "empty": lambda data: b"",
            "twice": lambda data: data + data,
        }
        for name, change in changes.items():
            yield Attack(
                f"signature_{alg}_{name}",
                lambda change=change, alg=alg: tampered(change, alg),
                "bad_signature",
                good,
            )
        yield Attack(
            f"signature_{alg}_of_other_claims",
            lambda alg=alg: resigned(alg, lambda data: sign(data + b"x", alg)),
            "bad_signature",
            good,
        )
    yield from rsa_signatures()
    yield from ecdsa_signatures()
    yield from eddsa_signatures()


def rsa_signatures() -> Iterator[Attack]:
    """PKCS #1 v1.5 encodings made with the private key, so that only strict checking tells them apart; PSS."""
    shapes: dict[str, dict[str, Any]] = {
        "garbage_after_the_hash": {"garbage": b"\0" * 8, "fill": 194},
        "garbage_and_short_padding": {"garbage": b"\xaa" * 100, "fill": 102},
        "block_type_two": {"block": 2},
        "block_type_zero": {"block": 0},
        "padding_of_zeros": {"octet": b"\0"},
        "hash_at_the_left": {"fill": 8},
        "no_null_parameter": {"info": forge.SHA256_INFO_WITHOUT_NULL},
        "no_digest_info": {"info": b""},
        "sha1": {"info": forge.SHA1_INFO, "digest": "sha1"},
        "sha1_called_sha256": {"digest": "sha1"},
        "sha512": {"digest": "sha512"},
    }
    exact = lambda: resigned("RS256", forge.pkcs1)  # noqa: E731  the forger's encoder, used rightly
    for name, shape in shapes.items():
        forged = lambda shape=shape: resigned("RS256", lambda data: forge.pkcs1(data, **shape))  # noqa: E731
        yield Attack(f"rsa_pkcs1_{name}", forged, "bad_signature", exact)
    modulus = forge.RSA_KEY.public_key().public_numbers().n
    yield Attack(
        "rsa_signature_plus_the_modulus",
        lambda: tampered(
            lambda data: (int.from_bytes(data, "big") + modulus).to_bytes(257, "big").lstrip(b"\0")
        ),
        "bad_signature",
    )
    sha1, sha256, sha384 = hashes.SHA1(), hashes.SHA256(), hashes.SHA384()
    for name, (digest, mgf, salt) in {
        "no_salt": (sha256, sha256, 0),
        "short_salt": (sha256, sha256, 20),
        "longest_salt": (sha256, sha256, 222),
        "mgf_of_sha1": (sha256, sha1, 32),
        "sha384": (sha384, sha384, 48),
    }.items():
        pss = padding.PSS(padding.MGF1(mgf), salt)
        yield Attack(
            f"pss_{name}",
            lambda pss=pss, digest=digest: resigned(
                "PS256", lambda data: forge.RSA_KEY.sign(data, pss, digest)
            ),
            "bad_signature",
            lambda: token(alg="PS256"),
        )


def ecdsa_signatures() -> Iterator[Attack]:
    """r and s at the edges of their range, and other encodings."""
    order = forge.CURVE_ORDER
    changes: dict[str, Callable[[int, int], tuple[int, int]]] = {
        "r_zero": lambda r, s: (0, s),
        "s_zero": lambda r, s: (r, 0),
        "both_zero": lambda r, s: (0, 0),
        "r_is_the_order": lambda r, s: (order, s),
        "s_is_the_order": lambda r, s: (r, order),
        "both_one": lambda r, s: (1, 1),
        "both_largest": lambda r, s: (order - 1, order - 1),
        "swapped": lambda r, s: (s, r),
        "r_negated": lambda r, s: (order - r, s),
    }
    good = lambda: token(alg="ES256")  # noqa: E731
    for name, change in changes.items():
        yield Attack(f"ecdsa_{name}", lambda change=change: forge.es256(change), "bad_signature", good)
    # (r, n - s) is as good a signature: RFC 7518 does not ask for the lower s, so a token must never be its own name.
    yield Attack("ecdsa_other_s", lambda: forge.es256(lambda r, s: (r, order - s)), None, good)
    yield Attack(
        "ecdsa_der",
        lambda: resigned("ES256", lambda data: forge.EC_KEY.sign(data, ec.ECDSA(hashes.SHA256()))),
        "bad_signature",
        good,
    )
    yield Attack(
        "ecdsa_of_sha384",
        lambda: resigned("ES256", lambda data: forge.raw_ecdsa(data, hashes.SHA384())),
        "bad_signature",
        lambda: resigned("ES256", lambda data: forge.raw_ecdsa(data, hashes.SHA256())),
    )


def eddsa_signatures() -> Iterator[Attack]:
    """S plus the order (RFC 8032 section 5.1.7), and R of small order."""

    def larger(data: bytes) -> bytes:
        s = int.from_bytes(data[32:], "little") + forge.EDWARDS_ORDER
        return data[:32] + s.to_bytes(32, "little")

    good = lambda: token(alg="EdDSA")  # noqa: E731
    yield Attack("eddsa_s_plus_the_order", lambda: tampered(larger, "EdDSA"), "bad_signature", good)
    identity = (1).to_bytes(32, "little")
    yield Attack(
        "eddsa_identity_and_zero",
        lambda: tampered(lambda data: identity + bytes(32), "EdDSA"),
        "bad_signature",
        good,
    )


def critical_headers() -> Iterator[Attack]:
    """JOSE-1, JOSE-10: nothing is critical to us, and b64 is never false in a JWT."""
    for name, crit in {
        "unknown": ["exp"],
        "b64": ["b64"],
        "empty": [],
        "registered": ["alg"],
        "not_a_list": "b64",
        "null": None,
        "duplicate": ["x", "x"],
        "of_numbers": [1],
    }.items():
        yield of_header(
            f"crit_{name}", "critical_header", {"crit": crit, "b64": True, "exp": 1, "x": 1}, b64=True, x=1
        )
    for name, b64 in {"false": False, "null": None, "zero": 0, "a_string": "false"}.items():
        yield of_header(f"b64_{name}", "critical_header", {"b64": b64}, b64=True)


def types() -> Iterator[Attack]:
    """9068-1, BCP-13, BCP-14: another kind of token is refused by its name."""
    kinds = [
        "dpop+jwt",
        "logout+jwt",
        "secevent+jwt",
        "id_token+jwt",
        "JOSE",
        "application/json",
        "",
        " at+jwt",
    ]
    for typ in [*kinds, "at+jwt ", "at+jwt; charset=utf-8", "text/at+jwt", "application/application/at+jwt"]:
        yield of_header(f"typ_{typ!r}", "wrong_type", {"typ": typ})
    for typ in ("JWT", "jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt", "application/jwt", ...):
        yield Attack(f"typ_{typ!r}_is_fine", lambda typ=typ: token(header(typ=typ)), None)
    for name, typ in {"null": None, "a_number": 1, "a_list": ["at+jwt"]}.items():
        yield of_header(f"typ_{name}", "malformed", {"typ": typ})
    for name, bad in {
        "at_hash": {"at_hash": "x"},
        "c_hash": {"c_hash": "x"},
        "events": {"events": {}},
        "token_use_id": {"token_use": "id"},
        "at_hash_and_token_use": {"at_hash": "x", "token_use": "access"},
    }.items():
        yield of_claims(f"another_kind_by_{name}", "wrong_type", bad)
    yield of_claims("bound_by_cnf", "bound_token", {"cnf": {"jkt": "x"}})
    yield Attack("token_use_access_is_fine", lambda: token(payload=claims(token_use="access")), None)


def issuers() -> Iterator[Attack]:
    """9068-2, BCP-10, DISC-3: the issuer's name, code point by code point."""
    for name, iss in {
        "other": "https://evil.example/",
        "without_slash": "https://id.example",
        "two_slashes": "https://id.example//",
        "upper_case": "https://ID.example/",
        "http": "http://id.example/",
        "port": "https://id.example:443/",
        "prefix": "https://id.example/evil",
        "user": "https://id.example@evil.example/",
        "space": "https://id.example/ ",
        "cyrillic": "https://\u0456d.example/",
        "empty": "",
    }.items():
        yield of_claims(f"iss_{name}", "wrong_issuer", {"iss": iss})
    yield of_claims("iss_missing", "missing_claim", {"iss": ...})
    for name, value in {"null": None, "a_list": [forge.ISSUER], "a_number": 1, "an_object": {}}.items():
        yield of_claims(f"iss_{name}", "invalid_claim", {"iss": value})


def audiences() -> Iterator[Attack]:
    """9068-3, BCP-11, 9700-1: the token names us."""
    for name, aud in {
        "other": "https://other.example",
        "list_of_others": ["a", "b"],
        "empty_list": [],
        "empty": "",
        "prefix": forge.AUDIENCE[:-1],
        "longer": forge.AUDIENCE + "/",
        "upper_case": forge.AUDIENCE.upper(),
        "several_in_one_string": f"{forge.AUDIENCE} other",
        "missing": ...,
    }.items():
        yield of_claims(f"aud_{name}", "wrong_audience", {"aud": aud}, aud=["other", forge.AUDIENCE])
    for name, value in {
        "null": None,
        "a_number": 1,
        "an_object": {forge.AUDIENCE: 1},
        "list_with_a_number": [forge.AUDIENCE, 1],
        "list_with_a_list": [[forge.AUDIENCE]],
        "true": True,
    }.items():
        yield of_claims(f"aud_{name}", "invalid_claim", {"aud": value})


def times() -> Iterator[Attack]:
    """9068-5, JOSE-10: dates are numbers, and now lies between them."""
    now = int(time.time())
    yield of_claims("exp_past", "expired", {"exp": now - 31})
    yield of_claims("exp_long_past", "expired", {"exp": 0})
    yield of_claims("exp_negative", "expired", {"exp": -5})
    yield of_claims("exp_missing", "missing_claim", {"exp": ...})
    yield of_claims("nbf_ahead", "not_yet_valid", {"nbf": now + 300}, nbf=now)
    yield of_claims("iat_ahead", "not_yet_valid", {"iat": now + 300})
    wrong = {
        "null": None,
        "digits": str(now + 300),
        "true": True,
        "a_list": [now],
        "an_object": {},
        "empty": "",
    }
    for claim in ("exp", "nbf", "iat"):
        for name, value in wrong.items():
            yield of_claims(f"{claim}_{name}", "invalid_claim", {claim: value})
        good = {"exp": now + 300.5, "nbf": now - 0.5, "iat": now - 0.5}
        yield Attack(
            f"{claim}_fraction_is_fine", lambda claim=claim, good=good: token(payload=claims(**good)), None
        )
        for name, text in {"infinite": "1e999", "minus_infinite": "-1e999", "huge": "1" * 400}.items():
            bad = json.dumps(globals()["claims"](**{claim: ...}))[:-1] + f', "{claim}": {text}}}'
            yield Attack(f"{claim}_{name}", lambda bad=bad: token(payload=bad), "invalid_claim")
    yield of_claims("exp_in_milliseconds", "invalid_claim", {"exp": (now + 300) * 1000})


def claim_types() -> Iterator[Attack]:
    """JOSE-10, 9068-10: strings are strings, lists hold strings."""
    for claim in ("sub", "jti", "client_id", "azp"):
        for name, value in {
            "null": None,
            "a_number": 1,
            "a_list": ["user"],
            "an_object": {},
            "true": True,
        }.items():
            yield of_claims(f"{claim}_{name}", "invalid_claim", {claim: value}, **{claim: "x"})
    for claim in ("scope", "scp", "roles", "permissions"):
        wrong = {
            "null": None,
            "a_number": 1,
            "an_object": {"a": 1},
            "list_with_a_number": ["a", 1],
            "true": True,
        }
        for name, value in wrong.items():
            yield of_claims(f"{claim}_{name}", "invalid_claim", {claim: value}, **{claim: ["a", "b"]})


def sizes() -> Iterator[Attack]:
    """Bounded input: 16 KiB, and a clear code above."""
    yield Attack("size_above_the_limit", lambda: token(payload=claims(x="x" * 13000)), "too_large",
                 lambda: token(payload=claims(x="x" * 10000)))  # fmt: skip
    yield of_text("size_of_a_megabyte", lambda raw: raw + "A" * 2**20, "too_large")
    yield of_text("size_of_a_megabyte_of_dots", lambda raw: "." * 2**20, "too_large")
    yield of_header("size_of_the_header", "too_large", {"x": "x" * 15000}, x="x" * 5000)


GROUPS = (
    *(structure, laxness, json_texts, algorithms, embedded_keys, kids, signatures, critical_headers),
    *(types, issuers, audiences, times, claim_types, sizes),
)
ATTACKS = [attack for group in GROUPS for attack in group()]

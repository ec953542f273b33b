"""Forms in which proxies write the client's certificate into a header. Nothing here judges a certificate.

Each reader returns the certificate's SHA-256 digest, and raises ``ValueError`` with a constant text. Certificates are
not parsed: whatever has the right digest is the right certificate.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256

__all__ = ["FORMATS", "LONGEST", "READERS", "digest_of"]

LONGEST = 16_384
"""Characters of a header; certificates have 1 to 12 thousand, and servers take 8 to 64 thousand."""

_MOST_SIGNS = 256
"""Quotes, commas, semicolons and backslashes in a header of Envoy's; an element has about a dozen."""

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_ESCAPES = {"%0A": "\n", "%0D": "\r", "%09": "\t", "%20": " ", "%2B": "+", "%2D": "-", "%2F": "/", "%3D": "="}
"""All that a certificate in PEM can need to have escaped. A plus is a plus: AWS leaves it as it is."""

_HASH = re.compile(r"[0-9A-Fa-f]{64}")
_ESCAPED = re.compile(r'\\+"')
_MASKS = {",": "\x01", ";": "\x02", "=": "\x03"}
_NO_CERTIFICATE = frozenset({"", "(null)", "-"})  # of Apache, and of formats for logs


def digest_of(form: str, value: str) -> bytes | None:
    """Return the digest of the certificate that *value* has in this *form*; ``None`` if the client sent none.

    Raises ``ValueError`` for a value that can't be read.
    """
    if len(value) > LONGEST:
        raise ValueError("the certificate's header is too long")
    text = value.strip(" \t")
    return None if text in _NO_CERTIFICATE else READERS[form](text)


def _octets(text: str) -> bytes:
    """Return what *text* has in base64; padding may be missing (RFC 8941 section 4.2.7)."""
    bare = text.rstrip("=")
    try:
        octets = a2b_base64(bare + "=" * (-len(bare) % 4), strict_mode=True)
    except ValueError:
        octets = b""
    if not octets:
        raise ValueError("the certificate is no base64")
    return octets


def _of_base64(text: str) -> bytes:
    return sha256(_octets(text)).digest()


def _of_field(text: str) -> bytes:
    """RFC 9440: ``:MIIB...:``, a Byte Sequence."""
    if not (len(text) > 1 and text[0] == text[-1] == ":"):
        raise ValueError("the certificate is no Byte Sequence of RFC 8941, in colons")
    return _of_base64(text[1:-1])


def _of_pem(text: str) -> bytes:
    """PEM, whose line ends are spaces, tabs or missing."""
    before, begin, rest = text.partition(_BEGIN)
    body, end, after = rest.partition(_END)
    if not (begin and end) or before.strip() or after.strip():
        raise ValueError("the header is not one certificate in PEM")
    return _of_base64("".join(body.split()))


def _of_escaped_pem(text: str) -> bytes:
    if text.count("%") * 8 > len(text):  # one in twenty is usual, and each costs time
        raise ValueError("the certificate has more escapes than any needs")
    for escaped, plain in _ESCAPES.items() if "%" in text else ():
        text = text.replace(escaped, plain).replace(escaped.lower(), plain)
    return _of_pem(text)


def _of_first(text: str) -> bytes:
    """Base64, of which a chain with commas has the client's certificate first."""
    return _of_base64(text.partition(",")[0].strip(" \t"))


def _of_elements(text: str) -> bytes:
    """Envoy's ``By=...;Hash=...;Cert="...",...``, of which the nearest proxy has written the last element."""
    found: dict[str, str] = {}
    for name, value in _pairs_of_last(text):
        if name in found and name in ("hash", "cert"):
            raise ValueError("the element names two certificates")
        found[name] = value
    if "hash" not in found and "cert" not in found:
        raise ValueError("the last element has neither Hash nor Cert")
    if "hash" not in found:
        return _of_escaped_pem(found["cert"])
    if not _HASH.fullmatch(found["hash"]):
        raise ValueError("Hash is no SHA-256 digest")
    return bytes.fromhex(found["hash"])


def _pairs_of_last(text: str) -> Iterator[tuple[str, str]]:
    """Yield the pairs of the last element, names in lower case."""
    if sum(map(text.count, '",;\\')) > _MOST_SIGNS:
        raise ValueError("the header has more parts than proxies write")
    # Proxies disagree on a backslash before a closing quote: a subject could end its quotes and begin a new element.
    if any(len(run) % 2 for run in _ESCAPED.findall(text)) or any(mask in text for mask in _MASKS.values()):
        raise ValueError("the header's quotes are ambiguous")
    parts = text.replace('\\"', "").split('"')
    if len(parts) % 2 == 0:
        raise ValueError("the header's quotes are not closed")
    masked = "".join(_masked(part) if at % 2 else part for at, part in enumerate(parts))
    for pair in masked.rpartition(",")[2].split(";"):
        name, _, value = pair.partition("=")
        yield name.strip().lower(), _unmasked(value).strip()


def _masked(text: str) -> str:
    for sign, mask in _MASKS.items():
        text = text.replace(sign, mask)
    return text


def _unmasked(text: str) -> str:
    for sign, mask in _MASKS.items():
        text = text.replace(mask, sign)
    return text


READERS: Mapping[str, Callable[[str], bytes]] = {
    "rfc9440": _of_field,
    "pem-urlencoded": _of_escaped_pem,
    "pem": _of_pem,
    "der-base64": _of_first,
    "xfcc": _of_elements,
}
"""The reader of each form."""

FORMATS = tuple(READERS)
"""Their names."""

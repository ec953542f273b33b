"""Forms in which proxies write the client's certificate into a header. Nothing here judges a certificate.

Each reader returns the certificate's SHA-256 digest, and raises ``ValueError`` with a constant text. Certificates are
not parsed: whatever has the right digest is the right certificate.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, a2b_qp
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256

__all__ = ["FORMATS", "LONGEST", "READERS", "digest_of"]

LONGEST = 10_240
"""Characters of a header; servers take 8 to 64 thousand."""

_LONGEST_CERTIFICATE = 8_192
"""Characters of one certificate, which has 1 to 3 thousand, or 7 with keys of ML-DSA-65.

Both bounds keep what a header costs near the verification of a signature, which the token had before.
"""

_MOST_SIGNS = 128
"""Quotes, commas, semicolons and backslashes in a header of Envoy's; an element has about a dozen."""

_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_ESCAPED = bytes.maketrans(b"%=", b"=%")  # to quoted-printable, which one pass in C reads
_PLAIN = bytes.maketrans(b"%", b"=")
_HASH = re.compile(r"[0-9A-Fa-f]{64}")
_BACKSLASHED = re.compile(r'\\+"')
_NO_CERTIFICATE = frozenset({"", "(null)", "-"})  # of Apache, and of formats for logs


def digest_of(form: str, value: str) -> bytes | None:
    """Return the digest of the certificate that *value* has in this *form*; ``None`` if the client sent none.

    Raises ``ValueError`` for a value that can't be read.
    """
    if len(value) > LONGEST:
        raise ValueError("the certificate's header is too long")
    text = value.strip()
    return None if text in _NO_CERTIFICATE else READERS[form](text)


def _of_base64(text: bytes) -> bytes:
    """Return the digest of what *text* has in base64; padding may be missing (RFC 8941 section 4.2.7)."""
    if len(text) > _LONGEST_CERTIFICATE:
        raise ValueError("the certificate is too long")
    bare = text.rstrip(b"=")
    try:
        octets = a2b_base64(bare + b"=" * (-len(bare) % 4), strict_mode=True)
    except ValueError:
        octets = b""
    if not octets:
        raise ValueError("the certificate is no base64")
    return sha256(octets).digest()


def _of_field(text: str) -> bytes:
    """RFC 9440: ``:MIIB...:``, a Byte Sequence."""
    if not (len(text) > 1 and text[0] == text[-1] == ":"):
        raise ValueError("the certificate is no Byte Sequence of RFC 8941, in colons")
    return _of_base64(text[1:-1].encode("ascii", "replace"))


def _of_pem(text: str) -> bytes:
    return _of_lines(text.encode("ascii", "replace"), None)


def _of_escaped_pem(text: str) -> bytes:
    """PEM with escapes of URLs. A plus is a plus: AWS leaves it as it is, and equals signs and slashes too."""
    if "%" not in text:
        return _of_pem(text)
    return _of_lines(a2b_qp(text.encode("ascii", "replace").translate(_ESCAPED)), _PLAIN)


def _of_lines(pem: bytes, table: bytes | None) -> bytes:
    """PEM, whose line ends are spaces, tabs or missing; *table* is for the letters of its body."""
    before, begin, rest = pem.partition(_BEGIN)
    body, end, after = rest.partition(_END)
    if not (begin and end) or before.strip() or after.strip():
        raise ValueError("the header is not one certificate in PEM")
    return _of_base64(body.translate(table, b" \t\r\n"))


def _of_first(text: str) -> bytes:
    """Base64, of which a chain with commas has the client's certificate first."""
    return _of_base64(text.partition(",")[0].strip(" \t").encode("ascii", "replace"))


def _of_elements(text: str) -> bytes:
    """Envoy's ``By=...;Hash=...;Cert="...",...``, of which the nearest proxy has written the last element."""
    found: dict[str, str] = {}
    for pair in _pairs_of_last(text):
        name, _, value = pair.lstrip().partition("=")
        if len(name := name.rstrip()) != 4 or (name := name.lower()) not in ("hash", "cert"):
            continue
        if name in found:
            raise ValueError("the element names two certificates")
        found[name] = value.strip()
    if "hash" not in found and "cert" not in found:
        raise ValueError("the last element has neither Hash nor Cert")
    if "hash" not in found:
        return _of_escaped_pem(found["cert"])
    if not _HASH.fullmatch(found["hash"]):
        raise ValueError("Hash is no SHA-256 digest")
    return bytes.fromhex(found["hash"])


def _pairs_of_last(text: str) -> Iterator[str]:
    """Yield the pairs of the last element."""
    parts = _between_quotes(text)  # each second one was in quotes, where commas and semicolons are letters
    first = max((at for at in range(0, len(parts), 2) if "," in parts[at]), default=0)
    pair = ""
    for at, part in enumerate([parts[first].rpartition(",")[2], *parts[first + 1 :]]):
        if at % 2:
            if "=" not in pair:
                raise ValueError("the header's quotes are ambiguous")
            pair += part
        else:
            *ended, rest = part.split(";")
            for each in ended:
                yield pair + each
                pair = ""
            pair += rest
    yield pair


def _between_quotes(text: str) -> list[str]:
    if sum(map(text.count, '",;\\')) > _MOST_SIGNS:
        raise ValueError("the header has more parts than proxies write")
    if "\\" in text:
        # Proxies disagree on a backslash before a closing quote: a subject could end its quotes and begin an element.
        if any(len(run) % 2 for run in _BACKSLASHED.findall(text)):
            raise ValueError("the header's quotes are ambiguous")
        text = text.replace('\\"', "")
    parts = text.split('"')
    if len(parts) % 2 == 0:
        raise ValueError("the header's quotes are not closed")
    return parts


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

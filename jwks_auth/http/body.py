"""An answer's status, its octets within a size, the document in them, and its caching headers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.request import parse_http_list

from requests import Response
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from jwks_auth.http.answer import FetchError
from jwks_auth.jose import is_pem, jwk_from_pem

__all__ = ["body_of", "document_in", "max_age", "retry_after"]

_PIECE = 65_536
"""Octets read at once; a buffer of this size is allocated before each read."""

_MOST_MARKS = 50_000
_MOST_DIGITS = 100

_SIX_HOURS = 21_600.0


def body_of(response: Response, most: int) -> bytes | None:
    """Return the octets of an answer; ``None`` for a 304. Raises :class:`FetchError`, also for more than *most*."""
    _check_status(response)
    if response.status_code == 304:
        return None
    if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("identity", ""):
        raise FetchError("the answer is compressed, which was not asked for", kind="encoding")
    return _body(response.raw, most)


def document_in(body: bytes) -> dict[str, Any]:
    """Return the JSON object in *body*, or a key set of the one key in PEM. Raises :class:`FetchError`."""
    if is_pem(body) and body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
        return {"keys": [_from_pem(body)]}
    if sum(map(body.count, (b"{", b"[", b","))) > _MOST_MARKS:  # the parser blocks all other threads
        raise FetchError("the answer has more members than any key set", kind="too_large")
    try:
        document = json.loads(body.decode("utf-8-sig"), parse_int=_short)
    except (ValueError, RecursionError) as exc:
        raise FetchError("the answer is not JSON", kind="not_json") from exc
    if not isinstance(document, dict):
        raise FetchError("the answer is not a JSON object", kind="not_an_object")
    return document


def max_age(headers: Mapping[str, str]) -> float | None:
    """Return the seconds left of the answer's freshness (RFC 9111 section 4.2); ``None`` where none is stated."""
    directives: dict[str, str] = {}
    for directive in parse_http_list(headers.get("Cache-Control", "").lower()):
        name, _, value = directive.partition("=")
        directives.setdefault(name, value.strip('"'))
    if "no-store" in directives:
        return 0.0
    if not directives.get("max-age", "").isdecimal():
        return None
    age = headers.get("Age", "").strip()
    return max(0.0, float(directives["max-age"]) - (float(age) if age.isdecimal() else 0.0))


def retry_after(value: str | None) -> float | None:
    """Return seconds to wait, six hours at most (RFC 9110 section 10.2.3); ``None`` for nonsense."""
    try:
        return None if value is None else min(Retry().parse_retry_after(value), _SIX_HOURS)
    except (InvalidHeader, ValueError, TypeError, OverflowError):
        return None


def _check_status(response: Response) -> None:
    status, conditional = response.status_code, "If-None-Match" in response.request.headers
    if status == 200 or (status == 304 and conditional):
        return
    if 300 <= status < 400 and status != 304:
        raise FetchError(f"redirects are not followed (HTTP {status})", kind="redirect", http_status=status)
    delay = retry_after(response.headers.get("Retry-After"))
    kind = "gone" if status in (404, 410) else "status"
    raise FetchError(f"the server answered HTTP {status}", kind=kind, retry_after=delay, http_status=status)


def _body(raw: Any, most: int) -> bytes:
    body = bytearray()
    # read1, because after a chunk of negative size http.client's read takes all there is. Until the end, because only
    # there does urllib3 report a body that was cut short.
    while octets := raw.read1(min(_PIECE, most + 1 - len(body))):
        body += octets
        if len(body) > most:
            raise FetchError(f"the answer is larger than {most} bytes", kind="too_large")
    return bytes(body)


def _from_pem(body: bytes) -> dict[str, Any]:
    try:
        return jwk_from_pem(body)
    except ValueError as exc:
        raise FetchError(f"the answer is no key: {exc}", kind="not_a_key_set") from exc


def _short(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:  # slow to read by the thousand, and no member of a key set is a number
        raise ValueError("a number of too many digits")
    return int(digits)

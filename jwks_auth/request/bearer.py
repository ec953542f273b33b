"""The raw token in a header's values or a cookie's (RFC 6750 section 2, RFC 9110 section 11.4)."""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Sequence

from jwks_auth.challenge import DEFAULT_SCHEME
from jwks_auth.errors import InvalidRequestError

__all__ = ["bearer_token", "plain_token"]

_BEARER = frozenset({DEFAULT_SCHEME.lower()})

# Only C code loops over the values here, because they come before any signature check and may have any form.
_B64_OCTETS = (string.ascii_letters + string.digits + "-._~+/").encode()
# Without ".": a JWT without a scheme is a mistake, not the name of another scheme.
_SCHEME_OCTETS = (string.ascii_letters + string.digits + "!#$%&'*+^_`|~-").encode()
_SECOND = re.compile(r",[ \t]*+[!#$%&'*+^_`|~0-9A-Za-z-]++[ \t]++[^\s=,]")
# An unclosed quote reaches to the end.
_QUOTED = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_MOST_MARKS = 64
"""The most commas, quotes and backslashes in one credential; Digest has two dozen."""


def bearer_token(
    values: Sequence[str], *, schemes: Collection[str] = _BEARER, bare: bool = False
) -> str | None:
    """Return the one token in a header's *values*; ``None`` for no value, an empty one, or another scheme's.

    *schemes*, in lower case, are those whose credentials are tokens for this service. With *bare*, a token may stand
    without any.

    Raises ``InvalidRequestError`` for two credentials or an unreadable value. Pass every value: a framework's
    ``headers.get`` hides the second.
    """
    if len(values) > 1:
        raise InvalidRequestError("multiple_credentials")
    value = values[0].strip(" \t") if values else ""
    if not value:
        return None
    sent_scheme, _, token = value.partition(" ")
    if not sent_scheme.isascii() or sent_scheme.lower() not in schemes:
        if bare and not token:
            return _checked_bare(value)
        _refuse_unreadable(value, sent_scheme)
        return None
    token = token.lstrip(" ")
    if not _is_b64token(token):
        raise InvalidRequestError("multiple_credentials" if _has_two(value) else "invalid_request")
    return token


def plain_token(values: Sequence[str]) -> str | None:
    """Return the one token in *values*, a cookie's or a subprotocol's; ``None`` for no value or an empty one.

    Raises ``InvalidRequestError`` for two, as the order of cookies tells nothing, or an unreadable value.
    """
    if len(values) > 1:
        raise InvalidRequestError("multiple_credentials")
    return _checked(values[0]) if values and values[0] else None


def _checked_bare(value: str) -> str:
    if "," in value:  # two header lines, which a server has joined
        raise InvalidRequestError("multiple_credentials")
    return _checked(value)


def _checked(token: str) -> str:
    if not _is_b64token(token):
        raise InvalidRequestError
    return token


def _is_b64token(token: str) -> bool:
    """Return whether *token* matches ``[A-Za-z0-9._~+/-]+=*``; a regular expression takes twice as long."""
    text, _, padding = token.partition("=")
    return text != "" and padding == "=" * len(padding) and _is_of(text, _B64_OCTETS)


def _is_of(text: str, octets: bytes) -> bool:
    return text.isascii() and not text.encode().translate(None, octets)


def _refuse_unreadable(value: str, sent_scheme: str) -> None:
    if not _is_of(sent_scheme, _SCHEME_OCTETS):
        raise InvalidRequestError
    if _has_two(value):
        raise InvalidRequestError("multiple_credentials")


def _has_two(value: str) -> bool:
    # WSGI servers and some proxies join two header lines with a comma; the second must not hide behind the
    # first. A comma may also separate parameters of one credential (Digest), or stand in a quoted one.
    if "," not in value:
        return False
    if value.count(",") + value.count('"') + value.count("\\") > _MOST_MARKS:
        return True
    return _SECOND.search(_QUOTED.sub("", value)) is not None

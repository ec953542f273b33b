"""The raw token in ``Authorization`` values (RFC 6750 section 2, RFC 9110 section 11.4).

Only the header is read. A token in the query is never used, and refused beside one in the header: two programs that
choose differently would see two different callers.
"""

from __future__ import annotations

import re
import string
from binascii import a2b_qp
from collections.abc import Collection, Sequence

from jwks_auth.challenge import DEFAULT_SCHEME
from jwks_auth.errors import InvalidRequestError, MissingTokenError

__all__ = ["bearer_token"]

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

# Quoted-printable is percent-encoding with another sign. The separators of pairs and names become control characters,
# which escapes hardly ever stand for, so that an address within a parameter is no parameter.
_AS_QUOTED_PRINTABLE = bytes.maketrans(b"%=&\r\n", b"=\1\2\1\1")
_ITS_NAME = re.compile(b"\2access_token[\1\2]")


def bearer_token(
    authorization_values: Sequence[str], *, query: str = "", schemes: Collection[str] = _BEARER
) -> str:
    """Return the one token in the request's ``Authorization`` *values*, judged with its raw *query*.

    *schemes*, in lower case, are those whose credentials are tokens for this service.

    Raises ``MissingTokenError`` if no credentials, or another scheme's, were sent, and ``InvalidRequestError`` for two
    credentials or an unreadable value. Pass every value: a framework's ``headers.get`` hides the second.
    """
    if len(authorization_values) > 1:
        raise InvalidRequestError("multiple_credentials")
    value = authorization_values[0].strip(" \t") if authorization_values else ""
    if not value:
        raise MissingTokenError
    sent_scheme, _, token = value.partition(" ")
    if not sent_scheme.isascii() or sent_scheme.lower() not in schemes:
        raise _no_token_of_ours(value, sent_scheme)
    token = token.lstrip(" ")
    if not _is_b64token(token):
        raise InvalidRequestError("multiple_credentials" if _has_two(value) else "invalid_request")
    if query and _has_access_token(query):
        raise InvalidRequestError("multiple_credentials")
    return token


def _is_b64token(token: str) -> bool:
    """Return whether *token* matches ``[A-Za-z0-9._~+/-]+=*``; a regular expression takes twice as long."""
    text, _, padding = token.partition("=")
    return text != "" and padding == "=" * len(padding) and _is_of(text, _B64_OCTETS)


def _is_of(text: str, octets: bytes) -> bool:
    return text.isascii() and not text.encode().translate(None, octets)


def _no_token_of_ours(value: str, sent_scheme: str) -> MissingTokenError | InvalidRequestError:
    if not _is_of(sent_scheme, _SCHEME_OCTETS):
        return InvalidRequestError()
    return InvalidRequestError("multiple_credentials") if _has_two(value) else MissingTokenError()


def _has_two(value: str) -> bool:
    # WSGI servers and some proxies join two header lines with a comma; the second must not hide behind the
    # first. A comma may also separate parameters of one credential (Digest), or stand in a quoted one.
    if "," not in value:
        return False
    if value.count(",") + value.count('"') + value.count("\\") > _MOST_MARKS:
        return True
    return _SECOND.search(_QUOTED.sub("", value)) is not None


def _has_access_token(query: str) -> bool:
    escaped = "%" in query
    if not escaped and "access_token" not in query:
        return False
    pairs = query.encode("latin-1", "replace").translate(_AS_QUOTED_PRINTABLE)
    return _ITS_NAME.search(b"\2%b\2" % (a2b_qp(pairs) if escaped else pairs)) is not None

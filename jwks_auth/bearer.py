"""From ``Authorization`` values to the raw token (RFC 6750 section 2, RFC 9110 section 11.4).

The header is the one place looked at. A token in the query is never used, but one beside the header is
refused: two programs that pick differently would see two different callers.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from urllib.parse import unquote_plus

from jwks_auth.errors import InvalidRequestError, MissingTokenError

__all__ = ["bearer_token"]

_B64_OCTETS = (string.ascii_letters + string.digits + "-._~+/").encode()
# Without ".": a JWT sent bare, with no scheme before it, is a mistake and not some other scheme's name.
_SCHEME = re.compile(r"[!#$%&'*+^_`|~0-9A-Za-z-]+\Z")
_SECOND = re.compile(r",[ \t]*[!#$%&'*+^_`|~0-9A-Za-z-]+[ \t]+[^\s=,]")
# An unclosed quote reaches to the end, so that a header of nothing but quotes is read in linear time.
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', re.DOTALL)


def bearer_token(authorization_values: Sequence[str], *, query: str = "", scheme: str = "Bearer") -> str:
    """The one token sent, of all the request's ``Authorization`` values and its raw *query*.

    Raises ``MissingTokenError`` when nothing, or another scheme's credentials, were sent;
    ``InvalidRequestError`` for two credentials or a value that can't be read. Every value has to be given: a
    framework's ``headers.get`` hides the second.
    """
    if len(authorization_values) > 1:
        raise InvalidRequestError("multiple_credentials")
    value = authorization_values[0].strip(" \t") if authorization_values else ""
    if not value:
        raise MissingTokenError
    sent_scheme, _, token = value.partition(" ")
    if sent_scheme.lower() != scheme.lower():
        raise _no_token_of_ours(value, sent_scheme)
    token = token.lstrip(" ")
    if not _is_b64token(token):
        raise InvalidRequestError("multiple_credentials" if _has_two(value) else "invalid_request")
    if query and ("access_token" in query or "%" in query) and _has_access_token(query):
        raise InvalidRequestError("multiple_credentials")
    return token


def _is_b64token(token: str) -> bool:
    """Whether it matches ``[A-Za-z0-9._~+/-]+=*``; a regular expression takes twice as long to tell."""
    text = token.rstrip("=")
    return text != "" and not text.encode("ascii", "replace").translate(None, _B64_OCTETS)


def _no_token_of_ours(value: str, sent_scheme: str) -> MissingTokenError | InvalidRequestError:
    if not _SCHEME.match(sent_scheme):
        return InvalidRequestError()
    return InvalidRequestError("multiple_credentials") if _has_two(value) else MissingTokenError()


def _has_two(value: str) -> bool:
    # WSGI servers and some proxies join two header lines with a comma; the second must not hide behind the
    # first. A comma may also separate parameters of one credential (Digest), or stand in a quoted one.
    return _SECOND.search(_QUOTED.sub("", value)) is not None


def _has_access_token(query: str) -> bool:
    names = (pair.partition("=")[0] for pair in query.split("&"))
    # An escape only makes a name longer, and thousands of short ones would take long to decode.
    return any(len(name) >= len("access_token") and unquote_plus(name) == "access_token" for name in names)

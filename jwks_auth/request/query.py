"""Tokens in a query (RFC 6750 section 2.3): never used, but known, because another program may use them.

A token beside the one that is used is refused: two programs that choose differently would see two different callers.
"""

from __future__ import annotations

import re
from binascii import a2b_qp

from jwks_auth.errors import InvalidRequestError
from jwks_auth.runtime import RawToken

__all__ = ["tokens_in_query"]

_MOST = 8
"""The most parameters that are looked at, as each costs a parse; a client has no reason to send two."""

# Only C code loops over the query, because it comes before any signature check and may have any form.
# Quoted-printable is percent-encoding with another sign. The separators of pairs and names become control characters,
# which escapes hardly ever stand for, so that an address within a parameter is no parameter.
_AS_QUOTED_PRINTABLE = bytes.maketrans(b"%=&\r\n", b"=\1\2\1\1")
_ITS_VALUE = re.compile(rb"\x02access_token\x01([\w-]++\.[\w-]++\.[\w-]*+)(?=\x02)")


def tokens_in_query(query: str) -> list[RawToken]:
    """Return the values of ``access_token`` in a raw *query* that have the shape of a JWT.

    Raises ``InvalidRequestError`` for too many.
    """
    escaped = "%" in query
    if not escaped and "access_token" not in query:
        return []
    pairs = query.encode("latin-1", "replace").translate(_AS_QUOTED_PRINTABLE)
    found = _ITS_VALUE.findall(b"\2%b\2" % (a2b_qp(pairs) if escaped else pairs))
    if len(found) > _MOST:
        raise InvalidRequestError("multiple_credentials")
    return [RawToken(value.decode()) for value in found]

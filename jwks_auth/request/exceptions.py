"""The attributes that the exceptions of all adapters share, beside those of their frameworks."""

from __future__ import annotations

from jwks_auth.errors import Refused
from jwks_auth.request.answers import Rejection

__all__ = ["RefusedRequest", "stand_for"]


class RefusedRequest:
    """A base of the adapters' exceptions.

    ``status`` is HTTP's, ``reason`` a stable word such as ``expired``, ``error`` the core's exception, ``rejection``
    the finished answer.
    """

    status: int
    reason: str
    error: Refused
    rejection: Rejection


def stand_for(exception: BaseException, error: Refused, rejection: Rejection) -> None:
    """Give *exception*, which may be one of a framework, the attributes of a :class:`RefusedRequest`."""
    kept = {"status": rejection.status, "reason": error.code, "error": error, "rejection": rejection}
    vars(exception).update(kept)

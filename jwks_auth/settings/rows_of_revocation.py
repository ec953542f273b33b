"""The rows of settings for revocation: the store of revoked tokens."""

from __future__ import annotations

from jwks_auth.settings import readers_of_revocation as read
from jwks_auth.settings.setting import Setting, Taker

__all__ = ["REVOCATION"]

_VERIFIER = Taker.VERIFIER

REVOCATION = (
    Setting(
        "REVOCATION",
        read.revocation,
        _VERIFIER,
        "the store of revoked tokens, which every worker keeps a copy of: `redis://...`, an object, or its dotted "
        "path; see [revocation.md](revocation.md)",
        secret=True,
    ),
    Setting(
        "REVOCATION_FAILS",
        read.one_of("closed", "open"),
        _VERIFIER,
        "while that store can't be read: `closed` refuses every token with 503, `open` lets them pass by the last copy",
    ),
)
"""The group of these rows."""

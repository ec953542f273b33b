"""The rows of settings for revocation: the store of revoked tokens, and the logouts that providers tell of."""

from __future__ import annotations

from jwks_auth.settings import readers_of_revocation as read
from jwks_auth.settings.setting import Setting, Taker

__all__ = ["REVOCATION"]

_VERIFIER, _ANSWER = Taker.VERIFIER, Taker.ANSWER

REVOCATION = (
    Setting(
        "REVOCATION",
        read.revocation,
        _VERIFIER,
        "the store of revoked tokens, which every worker keeps a copy of: `redis://...`, an object, or its dotted "
        "path; see [Revocation and logout](../how-to/revocation.md)",
        secret=True,
    ),
    Setting(
        "REVOCATION_FAILS",
        read.one_of("closed", "open"),
        _VERIFIER,
        "while that store can't be read: `closed` refuses every token with 503, `open` lets them pass by the last copy",
    ),
    Setting(
        "LOGOUT_PATH",
        read.path,
        _ANSWER,
        "the path at which providers tell of logouts, as in `/oidc/logout` (OpenID Connect Back-Channel Logout)",
    ),
    Setting(
        "LOGOUT_CLIENT",
        read.clients,
        _ANSWER,
        "the `aud` of logout tokens: the client id that `LOGOUT_PATH` is registered for, or several",
    ),
    Setting(
        "LOGOUT_TTL",
        read.ttl,
        _ANSWER,
        "seconds for which a logout counts: as long as your longest token lives",
        default_doc="86400",
    ),
)
"""The group of these rows."""

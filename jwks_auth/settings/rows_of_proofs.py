"""The rows of settings for proofs that a token is its sender's own: DPoP (RFC 9449) and mutual TLS (RFC 8705)."""

from __future__ import annotations

from jwks_auth.claims import MODES
from jwks_auth.settings import readers as read
from jwks_auth.settings.setting import Setting, Taker

__all__ = ["PROOFS"]

_EACH = Taker.ISSUER | Taker.VERIFIER | Taker.ANSWER

PROOFS = (
    Setting(
        "DPOP",
        read.one_of(*MODES),
        _EACH,
        "tokens that are bound to a key of the client's (RFC 9449): `accept` takes them with their proof, `require` "
        "takes no others, `off` refuses them",
        default_doc="`off`",
    ),
    Setting("DPOP_ALGORITHMS", read.names, _EACH, "algorithms of proofs", default_doc="as for tokens"),
    Setting(
        "MTLS",
        read.one_of(*MODES),
        _EACH,
        "tokens that are bound to a client certificate (RFC 8705): `accept`, `require` or `off`, as for `DPOP`",
        default_doc="`off`",
    ),
)
"""The group of these rows."""

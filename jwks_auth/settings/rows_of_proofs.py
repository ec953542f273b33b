"""The rows of settings for proofs that a token is its sender's own: DPoP (RFC 9449) and mutual TLS (RFC 8705)."""

from __future__ import annotations

from jwks_auth.claims import MODES
from jwks_auth.settings import readers as read
from jwks_auth.settings import readers_of_proofs as proofs
from jwks_auth.settings.setting import Setting, Taker

__all__ = ["PROOFS"]

_ANSWER = Taker.ANSWER
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
    Setting(
        "DPOP_ALGORITHMS",
        read.names,
        _EACH,
        "algorithms of proofs; never shared secrets",
        default_doc="RS, PS, ES 256/384/512, EdDSA, Ed25519",
    ),
    Setting(
        "DPOP_MAX_AGE",
        read.seconds,
        _ANSWER,
        "seconds a proof may be old, by its `iat`; `LEEWAY` counts for one from the future",
        default_doc="60",
    ),
    Setting(
        "DPOP_REPLAY",
        proofs.replay,
        _ANSWER,
        "where the proofs that were used are noted: `memory` of one process, `redis://...`, in Django `cache:<alias>`, "
        "an object with `first(name, ttl) -> bool`, sync or async; `off` lets a proof be used again within its age",
        default_doc="`memory`",
        secret=True,
    ),
    Setting(
        "DPOP_REPLAY_FAILS",
        read.one_of("closed", "open"),
        _ANSWER,
        "while that store is full or fails: `closed` answers 503, `open` takes proofs unseen",
        default_doc="`closed`",
    ),
    Setting(
        "DPOP_NONCE",
        read.one_of("off", "require"),
        _ANSWER,
        "`require` asks for a nonce of this service in each proof",
        default_doc="`off`",
    ),
    Setting(
        "DPOP_SECRET",
        read.secret,
        _ANSWER,
        "the secret by which nonces are made and known: at least 16 characters, the same for all processes",
        secret=True,
    ),
    Setting(
        "PUBLIC_URL",
        proofs.public_url,
        _ANSWER,
        "scheme, host and prefix as clients see them, `https://api.acme.dev/v1`, for the URL in proofs",
        default_doc="as the framework sees them",
    ),
    Setting(
        "MTLS",
        read.one_of(*MODES),
        _EACH,
        "tokens that are bound to a client certificate (RFC 8705): `accept`, `require` or `off`, as for `DPOP`",
        default_doc="`off`",
    ),
)
"""The group of these rows."""

"""The rows of settings for tokens that are no JWTs: their issuer is asked about them, or a function of the service."""

from __future__ import annotations

from jwks_auth.settings import readers as read
from jwks_auth.settings import readers_of_introspection as asked
from jwks_auth.settings.setting import Setting, Taker

__all__ = ["INTROSPECTION"]

_PLACE, _ISSUER, _VERIFIER = Taker.PLACE, Taker.ISSUER, Taker.VERIFIER

INTROSPECTION = (
    Setting(
        "INTROSPECTION",
        asked.introspection_mode,
        _ISSUER,
        "`opaque`: the issuer is asked about tokens that are no JWTs; `always`: about its JWTs too, once they are "
        "verified here; see [Opaque tokens](../how-to/introspection.md)",
        default_doc="`off`",
    ),
    Setting(
        "INTROSPECTION_URL",
        read.text,
        _PLACE,
        "the endpoint that is asked",
        default_doc="the metadata's `introspection_endpoint`",
    ),
    Setting(
        "INTROSPECTION_CLIENT",
        asked.introspection_client,
        _PLACE,
        'this service\'s own credentials there: `{"ID": ..., "SECRET": ..., "METHOD": ...}`; the method is `basic`, '
        "`post`, `private_key_jwt` (the secret is a private key in PEM) or `bearer` (it is a token); a secret of "
        "`file:...` is read from that file each time",
        default_doc="needed to ask",
        secret=True,
    ),
    Setting(
        "INTROSPECTION_CACHE",
        read.seconds,
        _ISSUER,
        "seconds for which an answer is kept; `0` asks for each request",
        default_doc="30",
    ),
    Setting(
        "INTROSPECTION_JWT",
        read.flag,
        _ISSUER,
        "take signed answers alone (RFC 9701)",
        default_doc="`False`",
    ),
    Setting(
        "INTROSPECTION_AUDIENCE",
        read.audience,
        _ISSUER,
        "the audience of answers, where it is not that of JWTs. One without `aud` passes `ANY_AUDIENCE` alone, which "
        "is best beside `ALLOWED_CLIENTS`",
        default_doc="`AUDIENCE`",
    ),
    Setting(
        "TOKEN_PREFIX",
        read.text,
        _PLACE,
        "the beginning of the issuer's tokens that are no JWTs, such as `ory_at_`: no others are sent to it. Needed to "
        "ask two issuers, and for tokens in cookies",
        default_doc="none",
    ),
    Setting(
        "OTHER_TOKENS",
        read.function,
        _VERIFIER,
        "`f(credential) -> claims or None`, sync or async: for credentials of your own, such as API keys; see "
        "[Opaque tokens](../how-to/introspection.md#tokens-of-your-own)",
        default_doc="none",
    ),
)
"""The group of these rows."""

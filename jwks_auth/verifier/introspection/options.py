"""``Introspection``: the way one issuer is asked about its tokens."""

from __future__ import annotations

import re
from dataclasses import field
from math import inf
from typing import TYPE_CHECKING, Any

from jwks_auth.challenge import shown
from jwks_auth.claims import AudienceSetting, checked_audience
from jwks_auth.errors import ConfigurationError
from jwks_auth.runtime import dataclass

if TYPE_CHECKING:
    from jwks_auth.verifier.introspection.credentials import ClientCredentials

__all__ = ["MODES", "Introspection"]

MODES = ("off", "opaque", "always")
"""``off`` asks never, ``opaque`` about what is no JWT, ``always`` about verified JWTs too."""

_PREFIX = re.compile(r"[A-Za-z0-9._~+/-]{1,128}")


@dataclass(frozen=True, kw_only=True)
class Introspection:
    """The introspection of one issuer's tokens (RFC 7662), with ``Issuer(introspection=...)``.

    *mode*: ``opaque`` asks about tokens that are no JWTs, ``always`` about JWTs too, once they are verified here, and
    ``off`` never. *url* is the endpoint, by default the ``introspection_endpoint`` of the issuer's metadata.
    *client_id* and *client_secret* are this service's own at the issuer; *method* is ``basic``, ``post``,
    ``private_key_jwt``, for which the secret is a private key in PEM, or ``bearer``, for which it is a token. A secret
    may name a file that has it: ``file:/run/secrets/introspection``. An answer is kept for *cache* seconds.
    With *jwt*, only a signed answer is taken (RFC 9701). *audience* is that of answers, by default the issuer's.
    *token_prefix* is the beginning of the issuer's opaque tokens: no others are sent to it.

    Raises ``ConfigurationError`` for wrong options.
    """

    mode: str = "opaque"
    url: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    method: str = "basic"
    cache: float = 30.0
    jwt: bool = False
    audience: AudienceSetting = None
    token_prefix: str | None = None

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ConfigurationError(f"introspection: found {shown(self.mode)}, expected {', '.join(MODES)}")
        if not _is_seconds(self.cache):
            raise ConfigurationError(
                f"introspection_cache: found {self.cache!r}, expected seconds, zero or more"
            )
        if self.token_prefix is not None and not _is_prefix(self.token_prefix):
            raise ConfigurationError(
                f"token_prefix: found {shown(self.token_prefix)}, expected the beginning of tokens, such as ory_at_"
            )
        if not isinstance(self.jwt, bool):
            raise ConfigurationError(f"introspection_jwt: found {shown(self.jwt)}, expected True or False")
        _check_audience(self.audience)
        if self.is_on:
            self.credentials().check()

    @property
    def is_on(self) -> bool:
        """Return whether the issuer is ever asked."""
        return self.mode != "off"

    def credentials(self) -> ClientCredentials:
        """Return the credentials of this service at the issuer."""
        from jwks_auth.verifier.introspection.credentials import METHODS, ClientCredentials

        if self.method not in METHODS:
            raise ConfigurationError(
                f"introspection_client: found the method {shown(self.method)}, expected {', '.join(METHODS)}"
            )
        return ClientCredentials(self.client_id, self.client_secret, self.method)


def _is_seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < inf


def _is_prefix(value: Any) -> bool:
    return isinstance(value, str) and _PREFIX.fullmatch(value) is not None


def _check_audience(audience: AudienceSetting) -> None:
    try:
        checked_audience(audience)
    except (ConfigurationError, TypeError):
        raise ConfigurationError(
            f"introspection_audience: found {audience!r}, expected the identifiers this service answers to"
        ) from None

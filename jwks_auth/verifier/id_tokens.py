"""``IDTokenVerifier``: who signed in, for a client that has just exchanged a code (OpenID Connect Core 3.1.3.7)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from hmac import compare_digest

from jwks_auth.claims import TOKEN_DEFAULTS, ClaimRules, VerifiedToken, checked_rules
from jwks_auth.errors import ConfigurationError, InvalidTokenError
from jwks_auth.jose import half_hash, parse_jws
from jwks_auth.runtime import RawToken, dataclass
from jwks_auth.verifier.issuer import Issuer

__all__ = ["IDTokenVerifier"]


class IDTokenVerifier:
    """Verifies the ID tokens that an issuer makes for one client when a user signs in.

    *issuer* is an :class:`Issuer` or its URL; its keys are shared, its rules for access tokens are not used.
    *client_id* must be the token's only audience, and its ``azp`` if it has one. *algorithms* default to the issuer's
    own, or to the usual ones. *max_age* is in seconds since the user signed in (``auth_time``); *leeway*, in seconds of
    clock skew. *clock* returns seconds since 1970.

    It is not for an API: an API that is called with ID tokens uses ``profile="id_token"``. The constructor fetches
    nothing, and raises ``ConfigurationError`` for wrong parameters.
    """

    def __init__(
        self,
        issuer: Issuer | str,
        client_id: str,
        *,
        algorithms: Iterable[str] | None = None,
        leeway: float = 30,
        max_age: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not isinstance(client_id, str) or not client_id.strip():
            raise ConfigurationError(f"client_id: found {client_id!r}, expected the id of one client")
        if not isinstance(issuer, Issuer | str):
            raise ConfigurationError(
                f"issuer: found a {type(issuer).__name__}, expected an Issuer or its URL"
            )
        source = Issuer(issuer) if isinstance(issuer, str) else issuer
        allowed = source.algorithms if algorithms is None else algorithms
        own = {"profile": "id_token", "audience": client_id, "algorithms": allowed, "max_age": max_age}
        rules = ClaimRules(**checked_rules(leeway=leeway, **{**TOKEN_DEFAULTS, **own}))
        self.issuer = source
        self.client_id = client_id
        self._trusted = source.prepared(rules, clock=clock)

    def verify(
        self,
        raw: str | RawToken,
        *,
        nonce: str | None = None,
        access_token: str | RawToken | None = None,
        code: str | RawToken | None = None,
    ) -> VerifiedToken:
        """Return the verified ID token. Raises ``AuthError`` or ``KeySourceError``.

        If *nonce* is given, the one sent with the request to sign in, the token must have it. It must also have the
        hashes of *access_token* and *code*, if those came with it and are given.
        """
        sent, beside = RawToken.of(raw), _Beside(nonce, RawToken.of(access_token), RawToken.of(code))
        del raw, access_token, code  # an error report would show them
        read = sent.read(parse_jws)
        self._trusted.signer(read)
        token = self._trusted.conclude(read, sent)
        beside.check(token)
        return token

    async def averify(
        self,
        raw: str | RawToken,
        *,
        nonce: str | None = None,
        access_token: str | RawToken | None = None,
        code: str | RawToken | None = None,
    ) -> VerifiedToken:
        """Do as :meth:`verify`, without blocking the event loop."""
        sent, beside = RawToken.of(raw), _Beside(nonce, RawToken.of(access_token), RawToken.of(code))
        del raw, access_token, code
        read = sent.read(parse_jws)
        await self._trusted.asigner(read)
        token = self._trusted.conclude(read, sent)
        beside.check(token)
        return token


@dataclass(frozen=True, slots=True)
class _Beside:
    """The nonce, access token and code that an ID token must match."""

    nonce: str | None
    access_token: RawToken
    code: RawToken

    def check(self, token: VerifiedToken) -> None:
        """Raise ``InvalidTokenError`` unless *token* matches all of them."""
        if self.nonce is not None and not _is_same(_claim(token, "nonce"), self.nonce):
            raise InvalidTokenError("wrong_nonce")
        for name, secret in (("at_hash", self.access_token), ("c_hash", self.code)):
            expected = secret.read(partial(half_hash, alg=token.header["alg"]))
            if expected is not None and not _is_same(_claim(token, name), expected):
                raise InvalidTokenError("wrong_hash")


def _claim(token: VerifiedToken, name: str) -> str:
    value = token.payload.get(name)
    if value is None or value == "":
        raise InvalidTokenError("missing_claim")
    if not isinstance(value, str):
        raise InvalidTokenError("invalid_claim")
    return value


def _is_same(found: str, expected: str) -> bool:
    return compare_digest(*(text.encode(errors="surrogatepass") for text in (found, expected)))

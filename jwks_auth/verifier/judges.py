"""What is judged of a verified token on each request: the audience, the service's validators, revocation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jwks_auth.claims import AudienceSetting, VerifiedToken
from jwks_auth.errors import InvalidTokenError
from jwks_auth.runtime import aask, ask
from jwks_auth.verifier.asked import IsRevoked, Validator
from jwks_auth.verifier.revocation import RevocationCopy, revocation_copy

__all__ = ["Judges"]


class Judges:
    """The *validators*, which get the time, then *revocation*, and *is_revoked*, which is asked last."""

    def __init__(
        self,
        validators: Iterable[Validator],
        is_revoked: IsRevoked | None,
        clock: Callable[[], float],
        revocation: RevocationCopy | None = None,
    ) -> None:
        self._validators, self._clock = tuple(validators), clock
        self.is_revoked, self.revocation = is_revoked, revocation
        self.never_wait = is_revoked is None and revocation is None
        """True if :meth:`admit` never waits for anything."""

    @classmethod
    def of(cls, given: Mapping[str, Any], clock: Callable[[], float]) -> Judges:
        """Make them from a verifier's options; raise ``ConfigurationError``."""
        copy = revocation_copy(given["revocation"], given["revocation_fails"], clock)
        return cls(given["validators"], given["is_revoked"], clock, copy)

    def admit(self, token: VerifiedToken, audience: AudienceSetting) -> None:
        """Raise ``AuthError`` or ``KeySourceError`` unless *token* is good now, and for *audience*."""
        token.check_audience(audience)
        if self._validators:
            self._validate(token)
        if self.revocation is not None:
            self.revocation.check(token)
        if self.is_revoked is not None:
            _refuse_revoked(ask(self.is_revoked, token))

    async def aadmit(self, token: VerifiedToken, audience: AudienceSetting) -> None:
        """Do as :meth:`admit`, without blocking the event loop."""
        token.check_audience(audience)
        if self._validators:
            self._validate(token)
        if self.revocation is not None:
            await self.revocation.acheck(token)
        if self.is_revoked is not None:
            _refuse_revoked(await aask(self.is_revoked, token))

    def _validate(self, token: VerifiedToken) -> None:
        for validator in self._validators:
            ask(validator, token, self._clock())


def _refuse_revoked(revoked: bool) -> None:
    if revoked:
        raise InvalidTokenError("revoked")

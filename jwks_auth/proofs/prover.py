"""``Prover``: one way to check that a sender holds the key that its token is bound to."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, NamedTuple, Protocol

from jwks_auth.claims import Binding, VerifiedToken
from jwks_auth.runtime import RawToken

__all__ = ["Pending", "Proved", "Prover", "Request"]


class Request(Protocol):
    """The parts of a request that a proof is about, or stands in."""

    method: str
    kept: MutableMapping[str, Any]
    sent: RawToken | None
    """The token."""

    @property
    def url(self) -> str:
        """The full URL."""

    @property
    def path(self) -> str:
        """The path below the place where the application is mounted."""

    def values(self, name: str) -> tuple[str, ...]:
        """Return every value of the header *name*."""


class Pending(Protocol):
    """A question that is left for a store, once all else of a proof is right."""

    def settle(self) -> None:
        """Ask it; raise ``Refused``."""

    async def asettle(self) -> None:
        """Do as :meth:`settle`, without blocking the event loop."""


class Proved(NamedTuple):
    """A proof that is right, but for a question that is *pending*. The answer to the request needs the *headers*."""

    pending: Pending | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Prover(Protocol):
    """One way to check that a sender holds a key."""

    def prove(self, value: Any, token: VerifiedToken, request: Request, binding: Binding) -> Proved:
        """Check that *request* proves to hold the key that *value*, a member of the token's ``cnf``, names.

        Waits for nothing. *binding* is that of the token's issuer. Raises ``AuthError``.
        """

"""``Question``: the last step of a proof, which notes its use: once a request, for all its guards."""

from __future__ import annotations

from collections.abc import MutableMapping
from concurrent.futures import Future
from hashlib import sha256
from typing import Any, NamedTuple

from jwks_auth.jose import encode_base64url
from jwks_auth.proofs.errors import InvalidProofError
from jwks_auth.proofs.replay import Replay

__all__ = ["Question", "name_of"]

_KEY = "jwks_auth.proofs"


def name_of(jkt: str, jti: str, url: str) -> str:
    """Return the name under which a proof is remembered: bound to the key, so that nobody uses up another's.

    Before the dot is the key's thumbprint, after it a digest, as a ``jti`` may be long.
    """
    digest = sha256(f"{jkt} {url} {jti}".encode("utf-8", "surrogatepass")).digest()
    return f"{jkt}.{encode_base64url(digest[:18])}"


class Question(NamedTuple):
    """A proof whose use is to be noted. *kept*, the request's own mapping, keeps the answer for further guards.

    Middleware, decorators and dependencies of one request, with whichever settings, would otherwise see their own
    proof as a replay.
    """

    replay: Replay
    kept: MutableMapping[str, Any]
    name: str
    ttl: float

    def settle(self) -> None:
        """Ask the store; raise ``InvalidProofError`` for a proof that was used before, or ``KeySourceError``."""
        future, mine = self._future()
        if mine:
            try:
                future.set_result(self.replay.first(self.name, self.ttl))
            except BaseException as exc:
                self._forget(future, exc)
                raise
        _conclude(future.result())

    async def asettle(self) -> None:
        """Do as :meth:`settle`, without blocking the event loop."""
        future, mine = self._future()
        if not mine:
            import asyncio

            _conclude(await asyncio.wrap_future(future))
            return
        try:
            answer = await self.replay.afirst(self.name, self.ttl)
        except BaseException as exc:
            self._forget(future, exc)
            raise
        future.set_result(answer)
        _conclude(answer)

    def _future(self) -> tuple[Future[bool], bool]:
        """Return the answer, and whether the caller is the one to get it."""
        asked: dict[str, Future[bool]] = self.kept.setdefault(_KEY, {})
        mine: Future[bool] = Future()
        found = asked.setdefault(self.name, mine)
        return found, found is mine

    def _forget(self, future: Future[bool], exc: BaseException) -> None:
        self.kept[_KEY].pop(self.name, None)
        future.set_exception(exc)


def _conclude(is_first: bool) -> None:
    if not is_first:
        raise InvalidProofError("proof_replayed")

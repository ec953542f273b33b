"""Answers about active tokens that processes share: in a sealed store, and readable with the token alone.

Without a seal whoever can write to the store could make tokens, so nothing is shared by one that has none.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from hashlib import sha256
from math import ceil
from typing import Any, NamedTuple, Self

from jwks_auth.challenge import fields
from jwks_auth.jose import decrypted_with, encrypted_with, parse_json_object
from jwks_auth.runtime import BoundedCalls, RawToken, in_background
from jwks_auth.stores import SealedStore
from jwks_auth.verifier.introspection.options import Introspection

__all__ = ["SharedAnswer", "SharedAnswers"]

log = logging.getLogger("jwks_auth")

_WAIT = 0.25  # seconds
_MOST_OCTETS = 300_000


class SharedAnswer(NamedTuple):
    """What an issuer told some process of an active token, and when."""

    told: dict[str, Any]
    at: float


class SharedAnswers:
    """Active answers in *store*, for *seconds* each. *asked* says who asked whom: others' answers are not ours."""

    def __init__(self, store: SealedStore, asked: tuple[Any, ...], seconds: float) -> None:
        self._store, self._seconds = store, seconds
        self._prefix = f"{sha256(json.dumps(asked).encode()).hexdigest()} "
        self._calls, self._failed = BoundedCalls(), False

    @classmethod
    def of(cls, store: Any, issuer: str, options: Introspection) -> Self | None:
        """Return those in an issuer's *store* of keys, if it is sealed and answers are kept at all.

        An issuer may answer each client otherwise, so one that does not say which it is shares nothing.
        """
        if not isinstance(store, SealedStore) or not options.cache or options.client_id is None:
            return None
        return cls(
            store, (issuer, options.url, options.client_id, options.method, options.jwt), options.cache
        )

    def find(self, sent: RawToken, now: float) -> SharedAnswer | None:
        """Return what was told of a token, if that is young enough *now*."""
        record = self._record(sent)
        told, at = record.get("told"), record.get("at")
        if isinstance(told, dict) and isinstance(at, int | float) and 0 <= now - at < self._seconds:
            return SharedAnswer(told, at)
        return None

    def keep(self, sent: RawToken, answer: SharedAnswer) -> None:
        """Share an answer, unless the token was forgotten after the question. Nobody waits for that."""
        in_background(partial(self._keep, sent, answer))

    def forget(self, sent: RawToken, now: float) -> None:
        """Have no process find the answer about a token; waits for the store for a quarter of a second at most."""
        self._put(sent, {"forgotten": now})

    def _keep(self, sent: RawToken, answer: SharedAnswer) -> None:
        forgotten = self._record(sent).get("forgotten")
        # More than a lifespan ahead is from a clock that was set back since.
        if not isinstance(forgotten, int | float) or not 0 < forgotten - answer.at <= self._seconds:
            self._put(sent, {"told": answer.told, "at": answer.at})

    def _record(self, sent: RawToken) -> dict[str, Any]:
        """Return what is kept about a token; nothing, if that can't be read."""
        name = sent.read(self._name)
        kept = self._done(partial(self._store.get, name))
        return {} if kept is None else sent.read(partial(_opened, kept=kept, name=name))

    def _put(self, sent: RawToken, record: dict[str, Any]) -> None:
        name, plain = sent.read(self._name), json.dumps(record).encode()
        kept = sent.read(lambda raw: encrypted_with(raw, plain, name))
        self._done(partial(self._store.put, name, kept, float(ceil(self._seconds))))

    def _done(self, call: Callable[[], Any]) -> Any:
        """Return what *call* of the store does; ``None`` if it fails, which the log is told once."""
        try:
            found = self._calls.result(call, _WAIT)
            self._failed = False
            return found
        except Exception as error:  # noqa: BLE001 - a store may raise anything
            if not self._failed:
                kind = type(error).__name__
                told = fields("store_failed", kind=kind)
                log.warning("introspection: the shared store is of no use (%s)", kind, extra=told)
            self._failed = True
            return None

    def _name(self, raw: str) -> str:
        digest = sha256(self._prefix.encode() + raw.encode(errors="surrogatepass"))
        return f"jwks-auth:answer:{digest.hexdigest()}"


def _opened(raw: str, kept: bytes, name: str) -> dict[str, Any]:
    with suppress(ValueError, RecursionError):
        return parse_json_object(decrypted_with(raw, kept, name)) if len(kept) <= _MOST_OCTETS else {}
    return {}

"""``jwk_set_cache``: the attribute of PyJWT's client that some subclasses read and fill."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
from jwt.jwk_set_cache import JWKSetCache

from jwks_auth.keys import KeySource, State

__all__ = ["SetCache"]


class SetCache(JWKSetCache):
    """The client's keys in the shape of PyJWT's cache.

    *show* makes a ``PyJWKSet``, *fill* takes a document.
    """

    def __init__(
        self, source: KeySource, show: Callable[[], jwt.PyJWKSet], fill: Callable[[Any], None]
    ) -> None:
        super().__init__(source.rules.lifespan)
        self._source, self._show, self._fill = source, show, fill

    def put(self, jwk_set: Any) -> None:
        """Hold the keys in *jwk_set*, a ``PyJWKSet`` or a document; ``None`` forgets those held."""
        if jwk_set is None:
            self._source.refresher.publish(None)
        else:
            self._fill(jwk_set)

    def get(self) -> jwt.PyJWKSet | None:
        """The keys, while they are within their lifespan."""
        return None if self.is_expired() or self._state() is State.EMPTY else self._show()

    def is_expired(self) -> bool:
        """Return whether there are keys, past their lifespan."""
        return self._state() in (State.STALE, State.EXPIRED)

    def _state(self) -> State:
        return self._source.cache.snapshot.life.state(self._source.clock())

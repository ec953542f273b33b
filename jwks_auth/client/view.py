"""PyJWT's types: a view of each key set, made once, the value of a lookup, a token's header, PyJWT's cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import jwt
from jwt.jwk_set_cache import JWKSetCache

from jwks_auth.client.errors import KeySetError, NoUsableKeysError, UnknownKeyError, translated
from jwks_auth.jose import KeySet, VerificationKey, paced, parse_jws
from jwks_auth.keys import FetchResult, LookupResult, Snapshot, State
from jwks_auth.runtime import give_way

__all__ = ["KeySetView", "SetCache", "Views", "header_of", "value_of"]

ValueT = TypeVar("ValueT")


class KeySetView:
    """PyJWT's objects for one key set, made with a *pause* before each."""

    def __init__(self, result: FetchResult, *, pause: Callable[[], object] | None = None) -> None:
        self.keys = result.keys
        self._document = result.document
        self._jwk_set: jwt.PyJWKSet | None = None
        made = {id(key): _pyjwk(key.jwk) for key in paced(result.keys.keys, pause)}
        self._made = {name: jwk for name, jwk in made.items() if jwk is not None}
        self.signing_keys = [jwk for jwk in self._made.values() if jwk.key_id]

    @property
    def jwk_set(self) -> jwt.PyJWKSet:
        """Return the whole document, with keys for encryption, as PyJWT reads it; raise ``NoUsableKeysError``."""
        if self._jwk_set is None:
            self._jwk_set = _pyjwk_set(self._document, self.keys)
        return self._jwk_set

    def listed(self) -> list[jwt.PyJWK]:
        """Return the keys that may verify signatures and have a kid; raise ``KeySetError`` if there is none."""
        if not self.signing_keys:
            raise KeySetError("The JWKS endpoint did not contain any signing keys", kind="no_usable_keys")
        return list(self.signing_keys)

    def key_of(self, jwk: object) -> VerificationKey | None:
        """Return the key that *jwk*, an object of this view, stands for."""
        return next((key for key in self.keys.keys if jwk and self._made.get(id(key)) is jwk), None)

    def only(self, alg: str | None) -> jwt.PyJWK | None:
        """Return the key for a token without a kid: the only one that fits *alg*, or the only one of the set."""
        if alg is None:
            return next(iter(self._made.values())) if len(self._made) == 1 else None
        key = self.keys.select(None, alg)
        return None if key is None else self._made.get(id(key))


class Views:
    """The view of the keys in hand, and of the next keys once they are fetched."""

    def __init__(self) -> None:
        # A view of no source's keys, so that none is prepared before the first call of of().
        self._view = self._next = KeySetView(FetchResult(document=None, keys=KeySet(())))

    def of(self, snapshot: Snapshot) -> KeySetView:
        """Return the view of the keys in *snapshot*."""
        view = self._view
        if view.keys is not snapshot.keys:
            view = self._next
            self._view = view = view if view.keys is snapshot.keys else KeySetView(snapshot.result)
        return view

    def prepare(self, result: FetchResult, held: Snapshot) -> None:
        """Make the view of the keys in *result*, just fetched, if the view of the keys *held* before was used."""
        if result.keys is not held.keys and self._view.keys is held.keys:
            # In the thread of the load, so that no caller or event loop waits for it.
            self._next = KeySetView(result, pause=give_way)


class SetCache(JWKSetCache):
    """``jwk_set_cache``: the attribute of PyJWT's client that some subclasses read and fill.

    *state* returns the state of the keys, *show* a ``PyJWKSet``; *fill* takes a document, or ``None`` to drop the keys.
    """

    def __init__(
        self,
        lifespan: float,
        *,
        state: Callable[[], State],
        show: Callable[[], jwt.PyJWKSet],
        fill: Callable[[Any], None],
    ) -> None:
        super().__init__(lifespan)
        self._state, self._show, self._fill = state, show, fill

    def put(self, jwk_set: Any) -> None:
        """Replace the keys by those in *jwk_set*, a ``PyJWKSet`` or a document; ``None`` drops them."""
        self._fill(jwk_set)

    def get(self) -> jwt.PyJWKSet | None:
        """Return the keys if they are within their lifespan."""
        return self._show() if self._state() in (State.FRESH, State.AHEAD) else None

    def is_expired(self) -> bool:
        """Return whether there are keys, past their lifespan."""
        return self._state() in (State.STALE, State.EXPIRED)


def value_of(result: LookupResult[ValueT]) -> ValueT:
    """Return the value found, or raise the reason why there is none."""
    if result.value is not None:
        return result.value
    if result.error is not None:
        raise translated(result.error)
    raise UnknownKeyError


def header_of(token: str | bytes) -> tuple[str | None, str]:
    """Return the kid and the algorithm that *token* names, read as PyJWT does."""
    # With enc allowed, because jwt.decode judges the token itself.
    unverified = parse_jws(token.decode("latin-1") if isinstance(token, bytes) else token, lax=True)
    _ = unverified.payload  # to PyJWT, too, a token whose payload can't be decoded names no key
    return unverified.kid, unverified.alg


def _pyjwk_set(document: Any, keys: KeySet) -> jwt.PyJWKSet:
    if isinstance(document, jwt.PyJWKSet):
        return document
    members = document.get("keys")
    if not isinstance(members, list):  # kids mapped to PEM
        members = [key.jwk for key in keys.keys]
    # PyJWKSet skips members it can't use, but some make it raise: those are sorted out first.
    usable = [member for member in members if _pyjwk(member) is not None]
    try:
        return jwt.PyJWKSet(usable)
    except jwt.PyJWKSetError as exc:
        raise NoUsableKeysError("The key set holds no key that PyJWT can use", kind="no_usable_keys") from exc


def _pyjwk(member: Mapping[str, Any]) -> jwt.PyJWK | None:
    try:
        if member.get("kty") == "RSA" and "d" in member:
            return None  # PyJWT would examine it, and block all threads for days if its numbers are huge
        return jwt.PyJWK(dict(member))
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError):
        return None

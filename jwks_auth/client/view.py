"""A key set as PyJWT's types show it, made once for each set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jwt

from jwks_auth.client.errors import KeySetError, NoUsableKeysError
from jwks_auth.jose import KeySet, VerificationKey, paced
from jwks_auth.keys import FetchResult, Snapshot
from jwks_auth.runtime import give_way

__all__ = ["KeySetView", "Views"]


class KeySetView:
    """PyJWT's objects for one key set, made with a *pause* before each."""

    def __init__(self, loaded: FetchResult, *, pause: Callable[[], object] | None = None) -> None:
        self.keys = loaded.keys
        self._document = loaded.document
        self._jwk_set: jwt.PyJWKSet | None = None
        made = {id(key): _pyjwk(key.jwk) for key in paced(loaded.keys.keys, pause)}
        self._made = {name: jwk for name, jwk in made.items() if jwk is not None}
        self.signing_keys = [jwk for jwk in self._made.values() if jwk.key_id]

    @property
    def jwk_set(self) -> jwt.PyJWKSet:
        """The whole document, keys for encryption too, as PyJWT reads it; raises ``NoUsableKeysError``."""
        if self._jwk_set is None:
            self._jwk_set = _pyjwk_set(self._document, self.keys)
        return self._jwk_set

    def listed(self) -> list[jwt.PyJWK]:
        """The keys that may verify signatures and have a kid; raises ``KeySetError`` where there is none."""
        if not self.signing_keys:
            raise KeySetError("The JWKS endpoint did not contain any signing keys", kind="no_usable_keys")
        return list(self.signing_keys)

    def key_of(self, jwk: object) -> VerificationKey | None:
        """The key that *jwk*, one of these objects, shows."""
        return next((key for key in self.keys.keys if jwk and self._made.get(id(key)) is jwk), None)

    def only(self, alg: str | None) -> jwt.PyJWK | None:
        """For a token without a kid: the one key that fits *alg*, or the one key there is."""
        if alg is None:
            return next(iter(self._made.values())) if len(self._made) == 1 else None
        key = self.keys.select(None, alg)
        return None if key is None else self._made.get(id(key))


class Views:
    """The view of the keys in hand, and beforehand that of the next."""

    def __init__(self) -> None:
        # Of keys that no source holds: none is made beforehand until somebody has asked for one.
        self._view = self._next = KeySetView(FetchResult(document=None, keys=KeySet(())))

    def of(self, snapshot: Snapshot) -> KeySetView:
        """The view of the keys in *snapshot*."""
        view = self._view
        if view.keys is not snapshot.keys:
            view = self._next
            self._view = view = view if view.keys is snapshot.keys else KeySetView(snapshot.loaded)
        return view

    def prepare(self, loaded: FetchResult, held: Snapshot) -> None:
        """Make the view of keys just *loaded*, if that of the keys *held* before was asked for."""
        if loaded.keys is not held.keys and self._view.keys is held.keys:
            # Made in the thread of the load it holds up no caller and no event loop.
            self._next = KeySetView(loaded, pause=give_way)


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
            return None  # PyJWT would examine it, and with numbers as large as one may send hold all threads for days
        return jwt.PyJWK(dict(member))
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError):
        return None

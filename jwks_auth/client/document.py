"""The document that ``fetch_data`` returns, and what becomes of it."""

from __future__ import annotations

from typing import Any

import jwt

from jwks_auth.errors import ConfigurationError, KeySourceError
from jwks_auth.http import Answer
from jwks_auth.jose import KeySet
from jwks_auth.keys import FetchResult, Snapshot
from jwks_auth.runtime import give_way

__all__ = ["copied", "key_set_of", "loaded_from"]

_NO_KEYS = "The JWK Set did not contain any keys"  # PyJWT's words, as are those below


def loaded_from(document: Any, answer: Answer | None, held: Snapshot, *, accept_empty: bool) -> FetchResult:
    """The keys in *document*; those *held*, if it is the same again. *answer* is what came from the network.

    Raises ``KeySourceError`` for what is no key set, and without *accept_empty* for one without usable keys.
    """
    document = copied(document)
    unchanged = isinstance(document, dict) and document == held.loaded.document
    keys = held.keys if unchanged else key_set_of(document)
    if not keys.keys and not accept_empty:
        raise KeySourceError(_without_keys(keys), kind="no_usable_keys")
    if answer is None:  # an overriding fetch_data got its document elsewhere
        return FetchResult(document=document, keys=keys)
    return FetchResult(
        document=document, keys=keys, raw=answer.document, etag=answer.etag, max_age=answer.max_age
    )


def copied(document: Any) -> Any:
    """*document*, in a copy whose keys may be changed in place: an override may do that, and a program too."""
    if not isinstance(document, dict):
        return document
    if not isinstance(document.get("keys"), list):
        return dict(document)
    return {**document, "keys": [dict(key) if isinstance(key, dict) else key for key in document["keys"]]}


def key_set_of(document: Any) -> KeySet:
    """The usable keys in *document*, read with a pause before each; raises ``KeySourceError``."""
    if isinstance(document, jwt.PyJWKSet):
        return KeySet.from_dict({"keys": [key._jwk_data for key in document.keys]}, pause=give_way)
    if not isinstance(document, dict):
        raise KeySourceError("The JWKS endpoint did not return a JSON object", kind="not_an_object")
    try:
        return KeySet.read(document, pause=give_way)
    except ConfigurationError as exc:
        found = "The JWKS endpoint did not return a key set" if document.get("keys") else _NO_KEYS
        raise KeySourceError(f"{found}: {exc}", kind="not_a_key_set") from exc


def _without_keys(keys: KeySet) -> str:
    if not keys.refused:
        return f"{_NO_KEYS}: {keys.why_unusable}"
    return f"The JWKS endpoint did not contain any signing keys: {keys.why_unusable}"

"""``PyJWKClient``'s errors: each is both one of this library's and one of PyJWT's."""

from __future__ import annotations

import jwt
from jwt.exceptions import PyJWKClientConnectionError

from jwks_auth.errors import ConfigurationError, InvalidTokenError, KeySourceError

__all__ = [
    "ClientConfigurationError",
    "KeySetError",
    "KeysUnavailableError",
    "NoUsableKeysError",
    "UnknownKeyError",
    "translated",
]

_NO_KEY_SET = frozenset({"no_usable_keys", "not_a_key_set"})
_NO_DOCUMENT = frozenset({"not_json", "not_an_object", "too_large", "encoding"})

# PyJWT's words, which programs look for; the reason follows them.
_UNREACHED = 'Fail to fetch data from the url, err: "'
_NO_OBJECT = "The JWKS endpoint did not return a JSON object"


class ClientConfigurationError(ConfigurationError, jwt.PyJWKClientError):
    """A parameter of ``PyJWKClient`` is wrong."""


class KeySetError(KeySourceError, jwt.PyJWKClientError):
    """The answer is no key set: no JSON, no object, too large; or an overriding ``fetch_data`` failed."""


class KeysUnavailableError(KeySourceError, PyJWKClientConnectionError):
    """The endpoint could not be reached, refused, or did not answer in time."""


class NoUsableKeysError(KeySetError, jwt.PyJWKSetError):
    """The answer is no key set, or one without a usable key."""


class UnknownKeyError(InvalidTokenError, jwt.PyJWKClientError):
    """The key set does not hold the key. The message is constant, because clients choose the kid."""

    def __init__(self) -> None:
        super().__init__("unknown_key")
        self.args = ("Unable to find a signing key that matches the kid",)


def translated(error: KeySourceError) -> KeySourceError:
    """Return *error* as one that PyJWT's users catch, with PyJWT's words."""
    made: type[KeySetError | KeysUnavailableError] = KeysUnavailableError
    text = str(error)
    if error.kind in _NO_KEY_SET:
        made = NoUsableKeysError
    elif error.kind == "callback":
        made = KeySetError
    elif error.kind in _NO_DOCUMENT:
        made = KeySetError
        text = text if text.startswith(_NO_OBJECT) else f"{_NO_OBJECT}: {text}"
    elif not text.startswith(_UNREACHED):
        text = f'{_UNREACHED}{text}"'
    twin = made(text, kind=error.kind, retry_after=error.retry_after)
    twin.__cause__ = error.__cause__ or error
    return twin

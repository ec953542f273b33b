"""What ``PyJWKClient`` raises: each error is one of ours and one of PyJWT's at once."""

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

_ABOUT_THE_DOCUMENT = frozenset(
    {"not_json", "not_an_object", "not_a_key_set", "too_large", "encoding", "callback"}
)


class ClientConfigurationError(ConfigurationError, jwt.PyJWKClientError):
    """A parameter of ``PyJWKClient`` is wrong."""


class KeySetError(KeySourceError, jwt.PyJWKClientError):
    """What came is no key set: no JSON, no object, too large; or an overriding ``fetch_data`` failed."""


class KeysUnavailableError(KeySourceError, PyJWKClientConnectionError):
    """The endpoint could not be reached, refused, or did not answer in time."""


class NoUsableKeysError(KeySetError, jwt.PyJWKSetError):
    """The endpoint's key set holds no key that may be used."""


class UnknownKeyError(InvalidTokenError, jwt.PyJWKClientError):
    """The key set does not hold the key. The message is constant, as a kid is whatever a client sent."""

    def __init__(self) -> None:
        super().__init__("unknown_key")
        self.args = ("Unable to find a signing key that matches the kid",)


def translated(error: KeySourceError) -> KeySourceError:
    """*error* as one that PyJWT's users catch."""
    if isinstance(error, jwt.PyJWTError):
        return error
    kind = error.kind
    if kind == "no_usable_keys":
        made: type[KeySetError | KeysUnavailableError] = NoUsableKeysError
    else:
        made = KeySetError if kind in _ABOUT_THE_DOCUMENT else KeysUnavailableError
    twin = made(str(error), kind=kind, retry_after=error.retry_after)
    twin.__cause__ = error.__cause__ or error
    return twin

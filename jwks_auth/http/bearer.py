"""A bearer token in a file, which its platform renews: read for each fetch (Kubernetes' service accounts)."""

from __future__ import annotations

import os
import re

from jwks_auth.challenge import shown
from jwks_auth.errors import ConfigurationError
from jwks_auth.http.answer import FetchError

__all__ = ["bearer_in", "check_bearer_file"]

_MOST = 65_536
_TOKEN = re.compile(rb"[\x21-\x7e]+")


def check_bearer_file(path: str | os.PathLike[str] | None) -> None:
    """Refuse a path where no file can be read; it may still be empty. Raises ``ConfigurationError``."""
    if path is None:
        return
    try:
        _read(path)
    except (OSError, ValueError) as exc:
        raise ConfigurationError(
            f"bearer_file: found {shown(os.fspath(path))}, which can't be read ({_why(exc)}); "
            "expected a file with a token"
        ) from exc
    except TypeError:
        raise ConfigurationError(f"bearer_file: found a {type(path).__name__}, expected a path") from None


def bearer_in(path: str | os.PathLike[str]) -> str:
    """Return the token in the file, without white space around it. Raises :class:`FetchError` of kind ``bearer``."""
    try:
        token = _read(path).strip()
    except OSError as exc:
        raise FetchError(
            f"bearer_file {shown(os.fspath(path))} can't be read ({_why(exc)})", kind="bearer"
        ) from exc
    if not token:
        raise FetchError(f"bearer_file {shown(os.fspath(path))} is empty", kind="bearer")
    if len(token) > _MOST or not _TOKEN.fullmatch(token):
        raise FetchError(f"bearer_file {shown(os.fspath(path))} holds no token", kind="bearer")
    return token.decode("ascii")


def _read(path: str | os.PathLike[str]) -> bytes:
    with open(os.fspath(path), "rb") as file:  # a number would name an open file, which would then be closed
        return file.read(_MOST + 3)


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, ValueError):
        return "no path"
    return (error.strerror or type(error).__name__).lower()

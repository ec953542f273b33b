"""Readers of the settings for introspection: when an issuer is asked, and as whom."""

from __future__ import annotations

from typing import Any

from jwks_auth.settings.readers import mapping, one_of
from jwks_auth.verifier import MODES

__all__ = ["introspection_client", "introspection_mode"]

_CLIENT = 'expected strings, {"ID": ..., "SECRET": ..., "METHOD": ...} (in an environment: a JSON object)'


def introspection_mode(value: Any) -> str:
    """One of ``off``, ``opaque`` and ``always``."""
    return one_of(*MODES)("off" if value is False else value)


def introspection_client(value: Any) -> dict[str, str]:
    """Read credentials of this service at an issuer. They are never shown."""
    try:
        found = {str(name).upper(): each for name, each in mapping(value).items()}
    except ValueError:
        raise ValueError(_CLIENT) from None
    if found.keys() - {"ID", "SECRET", "METHOD"} or not all(isinstance(each, str) for each in found.values()):
        raise ValueError(_CLIENT)
    return found

"""Readers of the settings for revocation."""

from __future__ import annotations

import re
from typing import Any

from jwks_auth.settings.readers import imported, one_of

__all__ = ["one_of", "revocation"]

_URL = re.compile(r"[a-z]+:/")


def revocation(value: Any) -> Any:
    """Read a store of revocations: its URL, the object, or its dotted path."""
    return value if isinstance(value, str) and _URL.match(value) else imported(value)

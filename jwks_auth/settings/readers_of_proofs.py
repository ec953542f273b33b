"""Readers of the settings for proofs: the service's URL, and the store of proofs that were used."""

from __future__ import annotations

import re
from typing import Any

from jwks_auth.settings.readers import text

__all__ = ["public_url", "replay"]

_PUBLIC = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?(/[!-~]*)?", re.IGNORECASE)


def public_url(value: Any) -> str:
    """Scheme, host and prefix of a service, without query and fragment."""
    found = text(value)
    if not _PUBLIC.fullmatch(found) or "?" in found or "#" in found:
        raise ValueError(f"expected scheme, host and prefix, as in https://api.acme.dev/v1, found {found!r}")
    return found


def replay(value: Any) -> Any:
    """Read ``memory``, ``off``, the URL of a store, or an object."""
    return text(value) if isinstance(value, str) else value

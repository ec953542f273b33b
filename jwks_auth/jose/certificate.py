"""The certificate beside a key (``x5c``, RFC 7517 section 4.7), for people to read: no key is trusted for it."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography import x509

__all__ = ["certificate_dates"]


def certificate_dates(jwk: Mapping[str, Any]) -> tuple[datetime, datetime] | None:
    """Return from when and until when the first certificate of a key is valid; ``None`` if it has none to read."""
    chain = jwk.get("x5c")
    first = chain[0] if isinstance(chain, list) and chain else None
    if not isinstance(first, str):
        return None
    try:
        found = x509.load_der_x509_certificate(binascii.a2b_base64(first))
        return found.not_valid_before_utc, found.not_valid_after_utc
    except (ValueError, TypeError, x509.InvalidVersion):
        return None

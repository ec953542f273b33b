"""Tokens as clients send them, made when the test runs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from jwks_auth.testing import FakeIssuer, SigningKey
from tests.providers.documented import Documented

__all__ = ["literal", "nothing", "payload", "signed", "signed_by", "spoilt"]

Maker = Callable[[FakeIssuer, Documented], str | None]


def payload(claims: Mapping[str, Any]) -> bytes:
    """Return *claims* with dates of now, unless they have their own; ``None`` leaves a claim out."""
    now = int(time.time())
    filled = {"iat": now - 60, "exp": now + 300, **claims}
    return json.dumps({name: value for name, value in filled.items() if value is not None}).encode()


def signed(claims: Mapping[str, Any]) -> Maker:
    """Make a token of the issuer, with the header that its provider writes."""
    return lambda issuer, documented: issuer.sign(payload(claims), documented.header)


def signed_by(key: SigningKey, claims: Mapping[str, Any]) -> Maker:
    """Make a token that another key signs."""
    return lambda issuer, documented: key.sign(payload(claims), documented.header)


def spoilt(claims: Mapping[str, Any]) -> Maker:
    """Make a token whose header is not the one that was signed, so that only its owner can verify it."""

    def made(issuer: FakeIssuer, documented: Documented) -> str:
        good, other = (
            issuer.sign(payload(claims), {**documented.header, "nonce": nonce}) for nonce in ("hash", "nonce")
        )
        return ".".join([other.split(".")[0], *good.split(".")[1:]])

    return made


def literal(text: str) -> Maker:
    """Send a text that is no JWT."""
    return lambda issuer, documented: text


def nothing(issuer: FakeIssuer, documented: Documented) -> None:
    """Send no token."""

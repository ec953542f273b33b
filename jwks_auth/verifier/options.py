"""Options of :class:`~jwks_auth.TokenVerifier`, and their defaults."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TypedDict

from jwks_auth.claims import TOKEN_DEFAULTS, TokenOptions
from jwks_auth.jose import MAX_TOKEN_LENGTH
from jwks_auth.stores import Revocations
from jwks_auth.verifier.asked import IsRevoked, Validator
from jwks_auth.verifier.other_tokens import Told
from jwks_auth.verifier.tenants import Tenants

__all__ = ["VERIFIER_DEFAULTS", "JudgeOptions", "VerifierOptions"]


class JudgeOptions(TypedDict, total=False):
    """Options for all tokens that are also settings."""

    leeway: float
    validators: Iterable[Validator]
    is_revoked: IsRevoked | None
    revocation: Revocations | str | None
    revocation_fails: str
    tenants: Tenants | None
    allow_fake_issuer: bool | None
    max_token_length: int
    token_cache: int
    other_tokens: Told | None


class VerifierOptions(JudgeOptions, TokenOptions, total=False):
    """Options of :class:`TokenVerifier`."""

    clock: Callable[[], float]


VERIFIER_DEFAULTS: VerifierOptions = {
    **TOKEN_DEFAULTS,
    "leeway": 30,
    "validators": (),
    "is_revoked": None,
    "revocation": None,
    "revocation_fails": "closed",
    "tenants": None,
    "allow_fake_issuer": None,
    "max_token_length": MAX_TOKEN_LENGTH,
    "token_cache": 0,
    "other_tokens": None,
    "clock": time.time,
}

"""Hostile tokens: good ones of a fake issuer but for one fault each, as an attacker would send them."""

from __future__ import annotations

from typing import Any

from jwks_auth.testing.forge import Bench
from jwks_auth.testing.hostile_claims import dates, headers, kids, others, parties
from jwks_auth.testing.hostile_signatures import foreign_keys, macs, shapes, signatures, unsigned
from jwks_auth.testing.issuer import FakeIssuer

__all__ = ["hostile_tokens"]

_GROUPS = (shapes, unsigned, macs, signatures, foreign_keys, kids, headers, parties, dates, others)


def hostile_tokens(issuer: FakeIssuer, **claims: Any) -> dict[str, str]:
    """Return hostile tokens by the name of their fault; *claims* are a good one's, as of ``FakeIssuer.token``."""
    bench = Bench(issuer, claims)
    return dict(each for group in _GROUPS for each in group(bench))

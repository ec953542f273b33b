"""The explanation of a token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jwks_auth.challenge import escaped
from jwks_auth.cli.report import Report, Service
from jwks_auth.request import Requirement
from jwks_auth.runtime import RawToken

__all__ = ["verify"]


def verify(
    authenticator: Service,
    raw: str | RawToken,
    requirement: Sequence[Requirement] = (),
    *,
    claims: Any = None,
) -> Report:
    """Explain step by step why a token is accepted or refused; for developers only, because it shows claims.

    *raw* may begin with ``Bearer``, as when it is copied from a request. *requirement*: all that a route asks, and
    *claims* its model of them.
    """
    sent = RawToken(RawToken.of(raw).read(_copied))
    del raw
    explanation = authenticator.explain(sent, requirement=requirement, claims=claims)
    steps = [
        {
            "name": step.name,
            "expected": escaped(step.expected),
            "found": escaped(step.found),
            "code": step.code,
        }
        for step in explanation.steps
    ]
    failed = explanation.failed
    facts = {
        "code": failed and failed.code,
        "steps": steps,
        "hint": explanation.hint and escaped(explanation.hint),
    }
    return Report(tuple(str(explanation).splitlines()), ok=failed is None, facts=facts)


def _copied(text: str) -> str:
    word, _, rest = text.strip().partition(" ")
    return rest.strip() if word.lower() in ("bearer", "dpop") else text.strip()

"""One attack, and the short ways to write many."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.attacks.forge import KEY_SET, claims, header, token


@dataclass(frozen=True)
class Attack:
    """*forged* is refused with *code* (``None``: the attack is none, and the token is good); *control* is accepted.

    Each is verified with the keys beside it, which differ only where the fault is in the issuer's key set.
    """

    name: str
    forged: Callable[[], Any]
    code: str | None
    control: Callable[[], str] = token
    keys: dict[str, Any] = field(default_factory=lambda: KEY_SET)
    good_keys: dict[str, Any] = field(default_factory=lambda: KEY_SET)


def of_claims(name: str, code: str | None, bad: dict[str, Any], **good: Any) -> Attack:
    """Claims rightly signed."""
    return Attack(name, lambda: token(payload=claims(**bad)), code, lambda: token(payload=claims(**good)))


def of_values(claim: str, code: str | None, values: Mapping[str, Any], good: Any = None) -> Iterator[Attack]:
    """One claim with each of *values*, by what is wrong with it; *good* is a right one, or as it always is."""
    for name, value in values.items():
        yield of_claims(f"{claim}_{name}", code, {claim: value}, **({} if good is None else {claim: good}))


def of_header(name: str, code: str | None, bad: dict[str, Any], **good: Any) -> Attack:
    """A header rightly signed with RS256."""
    return Attack(name, lambda: token(header(**bad)), code, lambda: token(header(**good)))


def of_payload(name: str, change: Callable[[str], Any], code: str = "malformed") -> Attack:
    """The payload's JSON text, changed and rightly signed."""
    return Attack(name, lambda: token(payload=change(json.dumps(claims()))), code)


def of_text(name: str, change: Callable[[str], Any], code: str = "malformed") -> Attack:
    """A good token, changed as text."""
    return Attack(name, lambda: change(token()), code)

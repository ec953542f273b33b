"""``Report``: lines for people, the same for programs, and the outcome."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, Protocol

from jwks_auth.challenge import escaped
from jwks_auth.request import Requirement
from jwks_auth.runtime import RawToken, dataclass
from jwks_auth.verifier import Issuer

if TYPE_CHECKING:
    from jwks_auth.verifier import Explanation

__all__ = ["Report", "Service", "Trusting", "together"]


class Trusting(Protocol):
    """Whatever trusts issuers."""

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """The issuers whose tokens are accepted."""


class Service(Trusting, Protocol):
    """The part of an authenticator that reports read."""

    settings: Any
    """Its ``Settings``."""
    verifier: Any
    """Its verifier, which need not tell what ``kinds`` of tokens it takes."""

    @property
    def advice(self) -> tuple[str, ...]:
        """What the service would do well to set, in words."""

    def explain(
        self, raw: RawToken, *, requirement: Sequence[Requirement] = (), claims: Any = None
    ) -> Explanation:
        """Each step that *raw* passes, and where and why it fails."""


@dataclass(frozen=True, slots=True)
class Report:
    """Lines to print, without control characters, and the outcome: exit status 0 if all is well, 1 otherwise.

    *rows* are those of a table, for programs, and *facts* whatever else programs may want.
    """

    lines: tuple[str, ...]
    ok: bool = True
    rows: tuple[Mapping[str, Any], ...] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(map(escaped, self.lines)))

    def as_json(self) -> str:
        """Return the report for programs, one JSON object in ASCII: ``ok``, the facts, and the lines or the rows."""
        told = {"lines": self.lines} if self.rows is None else {"rows": self.rows}
        return json.dumps({"ok": self.ok, **self.facts, **told}, indent=2)


def together(reports: Mapping[str, Report]) -> Report:
    """Return one report of several, each below its name; a name that is empty is left out.

    Facts that are lists are joined; each item that is a mapping has the name as its ``service``.
    """
    lines: list[str] = []
    facts: dict[str, Any] = {}
    for name, report in reports.items():
        lines += [f"{name}:", *(f"  {line}" for line in report.lines)] if name else report.lines
        for key, value in report.facts.items():
            facts[key] = [*facts.get(key, ()), *_named(name, value)] if isinstance(value, list) else value
    return Report(tuple(lines), all(report.ok for report in reports.values()), facts=facts)


def _named(name: str, items: Iterable[Any]) -> list[Any]:
    return [{"service": name, **each} if name and isinstance(each, Mapping) else each for each in items]

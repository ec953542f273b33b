"""The check that no route is open by mistake, on the rows of any framework's audit."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol

__all__ = ["assert_rows_protected"]

_OPTIONAL = "token or none"


class Row(Protocol):
    """A route: its *guard* in words, ``None`` without one; *doubt* is a reason why that may not hold."""

    @property
    def path(self) -> str:
        """The path, as the framework writes it."""

    @property
    def methods(self) -> str:
        """The methods, separated by spaces."""

    @property
    def guard(self) -> str | None:
        """The guard in words."""

    @property
    def doubt(self) -> str | None:
        """The reason for doubt."""


def assert_rows_protected(rows: Iterable[Row], public: Collection[str] = ()) -> None:
    """Fail if a route lets requests without a token through, or may, and its path is not among *public*.

    Routes that are marked as public count as public; those with an optional token must be named. A path in *public*
    without a route fails too, and an application without routes.
    """
    listed = list(rows)
    assert listed, "no routes were found, so that nothing is shown"
    forgotten = [_told(row) for row in listed if not _is_closed(row) and row.path not in public]
    assert not forgotten, f"routes that need no token, or may not: {'; '.join(forgotten)}"
    unknown = sorted(set(public) - {row.path for row in listed})
    assert not unknown, f"no such routes: {unknown}"


def _is_closed(row: Row) -> bool:
    return row.guard is not None and row.doubt is None and _OPTIONAL not in row.guard


def _told(row: Row) -> str:
    return f"{row.methods} {row.path} ({row.doubt or row.guard or 'no guard'})"

"""Reports for a command line: keys, health, a token's fault, routes and their guards.

Each function returns a :class:`Report`; ``manage.py jwks`` and ``flask jwks`` print its lines and exit with its status.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from jwks_auth.challenge import escaped
from jwks_auth.errors import KeySourceError
from jwks_auth.jose import shown_kid
from jwks_auth.request import Requirement
from jwks_auth.runtime import RawToken, dataclass
from jwks_auth.verifier import Issuer

if TYPE_CHECKING:
    from jwks_auth.verifier import Explanation

__all__ = ["Report", "RouteRow", "check", "refresh", "routes", "show", "verify"]


class Service(Protocol):
    """The part of an authenticator that reports read."""

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """The issuers whose tokens are accepted."""

    def explain(
        self, raw: RawToken, *, requirement: Sequence[Requirement] = (), claims: Any = None
    ) -> Explanation:
        """Each step that *raw* passes, and where and why it fails."""


@dataclass(frozen=True, slots=True)
class Report:
    """Lines to print, without control characters, and the outcome: exit status 0 if all is well, 1 otherwise.

    *rows* are those of a table, for programs.
    """

    lines: tuple[str, ...]
    ok: bool = True
    rows: tuple[Mapping[str, Any], ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(map(escaped, self.lines)))

    def as_json(self) -> str:
        """Return the report for programs: ``ok``, and the ``lines`` or the ``rows``."""
        told = {"lines": self.lines} if self.rows is None else {"rows": self.rows}
        return json.dumps({"ok": self.ok, **told}, indent=2)


@dataclass(frozen=True, slots=True)
class RouteRow:
    """A route in the table: *guard* is its requirement in words; ``None`` if it has none.

    A route that is open on purpose has the guard ``"public"``. *doubt* is a reason why the guard may not hold. Such a
    route is shown as unknown, and counts as unprotected for ``fail_unprotected``.
    """

    path: str
    methods: str
    guard: str | None
    doubt: str | None = None

    @property
    def state(self) -> str:
        """The route's state in the table."""
        if self.doubt is not None:
            return f"UNKNOWN: {self.doubt}"
        return self.guard or "UNPROTECTED"

    @property
    def row(self) -> dict[str, Any]:
        """The route for programs: ``state`` is ``guarded``, ``public``, ``unknown`` or ``unprotected``."""
        known = "unprotected" if self.guard is None else "guarded"
        known = "public" if (self.guard or "").startswith("public") else known
        state = known if self.doubt is None else "unknown"
        return {
            "path": self.path,
            "methods": self.methods.split(),
            "guard": self.guard,
            "doubt": self.doubt,
            "state": state,
        }


def check(authenticator: Service) -> Report:
    """Fetch every issuer's keys without the store, and list usable keys, and refused members with their reasons."""
    return _of_issuers(authenticator, _checked)


def refresh(authenticator: Service) -> Report:
    """Fetch every issuer's keys again, even if they are fresh."""
    return _of_issuers(authenticator, _refreshed)


def show(authenticator: Service, *, warm_up: bool = False) -> Report:
    """List the keys of this process and their health; no I/O, unless *warm_up* gets the keys first.

    It gets them as a worker does: from the store, if there is one.
    """
    return _of_issuers(authenticator, _warmed_up if warm_up else _held)


def verify(authenticator: Service, raw: str | RawToken, requirement: Sequence[Requirement] = ()) -> Report:
    """Explain step by step why a token is accepted or refused; for developers only, because it shows claims.

    *raw* may begin with ``Bearer``, as when it is copied from a request. *requirement*: all that a route asks.
    """
    sent = RawToken(RawToken.of(raw).read(_copied))
    del raw
    explanation = authenticator.explain(sent, requirement=requirement)
    return Report(tuple(str(explanation).splitlines()), ok=explanation.failed is None)


def routes(rows: Iterable[RouteRow], *, fail_unprotected: bool = False) -> Report:
    """List routes in a table; with *fail_unprotected*, fail for one without a guard or with a guard in doubt."""
    listed = list(rows)
    width = max((len(row.path) for row in listed), default=0)
    methods = max((len(row.methods) for row in listed), default=0)
    lines = [f"{row.path:<{width}}  {row.methods:<{methods}}  {row.state}" for row in listed]
    unknown = sum(row.doubt is not None for row in listed)
    bare = sum(row.guard is None and row.doubt is None for row in listed)
    lines.append(f"{len(listed)} routes, {bare} unprotected" + (f", {unknown} unknown" if unknown else ""))
    return Report(
        tuple(lines), ok=not (fail_unprotected and (bare or unknown)), rows=tuple(row.row for row in listed)
    )


def _copied(text: str) -> str:
    return text.strip().removeprefix("Bearer ")


def _of_issuers(authenticator: Service, look: Callable[[Issuer], Iterator[str]]) -> Report:
    lines: list[str] = []
    ok = True
    for issuer in authenticator.issuers:
        lines.append(issuer.issuer)
        try:
            lines += [f"  {line}" for line in look(issuer)]
        except KeySourceError as error:
            lines.append(f"  {error.kind}: {error}")
            ok = False
    return Report(tuple(lines or ["no issuer is listed: those of tenants are found by their tokens"]), ok)


def _checked(issuer: Issuer) -> Iterator[str]:
    _fetch(issuer)
    yield from _keys(issuer)


def _refreshed(issuer: Issuer) -> Iterator[str]:
    before = issuer.keys.key_set.kids()
    _fetch(issuer)
    after = issuer.keys.key_set.kids()
    yield f"{len(after)} keys, added: {_listed(after - before)}, removed: {_listed(before - after)}"


def _fetch(issuer: Issuer) -> None:
    if issuer.client is not None:
        issuer.client.warm_up(refresh=True)


def _warmed_up(issuer: Issuer) -> Iterator[str]:
    issuer.warm_up()
    yield from _held(issuer)


def _held(issuer: Issuer) -> Iterator[str]:
    health = issuer.health()
    if health is None:
        yield "keys are handed over, not fetched"
    else:
        age = "never fetched" if health.age is None else f"fetched {health.age:.0f} s ago"
        yield f"{health.state}, {age}, failures: {health.failures}, last error: {health.last_error or 'none'}"
    yield from _keys(issuer)


def _keys(issuer: Issuer) -> Iterator[str]:
    keys = issuer.keys.key_set
    for key in keys.keys:
        yield f"key {shown_kid(key.kid)}: {key.kty}, {' '.join(sorted(key.algorithms))}"
    for refused in keys.refused:
        yield f"refused {shown_kid(refused.kid)}: {refused.reason}"


def _listed(kids: Iterable[str]) -> str:
    return ", ".join(map(shown_kid, sorted(kids))) or "none"

"""Answers: a finished refusal, and the headers for shared caches of every other answer.

``Vary`` is RFC 9110 section 12.5.5, ``Cache-Control`` RFC 9111 section 5.2.2.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Sequence
from http.client import responses
from typing import Any, Literal

from jwks_auth.runtime import dataclass

__all__ = ["ErrorBody", "Rejection", "guarded_headers", "private_value", "vary_value"]

_DIRECTIVES = re.compile(r'(?:"[^"]*"|[^,"])+')
_SHARED = frozenset({"public", "s-maxage"})

ErrorBody = Literal["rfc6750", "problem+json"]
"""The body of a refusal: RFC 6750's two members, or problem details (RFC 9457)."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A finished answer: an adapter copies it, or shows ``error`` and ``description`` in its own form.

    ``headers`` may name one header twice: copy them as pairs, or use :attr:`fields` if a framework can't.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    error: str
    description: str
    form: ErrorBody = "rfc6750"

    @property
    def fields(self) -> dict[str, str]:
        """The headers by name, several values of one joined by commas (RFC 9110 section 5.3)."""
        fields: dict[str, str] = {}
        for name, value in self.headers:
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
        return fields

    @property
    def body(self) -> bytes:
        """The JSON body, as ``ERROR_BODY`` has it; its type is :attr:`media_type`."""
        return json.dumps(self.document if self.form == "rfc6750" else self.problem).encode()

    @property
    def media_type(self) -> str:
        """The type of the body."""
        return "application/json" if self.form == "rfc6750" else "application/problem+json"

    @property
    def document(self) -> dict[str, str]:
        """The body of RFC 6750 as a dict, whatever the form: ``{"error", "error_description"}``."""
        return {"error": self.error, "error_description": self.description}

    @property
    def problem(self) -> dict[str, Any]:
        """The problem details of RFC 9457 as a dict, whatever the form."""
        return {
            "type": "about:blank",
            "title": responses.get(self.status, ""),  # a custom error may have any status
            "status": self.status,
            "detail": self.description,
            "error": self.error,
        }


def guarded_headers(
    headers: Iterable[tuple[str, str]], names: Sequence[str], *, private: bool = True
) -> list[tuple[str, str]]:
    """Return the *headers* of an answer that depends on the request headers *names*, made safe for shared caches.

    *private* is true for an answer to one sender or a refusal, and false for an optional route's answer to anybody.
    """
    said: dict[str, list[tuple[str, str]]] = {"vary": [], "cache-control": []}
    kept: list[tuple[str, str]] = []
    for pair in headers:
        said.get(pair[0].lower(), kept).append(pair)
    kept.append(("Vary", vary_value(_values(said["vary"]), names)))
    caching = said["cache-control"]
    made_private = private_value(_values(caching)) if private and caching else None
    return [*kept, *(caching if made_private is None else [("Cache-Control", made_private)])]


def vary_value(values: Collection[str], names: Sequence[str]) -> str:
    """Return a ``Vary`` with *names* in addition to its lines *values*; ``*`` includes every name."""
    if not values:
        return ", ".join(names)
    said = [name.strip() for value in values for name in value.split(",") if name.strip()]
    if "*" in said:
        return "*"
    known = {name.lower() for name in said}
    return ", ".join([*said, *(name for name in names if name.lower() not in known)])


def private_value(values: Iterable[str]) -> str | None:
    """Return ``Cache-Control`` from its lines *values*, with ``private`` in place of ``public`` and ``s-maxage``.

    Other directives stay; ``None`` if neither is present, so that nothing changes.
    """
    found = [part.strip() for value in values for part in _split(value) if part.strip()]
    if not any(_is_shared(part) for part in found):
        return None
    said = ["private" if _is_shared(part) or part.lower() == "private" else part for part in found]
    return ", ".join(dict.fromkeys(said))


def _split(value: str) -> list[str]:
    # After an unclosed quote directives still count, because a lenient cache would obey them.
    return value.split(",") if value.count('"') % 2 else _DIRECTIVES.findall(value)


def _is_shared(directive: str) -> bool:
    return directive.partition("=")[0].strip().lower() in _SHARED


def _values(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [value for _, value in pairs]

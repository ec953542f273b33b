"""A request as the endpoints see it, their answers, and the refusals of OAuth (RFC 6749 section 5.2)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from email.message import Message
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from jwks_auth.devissuer.html import Html
from jwks_auth.runtime import dataclass

__all__ = ["Answer", "Fields", "OAuthError", "Request", "json_answer", "page_answer", "redirect"]

_MOST_FIELDS = 200


class OAuthError(Exception):
    """A refusal: *error* is a code of OAuth's, *description* one sentence of ours. *headers* go with the answer."""

    def __init__(
        self, error: str, description: str, *, status: int = 400, headers: Iterable[tuple[str, str]] = ()
    ) -> None:
        super().__init__(error, description)
        self.error, self.description, self.status = error, description, status
        self.headers = tuple(headers)


class Fields:
    """The parameters of a query or a form."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.pairs = tuple(pairs)

    @classmethod
    def read(cls, text: str) -> Fields:
        """Read an encoded form; raise :class:`OAuthError` for what is none."""
        try:
            return cls(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"))
        except ValueError:
            raise OAuthError("invalid_request", "the form can't be read") from None

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of *name* that is not empty."""
        return tuple(value for found, value in self.pairs if found == name and value)

    def one(self, name: str) -> str:
        """Return the value of *name*, ``""`` if there is none; raise :class:`OAuthError` for several."""
        values = self.all(name)
        if len(values) > 1:
            raise OAuthError("invalid_request", "a parameter is repeated")
        return values[0] if values else ""


@dataclass(frozen=True)
class Request:
    """One request. *path* is without the query."""

    method: str
    path: str
    query: str
    headers: Message
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return the only value of a header, ``""`` if there is none or more than one."""
        values = self.headers.get_all(name, [])
        return str(values[0]).strip() if len(values) == 1 else ""

    @cached_property
    def asked(self) -> Fields:
        """The query's parameters."""
        return Fields.read(self.query)

    @cached_property
    def form(self) -> Fields:
        """The parameters of a form that was posted."""
        kind = self.header("Content-Type").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise OAuthError("invalid_request", "expected a form: application/x-www-form-urlencoded")
        try:
            return Fields.read(self.body.decode())
        except UnicodeDecodeError:
            raise OAuthError("invalid_request", "the form can't be read") from None


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def with_headers(self, *headers: tuple[str, str]) -> Answer:
        """Return it with further *headers*."""
        return Answer(self.status, self.body, (*self.headers, *headers))


_NO_STORE = ("Cache-Control", "no-store")

_PAGE = (
    ("Content-Type", "text/html; charset=utf-8"),
    _NO_STORE,
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
)

# Browsers ask this of each step after a form too, and applications go on from their redirect_uri. An IPv6 address
# can't be named.
_TARGETS = "'self' " + " ".join(
    f"{scheme}://{host}:*"
    for scheme in ("http", "https")
    for host in ("127.0.0.1", "localhost", "*.localhost")
)
_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action "


def page_answer(html: Html, status: int = 200, *, target: str = "") -> Answer:
    """Return a page that loads nothing but its style and that no other page can frame.

    *target* is the address to which its form leads in the end.
    """
    targets = f"{_TARGETS} http: https:" if target.partition("://")[2].startswith("[") else _TARGETS
    policy = ("Content-Security-Policy", _POLICY + targets)
    return Answer(status, f"<!doctype html>{html}".encode(errors="replace"), (*_PAGE, policy))


def json_answer(document: Mapping[str, Any], status: int = 200) -> Answer:
    """Return a document that nobody keeps."""
    return Answer(status, json.dumps(document).encode(), (("Content-Type", "application/json"), _NO_STORE))


def redirect(url: str) -> Answer:
    """Send the browser to *url*, with GET."""
    return Answer(303, b"", (("Location", url), _NO_STORE, ("Referrer-Policy", "no-referrer")))

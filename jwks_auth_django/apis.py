"""``JWKS_AUTH["APIS"]``: its keys, prefixes of paths or names of hosts, and the one that a request belongs to."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest

from jwks_auth import ConfigurationError
from jwks_auth_django.internals import host_of

__all__ = ["APIS", "FOR_REQUEST", "Keys", "entries"]

APIS = 'JWKS_AUTH["APIS"]'
FOR_REQUEST = 'JWKS_AUTH["FOR_REQUEST"]'

_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[^/\s<>?#%\\^$*]+)+/?\Z")
_HOST = re.compile(r"(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[a-f0-9:.]+\])\Z")

ForRequest = Callable[[HttpRequest], Any]


def entries(value: Any) -> dict[str, Mapping[str, Any]]:
    """Read ``APIS``: a dict of dicts, with prefixes or with hosts as keys. Raises ``ValueError``."""
    if not isinstance(value, Mapping):
        raise ValueError(
            f'expected a dict such as {{"/admin-api/": {{...}}}}, found a {type(value).__name__}'
        )
    for key, own in value.items():
        if not isinstance(key, str) or not (_PATH if key.startswith("/") else _HOST).match(key):
            raise ValueError(f"the key {key!r} is no prefix of a path and no host, {_expected(key)}")
        if not isinstance(own, Mapping):
            raise ValueError(f"expected a dict of settings for {key!r}, found a {type(own).__name__}")
    if len({key.startswith("/") for key in value}) > 1:
        raise ValueError("expected prefixes of paths or hosts as keys, found both: keep to one kind")
    plain: dict[str, str] = {}
    for key in value:
        if (other := plain.setdefault(key.rstrip("/"), key)) != key:
            raise ValueError(f"{other!r} and {key!r} are the same prefix")
    return dict(value)


def _check_function(first: ForRequest) -> None:
    if iscoroutinefunction(first):
        raise ConfigurationError(f"{FOR_REQUEST}: expected a function that is not async")
    try:
        inspect.signature(first).bind("request")
    except (TypeError, ValueError) as error:  # the latter for what is written in C
        raise ConfigurationError(f"{FOR_REQUEST}: {first!r} must take (request)") from error


def _expected(key: Any) -> str:
    if key == "/":
        return "and what stands beside APIS is for all other paths"
    if isinstance(key, str) and _HOST.match(key.lower().partition(":")[0]):
        return 'expected a host in lower case and without its port, such as "b.example"'
    return 'expected "/admin-api/" or "b.example", without patterns'


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of ``APIS``, and *first*, the function of ``FOR_REQUEST``, which decides before them."""

    hosts: frozenset[str]
    prefixes: tuple[tuple[str, str], ...]
    first: ForRequest | None

    @classmethod
    def of(cls, keys: Iterable[str], first: ForRequest | None) -> Keys:
        """Sort them. Raises :class:`ConfigurationError` for a function that can't be called here."""
        if first is not None:
            _check_function(first)
        listed = list(keys)
        paths = sorted((key for key in listed if key.startswith("/")), key=len, reverse=True)
        return cls(
            frozenset(key for key in listed if not key.startswith("/")),
            tuple((f"{key.rstrip('/')}/", key) for key in paths),
            first,
        )

    @property
    def by_path(self) -> bool:
        """Return whether a path alone decides."""
        return self.first is None and not self.hosts

    def chosen(self, request: HttpRequest) -> str | None:
        """Return the key for *request*; ``None``: the top level's settings are for it.

        Raises Django's ``DisallowedHost``, which is answered with 400, and :class:`ConfigurationError` for a result
        of ``FOR_REQUEST`` that is no key.
        """
        if self.first is not None and (key := self._decided(self.first, request)) is not None:
            return key
        if self.hosts:
            host = host_of(request)
            return host if host in self.hosts else None
        return self.at(request.path_info)

    def at(self, path: str) -> str | None:
        """Return the longest prefix of *path*; ``None`` if there is none."""
        whole = f"{path}/"
        return next((key for prefix, key in self.prefixes if whole.startswith(prefix)), None)

    def _decided(self, first: ForRequest, request: HttpRequest) -> str | None:
        key = first(request)
        known = [*self.hosts, *(each for _, each in self.prefixes)]
        if key is None or key in known:  # a list, as a set refuses what can't be hashed
            return key  # type: ignore[no-any-return]
        raise ConfigurationError(f"{FOR_REQUEST}: found {key!r}, expected a key of {APIS} or None")

"""The routes of URLconfs: ``ROOT_URLCONF``, and those that packages for hosts and tenants put in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.admindocs.views import simplify_regex
from django.urls import LocalePrefixPattern, URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from django.utils.module_loading import import_string

__all__ = ["LANGUAGE", "Route", "routes_everywhere", "routes_of"]

LANGUAGE = "<language>/"
"""Stands in a path where ``i18n_patterns`` has the language."""

_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Route:
    """A route: its *path* as people read it, its *name* with namespaces, its *view*, and its *urlconf*.

    The *urlconf* is ``None`` for ``ROOT_URLCONF``.
    """

    path: str
    name: str
    view: Any
    urlconf: str | None = None

    @property
    def place(self) -> str:
        """The path, after its URLconf if that is not ``ROOT_URLCONF``."""
        return self.path if self.urlconf is None else f"{self.urlconf}: {self.path}"


def routes_of(urlconf: str | None = None) -> Iterator[Route]:
    """Yield the routes of one URLconf, in the order Django tries them."""
    for path, name, view in _named(get_resolver(urlconf), "/", ""):
        yield Route(path, name, view, urlconf)


def routes_everywhere() -> Iterator[Route]:
    """Yield the routes of ``ROOT_URLCONF`` and of every other URLconf that the settings name."""
    yield from routes_of()
    for urlconf in _others():
        yield from routes_of(urlconf)


def _named(resolver: URLResolver, prefix: str, namespace: str) -> Iterator[tuple[str, str, Any]]:
    for pattern in resolver.url_patterns:
        path = prefix + _readable(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield path, f"{namespace}{pattern.name}" if pattern.name else "", pattern.callback
        else:
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _named(pattern, path, inner)


def _readable(pattern: Any) -> str:
    """Return a part of a path; regular expressions are shown as the paths that they match."""
    if isinstance(pattern, LocalePrefixPattern):
        return LANGUAGE
    written = str(pattern)
    if isinstance(pattern, RoutePattern):  # a path() with its converters
        return written
    return _ESCAPED.sub(r"\1", simplify_regex(written)).removeprefix("/")


def _others() -> list[str]:
    """The URLconfs that django-tenants, django-hosts and django-subdomains are told in the settings."""
    found = [getattr(settings, "PUBLIC_SCHEMA_URLCONF", None)]
    kinds = getattr(settings, "TENANT_TYPES", None)
    found += [kind.get("URLCONF") for kind in kinds.values()] if isinstance(kinds, Mapping) else []
    domains = getattr(settings, "SUBDOMAIN_URLCONFS", None)
    found += domains.values() if isinstance(domains, Mapping) else []
    hosts = getattr(settings, "ROOT_HOSTCONF", None)
    found += [each.urlconf for each in import_string(f"{hosts}.host_patterns")] if hosts else []
    root = settings.ROOT_URLCONF
    return [each for each in dict.fromkeys(found) if isinstance(each, str) and each and each != root]

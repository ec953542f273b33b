"""``manage.py jwks`` and ``jwks-auth --app``: the project's configurations, its routes, and its settings."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any
from warnings import catch_warnings, simplefilter

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.base import BaseHandler

from jwks_auth.adapters import Requirement
from jwks_auth.cli import RouteRow, Service
from jwks_auth.command import Judge, Place, UsageError
from jwks_auth_django.conf import project
from jwks_auth_django.routes import path_of, requirements_at, rows

__all__ = ["ProjectPlace", "place_of"]


class ProjectPlace(Place):
    """The Django project of this process."""

    def add_options(self, parser: ArgumentParser) -> None:
        """Add ``--api``."""
        parser.add_argument("--api", help="use the settings of this key of APIS alone")

    def services(self, options: Namespace) -> Mapping[str, Service]:
        """Return the authenticator of the API that is named, or of each and of the top level."""
        found, api = project(), getattr(options, "api", None)
        if api is not None:
            return {"": found.named(api).authenticator}
        if not found.apis:
            return {"": found.top.authenticator}
        return {config.api or "all other requests": config.authenticator for config in found.all}

    def judges(self, options: Namespace) -> Mapping[str, Judge]:
        """Return the API that is named, or the route's, with what the route asks."""
        asked, found = self._asked(options), project()
        named = [getattr(options, "api", None), *(getattr(each, "api", None) for each in asked)]
        path = path_of(options.route or "")
        api = next((each for each in named if each is not None), found.keys.at(path))
        return {"": Judge(found.named(api).authenticator, asked)}

    def rows(self, options: Namespace) -> Iterable[RouteRow]:
        """Return the project's URL patterns."""
        return list(rows())

    def debug(self, options: Namespace) -> bool:
        """Return ``settings.DEBUG``."""
        return bool(settings.DEBUG)

    def peers(self, options: Namespace) -> Mapping[str, Any]:
        """Return the variables of the process, and the project's settings."""
        found: dict[str, Any] = dict(os.environ)
        with catch_warnings():
            simplefilter("ignore")  # to look at a setting is not to use it
            for name in filter(str.isupper, dir(settings)):
                with suppress(ImproperlyConfigured):
                    found[name] = getattr(settings, name)
        return found

    def _asked(self, options: Namespace) -> list[Requirement]:
        if options.route is None:
            return []
        try:
            return requirements_at(options.route, options.method)
        except LookupError as error:
            raise UsageError(str(error)) from error


def place_of(found: Any) -> Place | None:
    """Return the place of a WSGI or ASGI application of Django's; ``None`` for another object."""
    return ProjectPlace() if isinstance(found, BaseHandler) else None

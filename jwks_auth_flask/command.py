"""``flask jwks`` and ``jwks-auth --app``: the instances of an app, its configuration, and its routes."""

from __future__ import annotations

import itertools
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask

from jwks_auth import ConfigurationError
from jwks_auth.cli import RouteRow, Service
from jwks_auth.command import Judge, Place, UsageError
from jwks_auth_flask.internals import served_by
from jwks_auth_flask.request_auth import EXTENSION, RequestAuth, request_auth_of
from jwks_auth_flask.routes import Protection, asked_at, protections

__all__ = ["FlaskPlace", "place_of"]


class FlaskPlace(Place):
    """A Flask app: *app*, or the current one."""

    def __init__(self, app: Flask | None = None) -> None:
        self._given = app

    def add_options(self, parser: ArgumentParser) -> None:
        """Add ``--name``."""
        parser.add_argument("--name", help="which JWKSAuth, where the app has several (default: all of them)")

    def services(self, options: Namespace) -> Mapping[str, Service]:
        """Return the authenticator of the instance that is named, or of each."""
        with self._app.app_context():
            return self._services(getattr(options, "name", None))

    def judges(self, options: Namespace) -> Mapping[str, Judge]:
        """Return the instances that guard a route, with what they ask there, or all of them."""
        services = self.services(options)
        if options.route is None:
            return {name: Judge(service) for name, service in services.items()}
        asked = asked_at(self._app, options.route, options.method)
        if asked is None:
            raise UsageError(
                f"no route takes {options.method} and is, or has the name, {options.route}: see flask jwks routes"
            )
        alone = services.get("")
        if alone is not None:
            return {"": Judge(alone, tuple(each for found in asked.values() for each in found))}
        return {
            name: Judge(services[name], asked.get(name, ())) for name in asked or services if name in services
        }

    def rows(self, options: Namespace) -> Iterator[RouteRow]:
        """Yield a row for each route, or several where its methods ask for different things."""

        def row(protection: Protection) -> tuple[str, str | None, str | None]:
            return protection.rule.rule, protection.guard, protection.doubt

        for (path, guard, doubt), group in itertools.groupby(protections(self._app), row):
            yield RouteRow(path, " ".join(each.method for each in group), guard, doubt)

    def debug(self, options: Namespace) -> bool:
        """Return ``app.debug``."""
        return self._app.debug

    def peers(self, options: Namespace) -> Mapping[str, Any]:
        """Return the variables of the process, and the app's configuration."""
        return {**os.environ, **self._app.config}

    @property
    def _app(self) -> Flask:
        return self._given or served_by()

    def _services(self, name: str | None) -> dict[str, Service]:
        instances: dict[str, RequestAuth] = self._app.extensions.get(EXTENSION, {})
        if name is None and len(instances) > 1:
            return {each: auth.authenticator for each, auth in instances.items()}
        if name is None and len(instances) == 1:
            return {"": next(iter(instances.values())).authenticator}
        try:
            return {"": request_auth_of(name or "default").authenticator}
        except RuntimeError as error:
            raise UsageError(str(error)) from error


def place_of(found: Any) -> Place | None:
    """Return the place of an app; raise ``ConfigurationError`` for an extension, which serves several."""
    if isinstance(found, Flask):
        return FlaskPlace(found)
    if type(found).__module__.startswith("jwks_auth_flask"):
        raise ConfigurationError("--app: a JWKSAuth keeps no app: name the Flask app itself, as in main:app")
    return None

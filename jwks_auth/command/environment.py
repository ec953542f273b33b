"""``Environment``: the service that variables such as ``JWKS_AUTH_ISSUER`` describe, or the app that is named."""

from __future__ import annotations

import os
import warnings
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jwks_auth.cli import RouteRow, Service
from jwks_auth.command.apps import place_of_app
from jwks_auth.command.call import Alone, Judge, Place, UsageError, alone
from jwks_auth.command.variables import given_in, read_file
from jwks_auth.request import Authenticator
from jwks_auth.settings import PREFIX, Settings

__all__ = ["Environment"]

_OTHERS = frozenset({"OPENAPI", "REQUIRED"})
"""Settings of FastAPI's and of Flask's alone."""

_PLACES = frozenset(
    {
        "ISSUER",
        "ISSUERS",
        "ISSUER_ALIASES",
        "TENANTS",
        "VERIFIER",
        "JWKS",
        "JWKS_URI",
        "DISCOVERY_URL",
        "PROVIDER",
    }
)
"""Settings of whom to trust, all of which an issuer on the command line replaces."""


class Environment(Place):
    """The settings in *variables*, by default those of the process, in which options replace what they name.

    *tell* is called with a message for a variable that is no setting.
    """

    def __init__(
        self, variables: Mapping[str, str] | None = None, *, tell: Callable[[str], None] = warnings.warn
    ) -> None:
        self._variables = os.environ if variables is None else variables
        self._tell = tell
        self._app: Place | None = None

    def add_options(self, parser: ArgumentParser) -> None:
        """Add the options for an app, a file, or an issuer."""
        parser.add_argument(
            "--app", metavar="MODULE:NAME", help="the app itself, as in main:app or main:auth"
        )
        parser.add_argument("--env-file", metavar="FILE", help="a file of variables, such as .env")
        parser.add_argument("--issuer", metavar="URL", help="the issuer, exactly as in the tokens' iss")
        parser.add_argument(
            "--audience", action="append", help="this service's identifier, as in the tokens' aud"
        )
        parser.add_argument("--provider", metavar="NAME", help="the provider's name, as in PROVIDER")

    def services(self, options: Namespace) -> Mapping[str, Service]:
        """Return the app's authenticators, or the environment's."""
        if (app := self._place(options)) is not None:
            return app.services(options)
        return {"": Authenticator(self._settings(options))}

    def judges(self, options: Namespace) -> Mapping[str, Judge]:
        """Return the app's judges, or the environment's service, which has no routes."""
        if (app := self._place(options)) is not None:
            return app.judges(options)
        if options.route is not None:
            raise UsageError("--route needs an app: name it as in --app main:app")
        return {name: Judge(service) for name, service in self.services(options).items()}

    def alone(self, options: Namespace, issuer: str) -> Alone:
        """Return *issuer* alone, reached as the environment says."""
        if options.issuer is not None:
            raise UsageError("--issuer and the issuer itself exclude each other: keep one")
        if (app := self._place(options)) is not None:
            return app.alone(options, issuer)
        return alone(issuer, self._given(options), options.provider)

    def rows(self, options: Namespace) -> Iterable[RouteRow] | None:
        """Return the app's routes."""
        app = self._place(options)
        return None if app is None else app.rows(options)

    def debug(self, options: Namespace) -> bool | None:
        """Return whether the app's debug mode is on."""
        app = self._place(options)
        return None if app is None else app.debug(options)

    def peers(self, options: Namespace) -> Mapping[str, Any]:
        """Return all variables, and the app's own settings."""
        app = self._place(options)
        return {**self._named(options), **({} if app is None else app.peers(options))}

    def _place(self, options: Namespace) -> Place | None:
        if options.app is None:
            return None
        said = [name for name in ("issuer", "audience", "provider") if getattr(options, name) is not None]
        if said:
            raise UsageError(f"--app and --{said[0]} exclude each other: the app has settings of its own")
        if self._app is None:
            os.environ.update(self._named(options) if options.env_file else {})
            self._app = place_of_app(options.app)
        return self._app

    def _named(self, options: Namespace) -> dict[str, str]:
        # The process's variables win, as everywhere.
        return {**(read_file(options.env_file) if options.env_file else {}), **self._variables}

    def _given(self, options: Namespace) -> dict[str, Any]:
        given = {name: value for name, value in given_in(self._named(options)).items() if name not in _OTHERS}
        if options.issuer is not None:
            given = {name: value for name, value in given.items() if name not in _PLACES}
        said = {"ISSUER": options.issuer, "AUDIENCE": options.audience, "PROVIDER": options.provider}
        return {**given, **{name: value for name, value in said.items() if value is not None}}

    def _settings(self, options: Namespace) -> Settings:
        return Settings.from_mapping(self._given(options), label=PREFIX + "{}", unknown=self._tell)

"""``Environment``: the service that variables such as ``JWKS_AUTH_ISSUER`` describe, and options beside them."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping

from jwks_auth.command.call import UsageError
from jwks_auth.errors import ConfigurationError
from jwks_auth.request import Authenticator
from jwks_auth.settings import PREFIX, Settings

__all__ = ["Environment"]

_OPTIONS = {"issuer": "ISSUER", "audience": "AUDIENCE", "provider": "PROVIDER"}


class Environment:
    """The settings in *variables*, by default those of the process, in which options replace what they name."""

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        self._variables = os.environ if variables is None else variables

    def add_options(self, parser: ArgumentParser) -> None:
        """Add ``--issuer``, ``--audience`` and ``--provider``."""
        parser.add_argument("--issuer", help="the issuer, exactly as in the tokens' iss")
        parser.add_argument("--audience", help="the service's identifier, as in the tokens' aud")
        parser.add_argument("--provider", help="the provider's name, as in PROVIDER")

    def services(self, options: Namespace) -> Mapping[str, Authenticator]:
        """Return the one authenticator."""
        said = {PREFIX + name: getattr(options, option) for option, name in _OPTIONS.items()}
        given = {**self._variables, **{name: value for name, value in said.items() if value is not None}}
        try:
            return {"": Authenticator(Settings.from_environment(given))}
        except ConfigurationError as error:
            raise UsageError(str(error)) from error

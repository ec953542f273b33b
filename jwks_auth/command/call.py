"""``Call``: one run of a subcommand, and the ``Place`` whose settings it uses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from jwks_auth.claims import ANY_AUDIENCE
from jwks_auth.cli import RouteRow, Service
from jwks_auth.command.terminal import Terminal
from jwks_auth.errors import ConfigurationError
from jwks_auth.request import Authenticator, Requirement
from jwks_auth.runtime import dataclass

__all__ = ["Call", "Judge", "Place", "UsageError", "alone"]

_REACHED_BY = ("ALLOW_HTTP", "CA_FILE", "TIMEOUT")
"""The settings that are needed to reach an issuer, and that no other issuer may know."""


class UsageError(Exception):
    """A mistake in the arguments or the settings: its one sentence is printed, and the exit status is 2."""


class Judge(NamedTuple):
    """What a token is judged by: a service, what a route asks beside, and the route's model of claims."""

    service: Service
    requirements: Sequence[Requirement] = ()
    claims: Any = None


class Place(ABC):
    """The service that a command looks at: the environment's, an app's, or a project's.

    Each method takes the options of the call, and raises ``UsageError`` or ``ConfigurationError``.
    """

    def add_options(self, parser: ArgumentParser) -> None:  # noqa: B027  no place has to
        """Add the options that choose the service."""

    @abstractmethod
    def services(self, options: Namespace) -> Mapping[str, Service]:
        """Return the authenticators that *options* choose, by their names in reports."""

    @abstractmethod
    def judges(self, options: Namespace) -> Mapping[str, Judge]:
        """Return what judges a token at ``options.route`` and ``options.method``; the service alone without a route."""

    def alone(self, options: Namespace, issuer: str) -> Service:
        """Return a service that trusts *issuer* alone, and reaches it as this place's own are reached."""
        try:
            known = next((each.settings for each in self.services(options).values()), None)
        except (UsageError, ConfigurationError):
            known = None
        return alone(issuer, {} if known is None else known.shared)

    def rows(self, options: Namespace) -> Iterable[RouteRow] | None:
        """Return the table of routes; ``None`` if there is no app."""
        return None

    def debug(self, options: Namespace) -> bool | None:
        """Return whether the framework's debug mode is on; ``None`` if there is none."""
        return None

    def peers(self, options: Namespace) -> Mapping[str, Any]:
        """Return the settings in which other packages' are looked for."""
        return {}


def alone(issuer: str, shared: Mapping[str, Any], provider: str | None = None) -> Authenticator:
    """Return a service that trusts *issuer* alone, with what *shared* settings say of the way to it."""
    given = {name: shared[name] for name in _REACHED_BY if name in shared}
    return Authenticator({**given, "ISSUER": issuer, "PROVIDER": provider, "AUDIENCE": ANY_AUDIENCE})


@dataclass(frozen=True, slots=True)
class Call:
    """One run of a subcommand: its *options*, the *place* of its settings, and the *terminal*."""

    options: Namespace
    place: Place
    terminal: Terminal

"""``Call``: one run of a subcommand, and the ``Place`` whose settings it uses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from jwks_auth.cli import RouteRow, Service
from jwks_auth.command.terminal import Terminal
from jwks_auth.errors import ConfigurationError
from jwks_auth.request import Requirement
from jwks_auth.runtime import dataclass
from jwks_auth.settings import PREFIX, Settings
from jwks_auth.verifier import Issuer

__all__ = ["Alone", "Call", "Judge", "Place", "UsageError", "alone"]

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

    def alone(self, options: Namespace, issuer: str) -> Alone:
        """Return *issuer* alone, reached as this place's own are reached."""
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


@dataclass(frozen=True, slots=True)
class Alone:
    """Issuers that are asked for their keys, and whose tokens nobody takes."""

    issuers: tuple[Issuer, ...]


def alone(issuer: str, shared: Mapping[str, Any], provider: str | None = None) -> Alone:
    """Return *issuer* alone, with what *shared* settings say of the way to it."""
    known = {name: shared[name] for name in _REACHED_BY if name in shared}
    options: Any = {
        name.lower(): Settings.read(name, value, label=PREFIX + "{}") for name, value in known.items()
    }
    return Alone((Issuer(issuer, provider=provider, **options),))


@dataclass(frozen=True, slots=True)
class Call:
    """One run of a subcommand: its *options*, the *place* of its settings, and the *terminal*."""

    options: Namespace
    place: Place
    terminal: Terminal

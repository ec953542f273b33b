"""``Call``: one run of a subcommand, and the ``Place`` whose settings it uses."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Protocol

from jwks_auth.command.terminal import Terminal
from jwks_auth.request import Authenticator
from jwks_auth.runtime import dataclass

__all__ = ["Call", "Place", "UsageError"]


class UsageError(Exception):
    """A mistake in the arguments or the settings: its one sentence is printed, and the exit status is 2."""


class Place(Protocol):
    """The service that a command looks at: the environment's, an app's, or a project's."""

    def add_options(self, parser: ArgumentParser) -> None:
        """Add the options that choose the service."""

    def services(self, options: Namespace) -> Mapping[str, Authenticator]:
        """Return the authenticators that *options* choose, by their names in reports. Raises ``UsageError``."""


@dataclass(frozen=True, slots=True)
class Call:
    """One run of a subcommand: its *options*, the *place* of its settings, and the *terminal*."""

    options: Namespace
    place: Place
    terminal: Terminal

"""One setting: a row that messages, tables and models of settings are made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Flag, auto
from typing import Any, get_type_hints

from jwks_auth.errors import ConfigurationError
from jwks_auth.runtime import dataclass
from jwks_auth.settings.peers import meant

__all__ = ["PREFIX", "Setting", "Taker", "parsed", "refuse_unknown"]

PREFIX = "JWKS_AUTH_"
"""The beginning of a setting's name where others stand beside it."""


class Taker(Flag):
    """Takers of a setting, under its name in lower case."""

    PLACE = auto()
    """``Issuer``: its name, or the place of its keys, so several issuers can't share it."""
    ISSUER = auto()
    """``Issuer``: set in an entry of ``ISSUERS``, or shared by all."""
    VERIFIER = auto()
    """``TokenVerifier``."""
    ANSWER = auto()
    """``Authenticator``, for its answers."""
    SETTINGS = auto()
    """The settings themselves, or the adapter that has the row."""


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """A setting of the vocabulary, or of an adapter's own.

    *read* takes a Python object or an environment's string, and raises ``ValueError`` for an impossible value. *doc* is
    its line in the docs. *default* is the value that :func:`parsed` fills in. If an object of the core takes the
    setting, that object has the default, and *default_doc* says what its signature can't. A *secret* is never shown.
    """

    name: str
    read: Callable[[Any], Any]
    taker: Taker = Taker.SETTINGS
    doc: str = ""
    default: Any = None
    default_doc: str | None = None
    secret: bool = False
    option: str | None = None
    """The argument's name in code, if it is not the setting's in lower case."""

    @property
    def argument(self) -> str:
        """The argument that it fills."""
        return self.option or self.name.lower()

    @property
    def per_issuer(self) -> bool:
        """Return whether it may stand in an entry of ``ISSUERS``."""
        return bool(self.taker & (Taker.PLACE | Taker.ISSUER))

    @property
    def type(self) -> Any:
        """The type of its value, once read."""
        return get_type_hints(self.read)["return"]

    def parsed(self, value: Any, label: str) -> Any:
        """Return the typed value; raise a ``ConfigurationError`` that names the setting by *label*."""
        try:
            return self.read(value)
        except ValueError as error:
            raise ConfigurationError(f"{label.format(self.name)}: {error}") from error


def parsed(given: Mapping[str, Any], rows: Iterable[Setting], label: str) -> dict[str, Any]:
    """Return the typed values of *rows*, read from *given* or by default, under lower-case names.

    ``None`` counts as not given; an empty string does not. Raises :class:`ConfigurationError` for a wrong value.
    """
    return {
        row.name.lower(): row.default if given.get(row.name) is None else row.parsed(given[row.name], label)
        for row in rows
    }


def refuse_unknown(
    given: Iterable[str], label: str, known: Iterable[str], tell: Callable[[str], None] | None = None
) -> None:
    """Raise ``ConfigurationError`` for a name not in *known*, suggesting the nearest; or call *tell* with each text."""
    names = sorted(known)
    for name in sorted(set(given) - set(names)):
        (tell or _raise)(f"{label.format(name)} is not a setting: {meant(name, names, label)}")


def _raise(text: str) -> None:
    raise ConfigurationError(text)

"""The one vocabulary of settings, and the only code that parses it, whichever framework it comes from.

Values may be Python objects or the strings an environment gives; a value of ``None`` counts as not given.
Only what was given is kept: each default lives with the object that uses it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from jwks_auth.errors import ConfigurationError
from jwks_auth.settings.rows import ROWS
from jwks_auth.settings.setting import Taker, refuse_unknown
from jwks_auth.stores import SealedStore, opened_store
from jwks_auth.verifier import Issuer, TokenVerifier

__all__ = ["PREFIX", "SETTING_NAMES", "Settings"]

PREFIX = "JWKS_AUTH_"

SETTING_NAMES = frozenset(ROWS)
"""Every name of the vocabulary; adapters add a few of their own."""


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """Parsed settings: those of each issuer, and what all issuers share. Its repr shows no values."""

    shared: Mapping[str, Any]
    sources: tuple[Mapping[str, Any], ...]
    label: str = "{}"
    listed: bool = False
    """Return whether ``ISSUERS`` names the sources."""

    @classmethod
    def from_mapping(
        cls,
        mapping: Mapping[str, Any],
        *,
        label: str = "{}",
        extra: Iterable[str] = (),
        unknown: Callable[[str], None] | None = None,
    ) -> Self:
        """Parse ``{"ISSUER": ..., "AUDIENCE": ...}``.

        *label* names a setting in messages (``JWKS_AUTH["{}"]``); *extra* are the adapter's own names, left
        to it; *unknown* is told of a name that is neither (default: it is raised). Raises
        :class:`ConfigurationError` naming the setting, what was found and what is expected.
        """
        if not isinstance(mapping, Mapping):
            raise ConfigurationError(
                f'settings: found a {type(mapping).__name__}, expected {{"ISSUER": ..., "AUDIENCE": ...}}'
            )
        own_names = frozenset(extra)
        given = {
            name: value for name, value in mapping.items() if value is not None and name not in own_names
        }
        refuse_unknown(given, label, SETTING_NAMES | own_names, unknown)
        values = {name: ROWS[name].parsed(value, label) for name, value in given.items() if name in ROWS}
        issuers = values.pop("ISSUERS", None)
        own = _taken_by(Taker.PLACE, values)
        shared = {name: value for name, value in values.items() if name not in own}
        tenants = "TENANTS" in shared
        sources = () if tenants and not own and issuers is None else _sources(own, issuers, label)
        if "AUDIENCE" not in shared and (tenants or not all("AUDIENCE" in source for source in sources)):
            raise ConfigurationError(
                f"{label.format('AUDIENCE')} is missing: the identifiers this service answers to; "
                "ANY_AUDIENCE accepts tokens for any"
            )
        return cls(shared, sources, label, issuers is not None)

    @classmethod
    def from_prefixed(
        cls,
        mapping: Mapping[str, Any],
        *,
        extra: Iterable[str] = (),
        unknown: Callable[[str], None] | None = None,
    ) -> Self:
        """Parse ``{"JWKS_AUTH_ISSUER": ...}`` among other things, as in Flask's configuration."""
        own = {name.removeprefix(PREFIX): value for name, value in mapping.items() if name.startswith(PREFIX)}
        return cls.from_mapping(own, label=PREFIX + "{}", extra=extra, unknown=unknown)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Parse environment variables; others share that space, so an unknown name is only a warning."""
        return cls.from_prefixed(environment, unknown=lambda text: warnings.warn(text, stacklevel=4))

    @staticmethod
    def read(name: str, value: Any, *, label: str = "{}") -> Any:
        """One setting's typed value, for an adapter whose framework has typed settings of its own."""
        return ROWS[name].parsed(value, label)

    @staticmethod
    def unknown(names: Iterable[str], *, label: str = "{}", extra: Iterable[str] = ()) -> list[str]:
        """Return a message for each of *names* that is no setting, with the nearest one that is."""
        texts: list[str] = []
        refuse_unknown(names, label, SETTING_NAMES | frozenset(extra), texts.append)
        return texts

    def __repr__(self) -> str:
        return f"<Settings {', '.join(repr(source.get('ISSUER')) for source in self.sources)}>"

    def verifier(
        self, *, on_event: Callable[[Any], object] | None = None, in_tests: bool | None = None
    ) -> TokenVerifier:
        """The verifier these settings describe; no I/O. Raises :class:`ConfigurationError`.

        *in_tests* says whether tests run, so that a ``FakeIssuer`` may be trusted; ``None``: nobody can tell.
        """
        # Listed issuers have what is expected of their tokens themselves; tenants have it from the verifier.
        own = _taken_by(Taker.VERIFIER, self.shared)
        issuers = [self._issuer(at, on_event) for at in range(len(self.sources))]
        with _naming_settings(self.label.format):
            return TokenVerifier(issuers, **_arguments({"ALLOW_FAKE_ISSUER": in_tests, **own}))

    def _issuer(self, at: int, on_event: Callable[[Any], object] | None) -> Issuer:
        source = self.sources[at]
        own_label = _label_of_entry(self.label, at) if self.listed else self.label
        arguments = _arguments({**_taken_by(Taker.ISSUER, self.shared), **source})
        with _naming_settings(lambda name: (own_label if name in source else self.label).format(name)):
            issuer = Issuer(arguments.pop("issuer"), on_event=on_event, **_sealing(arguments))
        issuer.has_own_audience = "AUDIENCE" in source
        return issuer


@contextmanager
def _naming_settings(named: Callable[[str], str]) -> Iterator[None]:
    """Put the setting's name for the argument's, with which every complaint of a constructor begins."""
    try:
        yield
    except ConfigurationError as error:
        argument = re.split(r"\W", str(error), maxsplit=1)[0]
        if argument.upper() not in SETTING_NAMES:
            raise
        raise ConfigurationError(named(argument.upper()) + str(error)[len(argument) :]) from error


def _sealing(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with their store under its secret, where there is one."""
    secret = arguments.pop("store_secret", None)
    if secret is None:
        return arguments
    if "store" not in arguments:
        raise ConfigurationError("store_secret: found no STORE that it could seal")
    return {**arguments, "store": SealedStore(opened_store(arguments["store"]), secret)}


def _label_of_entry(label: str, at: int) -> str:
    return f'{label.format("ISSUERS")}[{at}]["{{}}"]'


def _sources(own: Mapping[str, Any], issuers: Any, label: str) -> tuple[Mapping[str, Any], ...]:
    name = label.format("ISSUERS")
    if issuers is None:
        if "ISSUER" not in own:
            raise ConfigurationError(
                f"{label.format('ISSUER')} is missing: the issuer's URL, exactly as in the tokens' iss claim"
            )
        return (own,)
    if own:
        raise ConfigurationError(f"{name} and {label.format(min(own))} exclude each other: keep one")
    return tuple(_source(entry, _label_of_entry(label, at)) for at, entry in enumerate(issuers))


def _source(entry: Any, label: str) -> Mapping[str, Any]:
    mapping = {"ISSUER": entry} if isinstance(entry, str) else {str(k).upper(): v for k, v in entry.items()}
    refuse_unknown(mapping, label, (name for name, row in ROWS.items() if row.per_issuer))
    if "ISSUER" not in mapping:
        raise ConfigurationError(f"{label.format('ISSUER')} is missing")
    return {name: ROWS[name].parsed(value, label) for name, value in mapping.items() if value is not None}


def _taken_by(taker: Taker, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if taker in ROWS[name].taker}


def _arguments(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in values.items()}

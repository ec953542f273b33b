"""The one vocabulary of settings, and the only code that parses it, for every framework.

Values may be Python objects or strings from an environment; ``None`` counts as not given. Only given values are kept:
each default belongs to the object that uses it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from jwks_auth.errors import ConfigurationError
from jwks_auth.runtime import dataclass
from jwks_auth.settings.introspection import check_asked
from jwks_auth.settings.rows import ROWS
from jwks_auth.settings.setting import PREFIX, Taker, refuse_unknown
from jwks_auth.settings.sources import (
    Source,
    arguments,
    is_said_for_whom,
    named_as_settings,
    sealing,
    sources_of,
    taken_by,
    with_audience,
)
from jwks_auth.verifier import Issuer, Tenants, TokenVerifier, Verifier

__all__ = ["SETTING_NAMES", "Settings"]
"""What settings of a flat mapping, and of the environment, begin with."""

_KEPT_KEYS = frozenset({"STORE", "STORE_SECRET"})

SETTING_NAMES = frozenset(ROWS)
"""Every name of the vocabulary; adapters add a few of their own."""


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """Parsed settings: those of each issuer, and those that all issuers share. Its repr shows no values."""

    shared: Mapping[str, Any]
    sources: tuple[Source, ...]
    label: str = "{}"

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

        *label* names a setting in messages (``JWKS_AUTH["{}"]``). *extra* are the adapter's own names, which are
        ignored. *unknown* is called with a message for any other name; by default, that raises. Each
        :class:`ConfigurationError` names the setting, the value found and the value expected.
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
        if "VERIFIER" in values:
            _check_beside_verifier(values, label)
            return cls(values, (), label)
        sources = sources_of(values, label)
        own = {"ISSUERS", *taken_by(Taker.PLACE, values)}
        shared = {name: value for name, value in values.items() if name not in own}
        if isinstance(shared.get("TENANTS"), tuple):
            del shared["TENANTS"]
        shared = with_audience(shared, sources, label)
        if not is_said_for_whom(shared, sources, label):
            raise ConfigurationError(
                f"{label.format('AUDIENCE')} is missing: the identifiers this service answers to; "
                "ANY_AUDIENCE accepts tokens for any"
            )
        return cls(shared, sources, label)

    @classmethod
    def of(cls, given: Self | Mapping[str, Any] | Verifier) -> Self:
        """Return *given* as settings: parsed from a mapping, or with a verifier as their ``VERIFIER``."""
        if isinstance(given, cls):
            return given
        return cls.from_mapping(given if isinstance(given, Mapping) else {"VERIFIER": given})

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
        """Parse environment variables. An unknown name is only a warning, because others may use it."""
        return cls.from_prefixed(environment, unknown=lambda text: warnings.warn(text, stacklevel=4))

    @staticmethod
    def read(name: str, value: Any, *, label: str = "{}") -> Any:
        """Return one setting's typed value, for an adapter whose framework has typed settings of its own."""
        return ROWS[name].parsed(value, label)

    @staticmethod
    def unknown(names: Iterable[str], *, label: str = "{}", extra: Iterable[str] = ()) -> list[str]:
        """Return a message for each of *names* that is no setting, suggesting the nearest one."""
        texts: list[str] = []
        refuse_unknown(names, label, SETTING_NAMES | frozenset(extra), texts.append)
        return texts

    def __repr__(self) -> str:
        return f"<Settings {', '.join(repr(source.name) for source in self.sources)}>"

    @property
    def issuers(self) -> tuple[str, ...] | None:
        """The names of the trusted issuers; ``None`` if not all of them are known beforehand."""
        verifier = self.shared.get("VERIFIER")
        if verifier is None:
            return None if "TENANTS" in self.shared else tuple(source.name for source in self.sources)
        if type(verifier) is TokenVerifier and not verifier.has_tenants:
            return tuple(issuer.issuer for issuer in verifier.issuers)
        return None

    @property
    def issuers_of_tokens(self) -> tuple[str, ...] | None:
        """The issuers that tokens may name; ``None`` if not all are known: of tenants, or the service's own tokens."""
        verifier = self.shared.get("VERIFIER")
        has_own = "OTHER_TOKENS" in self.shared or "other" in getattr(verifier, "kinds", ())
        return None if has_own else self.issuers

    def with_issuers(self, change: Callable[[Issuer], Issuer]) -> Self:
        """Return these settings with ``change(issuer)`` in place of each issuer; no I/O.

        What is said for all issuers is then each issuer's own.
        """
        own = taken_by(
            Taker.ISSUER, {name: self.shared[name] for name in self.shared if name not in _KEPT_KEYS}
        )
        sources = []
        for each in self.sources:
            bare = Source({n: v for n, v in each.own.items() if n not in _KEPT_KEYS}, each.label, each.made)
            issuer = bare.issuer(own, self.label, on_event=None, seal=sealing())
            sources.append(Source({}, each.label, change(issuer)))
        shared = {name: value for name, value in self.shared.items() if name != "INTROSPECTION"}
        return type(self)(shared, tuple(sources), self.label)

    def verifier(
        self, *, on_event: Callable[[Any], object] | None = None, in_tests: bool | None = None
    ) -> Any:
        """Return the verifier that these settings describe or name; no I/O. Raises :class:`ConfigurationError`.

        *in_tests* tells whether tests run, in which a ``FakeIssuer`` is trusted; ``None`` if that is unknown.
        """
        if "VERIFIER" in self.shared:
            return self.shared["VERIFIER"]
        # Listed issuers have the rules for their tokens themselves; tenants have the verifier's.
        own = taken_by(Taker.VERIFIER, self.shared)
        if isinstance(own.get("TENANTS"), Tenants):
            own["TENANTS"] = own["TENANTS"].of(self.shared.get("PROVIDER"))
        check_asked(self.shared, [source.made for source in self.sources], self.label)
        shared, seal = taken_by(Taker.ISSUER, self.shared), sealing()
        issuers = [source.issuer(shared, self.label, on_event=on_event, seal=seal) for source in self.sources]
        with named_as_settings(self.label.format):
            return TokenVerifier(issuers, **arguments({"ALLOW_FAKE_ISSUER": in_tests, **own}))


def _check_beside_verifier(values: Mapping[str, Any], label: str) -> None:
    """Raise ``ConfigurationError`` for a setting beside a verifier that only its constructor could take."""
    if idle := sorted(name for name in values if name != "VERIFIER" and Taker.ANSWER not in ROWS[name].taker):
        beside = ", ".join(name for name, row in ROWS.items() if Taker.ANSWER in row.taker)
        raise ConfigurationError(
            f"{label.format('VERIFIER')} and {label.format(idle[0])} exclude each other: say {idle[0]} where the "
            f"verifier is made; beside it may stand {beside}"
        )

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
from jwks_auth.runtime import nearest
from jwks_auth.settings import readers as read
from jwks_auth.stores import SealedStore, opened_store
from jwks_auth.verifier import Issuer, TokenVerifier

__all__ = ["PREFIX", "SETTING_NAMES", "Settings"]

PREFIX = "JWKS_AUTH_"

_SOURCE = {
    "ISSUER": read.text,
    "JWKS_URI": read.text,
    "JWKS": read.key_set,
    "DISCOVERY_URL": read.text,
}
_TOKENS = {
    "AUDIENCE": read.audience,
    "ALGORITHMS": read.names,
    "PROFILE": read.text,
    "REQUIRED_CLAIMS": read.names,
    "ALLOWED_CLIENTS": read.names,
    "MAX_AGE": read.seconds,
    "SCOPE_CLAIMS": read.names,
    "ROLES_CLAIM": read.text,
    "PERMISSIONS_CLAIM": read.text,
}
_ISSUER = {
    **_TOKENS,
    "ALLOW_HTTP": read.flag,
    "HEADERS": read.headers,
    "TIMEOUT": read.seconds,
    "WAIT": read.seconds,
    "LIFESPAN": read.seconds,
    "COOLDOWN_DURATION": read.seconds,
    "STALE_IF_ERROR": read.seconds,
    "CACHE_JWK_SET": read.flag,
    "CACHE_KEYS": read.flag,
    "MAX_CACHED_KEYS": read.count,
    "STORE": read.store,
    "STORE_SECRET": read.secret,
}
_VERIFIER = {
    "LEEWAY": read.seconds,
    "VALIDATORS": read.callables,
    "IS_REVOKED": read.function,
    "TENANTS": read.tenants,
    "ALLOW_FAKE_ISSUER": read.flag,
}
_ANSWER = {
    "REALM": read.parameter,
    "RESOURCE_METADATA": read.parameter,
}
_READERS: dict[str, Callable[[Any], Any]] = {**_SOURCE, **_ISSUER, **_VERIFIER, **_ANSWER}

SETTING_NAMES = frozenset({*_READERS, "ISSUERS"})
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
        given = {name: value for name, value in mapping.items() if value is not None and name not in extra}
        _refuse_unknown(given, label, SETTING_NAMES | frozenset(extra), unknown or _raise)
        issuers = given.pop("ISSUERS", None)
        parsed = {name: _parsed(name, value, label) for name, value in given.items() if name in _READERS}
        shared = {name: value for name, value in parsed.items() if name not in _SOURCE}
        own = {name: value for name, value in parsed.items() if name in _SOURCE}
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
        reader = read.issuers if name == "ISSUERS" else _READERS[name]
        return _read(reader, value, label.format(name))

    @staticmethod
    def unknown(names: Iterable[str], *, label: str = "{}", extra: Iterable[str] = ()) -> list[str]:
        """Return a message for each of *names* that is no setting, with the nearest one that is."""
        texts: list[str] = []
        _refuse_unknown(names, label, SETTING_NAMES | frozenset(extra), texts.append)
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
        own = {name: value for name, value in self.shared.items() if name in _VERIFIER or name in _TOKENS}
        issuers = [self._issuer(at, on_event) for at in range(len(self.sources))]
        with _naming_settings(self.label.format):
            return TokenVerifier(issuers, **_arguments({"ALLOW_FAKE_ISSUER": in_tests, **own}))

    def _issuer(self, at: int, on_event: Callable[[Any], object] | None) -> Issuer:
        source = self.sources[at]
        own_label = _label_of_entry(self.label, at) if self.listed else self.label
        shared = {name: value for name, value in self.shared.items() if name in _ISSUER}
        arguments = _arguments({**shared, **source})
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
    listed = _read(read.issuers, issuers, name)
    return tuple(_source(entry, _label_of_entry(label, at)) for at, entry in enumerate(listed))


def _source(entry: Any, label: str) -> Mapping[str, Any]:
    mapping = {"ISSUER": entry} if isinstance(entry, str) else {str(k).upper(): v for k, v in entry.items()}
    _refuse_unknown(mapping, label, {*_SOURCE, *_ISSUER}, _raise)
    if "ISSUER" not in mapping:
        raise ConfigurationError(f"{label.format('ISSUER')} is missing")
    return {name: _parsed(name, value, label) for name, value in mapping.items() if value is not None}


def _parsed(name: str, value: Any, label: str) -> Any:
    return _read(_READERS[name], value, label.format(name))


def _read(reader: Callable[[Any], Any], value: Any, name: str) -> Any:
    try:
        return reader(value)
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from error


def _refuse_unknown(
    given: Iterable[str], label: str, known: Iterable[str], tell: Callable[[str], None]
) -> None:
    names = sorted(known)
    for name in sorted(set(given) - set(names)):
        tell(f"{label.format(name)} is not a setting: {nearest(name, names, label)}")


def _raise(text: str) -> None:
    raise ConfigurationError(text)


def _arguments(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in values.items()}

"""The issuers in the settings: an entry each, or an ``Issuer`` that code has made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jwks_auth.errors import ConfigurationError
from jwks_auth.runtime import dataclass
from jwks_auth.settings.introspection import introspecting
from jwks_auth.settings.rows import ROWS
from jwks_auth.settings.setting import Taker, refuse_unknown
from jwks_auth.stores import SealedStore, opened_store
from jwks_auth.verifier import PROVIDERS, Issuer, check_said, issuer_said

__all__ = [
    "Source",
    "arguments",
    "is_said_for_whom",
    "named_as_settings",
    "sealing",
    "sources_of",
    "taken_by",
    "with_audience",
]

MULTITENANT = "entra-multitenant"

_BLAMED = re.compile(r"(\w+)(?: and \w+)*")
_ARGUMENTS = {row.argument: name for name, row in ROWS.items()}


@dataclass(frozen=True, slots=True)
class Source:
    """One issuer: its *own* settings, named in messages by *label*; or an ``Issuer`` *made* in code."""

    own: Mapping[str, Any]
    label: str
    made: Issuer | None = None

    @property
    def name(self) -> str:
        """The issuer's canonical name."""
        return str(self.own["ISSUER"]) if self.made is None else self.made.issuer

    @property
    def has_audience(self) -> bool:
        """Return whether it has an audience of its own."""
        return "AUDIENCE" in self.own if self.made is None else self.made.has_own_audience

    def says_for_whom(self, shared: Mapping[str, Any], shared_label: str) -> bool:
        """Return whether its audience is given, by itself or by the shared settings.

        Raises ``ConfigurationError`` if its provider needs other settings.
        """
        if self.made is not None:
            return "AUDIENCE" in shared or self.has_audience or self.made.provider is not None
        merged = {**taken_by(Taker.ISSUER, shared), **self.own}
        if "PROVIDER" not in merged:
            return "AUDIENCE" in merged
        with named_as_settings(lambda name: (self.label if name in self.own else shared_label).format(name)):
            check_said(merged["PROVIDER"], self.name, arguments(merged))
        return True

    def takes_id_tokens(self, shared: Mapping[str, Any]) -> bool:
        """Return whether its tokens are ID tokens."""
        if self.made is not None:
            return self.made.profile == "id_token"
        merged = {**taken_by(Taker.ISSUER, shared), **self.own}
        provider = PROVIDERS[merged["PROVIDER"]] if "PROVIDER" in merged else None
        return merged.get("PROFILE", provider and provider.profiles[0]) == "id_token"

    def issuer(
        self,
        shared: Mapping[str, Any],
        shared_label: str,
        *,
        on_event: Callable[[Any], object] | None,
        seal: Callable[[Any, Any], SealedStore],
    ) -> Issuer:
        """Return the issuer, with the shared settings where it has none of its own; no I/O."""
        if self.made is not None:
            return self.made
        given = arguments({**shared, **self.own})
        with named_as_settings(lambda name: (self.label if name in self.own else shared_label).format(name)):
            given = introspecting(_sealed(given, seal))
            issuer = Issuer(given.pop("issuer"), on_event=on_event, **given)
        issuer.has_own_audience = self.has_audience
        return issuer


def sources_of(values: Mapping[str, Any], label: str) -> tuple[Source, ...]:
    """Return the issuers in *values*: one, those listed in ``ISSUERS``, or tenants by their ids."""
    own, listed, tenants = taken_by(Taker.PLACE, values), values.get("ISSUERS"), values.get("TENANTS")
    provider, name = values.get("PROVIDER"), label.format("ISSUERS")
    if listed is None and tenants is None:
        return (Source(_named(own, provider, label), label),)
    if own and (listed is not None or isinstance(tenants, tuple)):
        other = name if listed is not None else label.format("TENANTS")
        raise ConfigurationError(f"{other} and {label.format(min(own))} exclude each other: keep one")
    read = _reading()
    sources = [_source(entry, f"{name}[{at}]", provider, read) for at, entry in enumerate(listed or ())]
    if isinstance(tenants, tuple):
        sources += [_tenant(tenant, provider, label.format("TENANTS")) for tenant in tenants]
    elif own:
        sources.append(Source(_named(own, provider, label), label))
    return tuple(sources)


def _tenant(tenant: str, provider: str | None, label: str) -> Source:
    if provider != MULTITENANT:
        raise ConfigurationError(
            f"{label}: found the ids of tenants, which PROVIDER {MULTITENANT} takes; expected a Tenants or its path"
        )
    return Source({"ISSUER": PROVIDERS[provider].issuer.replace("<tenant id>", tenant)}, label + ' of "{}"')


def _named(own: Mapping[str, Any], provider: str | None, label: str) -> Mapping[str, Any]:
    """Return the issuer's *own* settings, with the name that its provider gives it."""
    if provider is None and "ISSUER" not in own:
        raise ConfigurationError(
            f"{label.format('ISSUER')} is missing: the issuer's URL, exactly as in the tokens' iss claim"
        )
    if provider is None:
        return own
    if provider == MULTITENANT and "ISSUER" not in own:
        raise ConfigurationError(
            f"{label.format('TENANTS')} is missing: for provider {provider} it is a list of the ids of the tenants "
            "whose tokens you take, ['<tenant id>', ...], or a Tenants that knows them"
        )
    with named_as_settings(label.format):
        return {**own, "ISSUER": issuer_said(provider, own.get("ISSUER"))}


def _reading() -> Callable[[str, Any, str], Any]:
    """Return a reader of settings that makes one session of one path, so that all entries with it share their keys."""
    sessions: dict[str, Any] = {}

    def read(name: str, value: Any, label: str) -> Any:
        if name != "SESSION" or not isinstance(value, str):
            return ROWS[name].parsed(value, label)
        if value not in sessions:
            sessions[value] = ROWS[name].parsed(value, label)
        return sessions[value]

    return read


def _source(entry: Any, label: str, shared: str | None, read: Callable[[str, Any, str], Any]) -> Source:
    if isinstance(entry, Issuer):
        return Source({}, label, entry)
    if not isinstance(entry, str | Mapping):
        raise ConfigurationError(
            f"{label}: found a {type(entry).__name__}, expected a URL, a mapping or an Issuer"
        )
    label += '["{}"]'
    mapping = {"ISSUER": entry} if isinstance(entry, str) else {str(k).upper(): v for k, v in entry.items()}
    refuse_unknown(mapping, label, (name for name, row in ROWS.items() if row.per_issuer))
    own = {name: read(name, value, label) for name, value in mapping.items() if value is not None}
    return Source(_named(own, own.get("PROVIDER", shared), label), label)


@contextmanager
def named_as_settings(named: Callable[[str], str]) -> Iterator[None]:
    """Replace the arguments' names at the beginning of a constructor's error by the settings'."""
    try:
        yield
    except ConfigurationError as error:
        text = str(error)
        said = _BLAMED.match(text)
        if said is None or said[1] not in _ARGUMENTS:
            raise
        told = [named(_ARGUMENTS[each]) if each in _ARGUMENTS else each for each in said[0].split(" and ")]
        raise ConfigurationError(" and ".join(told) + text[said.end() :]) from error


def taken_by(taker: Taker, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the *values* that *taker* takes."""
    return {name: value for name, value in values.items() if taker in ROWS[name].taker}


def arguments(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings *values* as a constructor's arguments."""
    return {ROWS[name].argument: value for name, value in values.items()}


def sealing() -> Callable[[Any, Any], SealedStore]:
    """Return a function that seals a store under a secret, once for all issuers that share both."""
    sealed: list[tuple[Any, Any, SealedStore]] = []

    def seal(store: Any, secret: Any) -> SealedStore:
        for known, under, found in sealed:
            if known is store and under == secret:
                return found
        made = SealedStore(opened_store(store), secret)
        sealed.append((store, secret, made))
        return made

    return seal


def _sealed(given: dict[str, Any], seal: Callable[[Any, Any], SealedStore]) -> dict[str, Any]:
    """Return the arguments with their store sealed, if there is a secret."""
    secret = given.pop("store_secret", None)
    if secret is None:
        return given
    if "store" not in given:
        raise ConfigurationError("store_secret: found no STORE that it could seal")
    return {**given, "store": seal(given["store"], secret)}


def with_audience(shared: dict[str, Any], sources: Iterable[Source], label: str) -> dict[str, Any]:
    """*shared*, with ``RESOURCE`` as its audience unless it is said by whom or by what else tokens are judged.

    ID tokens are for clients, so a resource is never their audience.
    """
    if "RESOURCE" not in shared or "AUDIENCE" in shared:
        return shared
    if any(source.takes_id_tokens(shared) and not source.has_audience for source in sources):
        return shared
    try:
        is_said = is_said_for_whom(shared, sources, label)
    except ConfigurationError:  # of a provider whose tokens have an audience
        is_said = False
    return shared if is_said else {**shared, "AUDIENCE": (shared["RESOURCE"],)}


def is_said_for_whom(shared: Mapping[str, Any], sources: Iterable[Source], label: str) -> bool:
    """Return whether it is said for whom the tokens of every issuer are; raises ``ConfigurationError``."""
    said = [source.says_for_whom(shared, label) for source in sources]
    return all(said) and ("TENANTS" not in shared or "AUDIENCE" in shared)

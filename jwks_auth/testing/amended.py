"""A service's settings with some of them replaced, and the fake issuer that fits them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from jwks_auth.claims import ClaimMapping
from jwks_auth.errors import ConfigurationError
from jwks_auth.testing.issuer import FakeIssuer
from jwks_auth.verifier import PROVIDERS, TokenVerifier

Settings = Any
"""``jwks_auth.settings.Settings``, which only an adapter hands over."""

__all__ = ["SHAPING", "amended", "beside", "fake_like", "names", "naming", "note_audiences", "shaped"]

PLACES = ("JWKS_URI", "DISCOVERY_URL", "JWKS")
SHAPING = frozenset({"ISSUER", "ISSUERS", "VERIFIER", "PROVIDER", "TENANTS", "ALGORITHMS"})
"""Settings that a fake issuer is made by."""


def amended(settings: Settings, others: Mapping[str, Any]) -> Settings:
    """Return *settings* with *others* in place of theirs; raise ``ConfigurationError``."""
    if not others:
        return settings
    given = beside(_mapping(settings), others)
    if "RESOURCE" in others and given.get("AUDIENCE") == (given.get("RESOURCE"),):
        del given["AUDIENCE"]  # which was made of it
    return type(settings).from_mapping({**given, **others}, label=settings.label)


def beside(given: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings *given* but for those that say whom to trust, if *others* do."""
    if "VERIFIER" in others:
        return {}
    whom = others.keys() & {"ISSUER", "ISSUERS", "PROVIDER", "TENANTS"}
    gone = {*PLACES, "ISSUERS", "ISSUER_ALIASES", "VERIFIER"} if whom else set()
    gone |= {"ISSUER"} if "ISSUERS" in whom else set()
    return {name: value for name, value in given.items() if name not in gone}


def names(settings: Settings, issuer: str) -> bool:
    """Return whether *settings* trust *issuer*, as far as that can be told."""
    if not isinstance(settings.shared.get("VERIFIER"), TokenVerifier | None):
        return True
    tenants = settings.shared.get("TENANTS")
    return issuer in names_of(settings) or (tenants is not None and bool(tenants.may_be(issuer)))


def naming(settings: Settings, issuer: str) -> Settings:
    """Return *settings* that trust *issuer* in place of all others."""
    if "VERIFIER" in settings.shared:
        raise ConfigurationError(
            f"trust_fake_issuer: found a FakeIssuer({issuer!r}), and the VERIFIER trusts {names_of(settings)!r}"
        )
    first = settings.sources[0] if settings.sources else None
    own = {} if first is None or first.made is not None else dict(first.own)
    kept = {name: value for name, value in own.items() if name not in (*PLACES, "ISSUER_ALIASES")}
    shared = {name: value for name, value in settings.shared.items() if name != "TENANTS"}
    return type(settings).from_mapping({**shared, **kept, "ISSUER": issuer}, label=settings.label)


def _mapping(settings: Settings) -> dict[str, Any]:
    """Return parsed settings as one mapping, which can be parsed again."""
    shared, sources = dict(settings.shared), settings.sources
    if not sources:
        return shared
    if len(sources) == 1 and sources[0].made is None:
        return {**shared, **sources[0].own}
    return {**shared, "ISSUERS": [dict(each.own) if each.made is None else each.made for each in sources]}


def names_of(settings: Settings) -> tuple[str, ...]:
    """Return the names of the issuers that are known beforehand."""
    if isinstance(verifier := settings.shared.get("VERIFIER"), TokenVerifier):
        return verifier.names
    aliases = [alias for each in settings.sources for alias in each.own.get("ISSUER_ALIASES", ())]
    made = [name for each in settings.sources if each.made is not None for name in each.made.names]
    return (*(each.name for each in settings.sources), *aliases, *made)


def fake_like(settings: Settings) -> FakeIssuer:
    """Return a new fake issuer with the name and the first algorithm that *settings* expect."""
    tenants = settings.shared.get("TENANTS")
    hosts = () if tenants is None else sorted(tenants.hosts)
    [name, *_] = names_of(settings) or [*(f"https://{host}/" for host in hosts), "https://issuer.example/"]
    first = settings.sources[0].own if settings.sources else {}
    said = {**settings.shared, **first}
    preset = PROVIDERS.get(said.get("PROVIDER", ""))
    algorithms = said.get("ALGORITHMS") or (preset and preset.algorithms) or ("RS256",)
    return FakeIssuer(name, algorithms=list(algorithms)[:1])


def note_audiences(fake: FakeIssuer, settings: Settings) -> None:
    """Have the tokens of *fake* with the name of an issuer in *settings* be for that issuer's audience."""
    for each in settings.sources:
        own = each.own.get("AUDIENCE") if each.made is None else each.made.audience
        if audience := _first(own) or _first(settings.shared.get("AUDIENCE")):
            fake.audiences.setdefault(each.name, audience)


def shaped(fake: FakeIssuer, settings: Settings, authenticator: Any) -> None:
    """Have *fake* make tokens as *settings* expect: their audience, their profile, and scopes at their place."""
    mapping: ClaimMapping = authenticator.mapping_of(fake.issuer)
    fake.header_for = authenticator.header_for
    shared = settings.shared
    if audience := _first(shared.get("AUDIENCE")) or _first(mapping.audience):
        fake.audience = audience
    first = settings.sources[0] if settings.sources else None
    with suppress(KeyError):  # the profile of a provider that is no preset
        is_id_token = first is not None and first.takes_id_tokens(shared)
        fake.settings(fake.audience, profile="id_token" if is_id_token else None)
    if (place := mapping.scopes[0]).name != "scope":
        fake.scopes_in = place.put


def _first(audience: Any) -> str | None:
    if isinstance(audience, frozenset):
        audience = sorted(audience)
    return audience[0] if isinstance(audience, tuple | list) and audience else None

"""``Issuer``: the signer of tokens, and the source of its keys."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, cast

from jwks_auth.challenge import several
from jwks_auth.claims import (
    AnyAudience,
    Audience,
    ClaimRules,
    OwnAudience,
    TokenOptions,
    checked_rules,
    token_options,
)
from jwks_auth.client import (
    ClientOptions,
    DiscoveredClient,
    PyJWKClient,
    SharedClients,
    keys_of,
    naming_of,
)
from jwks_auth.errors import ConfigurationError
from jwks_auth.http import Discovery, checked_issuer, checked_url, http_allowed
from jwks_auth.jose import KeySet
from jwks_auth.keys import Health, KeyProvider, StaticKeys, SuppliedKeys, usable_keys, vetted
from jwks_auth.runtime import takes
from jwks_auth.verifier.introspection import Introspection
from jwks_auth.verifier.places import CLIENT_DEFAULTS, for_client, places_in
from jwks_auth.verifier.providers import preset_named
from jwks_auth.verifier.token_sources import checked_sources
from jwks_auth.verifier.trusted import TrustedIssuer

if TYPE_CHECKING:
    from jwks_auth.verifier.introspection import IntrospectionEndpoint

__all__ = ["Issuer", "IssuerOptions", "PlaceOptions"]


class PlaceOptions(TypedDict, total=False):
    """Options for an issuer's identity and the place of its keys that are also settings."""

    provider: str | None
    audience: str | Iterable[str] | AnyAudience | None
    jwks_uri: str | None
    jwks: Mapping[str, Any] | str | bytes | KeySet | Callable[[], Any] | None
    discovery_url: str | None
    allow_http: bool
    timeout: float
    wait: float
    token_sources: str | Iterable[str] | None


class IssuerOptions(PlaceOptions, TokenOptions, ClientOptions, total=False):
    """Options of :class:`Issuer`."""

    aliases: str | Iterable[str] | None
    client: PyJWKClient | None
    introspection: Introspection | None


_DEFAULTS = {
    "allow_http": False,
    **{name: each.default for name, each in inspect.signature(PyJWKClient).parameters.items()},
    **CLIENT_DEFAULTS,
}


class Issuer:
    """An issuer of tokens: its exact ``iss``, its keys, and the rules for its tokens.

    Keys come from one place: *jwks* (a document, PEM text, ``{kid: PEM}``, a :class:`KeySet`, or a callable returning
    one), *jwks_uri*, *client* (a :class:`PyJWKClient` of your own), or else discovery, at *discovery_url* or at the
    standard addresses. The constructor fetches nothing. *timeout*, *wait* and *options* are those of
    :class:`PyJWKClient`. *audience*, *algorithms*, *profile*, *required_claims*, *allowed_clients*, *max_age* and the
    names of claims replace the verifier's, if given. *issuer* may be any name if the place of its keys is given;
    *aliases* are further names, exactly as in tokens. *introspection* has the issuer asked about tokens. *provider*
    sets all other options from that provider's documentation: see ``docs/providers/index.md``.

    Raises ``ConfigurationError`` for wrong options: keys over plain http (except from this machine, or with
    *allow_http*), two places for keys, a set without a usable key.
    """

    @takes(IssuerOptions, _DEFAULTS)
    def __init__(self, issuer: str | None = None, **options: Unpack[IssuerOptions]) -> None:
        self.provider = options.get("provider")
        """The name of the provider whose settings it uses."""
        issuer, options = _with_preset(issuer, options)
        places = places_in(options)
        allow_http = options.get("allow_http", False)
        self.issuer = checked_issuer(issuer)
        self.aliases = _aliases(options.get("aliases"), issuer)
        """Further names, exactly as in tokens; a verified token has the canonical :attr:`issuer` instead."""
        audience = options.get("audience")
        self._own = checked_rules(audience=audience, **token_options(options))
        self.has_own_audience = audience is not None
        """True if the issuer has its own audience, which routes do not widen if there are several issuers."""
        self.discovery_url = options.get("discovery_url")
        """The address of the metadata, if it is not a standard one."""
        self.token_sources = _sources(options.get("token_sources"))
        """The places of its tokens in a request, if given; other tokens may not stand there."""
        self.client = places["client"]
        network = for_client(options)
        if self.client is None and places["jwks"] is None:
            self.client = self._client(places, allow_http, network)
        self._shared_by = None if places["jwks_uri"] is None else network
        asked = options.get("introspection")
        self.endpoint = _endpoint(asked, self, places=places, allow_http=allow_http, network=network)
        """The endpoint that is asked about its tokens, if there is one."""
        self._made_of = (
            *(type(self), self.provider, self.names, self._own, places, allow_http, network),
            asked,
        )
        self.keys: KeyProvider = _provider(self.client, places["client"], places["jwks"])

    @property
    def profile(self) -> str | None:
        """The profile that it was given."""
        own: str | None = self._own.get("profile")
        return own

    @property
    def names(self) -> tuple[str, ...]:
        """The issuer's name and its aliases."""
        return (self.issuer, *sorted(self.aliases))

    @property
    def audience(self) -> tuple[str, ...] | AnyAudience | None:
        """The audience given for this issuer."""
        own: Audience | None = self._own.get("audience")
        return tuple(sorted(own)) if isinstance(own, frozenset) else own

    @property
    def algorithms(self) -> frozenset[str] | None:
        """The algorithms given for this issuer, or its provider's."""
        preset = preset_named(self.provider)
        own: frozenset[str] | None = self._own.get("algorithms")
        return own if own or preset is None or not preset.algorithms else frozenset(preset.algorithms)

    def trusted(
        self,
        shared: ClaimRules,
        *,
        clock: Callable[[], float],
        among_several: bool = False,
        allow_fake: bool | None = None,
    ) -> TrustedIssuer:
        """Prepare it for a verifier, whose *shared* rules apply where it has none of its own.

        With *among_several*, a route can't widen its audience without naming it. *allow_fake* allows or refuses
        keys of a ``FakeIssuer``; ``None`` allows and logs them.
        """
        rules = replace(shared, **self._own, issuer=self.issuer)
        if (preset := preset_named(self.provider)) is not None:
            rules = preset.rules(str(self.provider), rules, shared.said | self._own.keys())
        if among_several and self.has_own_audience and isinstance(rules.audience, frozenset):
            rules = replace(rules, audience=OwnAudience(rules.audience))
        return self.prepared(rules, clock=clock, allow_fake=allow_fake)

    def prepared(
        self, rules: ClaimRules, *, clock: Callable[[], float], allow_fake: bool | None = None
    ) -> TrustedIssuer:
        """Prepare it for a verifier with these *rules* for its tokens, in place of its own."""
        rules.check()
        rules = replace(rules, issuer=self.issuer)
        source = self.client and self.client.source
        keys = vetted(self.keys, self.issuer, source=source, allowed=allow_fake)
        named = naming_of(self.client, self.issuer) if isinstance(self.client, DiscoveredClient) else None
        return TrustedIssuer(
            self.issuer, rules, keys, keys.find, clock, self.health, self._made_of, self.aliases, named
        )

    def adopt(self, provider: str) -> None:
        """Use the rules of *provider*, unless it has a provider already; raise ``ConfigurationError``."""
        preset = preset_named(provider)
        if self.provider is None and preset is not None:
            preset.checked(provider, self.issuer)
            self.provider = provider

    def share_keys(self, clients: SharedClients) -> None:
        """Use the client of another issuer with the same *jwks_uri* and network settings, if there is one."""
        if self.client is not None and self._shared_by is not None:
            self.client = clients.shared(self.client, self._shared_by)
            self.keys = self.client.source

    def _client(self, places: Mapping[str, Any], allow_http: bool, options: dict[str, Any]) -> PyJWKClient:
        jwks_uri, url = places["jwks_uri"], places["discovery_url"]
        if jwks_uri is None:
            discovery = Discovery(self.issuer, aliases=self.aliases, url=url, allow_http=allow_http)
            return DiscoveredClient(discovery, **options)
        checked_url(jwks_uri, name="jwks_uri", http=http_allowed(jwks_uri, allow_http))
        return PyJWKClient(jwks_uri, **options)

    def warm_up(self) -> None:
        """Fetch the keys now, unless the program supplies them; raise ``KeySourceError``."""
        if self.client is not None:
            self.client.warm_up()

    async def awarm_up(self) -> None:
        """Do as :meth:`warm_up`, without holding the event loop."""
        if self.client is not None:
            await self.client.awarm_up()

    def health(self) -> Health | None:
        """Return the health of the keys; ``None`` if the program supplies them. Never waits."""
        return None if self.client is None else self.client.health()


def _with_preset(issuer: str | None, options: IssuerOptions) -> tuple[str, IssuerOptions]:
    """Return the issuer's name and its options, completed with its provider's."""
    provider = options.get("provider")
    if (preset := preset_named(provider)) is not None:
        name, filled = preset.filled(str(provider), issuer, options)
        return name, cast("IssuerOptions", filled)
    if issuer is None:
        raise ConfigurationError("issuer is missing: the issuer's URL, exactly as in the tokens' iss claim")
    return issuer, options


def _endpoint(options: Any, issuer: Issuer, **reached: Any) -> IntrospectionEndpoint | None:
    if not isinstance(options, Introspection | None):
        raise ConfigurationError(
            f"introspection: found a {type(options).__name__}, expected an Introspection"
        )
    if options is None or not options.is_on:
        return None
    from jwks_auth.verifier.introspection import IntrospectionEndpoint

    return IntrospectionEndpoint.of(options, issuer.issuer, aliases=issuer.aliases, **reached)


def _aliases(given: str | Iterable[str] | None, issuer: str) -> frozenset[str]:
    aliases = frozenset(checked_issuer(alias, "aliases") for alias in several(given or ()))
    return aliases - {issuer}


def _sources(given: str | Iterable[str] | None) -> tuple[str, ...] | None:
    try:
        return None if given is None else checked_sources(given)
    except ValueError as error:
        raise ConfigurationError(f"token_sources: {error}") from None


def _provider(client: PyJWKClient | None, given: PyJWKClient | None, jwks: Any) -> KeyProvider:
    if client is None:
        return _supplied(jwks)
    return client.source if given is None else keys_of(given)  # a program may override its methods


def _supplied(jwks: Any) -> KeyProvider:
    if inspect.iscoroutinefunction(jwks):
        raise ConfigurationError("jwks: found an async function, expected a plain one, as it answers at once")
    if callable(jwks):
        return SuppliedKeys(jwks)
    return StaticKeys(usable_keys(jwks, whole=True))

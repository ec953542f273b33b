"""``Issuer``: who signs the tokens, and where its keys come from."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Unpack

from jwks_auth.claims import AnyAudience, Audience, Expectations, checked_expectations
from jwks_auth.client import ClientKeys, ClientOptions, DiscoveredClient, PyJWKClient
from jwks_auth.errors import ConfigurationError
from jwks_auth.http import Discovery, checked_issuer, checked_url, http_allowed
from jwks_auth.jose import KeySet
from jwks_auth.keys import Health, KeyProvider, StaticKeys, SuppliedKeys, usable_keys

__all__ = ["Issuer"]


class Issuer:
    """An issuer of tokens: its exact ``iss``, its keys, and what a verifier must know of it alone.

    Keys come from one place: *jwks* (a document, a :class:`KeySet`, or a callable returning a document),
    *jwks_uri*, *client* (a :class:`PyJWKClient` of your own, subclassed or not), or else discovery, at
    *discovery_url* or where the standards put it. Nothing is fetched here. *timeout*, *wait* and *options*
    are those of :class:`PyJWKClient`. *audience*, *algorithms*, *profile*, *required_claims*, *allowed_clients*,
    *max_age* and the names of claims stand in for the verifier's, where they are given.

    Raises ``ConfigurationError`` for what can't work: plain http (but to this machine, or with
    *allow_http*), two places for keys, a set without a usable key.
    """

    def __init__(
        self,
        issuer: str,
        *,
        audience: str | Iterable[str] | AnyAudience | None = None,
        jwks_uri: str | None = None,
        jwks: Mapping[str, Any] | KeySet | Callable[[], Any] | None = None,
        discovery_url: str | None = None,
        client: PyJWKClient | None = None,
        algorithms: Iterable[str] | None = None,
        profile: str | None = None,
        required_claims: Iterable[str] | None = None,
        allowed_clients: Iterable[str] | None = None,
        max_age: float | None = None,
        scope_claims: str | Iterable[str] | None = None,
        roles_claim: str | Sequence[str] | None = None,
        permissions_claim: str | Sequence[str] | None = None,
        allow_http: bool = False,
        timeout: float = 5,
        wait: float = 2,
        **options: Unpack[ClientOptions],
    ) -> None:
        _check_one_place(jwks_uri=jwks_uri, jwks=jwks, discovery_url=discovery_url, client=client)
        _check_options(options, client)
        self.issuer = checked_issuer(issuer, allow_http=allow_http)
        self._own = checked_expectations(
            audience=audience,
            algorithms=algorithms,
            profile=profile,
            required_claims=required_claims,
            allowed_clients=allowed_clients,
            max_age=max_age,
            scope_claims=scope_claims,
            roles_claim=roles_claim,
            permissions_claim=permissions_claim,
        )
        self.has_own_audience = audience is not None
        """Return whether no route widens the audience, where several issuers are trusted."""
        self.discovery_url = discovery_url
        """Where the metadata is, if it is not where the standards put it."""
        self.client = client
        if client is None and jwks is None:
            if jwks_uri is None:
                discovery = Discovery(issuer, url=discovery_url, allow_http=allow_http)
                self.client = DiscoveredClient(discovery, timeout=timeout, wait=wait, **options)
            else:
                checked_url(jwks_uri, name="jwks_uri", http=http_allowed(jwks_uri, allow_http))
                self.client = PyJWKClient(jwks_uri, timeout=timeout, wait=wait, **options)
        places = (jwks_uri, jwks, discovery_url, client, allow_http)
        self._made_of = (type(self), self.issuer, self._own, places, timeout, wait, options)
        self.keys: KeyProvider = _provider(self.client, client, jwks)

    @property
    def audience(self) -> tuple[str, ...] | AnyAudience | None:
        """The audience that was said for this issuer."""
        own: Audience | None = self._own.get("audience")
        return tuple(sorted(own)) if isinstance(own, frozenset) else own

    @property
    def algorithms(self) -> frozenset[str] | None:
        """The algorithms that were said for this issuer."""
        return self._own.get("algorithms")

    def is_like(self, other: Issuer) -> bool:
        """Return whether *other* is this one, or was made of the same: its keys are found in the same way."""
        return self is other or self._made_of == other._made_of

    def overrule(self, expected: Expectations) -> Expectations:
        """Return *expected*, with this issuer's own settings in their place."""
        return replace(expected, **self._own)

    def warm_up(self) -> None:
        """Fetch the keys now, if they are to be fetched; raises ``KeySourceError``."""
        if self.client is not None:
            self.client.warm_up()

    async def awarm_up(self) -> None:
        """As :meth:`warm_up`, without holding the event loop."""
        if self.client is not None:
            await self.client.awarm_up()

    def health(self) -> Health | None:
        """The condition of the keys.

        ``None`` where they were handed over and are not fetched. Never waits.
        """
        return None if self.client is None else self.client.health()


def _check_one_place(**places: object) -> None:
    given = [name for name, value in places.items() if value is not None]
    if len(given) > 1:
        raise ConfigurationError(
            f"{' and '.join(given)}: expected one place for the keys, found {len(given)}"
        )


def _check_options(options: Mapping[str, Any], client: PyJWKClient | None) -> None:
    # Where keys are handed over no client is made that would refuse them, but a misspelt name is still one.
    if unknown := sorted(options.keys() - ClientOptions.__annotations__.keys()):
        raise TypeError(f"Issuer() got an unexpected keyword argument {unknown[0]!r}")
    if client is not None and options:
        raise ConfigurationError(f"client and {', '.join(options)}: set these where the client is made")


def _provider(client: PyJWKClient | None, given: PyJWKClient | None, jwks: Any) -> KeyProvider:
    if client is None:
        return _supplied(jwks)
    return client.source if given is None else ClientKeys(given)  # whose methods may be a program's own


def _supplied(jwks: Any) -> KeyProvider:
    if inspect.iscoroutinefunction(jwks):
        raise ConfigurationError("jwks: found an async function, expected a plain one, as it answers at once")
    if callable(jwks):
        return SuppliedKeys(jwks)
    return StaticKeys(usable_keys(jwks))

"""The issuers that a verifier lists, by all their names in tokens."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from jwks_auth.claims import AnyAudience, Audience, ClientIds, OwnAudience, within
from jwks_auth.errors import ConfigurationError
from jwks_auth.verifier.trusted import TrustedIssuer

__all__ = ["Directory", "accepted"]


class Directory:
    """Issuers by their canonical names and aliases. No two issuers may share a name.

    No metadata gives an issuer a name that *is_tenants* is true of: it would take the tenant's tokens.
    """

    def __init__(
        self, issuers: Iterable[TrustedIssuer], is_tenants: Callable[[str], bool] | None = None
    ) -> None:
        self._is_tenants = is_tenants
        self.issuers: tuple[TrustedIssuer, ...] = tuple(issuers)
        self._by_name: dict[str, TrustedIssuer] = {}
        for issuer in self.issuers:
            for name in (issuer.name, *sorted(issuer.aliases - {issuer.name})):
                if (other := self._by_name.setdefault(name, issuer)) is not issuer:
                    raise ConfigurationError(_listed_twice(name, issuer, other))

    def get(self, name: str) -> TrustedIssuer | None:
        """Return the issuer that is configured under *name*."""
        return self._by_name.get(name)

    def called(self, name: str) -> TrustedIssuer | None:
        """Return the issuer that tokens call *name*: by its names, or according to its metadata."""
        found = self._by_name.get(name)
        if found is not None or (self._is_tenants is not None and self._is_tenants(name)):
            return found
        return next((issuer for issuer in self.issuers if issuer.goes_by(name)), None)

    def knows(self, name: str) -> bool:
        """Return whether *name* is a name of an issuer here, or may be a tenant's."""
        return self.called(name) is not None or (self._is_tenants is not None and self._is_tenants(name))

    def names(self) -> tuple[str, ...]:
        """Return every configured name."""
        return tuple(self._by_name)

    def check_issuers(self, names: Collection[str], *, is_open: bool) -> None:
        """Raise ``ConfigurationError`` for an alias among *names*, or if none of them is an issuer's.

        A verified token has the canonical name. With *is_open* there are issuers that are not listed.
        """
        if names and not is_open and not any(name in self._by_name for name in names):
            known = " or ".join(repr(issuer.name) for issuer in self.issuers)
            raise ConfigurationError(
                f"issuer: found {', '.join(map(repr, names))}, expected {known}, exactly so"
            )
        for name in names:
            issuer = self._by_name.get(name)
            if issuer is not None and issuer.name != name:
                raise ConfigurationError(
                    f"issuer: {name!r} is an alias of {issuer.name!r}, which is what a token's issuer says: name that"
                )

    def check_declared(self, asked: Audience) -> None:
        """Raise ``ConfigurationError`` if no issuer's tokens can be for the audience *asked*."""
        own = [issuer.rules.audience for issuer in self.issuers]
        if not any(within(asked, each) for each in own):
            names = sorted({name for each in own if isinstance(each, OwnAudience) for name in each})
            widened = "" if all(isinstance(each, ClientIds) for each in own) else ", or issuer= beside it"
            raise ConfigurationError(
                f"audience: found {asked!r}, but each issuer has an audience of its own, and no token passes; "
                f"expected some of {', '.join(names)}{widened}"
            )


def accepted(asked: Iterable[str] | AnyAudience, own: Iterable[Audience | None]) -> bool:
    """Return whether every token for the audience *asked* is for one of the service's *own* audiences."""
    listed = list(own)
    if isinstance(asked, AnyAudience) or any(isinstance(each, AnyAudience) for each in listed):
        return any(isinstance(each, AnyAudience) for each in listed)
    return set(asked) <= {name for each in listed if isinstance(each, frozenset) for name in each}


def _listed_twice(name: str, one: TrustedIssuer, other: TrustedIssuer) -> str:
    if name == one.name == other.name:
        return f"issuers: {name!r} is listed twice"
    return f"aliases: {name!r} is a name of {other.name!r} and of {one.name!r}: one issuer would speak for the other"

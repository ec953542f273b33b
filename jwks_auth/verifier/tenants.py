"""Issuers that can't be listed beforehand: one per tenant, found by the ``iss`` of the tenant's first token."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Collection
from dataclasses import field, replace
from math import inf
from typing import Any, Protocol

from jwks_auth.challenge import escaped, fields
from jwks_auth.errors import ConfigurationError
from jwks_auth.http import http_allowed
from jwks_auth.keys import KeyEvent, OnEvent
from jwks_auth.runtime import dataclass
from jwks_auth.verifier.providers import preset_named

__all__ = ["Tenants", "checked_tenants"]

_log = logging.getLogger("jwks_auth")

_HOST = re.compile(r"[a-z0-9.-]+(:[0-9]+)?\Z")
# No user, query, fragment, backslash, ".." segment or escaped "..": two programs could read such URLs differently.
_PLAIN_URL = re.compile(r"(https?)://([^/]+)(?:/(?!\.\.?(?:/|\Z))[A-Za-z0-9._~!$&'()*+,;=:@-]*)*\Z")


class _Issuer(Protocol):
    """The part of :class:`Issuer` that is needed here; its module imports this one."""

    issuer: str

    def adopt(self, provider: str) -> None: ...


@dataclass(frozen=True)
class Tenants:
    """Issuers found on demand, with ``TokenVerifier(tenants=...)``.

    *resolve*, sync or async, gets the ``iss`` of a token that is not verified yet, and returns its :class:`Issuer`,
    or ``None`` if it is no tenant of yours. It is called for https URLs on *hosts* only (on loopback also http), which
    are compared exactly, with their port if they have one, and only for a token that some key could make valid.
    Anybody who controls a name on such a host can cause a call. ``None`` is remembered for half a minute, for at most
    *max_issuers* names.
    Return ``None`` for all but your own tenants: each :class:`Issuer` costs a fetch, which a made-up token can cause.
    The *max_issuers* last used are kept, each with its keys, until :meth:`TokenVerifier.forget_tenant`. With more in
    use than that, each request may call *resolve* and fetch keys: *on_event* hears ``tenant_dropped``.
    An answer is valid for *max_age* seconds. *resolve* is called again in the background before they end, and by a
    waiting request after that. A tenant that it no longer knows is refused; if it fails, the answer is 503. An
    :class:`Issuer` with the same parameters as before keeps its keys; any other replaces it. An issuer without a
    *provider* gets the one given here.
    """

    resolve: Callable[[str], _Issuer | Awaitable[_Issuer | None] | None]
    hosts: Collection[str] = field(kw_only=True)
    max_issuers: int = field(default=256, kw_only=True)
    max_age: float = field(default=300, kw_only=True)
    provider: str | None = field(default=None, kw_only=True)
    on_event: OnEvent | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if isinstance(self.hosts, str) or not self.hosts or not all(map(_HOST.match, self.hosts)):
            raise ConfigurationError(
                f"tenants: found hosts {self.hosts!r}, expected a list of host names in lower case"
            )
        if self.max_issuers < 1:
            raise ConfigurationError(f"tenants: found max_issuers {self.max_issuers!r}, expected one or more")
        if not 0 < self.max_age < inf:
            raise ConfigurationError(f"tenants: found max_age {self.max_age!r}, expected seconds, above 0")
        preset_named(self.provider)

    def may_be(self, issuer: str) -> bool:
        """Return whether *issuer* may be a tenant's: a plain URL on one of the hosts, with http on loopback alone."""
        url = _PLAIN_URL.match(issuer)
        return url is not None and url[2] in self.hosts and (url[1] == "https" or http_allowed(issuer, False))

    def of(self, provider: str | None) -> Tenants:
        """Return these tenants, with *provider* if they have none."""
        return self if self.provider or provider is None else replace(self, provider=provider)

    def note_dropped(self, issuer: str) -> None:
        """Tell that the tenant *issuer* has made room for another."""
        _log.info(
            "tenants: %s made room for another; max_issuers is %d",
            escaped(issuer),
            self.max_issuers,
            extra=fields("tenant_dropped"),
        )
        if self.on_event is not None:
            try:
                self.on_event(KeyEvent("tenant_dropped", issuer))
            except Exception:  # noqa: BLE001 - a user's callback must not cost a request its issuer
                _log.exception("on_event failed", extra=fields("on_event_failed"))

    def adopted(self, issuer: Any) -> Any:
        """Give *issuer*, an answer of *resolve*, the provider of these tenants; raise ``ConfigurationError``."""
        if getattr(issuer, "token_sources", None) is not None:
            raise ConfigurationError("token_sources: tenants have those of the service, leave them out")
        if self.provider is not None and hasattr(issuer, "adopt"):
            issuer.adopt(self.provider)
        return issuer


def checked_tenants(tenants: Any) -> Tenants | None:
    """Return *tenants*; raise ``ConfigurationError`` for anything else, but for ``None``."""
    if not isinstance(tenants, Tenants | None):
        raise ConfigurationError(f"tenants: found {tenants!r}, expected a jwks_auth.Tenants")
    return tenants

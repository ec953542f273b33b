"""Issuers that can't be listed beforehand: one per tenant, found by the ``iss`` of the tenant's first token."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from threading import Lock

from jwks_auth.callbacks import aask, ask
from jwks_auth.errors import ConfigurationError, InvalidTokenError, KeySourceError
from jwks_auth.issuer import Issuer
from jwks_auth.trust import Trust
from jwks_auth.unverified import UnverifiedToken

__all__ = ["TenantCache", "Tenants"]

_NOBODY_FOR = 30.0  # short, since a customer who signs up may call before the callback knows the name

_HOST = re.compile(r"[a-z0-9.-]+(:[0-9]+)?\Z")
# No user, query, fragment, backslash, ".." segment or escape of one: nothing that two programs could read differently.
_PLAIN_URL = re.compile(r"https://([^/]+)(?:/(?!\.\.?(?:/|\Z))[A-Za-z0-9._~!$&'()*+,;=:@-]*)*\Z")


@dataclass(frozen=True)
class Tenants:
    """How a verifier finds issuers that it was not told of. Off unless given: ``TokenVerifier(tenants=...)``.

    *resolve*, sync or async, gets the ``iss`` of a token that is not verified yet, and returns its
    :class:`Issuer`, or ``None`` for no tenant of ours. It is asked about https URLs on *hosts* only, compared
    exactly, with the port where there is one, and only for a token that some key could make good: whoever can get
    a name on such a host can get *resolve* called. ``None`` is remembered for half a minute, for as many names as
    there may be tenants.
    Return ``None`` for all but your own: each other :class:`Issuer` costs a fetch, which a made-up token can cause.
    The *max_issuers* last used are kept, each with its keys, until :meth:`TokenVerifier.forget_tenant`.
    """

    resolve: Callable[[str], Issuer | Awaitable[Issuer | None] | None]
    hosts: Collection[str] = field(kw_only=True)
    max_issuers: int = field(default=256, kw_only=True)

    def __post_init__(self) -> None:
        if isinstance(self.hosts, str) or not self.hosts or not all(map(_HOST.match, self.hosts)):
            raise ConfigurationError(
                f"tenants: found hosts {self.hosts!r}, expected a list of host names in lower case"
            )
        if self.max_issuers < 1:
            raise ConfigurationError(f"tenants: found max_issuers {self.max_issuers!r}, expected one or more")

    def may_be(self, issuer: str) -> bool:
        """Whether *issuer* is worth asking about: a plain https URL on one of the hosts."""
        url = _PLAIN_URL.match(issuer)
        return url is not None and url[1] in self.hosts


class TenantCache:
    """The tenants seen last, each trusted as *prepare* says."""

    def __init__(
        self,
        tenants: Tenants | None,
        prepare: Callable[[Issuer], Trust],
        *,
        screen: Callable[[UnverifiedToken], None],
        clock: Callable[[], float],
    ) -> None:
        self._tenants = tenants
        self._prepare = prepare
        self._screen = screen
        self._clock = clock
        self._known: OrderedDict[str, Trust] = OrderedDict()
        self._nobody: dict[str, float] = {}  # when the callback said so
        self._forgotten = 0  # how often a name was
        self._lock = Lock()  # held for a few operations on a dict, never across a callback

    def resolve(self, name: str, token: UnverifiedToken | None = None) -> Trust:
        """The tenant whose ``iss`` is *name*; raises ``InvalidTokenError``, or ``KeySourceError`` from the callback.

        *token* is screened before the callback is asked; without it nothing is.
        """
        tenants = self._asked_about(name)
        known, forgotten = self._known_or_worth_asking(name, token), self._forgotten
        return known or self._keep(name, ask(tenants.resolve, name), tenants, forgotten=forgotten)

    async def aresolve(self, name: str, token: UnverifiedToken | None = None) -> Trust:
        """As :meth:`resolve`, without blocking the event loop."""
        tenants = self._asked_about(name)
        known, forgotten = self._known_or_worth_asking(name, token), self._forgotten
        return known or self._keep(name, await aask(tenants.resolve, name), tenants, forgotten=forgotten)

    def forget(self, name: str) -> None:
        """Drop a tenant and its keys, or that it is none; its next token is asked about again."""
        with self._lock:
            self._forgotten += 1
            self._known.pop(name, None)
            self._nobody.pop(name, None)

    def _asked_about(self, name: str) -> Tenants:
        if self._tenants is None or not self._tenants.may_be(name):
            raise InvalidTokenError("wrong_issuer")
        return self._tenants

    def _known_or_worth_asking(self, name: str, token: UnverifiedToken | None) -> Trust | None:
        with self._lock:
            if name in self._known:
                self._known.move_to_end(name)
                return self._known[name]
            answered_at = self._nobody.get(name)
        if answered_at is not None and 0 <= self._clock() - answered_at < _NOBODY_FOR:
            raise InvalidTokenError("wrong_issuer")
        if token is not None:
            self._screen(token)
        return None

    def _keep(self, name: str, issuer: Issuer | None, tenants: Tenants, *, forgotten: int) -> Trust:
        if issuer is None:
            self._note_nobody(name, tenants.max_issuers)
            raise InvalidTokenError("wrong_issuer")
        if not isinstance(issuer, Issuer) or issuer.issuer != name:
            raise KeySourceError(
                "tenants: the callback returned something else than this issuer", kind="callback"
            )
        trust = self._prepare(issuer)
        with self._lock:
            if forgotten != self._forgotten:  # the answer may be older than that, and would stay for good
                return trust
            # Whoever came first stays, so that two threads share one set of keys.
            trust = self._known.setdefault(name, trust)
            if len(self._known) > tenants.max_issuers:
                del self._known[self._least_missed(name)]
        return trust

    def _note_nobody(self, name: str, most: int) -> None:
        with self._lock:
            self._nobody.pop(name, None)  # so that the first is always the oldest
            self._nobody[name] = self._clock()
            if len(self._nobody) > most:
                del self._nobody[next(iter(self._nobody))]

    def _least_missed(self, newcomer: str) -> str:
        """Who makes room: a tenant without keys, as those are that nobody has but in made-up tokens."""
        others = [name for name in self._known if name != newcomer]
        return next((name for name in others if _is_without_keys(self._known[name].issuer)), others[0])


def _is_without_keys(issuer: Issuer) -> bool:
    health = issuer.health()
    return health is not None and health.keys == 0

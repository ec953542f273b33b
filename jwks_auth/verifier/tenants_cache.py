"""A cache of the tenants seen last: each is trusted as long as the program's callback knows it."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from jwks_auth.challenge import fields
from jwks_auth.claims import ClaimRules, validate_claims
from jwks_auth.errors import AuthError, ConfigurationError, InvalidTokenError, KeySourceError, Refused
from jwks_auth.jose import UnverifiedToken
from jwks_auth.runtime import aask, ask, dataclass, in_background
from jwks_auth.verifier.inquiry import Inquiry
from jwks_auth.verifier.tenants import Tenants
from jwks_auth.verifier.trusted import TrustedIssuer, refusal

if TYPE_CHECKING:
    import asyncio

__all__ = ["TenantCache"]

_NOBODY_FOR = 30.0  # short, because a new customer may call before the callback knows the name
_AHEAD = 0.8  # the part of an answer's time after which it is renewed in the background
_RETRY_AFTER = 1.0  # seconds between two renewals, if the first one fails

_log = logging.getLogger("jwks_auth")


@dataclass(frozen=True, slots=True)
class _Tenant:
    trust: TrustedIssuer
    answered_at: float
    ask_at: float


class TenantCache:
    """The tenants seen last. *prepare* makes an issuer ready, and returns ``None`` for an object that is no issuer.

    The *widest* rules are met by the tokens of every tenant.
    """

    def __init__(
        self,
        tenants: Tenants | None,
        prepare: Callable[[Any], TrustedIssuer | None],
        *,
        widest: ClaimRules,
        clock: Callable[[], float],
        spawn: Callable[[Callable[[], None]], None] = in_background,
        wait: float = 10.0,
    ) -> None:
        self._tenants, self._wait = tenants, wait  # seconds to wait for another caller's call
        self._prepare, self._widest, self._clock, self._spawn = prepare, widest, clock, spawn
        self._known: OrderedDict[str, _Tenant] = OrderedDict()
        self._nobody: dict[str, float] = {}  # the time of each such answer
        self._asking: dict[str, Inquiry[TrustedIssuer]] = {}
        self._tasks: set[asyncio.Task[None]] = set()  # an event loop itself holds them weakly
        self._lock = Lock()  # held for a few operations on a dict, never across a callback

    def resolve(self, name: str, token: UnverifiedToken | None = None) -> TrustedIssuer:
        """Return the tenant whose ``iss`` is *name*.

        If *token* is given and can't be valid, the callback is not called. Raises ``InvalidTokenError``, or
        ``KeySourceError`` if the callback fails.
        """
        tenants = self._asked_about(name)
        trust, inquiry, leads = self._look(name, token, tenants)
        if inquiry is not None and leads:
            lead = partial(self._lead, name, inquiry, tenants)
            if trust is None:
                lead()
            else:
                self._ask_in_background(partial(copy_context().run, lead), partial(self._end, name, inquiry))
        if trust is None and inquiry is not None:
            inquiry.wait(self._wait)
            trust = inquiry.answer()
        return trust or self.resolve(name, token)

    async def aresolve(self, name: str, token: UnverifiedToken | None = None) -> TrustedIssuer:
        """Do as :meth:`resolve`, without blocking the event loop."""
        tenants = self._asked_about(name)
        trust, inquiry, leads = self._look(name, token, tenants)
        if inquiry is not None and leads:
            lead = self._alead(name, inquiry, tenants)
            if trust is None:
                await lead
            else:
                import asyncio  # which only async services load

                self._tasks.add(task := asyncio.ensure_future(lead))
                task.add_done_callback(self._tasks.discard)
        if trust is None and inquiry is not None:
            await inquiry.await_(self._wait)
            trust = inquiry.answer()
        return trust or await self.aresolve(name, token)

    def known(self, name: str) -> TrustedIssuer | None:
        """Return the tenant if its answer is young; the callback is never asked."""
        tenant = self._known.get(name)
        return None if tenant is None or self._clock() >= tenant.ask_at else tenant.trust

    def forget(self, name: str) -> None:
        """Drop a tenant under all its names; its next token calls the callback."""
        with self._lock:
            for other in [other for other, tenant in self._known.items() if tenant.trust.goes_by(name)]:
                del self._known[other]
            self._nobody.pop(name, None)
            self._asking.clear()  # calls in progress, for any of its names, may be older than this

    def _ask_in_background(self, lead: Callable[[], None], give_up: Callable[[], None]) -> None:
        try:
            self._spawn(lead)
        except RuntimeError:  # no more threads, or the interpreter is shutting down
            give_up()

    def _asked_about(self, name: str) -> Tenants:
        if self._tenants is None or not self._tenants.may_be(name):
            raise InvalidTokenError("wrong_issuer")
        return self._tenants

    def _look(
        self, name: str, token: UnverifiedToken | None, tenants: Tenants
    ) -> tuple[TrustedIssuer | None, Inquiry[TrustedIssuer] | None, bool]:
        """Return the tenant, if trusted; the call in progress, if any; and whether this caller must make that call."""
        now = self._clock()
        tenant = self._known.get(name)
        age = -1.0 if tenant is None else now - tenant.answered_at  # in the future: the clock was set back
        trust = tenant.trust if tenant is not None and 0 <= age < tenants.max_age else None
        if tenant is not None and trust is not None:
            with self._lock, suppress(KeyError):  # forgotten by another thread
                self._known.move_to_end(name)
            if now < tenant.ask_at:
                return trust, None, False
        elif 0 <= now - self._nobody.get(name, now + 1) < _NOBODY_FOR:
            raise InvalidTokenError("wrong_issuer")
        if token is not None:
            self._screen(token)
        with self._lock:
            inquiry = self._asking.get(name)
            leads = inquiry is None or inquiry.is_lost
            if leads:
                inquiry = self._asking[name] = Inquiry()
        return trust, inquiry, leads

    def _screen(self, token: UnverifiedToken) -> None:
        """Refuse a token that no tenant could have signed, before the callback is asked about its issuer."""
        if token.alg not in self._widest.algorithms or token.jose.media_type not in self._widest.media_types:
            raise refusal(token.jose, self._widest)
        if (claims := token.brief_claims) is not None:
            validate_claims(claims, self._widest, self._clock())

    # One call of the callback, whose answer serves all waiting callers.

    def _lead(self, name: str, inquiry: Inquiry[TrustedIssuer], tenants: Tenants) -> None:
        try:
            self._keep(name, inquiry, ask(tenants.resolve, name), tenants)
        except Refused as error:
            self._note_failure(name, inquiry, error)
        finally:
            self._end(name, inquiry)

    async def _alead(self, name: str, inquiry: Inquiry[TrustedIssuer], tenants: Tenants) -> None:
        try:
            self._keep(name, inquiry, await aask(tenants.resolve, name), tenants)
        except Refused as error:
            self._note_failure(name, inquiry, error)
        finally:
            self._end(name, inquiry)

    def _keep(self, name: str, inquiry: Inquiry[TrustedIssuer], issuer: Any, tenants: Tenants) -> None:
        if issuer is None:
            raise InvalidTokenError("wrong_issuer")
        try:
            trust = self._prepare(tenants.adopted(issuer))
        except ConfigurationError as error:  # it lacks something, compared with the verifier's settings
            raise KeySourceError(f"tenants: the callback's issuer: {error}", kind="callback") from error
        # The service sees the canonical name, so that must be a possible tenant's too.
        if trust is None or not trust.goes_by(name) or not (trust.name == name or tenants.may_be(trust.name)):
            raise KeySourceError(
                "tenants: the callback returned something else than this issuer", kind="callback"
            )
        known, now = self._known.get(name), self._clock()
        if known is not None and known.trust.made_of == trust.made_of:
            trust = known.trust
        dropped = None
        with self._lock:
            if self._asking.get(name) is inquiry:  # otherwise it was forgotten meanwhile
                self._known[name] = _Tenant(trust, now, now + _AHEAD * tenants.max_age)
                if len(self._known) > tenants.max_issuers:
                    del self._known[dropped := self._least_missed(name)]
        inquiry.settle(trust)
        if dropped is not None:
            tenants.note_dropped(dropped)

    def _note_failure(self, name: str, inquiry: Inquiry[TrustedIssuer], error: Refused) -> None:
        now = self._clock()
        with self._lock:
            tenant = self._known.get(name)
            if self._asking.get(name) is not inquiry:
                pass  # forgotten meanwhile, or superseded by a newer call
            elif isinstance(error, AuthError):
                self._known.pop(name, None)
                if error.code == "wrong_issuer":
                    self._note_nobody(name, now)
            elif tenant is not None:
                self._known[name] = replace(tenant, ask_at=now + _RETRY_AFTER)
        if tenant is not None and isinstance(error, KeySourceError):
            told = fields("tenants_failed", kind=error.kind)
            _log.warning(
                "tenants: the callback can't tell whether one is still ours", exc_info=error, extra=told
            )
        inquiry.settle(error)

    def _end(self, name: str, inquiry: Inquiry[TrustedIssuer]) -> None:
        with self._lock:
            if self._asking.get(name) is inquiry:
                del self._asking[name]
        inquiry.settle(None)

    def _note_nobody(self, name: str, now: float) -> None:
        self._nobody.pop(name, None)  # so that the first is always the oldest
        self._nobody[name] = now
        if self._tenants is not None and len(self._nobody) > self._tenants.max_issuers:
            del self._nobody[next(iter(self._nobody))]

    def _least_missed(self, newcomer: str) -> str:
        """Choose the tenant to drop: one without keys first, because made-up tokens name such."""
        others = [name for name in self._known if name != newcomer]
        return next((name for name in others if _is_without_keys(self._known[name].trust)), others[0])


def _is_without_keys(tenant: TrustedIssuer) -> bool:
    health = tenant.health()
    return health is not None and health.keys == 0

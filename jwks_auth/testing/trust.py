"""``Trust``: services that trust a fake issuer's keys for the time of a test, with all that is their own besides.

An authenticator is changed in its place, so that whoever holds it, in any thread, sees the trust and its end.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self
from weakref import WeakKeyDictionary, WeakSet

from jwks_auth.challenge import fields
from jwks_auth.errors import ConfigurationError
from jwks_auth.runtime import dataclass
from jwks_auth.testing.active import active, lock
from jwks_auth.testing.amended import SHAPING, amended, fake_like, names, naming, note_audiences, shaped
from jwks_auth.testing.issuer import FakeIssuer
from jwks_auth.testing.stand_ins import trusting, verifier_trusting
from jwks_auth.verifier import TokenVerifier

__all__ = ["Trust", "trusting_settings"]

log = logging.getLogger("jwks_auth.testing")

Authenticator = Any
"""``jwks_auth.adapters.Authenticator``, which only an adapter hands over."""


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """The *state* that an object has by the trust *by*, and the *settings* that it has but for the keys."""

    by: Any
    state: dict[str, Any]
    settings: Any = None


_layers: WeakKeyDictionary[Any, list[_Layer]] = WeakKeyDictionary()
_guesses: WeakSet[FakeIssuer] = WeakSet()


class Trust:
    """The trust in *issuer*, with *others* in place of the services' settings, for the time of a ``with`` block.

    By default the issuer is that of the trust around this one, or else a new one with the name that the first service
    expects. The end of the block undoes it, in whatever order blocks end. *apps* are the applications that it is for.
    """

    def __init__(
        self, issuer: FakeIssuer | None, others: Mapping[str, Any], apps: Iterable[Any] = ()
    ) -> None:
        if not isinstance(issuer, FakeIssuer | None):
            raise ConfigurationError(f"issuer: found a {type(issuer).__name__}, expected a FakeIssuer")
        self.issuer = issuer
        self.apps = tuple(apps)
        self.others = {name.upper(): value for name, value in others.items()}
        self.authenticators: list[Authenticator] = []
        self._changed: list[Any] = []
        self._is_making = self._renames = False
        self._listening_to: list[Any] | None = None

    def __enter__(self) -> Self:
        with lock:
            active.append(self)
            if "pytest" not in sys.modules and "unittest" not in sys.modules:
                log.warning(
                    "trust_fake_issuer: a fake issuer is trusted, and no tests seem to run",
                    extra=fields("fake_issuer"),
                )
            return self

    def __exit__(self, *_: object) -> None:
        with lock:
            active.remove(self)
            if self._listening_to is not None:
                self._listening_to.remove(self.hear)
            for target in self._changed:
                _withdraw(target, self)

    def include(self, authenticator: Authenticator) -> None:
        """Let *authenticator* trust the issuer; raise ``ConfigurationError`` for settings that don't allow it."""
        with lock:
            if any(each is authenticator for each in self.authenticators):
                return
            own = amended(_settings_of(authenticator), self.others)
            fake = self.issuer = self.issuer or self._outer(authenticator) or fake_like(own)
            renames = self._renames or fake in _guesses
            if renames and not (self._is_given(own) or names(own, fake.issuer)):
                own = naming(own, fake.issuer)
            self._replace(authenticator, own, fake)

    def include_all(self, authenticators: Iterable[Authenticator]) -> None:
        """Include the authenticators of an application; an issuer that none of them names replaces their own."""
        listed = list(authenticators)
        name = None if self.issuer is None or self.issuer in _guesses else self.issuer.issuer
        known = [amended(_settings_of(each), self.others) for each in listed]
        self._renames = name is not None and not any(names(each, name) for each in known)
        for each in listed:
            self.include(each)

    @property
    def trusted(self) -> FakeIssuer:
        """The issuer, which is chosen by the first authenticator."""
        if self.issuer is None:
            raise ConfigurationError("trust_fake_issuer: nothing was found that asks for tokens")
        return self.issuer

    def guess(self) -> FakeIssuer:
        """Choose an issuer before any settings are known; it is made to fit those that come."""
        if self.issuer is None:
            self.issuer = FakeIssuer()
            _guesses.add(self.issuer)
        return self.issuer

    def listen(self) -> None:
        """Include each authenticator that is made from now on, unless it has its keys at hand."""
        self._listening_to = self.authenticators[0].made
        self._listening_to.append(self.hear)

    def hear(self, authenticator: Authenticator) -> None:
        """Include a new authenticator that would fetch keys, unless this trust is making it."""
        with lock:
            if not any(each._is_making for each in active) and _would_fetch(authenticator):
                guessed = self.issuer is not None and self.issuer in _guesses
                if guessed:
                    self.trusted.audiences.clear()
                self.include(authenticator)
                if guessed:
                    self._shape(authenticator)

    def _outer(self, authenticator: Authenticator) -> FakeIssuer | None:
        """Return the issuer of the trust around this one, unless settings are replaced by which a fake is made."""
        layers = () if self.others.keys() & SHAPING else _layers.get(authenticator, ())
        return next((layer.by.issuer for layer in reversed(layers) if layer.by is not None), None)

    def _replace(self, authenticator: Authenticator, own: Any, fake: FakeIssuer) -> None:
        kept = _first_state(authenticator)["verifier"]
        self._is_making = True
        try:
            twin = self._twin(authenticator, self._permitted(own), fake)
        finally:
            self._is_making = False
        self.authenticators.append(authenticator)
        self._put(authenticator, dict(vars(twin)), own)
        note_audiences(fake, own)
        if self.authenticators == [authenticator]:
            self._shape(authenticator)
        if isinstance(kept, TokenVerifier) and type(kept) is type(twin.verifier):  # other code may hold it
            self._put(kept, vars(twin.verifier), None)

    def _twin(self, authenticator: Authenticator, own: Any, fake: FakeIssuer) -> Authenticator:
        """Return what *authenticator* is to be: with its *own* settings and the keys of *fake*."""
        if fake.is_served or self._is_given(own):  # which has its keys fetched, or knows them
            return authenticator.like(own, in_tests=True)
        given = authenticator.given_verifier
        verifier = None if given is None else verifier_trusting(given, fake)
        return authenticator.like(trusting(own, fake), in_tests=True, verifier=verifier)

    def _shape(self, authenticator: Authenticator) -> None:
        """Have the issuer make tokens as *authenticator* expects."""
        shaped(self.trusted, _settings_of(authenticator), authenticator)

    def _is_given(self, own: Any) -> bool:
        """Return whether a verifier is the test's own, which knows whom to trust."""
        return "VERIFIER" in self.others and "VERIFIER" in own.shared

    def _permitted(self, own: Any) -> Any:
        """Return the settings with the permission that a trust is, unless the test says otherwise."""
        if "ALLOW_FAKE_ISSUER" in self.others:
            return own
        return type(own)({**own.shared, "ALLOW_FAKE_ISSUER": True}, own.sources, own.label)

    def _put(self, target: Any, state: dict[str, Any], own: Any) -> None:
        layers = _layers.setdefault(target, [_Layer(None, vars(target))])
        layers.append(_Layer(self, state, own))
        if not any(each is target for each in self._changed):  # authenticators may share a verifier
            self._changed.append(target)
        target.__dict__ = state


def _withdraw(target: Any, trust: Trust) -> None:
    layers = [layer for layer in _layers[target] if layer.by is not trust]
    target.__dict__ = layers[-1].state
    if len(layers) > 1:
        _layers[target] = layers
    else:
        del _layers[target]


def _settings_of(authenticator: Authenticator) -> Any:
    """Return its settings as they were before their keys were a fake issuer's."""
    layers = _layers.get(authenticator)
    found = None if layers is None else layers[-1].settings
    return authenticator.settings if found is None else found


def _first_state(target: Any) -> dict[str, Any]:
    layers = _layers.get(target)
    return vars(target) if layers is None else layers[0].state


def _would_fetch(authenticator: Authenticator) -> bool:
    """Return whether it fetches keys, or would but for the trust around this one."""
    if authenticator in _layers:
        return True
    verifier = authenticator.verifier
    if isinstance(verifier, TokenVerifier) and verifier.has_tenants:
        return True
    return any(each.client is not None or each.endpoint is not None for each in authenticator.issuers)


def trusting_settings(
    settings: Any, issuer: FakeIssuer | None, authenticate: Callable[..., Any]
) -> tuple[FakeIssuer, dict[str, Any]]:
    """Return a fake issuer that fits *settings*, or *issuer*, and a mapping of settings that trust it.

    *authenticate* makes an authenticator of settings.
    """
    fake = issuer or fake_like(settings)
    own = settings if names(settings, fake.issuer) else naming(settings, fake.issuer)
    trusted = own if fake.is_served else trusting(own, fake)
    note_audiences(fake, own)
    shaped(fake, own, authenticate(trusted, in_tests=True))
    listed = {"ISSUERS": [each.made for each in trusted.sources]} if trusted.sources else {}
    return fake, {**trusted.shared, **listed}

"""``Service``: the settings of a bearer and of all its variants, read at once or when they are first needed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import RLock
from typing import Any
from weakref import WeakKeyDictionary

from fastapi.openapi import models
from starlette.types import Scope

from jwks_auth.adapters import Authenticator, Requirement
from jwks_auth_fastapi.openapi import Kind, OpenAPISettings
from jwks_auth_fastapi.request_auth import AnySettings, RequestAuth, authenticator_of
from jwks_auth_fastapi.settings import JWKSAuthSettings

__all__ = ["Configuration", "Service"]


@dataclass(frozen=True, slots=True, eq=False)
class Configuration:
    """Settings that were read: an authenticator, and how OpenAPI describes it."""

    authenticator: Authenticator
    openapi: OpenAPISettings
    model: models.SecurityBase
    request_auth: dict[bool, RequestAuth] = field(default_factory=dict)
    """By whether a WebSocket may offer its token as a subprotocol."""

    @classmethod
    def of(cls, settings: AnySettings, documented: OpenAPISettings | Kind | None) -> Configuration:
        """Read *settings*; *documented* stands in place of their own description. Raises ``ConfigurationError``."""
        authenticator = authenticator_of(settings)
        openapi = _documented(settings, documented)
        by_flag = {flag: RequestAuth(authenticator, subprotocol=flag) for flag in (False, True)}
        return cls(authenticator, openapi, openapi.model(authenticator), by_flag)


class Service:
    """The configuration that a bearer and its variants share; each application may have one of its own.

    Without *settings* they are read from the environment, when they are first needed.
    """

    def __init__(self, settings: AnySettings | None, documented: OpenAPISettings | Kind | None) -> None:
        self._documented = documented
        self._lock = RLock()
        self._asked: dict[Requirement, None] = {}
        self._by_app: WeakKeyDictionary[Any, Configuration] = WeakKeyDictionary()
        self.chosen = None if settings is None else Configuration.of(settings, documented)

    @property
    def current(self) -> Configuration:
        """The configuration that was chosen last; without one, that of the environment."""
        if self.chosen is None:
            with self._lock:
                self.chosen = self.chosen or self._read(JWKSAuthSettings())
        return self.chosen

    @property
    def all(self) -> tuple[Configuration, ...]:
        """Every configuration that was read."""
        return tuple(each for each in (self.chosen, *self._by_app.values()) if each is not None)

    def forget(self) -> None:
        """Read the settings from the environment, when they are next needed."""
        self.chosen = None

    def of(self, scope: Scope) -> Configuration:
        """Return the configuration of the application that serves the connection of *scope*."""
        if self._by_app and (found := self._by_app.get(scope.get("app"))) is not None:
            return found
        return self.current

    def configure(self, settings: AnySettings, app: Any = None) -> None:
        """Read *settings*, for *app* alone or for all others. Raises ``ConfigurationError``, with nothing changed."""
        found = self._read(settings)
        if app is None:
            self.chosen = found
        else:
            self._by_app[app] = found

    def adopt(self, app: Any, mounted: Iterable[Any]) -> None:
        """Let the applications that are *mounted* in *app* have its configuration, unless they have their own."""
        if (own := self._by_app.get(app)) is not None:
            for each in mounted:
                self._by_app.setdefault(each, own)

    def check(self, requirement: Requirement) -> None:
        """Refuse a *requirement* that no token can meet, now or when the settings are read."""
        self._asked[requirement] = None
        if self.chosen is not None:
            self.chosen.authenticator.check(requirement)

    def knows(self, authenticator: Authenticator) -> bool:
        """Return whether *authenticator* is one of this service."""
        known = [self.chosen, *self._by_app.values()]
        return any(each is not None and each.authenticator is authenticator for each in known)

    def _read(self, settings: AnySettings) -> Configuration:
        found = Configuration.of(settings, self._documented)
        for requirement in self._asked:
            found.authenticator.check(requirement)
        return found


def _documented(settings: AnySettings, openapi: OpenAPISettings | Kind | None) -> OpenAPISettings:
    if isinstance(openapi, OpenAPISettings):
        return openapi
    stated = settings.openapi if isinstance(settings, JWKSAuthSettings) else OpenAPISettings()
    return stated if openapi is None else stated.of_kind(openapi)

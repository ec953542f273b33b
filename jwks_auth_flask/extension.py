"""The extension object."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, Unpack, overload

from flask import Blueprint, Flask, Request

from jwks_auth import ConfigurationError, Verifier
from jwks_auth.adapters import (
    Authenticator,
    Requirement,
    RequirementOptions,
    Setting,
    Settings,
    parsed,
    readers,
)
from jwks_auth_flask.answers import finish_answers
from jwks_auth_flask.cli import jwks
from jwks_auth_flask.connexion import flask_app_of, keep_headers
from jwks_auth_flask.decorators import decorator
from jwks_auth_flask.discovery import MetadataAnswer
from jwks_auth_flask.guards import AppGuard, DefaultGuard, Guard
from jwks_auth_flask.internals import ask_first
from jwks_auth_flask.login import user_for
from jwks_auth_flask.logout import log_out
from jwks_auth_flask.neighbours import arrange
from jwks_auth_flask.order import LateSetting, OrderGuard
from jwks_auth_flask.request_auth import EXTENSION, RequestAuth, prefix_of, request_auth_of
from jwks_auth_flask.routes import policies_asked
from jwks_auth_flask.shapes import keep_the_reason
from jwks_auth_flask.signals import send_event

__all__ = ["JWKSAuth"]

ViewT = TypeVar("ViewT", bound=Callable[..., Any])
LoaderT = TypeVar("LoaderT", bound=Callable[..., Any])


FLASK_SETTINGS = (Setting("REQUIRED", readers.flag, default=False),)
"""Flask's own."""


class JWKSAuth:
    """Bearer-token authentication for Flask apps: ``JWKSAuth(app)``, or ``init_app`` in a factory.

    An instance keeps no state of an app, and serves any number of them. Each app has an ``Authenticator`` made from its
    own configuration, in ``app.extensions["jwks_auth"][name]``. A second instance on one app needs a *name*; it reads
    ``<NAME>_JWKS_AUTH_*``, and its decorators are its methods. *verifier* replaces the setting ``VERIFIER``.
    """

    def __init__(
        self, app: Flask | None = None, *, name: str = "default", verifier: Verifier | None = None
    ) -> None:
        if not name.isidentifier():
            raise ConfigurationError(
                f"name={name!r}: expected an identifier, as names of settings begin with it"
            )
        self.name = name
        self._verifier = verifier
        self._load: Callable[..., Any] | None = None
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Read the app's configuration and make its authenticator. No I/O: keys are fetched when a token needs them.

        A Connexion app will do too. Raises :class:`~jwks_auth.ConfigurationError`, naming the setting.
        """
        app = flask_app_of(app)
        instances = app.extensions.setdefault(EXTENSION, {})
        if self.name in instances:
            raise RuntimeError(
                f"This app has a JWKSAuth named {self.name!r} already; give the second one a name=."
            )
        settings, required = self._settings(app)
        authenticator = Authenticator(
            settings, on_event=partial(send_event, app), in_tests=app.testing or app.debug
        )
        if not instances:
            app.before_request(OrderGuard(app, partial(arrange, extension=JWKSAuth)))
            finish_answers(app)
            ask_first(app, MetadataAnswer())
            keep_headers(app)
        if authenticator.logout_path is not None and log_out not in app.before_request_funcs.get(None, ()):
            ask_first(app, log_out)
        instances[self.name] = RequestAuth(
            authenticator, lambda: self._load, partial(policies_asked, self.name)
        )
        guard = DefaultGuard(self.name, Requirement()) if required else LateSetting(self.prefix + "REQUIRED")
        app.before_request(guard)
        keep_the_reason(app)
        app.cli.add_command(jwks)

    @property
    def prefix(self) -> str:
        """The prefix of this instance's settings."""
        return prefix_of(self.name)

    @overload
    def require_jwt(self, view: ViewT, /) -> ViewT: ...
    @overload
    def require_jwt(self, **options: Unpack[RequirementOptions]) -> Callable[[ViewT], ViewT]: ...
    def require_jwt(self, view: Any = None, **options: Unpack[RequirementOptions]) -> Any:
        """:func:`jwks_auth_flask.require_jwt`, judged by this instance."""
        return decorator(self.name, view, options)

    def protect(self, target: Flask | Blueprint, **options: Unpack[RequirementOptions]) -> None:
        """Guard every view of a blueprint (nested ones too) or an app; ``@public`` views are exempt.

        *options* are those of ``require_jwt``, in addition to the views' own. Call it before the blueprint is
        registered. Raises :class:`~jwks_auth.ConfigurationError` for options that no token can meet.
        """
        requirement = Requirement.of(**options)
        if isinstance(target, Blueprint):
            target.before_request(Guard(self.name, requirement, target))
            return
        app = flask_app_of(target)
        if self.name in app.extensions.get(EXTENSION, {}):
            self.authenticator(app).check(requirement)
        app.before_request(AppGuard(self.name, requirement))

    def user(self, load: LoaderT) -> LoaderT:
        """Register the function, sync or async, that turns a verified token into ``current_user``.

        It is called once in a request, before the view. ``None`` or ``False`` refuses the token: 401, code
        ``user_refused``.
        """
        self._load = load
        return load

    user_loader = user
    """The same, as Flask-Login calls it."""

    def request_loader(self, request: Request) -> Any:
        """Return the token's user, for Flask-Login: ``login_manager.request_loader(auth.request_loader)``.

        A token wins over a session. Without a ``auth.user`` loader its user is a
        :class:`~jwks_auth_flask.login.TokenUser`; without a token it is ``None``. Raises :class:`AuthRejected` for a
        bad token, also beside a good session.
        """
        return user_for(request_auth_of(self.name))

    def authenticator(self, app: Flask) -> Authenticator:
        """Return the authenticator of *app*: its ``warm_up()``, ``health()`` and ``verifier``."""
        request_auth: RequestAuth = app.extensions[EXTENSION][self.name]
        return request_auth.authenticator

    def _settings(self, app: Flask) -> tuple[Settings, bool]:
        """Return the core's settings, and the value of Flask's own ``REQUIRED``."""
        prefix = self.prefix
        for name in app.config:
            if not name.startswith(prefix) and name.upper().startswith(prefix):
                raise ConfigurationError(f"{name}: nothing reads it, settings are written {name.upper()}")
        given = {
            name.removeprefix(prefix): value for name, value in app.config.items() if name.startswith(prefix)
        }
        if self._verifier is not None:
            if given.get("VERIFIER") is not None:
                raise ConfigurationError(f"{prefix}VERIFIER and verifier= exclude each other: keep one")
            given["VERIFIER"] = self._verifier
        settings = Settings.from_mapping(
            given, label=prefix + "{}", extra=(row.name for row in FLASK_SETTINGS)
        )
        return settings, parsed(given, FLASK_SETTINGS, prefix + "{}")["required"]

"""The middleware: it identifies the sender of a request before any view, in sync and async stacks."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from jwks_auth import MissingTokenError, Refused
from jwks_auth_django.authentication import arefuse, asign_in, finish, refuse, sign_in
from jwks_auth_django.conf import Configuration, WrongSettings, project
from jwks_auth_django.denial import is_denied
from jwks_auth_django.discovery import answer
from jwks_auth_django.given import is_required
from jwks_auth_django.guards import Guard
from jwks_auth_django.logout import alog_out, log_out

__all__ = ["JWTAuthenticationMiddleware"]

_IF_SENT = Guard(optional=True)


class JWTAuthenticationMiddleware:
    """For ``MIDDLEWARE``, after ``AuthenticationMiddleware`` if sessions are used too.

    A valid bearer token sets ``request.user``, ``request.auser()`` and ``request.token``, also if there is a session. A
    bad one is refused at once, except on ``EXEMPT_PATHS``. Without a token, the request keeps its user and
    ``request.token`` is ``None``; it is never an unverified token. Under ``REQUIRED`` such a request is refused, unless
    the view is open on purpose. It also serves the metadata of ``RESOURCE``, and answers at ``LOGOUT_PATH``.

    Raises ``ImproperlyConfigured`` where ``jwks_auth_django`` is not installed, as nothing would check the settings.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        if not apps.is_installed("jwks_auth_django"):
            raise ImproperlyConfigured(
                'JWTAuthenticationMiddleware: add "jwks_auth_django" to INSTALLED_APPS, which has its checks and tables'
            )
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)
        # Django calls process_view for each request, from an event loop in a thread if it is not async.
        self.has_process_view = is_required()
        if self.has_process_view:
            self.process_view = self._aprocess_view if self.is_async else self._process_view

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Coroutine[Any, Any, HttpResponseBase]:
        """Sign in and call the view; in an async stack, return a coroutine that does so."""
        if self.is_async:
            return self._acall(request)
        if (found := answer(request)) is not None:
            return found
        here = project()
        if request.path_info in here.logout_paths:
            return log_out(request)
        config = here.chosen(request)
        if _awaits_judgement(request, config):
            try:
                sign_in(request, _IF_SENT)
            except Refused as error:
                return refuse(request, error)
        self._check_denial(config)
        response = finish(request, self.get_response(request))
        finished: HttpResponseBase = (
            refuse(request, MissingTokenError()) if _was_denied(request, config) else response
        )
        return finished

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        if (found := answer(request)) is not None:
            return found
        here = project()
        if request.path_info in here.logout_paths:
            return await alog_out(request)
        config = here.chosen(request)
        if _awaits_judgement(request, config):
            try:
                await asign_in(request, _IF_SENT)
            except Refused as error:
                return await arefuse(request, error)
        self._check_denial(config)
        response = finish(request, await self.get_response(request))
        if not _was_denied(request, config):
            return response  # type: ignore[no-any-return]
        return await arefuse(request, MissingTokenError())

    def _check_denial(self, config: Configuration) -> None:
        """Raise ``ImproperlyConfigured`` if ``REQUIRED`` was set after Django had asked for ``process_view``."""
        if config.required and not self.has_process_view:
            raise WrongSettings("REQUIRED was switched on after the middleware was made: make a new client")

    def _process_view(self, request: HttpRequest, view: Any, *arguments: Any) -> HttpResponseBase | None:
        """Refuse a request without a token for a view that is not open on purpose."""
        request.__dict__["_jwks_auth_viewed"] = True
        return (
            refuse(request, MissingTokenError())
            if is_denied(request, view, project().chosen(request))
            else None
        )

    async def _aprocess_view(
        self, request: HttpRequest, view: Any, *arguments: Any
    ) -> HttpResponseBase | None:
        request.__dict__["_jwks_auth_viewed"] = True
        return (
            await arefuse(request, MissingTokenError())
            if is_denied(request, view, project().chosen(request))
            else None
        )

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Answer for a view that raises an error of the core, as ``Policy(...).check(request.token)`` does."""
        if isinstance(exception, Refused):
            return refuse(request, exception)
        return None


def _awaits_judgement(request: HttpRequest, config: Configuration) -> bool:
    """Set the attributes that views expect on every request; return whether there is a token to verify now."""
    state = request.__dict__
    state.setdefault("token", None)
    if "user" not in state:
        request.user = AnonymousUser()
        request.auser = _anonymous
    return not request.META.keys().isdisjoint(config.meta_keys) and config.looks_at(request.path_info)


def _was_denied(request: HttpRequest, config: Configuration) -> bool:
    """Return whether another middleware answered for a view that needs a token, as CSRF protection does.

    The client is to learn that its token is missing, and not that a form's is.
    """
    if not config.required or "_jwks_auth_viewed" in request.__dict__ or request.resolver_match is None:
        return False
    return is_denied(request, request.resolver_match.func, config)


async def _anonymous() -> AnonymousUser:
    return AnonymousUser()

"""Connexion 3 around Flask: its ASGI middleware answers every HTTP error of the Flask app, and drops the headers."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from flask import Flask, Response, request

from jwks_auth import ConfigurationError
from jwks_auth.adapters import finished_headers
from jwks_auth_flask.internals import finish_last, handler_of_http_errors

__all__ = ["flask_app_of", "keep_headers"]

_KEY = "jwks_auth_flask"

Message = MutableMapping[str, Any]


def flask_app_of(app: Any) -> Flask:
    """Return *app*, or the Flask app within a Connexion app. Raises ``ConfigurationError``, naming any other."""
    found = app.app if isinstance(app, _connexion_apps()) else app
    if isinstance(found, Flask):
        return found
    kind = f"{type(app).__module__.partition('.')[0]}.{type(app).__name__}"
    raise ConfigurationError(
        f"JWKSAuth: found a {kind}, which is no Flask app; docs/how-to/recipes has Quart, Litestar, aiohttp and "
        "others, and docs/how-to/adapters.md any framework"
    )


def keep_headers(app: Flask) -> None:
    """Have a Connexion app around *app* keep the headers of refusals, whichever of its handlers answers them."""
    owner: Any = getattr(handler_of_http_errors(app), "__self__", None)
    if isinstance(owner, _connexion_apps()):
        outside = sys.modules["connexion.middleware"].MiddlewarePosition.BEFORE_EXCEPTION
        owner.add_middleware(_Finishing, position=outside)
        app.before_request(_begin)
        finish_last(app, _end)


class _Outcome:
    """The environment of a request that Flask has not answered yet."""

    __slots__ = ("environ",)

    def __init__(self) -> None:
        self.environ: MutableMapping[str, Any] | None = None


class _Finishing:
    """The ASGI middleware around Connexion's handlers."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(
        self, scope: Message, receive: Any, send: Callable[[Message], Awaitable[None]]
    ) -> None:
        outcome = scope[_KEY] = _Outcome()

        async def finishing(message: Message) -> None:
            if message["type"] == "http.response.start" and outcome.environ is not None:
                given = [
                    (name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]
                ]
                made = finished_headers(outcome.environ, given, message["status"])
                pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in made]
                message = {**message, "headers": pairs}
            await send(message)

        await self.app(scope, receive, finishing)


def _connexion_apps() -> Any:
    """Return Connexion's class of apps around Flask, if Connexion is imported: otherwise no app is one."""
    connexion = sys.modules.get("connexion")
    return () if connexion is None else (connexion.FlaskApp,)


def _outcome() -> _Outcome | None:
    outcome: _Outcome | None = request.environ.get("asgi.scope", {}).get(_KEY)
    return outcome


def _begin() -> None:
    if (outcome := _outcome()) is not None:
        outcome.environ = request.environ


def _end(response: Response) -> Response:
    if (outcome := _outcome()) is not None:
        outcome.environ = None  # Flask answers, and has finished the headers
    return response

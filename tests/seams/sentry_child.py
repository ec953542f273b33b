"""Imported in a process of its own, because Sentry's SDK changes the frameworks: what it sends of each fault.

:func:`main` prints a JSON object: by ``site: fault``, how many events were sent and what of the token is in them.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

SENT: list[Any] = []


class Recording(Transport):
    """Keeps what would be sent."""

    def capture_envelope(self, envelope: Envelope) -> None:
        """Keep the events, as they would go over the wire."""
        SENT.extend(json.loads(item.get_bytes()) for item in envelope.items)


# Before the frameworks are imported, as services do; integrations turn themselves on.
sentry_sdk.init(
    "http://key@127.0.0.1:9/1", transport=Recording, attach_stacktrace=True, traces_sample_rate=1.0
)

from django.test import override_settings  # noqa: E402
from fastapi import Depends, FastAPI, WebSocket  # noqa: E402
from fastapi.testclient import TestClient  # noqa: E402
from flask import Flask  # noqa: E402

from jwks_auth.testing import FakeIssuer  # noqa: E402
from jwks_auth_fastapi import JWTBearer, RequestRejected  # noqa: E402
from jwks_auth_fastapi.errors import rejection_response  # noqa: E402
from jwks_auth_flask import JWKSAuth  # noqa: E402
from jwks_auth_flask import require_jwt as flask_require_jwt  # noqa: E402
from jwks_auth_flask.errors import AuthRejected  # noqa: E402
from tests.contract.asgi_apps import ClientApp  # noqa: E402
from tests.contract.flask_apps import TestClientApp  # noqa: E402
from tests.seams.captured import is_ours, leaks  # noqa: E402
from tests.seams.faults import REFUSALS, faults  # noqa: E402
from tests.seams.sites import EVERY_SITE, Site  # noqa: E402

FRAMEWORKS_REQUEST = {"request", "conn", "scope", "environ", "websocket", "current", "args"}
"""Locals that are the framework's own request, which holds the header whatever we do."""


class Tattler(logging.Handler):
    """What an ``on_rejected`` does that reports each refusal: the error, and the stack of that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        """Report it."""
        if record.getMessage().startswith("request refused") and sys.exc_info()[1] is not None:
            sentry_sdk.capture_exception(sys.exc_info()[1])
            sentry_sdk.capture_message("refused")


ISSUER = "https://issuer.example/"
"""The name that the service's settings have for its issuer, which the log tells."""


def reported(event: Any) -> str:
    """All of *event* but the request's own data and the locals of frames that are not ours."""
    return json.dumps(_without_the_frameworks(event), ensure_ascii=False)


def _without_the_frameworks(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_the_frameworks(each) for each in node]
    if not isinstance(node, dict):
        return node
    public = ("request",) if node.get("issuer") != ISSUER else ("request", "issuer")  # the settings name it
    kept = {name: _without_the_frameworks(value) for name, value in node.items() if name not in public}
    if "vars" in kept and isinstance(kept["vars"], dict):
        ours = is_ours(str(kept.get("abs_path"))) or kept.get("function") in ("leaky",)
        kept["vars"] = {
            name: value for name, value in kept["vars"].items() if ours and name not in FRAMEWORKS_REQUEST
        }
    return kept


@contextmanager
def reporting(app: Any) -> Iterator[None]:
    """Error handlers of the framework's that report refusals."""

    def flask_handler(error: AuthRejected) -> Any:
        sentry_sdk.capture_exception(error)
        return error

    async def asgi_handler(conn: Any, error: Any) -> Any:
        sentry_sdk.capture_exception(error)
        return rejection_response(error.rejection)

    if isinstance(app, TestClientApp):
        flask: Flask = app.client.application
        flask.register_error_handler(AuthRejected, flask_handler)
    if isinstance(app, ClientApp):
        app.client.app.add_exception_handler(RequestRejected, asgi_handler)  # type: ignore[attr-defined]
    yield


def drf_handler(error: Exception, context: Any) -> Any:
    """What a project's ``EXCEPTION_HANDLER`` may do."""
    from rest_framework.views import exception_handler

    sentry_sdk.capture_exception(error)
    return exception_handler(error, context)


def outcome(site: Site, issuer: FakeIssuer, settings: dict[str, Any], values: list[str]) -> dict[str, Any]:
    """What is sent of one request."""
    SENT.clear()
    allowed = {"ALLOW_FAKE_ISSUER": True}  # no test runner is at work in this process
    with site({**issuer.settings(audience="api"), **allowed, **settings}) as app, reporting(app):
        answer = app.request("GET", "/me", [("Authorization", value) for value in values])
    raw = values[0].rpartition(" ")[2]
    told = "".join(map(reported, SENT))
    return {
        "status": answer.status,
        "events": len([e for e in SENT if "exception" in e]),
        "leaks": leaks(told, raw),
    }


def leaky(raw: str) -> dict[str, Any]:
    """The control: a frame of a test's that holds a token, and an error."""
    SENT.clear()
    try:
        raise ValueError("a")
    except ValueError as error:
        sentry_sdk.capture_exception(error)
    return {"status": 0, "events": len(SENT), "leaks": leaks("".join(map(reported, SENT)), raw)}


def fail(*args: Any) -> Any:
    """A loader or a view that fails."""
    raise RuntimeError("boom")


def in_flask(settings: dict[str, Any], headers: dict[str, str]) -> None:
    """A user loader that fails."""
    app = Flask("loads")
    app.config.from_mapping({f"JWKS_AUTH_{name}": value for name, value in settings.items()})
    JWKSAuth(app).user_loader(fail)
    app.add_url_rule("/me", "me", flask_require_jwt(lambda: "ok"))
    app.test_client().get("/me", headers=headers)


def in_fastapi(settings: dict[str, Any], headers: dict[str, str], loader: Any = None) -> None:
    """A user loader that fails, or else a WebSocket's route, whose token came as a subprotocol."""
    auth, app = JWTBearer(settings, websocket_subprotocol=True), FastAPI()
    asked = Depends(auth.user(loader) if loader else auth)

    async def stream(websocket: WebSocket, user: Any = asked) -> None:
        await websocket.accept("bearer")
        fail()

    app.add_api_route("/me", lambda: "ok", dependencies=[Depends(auth.user(fail))])
    app.add_api_websocket_route("/stream", stream)
    client = TestClient(app, raise_server_exceptions=False)
    client.get("/me", headers=headers)
    with (
        suppress(Exception),
        client.websocket_connect(
            "/stream", subprotocols=["bearer", headers["Authorization"].removeprefix("Bearer ")]
        ) as socket,
    ):
        socket.receive_text()


LOADERS = {
    "flask": in_flask,
    "fastapi": in_fastapi,
    "fastapi, WebSocket": lambda settings, headers: in_fastapi(settings, headers, fail),
}


def of_loader(name: str, issuer: FakeIssuer) -> dict[str, Any]:
    """What is sent where the user's own loader or route fails, and where its token was a subprotocol."""
    SENT.clear()
    headers = issuer.headers(sub="u1")
    LOADERS[name]({**issuer.settings(), "ALLOW_FAKE_ISSUER": True}, headers)
    told = "".join(map(reported, SENT))
    return {"status": 500, "events": len(SENT), "leaks": leaks(told, headers["Authorization"].split()[1])}


def main() -> None:
    """Every site, every fault and refusal."""
    logger = logging.getLogger("jwks_auth")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(Tattler())
    issuer = FakeIssuer()
    found = {"control: leaky": leaky(issuer.token())}
    found |= {f"loader: {name}": of_loader(name, issuer) for name in LOADERS}
    rest = {"DEFAULT_AUTHENTICATION_CLASSES": ["jwks_auth_django.rest_framework.JWTAuthentication"],
            "EXCEPTION_HANDLER": "tests.seams.sentry_child.drf_handler"}  # fmt: skip
    with override_settings(REST_FRAMEWORK=rest):
        for name, site in EVERY_SITE.items():
            raw = issuer.token(sub="u1")
            for fault, settings in faults(lambda: sentry_sdk.capture_message("asked")).items():
                found[f"{name}: {fault}"] = outcome(site, issuer, settings(issuer), [f"Bearer {raw}"])
            for refusal, values in REFUSALS.items():
                found[f"{name}: {refusal}"] = outcome(site, issuer, {}, values(issuer, raw))
            found[f"{name}: a good token"] = outcome(site, issuer, {}, [f"Bearer {raw}"])
    print(json.dumps(found))

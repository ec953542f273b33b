"""Send requests to an app in a process of its own: ``python -m tests.migrations.send FILE``, orders on stdin."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

Pairs = list[list[str]]
Answer = tuple[int, str | None]
Send = Callable[[str, Pairs], Answer]


def load(path: Path) -> ModuleType:
    """The module in *path*, under the name that a reader's file would have."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def client(module: ModuleType) -> Send:
    """The framework's test client for the module's app; errors of the app become answers, as on a server."""
    app = getattr(module, "app", None)
    if app is None:
        return _django()
    return _flask(app) if hasattr(app, "test_client") else _fastapi(app)


def _django() -> Send:
    from django.test import Client

    made = Client(raise_request_exception=False)

    def send(path: str, headers: Pairs) -> Answer:
        joined = ",".join(value for _, value in headers)  # as servers hand over a header sent twice
        answer = made.get(path, **({"HTTP_AUTHORIZATION": joined} if headers else {}))
        return answer.status_code, answer.headers.get("WWW-Authenticate")

    return send


def _flask(app: Any) -> Send:
    made = app.test_client()

    def send(path: str, headers: Pairs) -> Answer:
        answer = made.get(path, headers=[tuple(pair) for pair in headers])
        return answer.status_code, answer.headers.get("WWW-Authenticate")

    return send


def _fastapi(app: Any) -> Send:
    from fastapi.testclient import TestClient

    made = TestClient(app, raise_server_exceptions=False)
    started: list[Any] = []

    def send(path: str, headers: Pairs) -> Answer:
        if not started:  # at the first request: a process that forks must not have threads
            started.append(made.__enter__())
        answer = made.get(path, headers=[(name, value) for name, value in headers])
        return answer.status_code, answer.headers.get("WWW-Authenticate")

    return send


def said(module: ModuleType) -> dict[str, Any]:
    """The settings that the module gives its package: names in capitals, and those of a Flask app."""
    named = {name: value for name, value in vars(module).items() if name.isupper()}
    return {**named, **getattr(getattr(module, "app", None), "config", {})}


def read(module: ModuleType) -> dict[str, Any]:
    """Our settings: for an app of ours those it has, else what ``doctor`` makes of the module's."""
    from jwks_auth import cli

    found, settings = said(module), getattr(module, "settings", None)
    if "JWKS_AUTH" in found:
        return dict(found["JWKS_AUTH"])
    if type(settings).__name__ == "JWKSAuthSettings":
        return {name.upper(): value for name, value in settings.model_dump(exclude_unset=True).items()}
    prefix = "JWKS_AUTH_"
    own = {name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix)}
    return own or cli.doctor(found).facts.get("values", {})


def main() -> None:
    """Carry out each order: a request, one in a copy of the process as it was at the start, or the settings."""
    module = load(Path(sys.argv[1]))
    for name, url in json.loads(os.environ.get("PLACES", "{}")).items():
        *path, last = name.split(".")
        place: Any = module
        for each in path:
            place = getattr(place, each)
        setattr(place, last, url)
    send = client(module)
    os.write(1, b'"ready"\n')
    for line in sys.stdin:
        order = json.loads(line)
        if order.get("alone") and (child := os.fork()):
            os.waitpid(child, 0)
            continue
        answer = read(module) if "settings" in order else send(order["path"], order["headers"])
        os.write(1, json.dumps(answer).encode() + b"\n")
        if order.get("alone"):
            os._exit(0)


if __name__ == "__main__":
    main()

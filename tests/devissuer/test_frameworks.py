"""One line in each framework's own development server, and what its production server makes of the same issuer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from jwks_auth.devissuer import DevServer
from jwks_auth.devissuer.made import MadeToken, made
from tests.adapters.django.daemons import free_port
from tests.patience import PATIENCE, eventually

PROJECTS = Path(__file__).parents[2] / "example_projects"

DJANGO = ("-m", "django", "runserver", "{port}", "--noreload", "--settings=settings", "--pythonpath=.")
FLASK = ("-m", "flask", "--app", "app:create_app")
COMMANDS: dict[str, tuple[str, tuple[str, ...], dict[str, str]]] = {
    "flask --debug run": ("flask_api", (*FLASK, "--debug", "run", "--port={port}"), {}),
    "flask run": ("flask_api", (*FLASK, "run", "--port={port}"), {}),
    "uvicorn": ("fastapi_api", ("-m", "uvicorn", "app:app", "--port={port}"), {}),
    "DEBUG=1 runserver": ("django_api", DJANGO, {"DEBUG": "1"}),
    "runserver": ("django_api", DJANGO, {}),
}
REFUSES = {"flask run", "runserver"}


@contextmanager
def started(command: str, issuer: str, log: Path) -> Iterator[str]:
    """The URL of an example app, started as a developer starts it, with the issuer in its environment."""
    folder, arguments, more = COMMANDS[command]
    port = str(free_port())
    env = {
        **os.environ,
        "JWKS_AUTH_ISSUER": issuer,
        "JWKS_AUTH_AUDIENCE": "api",
        "no_proxy": "127.0.0.1",
        **more,
    }
    env.pop("DJANGO_SETTINGS_MODULE", None)
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, *(each.format(port=port) for each in arguments)],
            cwd=PROJECTS / folder, env=env, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        assert eventually(lambda: answers(url)), log.read_text()
        yield url
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(url: str) -> bool:
    """Whether the app is up."""
    try:
        return requests.get(f"{url}/public", timeout=PATIENCE).status_code == 200
    except requests.ConnectionError:
        return False


@pytest.mark.parametrize("command", COMMANDS)
def test_one_line_in_each_framework(command: str, server: DevServer) -> None:
    """A token of the dev issuer is good in debug mode; Flask and Django refuse it without; FastAPI's log warns."""
    token = made(server.issuer, MadeToken("ada", scope="orders:read")).token
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with started(command, server.issuer.issuer, log) as url:
            headers = {"Authorization": f"Bearer {token}"}
            answer = requests.get(f"{url}/orders", headers=headers, timeout=PATIENCE)
        assert answer.status_code == (503 if command in REFUSES else 200), log.read_text()
        told = "FakeIssuer" in log.read_text()
    assert told is (command in REFUSES or command == "uvicorn")

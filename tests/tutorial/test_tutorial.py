"""The tutorial, followed in an empty folder in each framework: every file, every request, every answer it shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from example_projects.demo.servers import AppServer, gunicorn, uvicorn
from tests.needs import need_module
from tests.patience import PATIENCE
from tests.tutorial.pages import Request, files, requests

STEPS = ["first-route", "scopes", "users"]
FRAMEWORKS = {"Django": "django", "Flask": "flask", "FastAPI": "fastapi"}


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The provider of the first page, running; the variables that it prints."""
    folder = tmp_path_factory.mktemp("provider")
    (folder / "provider.py").write_text(files("index", "Flask")["provider.py"])
    with subprocess.Popen(
        [sys.executable, "provider.py"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        yield dict(re.findall(r"export (\w+)=(.*)", "".join(lines)))
        process.communicate("\n", timeout=PATIENCE)


@pytest.fixture(scope="module", params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    """The tab that the reader has chosen."""
    need_module(FRAMEWORKS[request.param])
    if request.param == "Django":
        need_module("rest_framework")
    return str(request.param)


@pytest.fixture(scope="module")
def folder(framework: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reader's folder, which grows from step to step."""
    made = tmp_path_factory.mktemp("shop")
    if framework == "Django":
        command = [sys.executable, "-m", "django", "startproject", "shop", str(made)]
        subprocess.run(command, check=True)
    return made


def write(folder: Path, page: str, framework: str) -> None:
    """Write the page's files; to Django's settings it adds."""
    for name, text in files(page, framework).items():
        with (folder / name).open("a" if name.endswith("settings.py") else "w") as file:
            file.write(text)


def run(folder: Path, *command: str) -> str:
    """What a command in the folder prints, without the provider's variables; it has to succeed."""
    environment = {name: value for name, value in os.environ.items() if name != "ISSUER"}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def server(framework: str, folder: Path, env: dict[str, str]) -> AppServer:
    """The app, as a server runs it; Flask's is in debug mode, as the page starts it."""
    if framework == "Django":
        return gunicorn("django", "shop.wsgi", cwd=folder, env=env)
    if framework == "Flask":
        return gunicorn("flask", "app:app", cwd=folder, env={**env, "FLASK_DEBUG": "1"})
    return uvicorn("fastapi", "main:app", cwd=folder, env=env)


def check(asked: Request, app: AppServer) -> None:
    """The answer is the one on the page."""
    answer = app.request(asked.path, asked.headers.items(), method=asked.method, body=asked.body)
    if not asked.with_head:
        assert json.loads(answer.body) == json.loads(asked.shown[0]), app.log()
        return
    status, *fields = asked.shown
    assert answer.status == int(status.split()[1]), app.log()
    for name, _, value in (line.partition(": ") for line in fields):
        assert answer.headers[name.lower()] == [value]


@pytest.mark.parametrize("step", STEPS)
def test_a_step_answers_as_the_page_shows(
    step: str, framework: str, folder: Path, provider: dict[str, str]
) -> None:
    """Each step on top of the one before."""
    write(folder, step, framework)
    if framework == "Django":
        assert "no issues" in run(folder, "manage.py", "check")
        run(folder, "manage.py", "migrate", *([] if step == "users" else ["--plan"]))
    asked = requests(step, framework, provider)
    assert len(asked) >= 2
    with server(framework, folder, {"ISSUER": provider["ISSUER"]}) as app:
        for each in asked:
            check(each, app)


def test_the_tests_of_the_last_step_pass(framework: str, folder: Path) -> None:
    """Without the provider; and each of them was collected."""
    write(folder, "tests", framework)
    command = ["manage.py", "test"] if framework == "Django" else ["-m", "pytest", "-p", "no:cacheprovider"]
    assert re.search(r"Ran 5 tests|5 passed", run(folder, *command))


def test_every_framework_takes_the_same_steps() -> None:
    """Each page has files for each framework, and all show the same requests."""
    for page in [*STEPS, "tests"]:
        assert all(files(page, framework) for framework in FRAMEWORKS)
    names = dict.fromkeys(["ISSUER", "TOKEN", "READER", "WRITER"], "x")
    for page in STEPS:
        shown = [requests(page, framework, names) for framework in FRAMEWORKS]
        assert shown[0] == shown[1] == shown[2]

"""The README's snippets, pasted by a newcomer into new projects and run by real servers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from example_projects.demo.servers import AppServer, gunicorn, uvicorn
from jwks_auth.testing import FakeIssuer
from tests.needs import need_module

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
NAMED = re.compile(r"`(\w+\.py)`:\n\n```python\n(.*?)```", re.DOTALL)
UNNAMED = re.compile(r"(?<!:)\n\n```python\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)\)")

AUDIENCE = "https://api.acme.dev"


@pytest.fixture(scope="module")
def issuer() -> Iterator[FakeIssuer]:
    """Stands for the provider whose URL the README shows."""
    with FakeIssuer.serve() as issuer:
        yield issuer


def pasted(issuer: FakeIssuer) -> dict[str, str]:
    """The README's files by name, with the provider's URL put in."""
    return {
        name: text.replace("https://acme.eu.auth0.com/", issuer.issuer)
        for name, text in NAMED.findall(README)
    }


def django(files: dict[str, str], folder: Path) -> AppServer:
    """A project as ``django-admin startproject`` makes it, with the README's additions."""
    command = [sys.executable, "-m", "django", "startproject", "mysite", str(folder)]
    subprocess.run(command, check=True)
    with (folder / "mysite" / "settings.py").open("a") as settings:
        settings.write(files["settings.py"])
    (folder / "mysite" / "urls.py").write_text(files["urls.py"])
    return gunicorn("django", "mysite.wsgi", cwd=folder, env={})


def flask(files: dict[str, str], folder: Path) -> AppServer:
    """One file, in debug mode, as the keys are a fake issuer's."""
    (folder / "app.py").write_text(files["app.py"])
    return gunicorn("flask", "app:app", cwd=folder, env={"FLASK_DEBUG": "1"})


def fastapi(files: dict[str, str], folder: Path) -> AppServer:
    """One file."""
    (folder / "main.py").write_text(files["main.py"])
    return uvicorn("fastapi", "main:app", cwd=folder, env={})


@pytest.mark.parametrize("framework", [django, flask, fastapi], ids=lambda framework: framework.__name__)
def test_a_snippet_works_when_pasted(
    framework: Callable[[dict[str, str], Path], AppServer], issuer: FakeIssuer, tmp_path: Path
) -> None:
    """Five minutes: paste, start, and the answers are right."""
    need_module(framework.__name__)
    with framework(pasted(issuer), tmp_path) as server:
        assert server.request("/me").status == 401
        good = server.request("/me", issuer.headers(sub="u1", aud=AUDIENCE).items())
        assert good.status == 200, (good, server.log())
        assert json.loads(good.body)["sub"] == "u1"
        assert server.request("/orders", issuer.headers(aud=AUDIENCE).items()).status == 403
        granted = issuer.headers(aud=AUDIENCE, scope="orders:read")
        assert server.request("/orders", granted.items()).status == 200


@pytest.mark.parametrize("snippet", UNNAMED.findall(README))
def test_a_snippet_without_a_framework_runs(snippet: str) -> None:
    """What stands outside a named file runs as it is."""
    exec(compile(snippet, "README.md", "exec"), {})


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]))
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link names a file that is there."""
    missing = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert missing == []


def test_every_guide_is_named() -> None:
    """A reader on the README finds each guide, or the first page of its kind."""
    links = set(LINK.findall(README))
    assert {f"docs/{kind}/index.md" for kind in ("how-to", "explanation", "reference", "migrations")} <= links
    guides = {str(page.relative_to(ROOT)) for page in ROOT.glob("docs/how-to/*.md")}
    named = {
        f"docs/how-to/{link}" for link in LINK.findall((ROOT / "docs" / "how-to" / "index.md").read_text())
    }
    assert guides - {"docs/how-to/index.md"} <= named

"""The README's snippets, pasted by a newcomer into new projects and run by real servers."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
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
REPOSITORY = "https://github.com/jwks-auth/jwks-auth"
RAW = "https://raw.githubusercontent.com/jwks-auth/jwks-auth"
BASES = (f"{REPOSITORY}/blob/main/", f"{RAW}/main/")
Snippets = Callable[[str], str]
"""Returns a page's text, with the provider's URL put in."""
LINK = re.compile(r"\]\(([^)#:]+)\)")

AUDIENCE = "https://api.acme.dev"


@pytest.fixture(scope="module")
def issuer() -> Iterator[FakeIssuer]:
    """Stands for the provider whose URL the README shows."""
    with FakeIssuer.serve() as issuer:
        yield issuer


def django(snippets: Snippets, folder: Path) -> AppServer:
    """A project as ``django-admin startproject`` makes it, with the additions of Django's first page."""
    files = dict(NAMED.findall(snippets("docs/how-to/django/start.md")))
    command = [sys.executable, "-m", "django", "startproject", "mysite", str(folder)]
    subprocess.run(command, check=True)
    with (folder / "mysite" / "settings.py").open("a") as settings:
        settings.write(files["settings.py"])
    (folder / "mysite" / "urls.py").write_text(files["urls.py"])
    return gunicorn("django", "mysite.wsgi", cwd=folder, env={})


def flask(snippets: Snippets, folder: Path) -> AppServer:
    """Flask's first page, in debug mode, as the keys are a fake issuer's."""
    first = re.findall(r"```python\n(.*?)```", snippets("docs/how-to/flask.md"), re.DOTALL)[0]
    (folder / "app.py").write_text(first)
    return gunicorn("flask", "app:app", cwd=folder, env={"FLASK_DEBUG": "1"})


def fastapi(snippets: Snippets, folder: Path) -> AppServer:
    """The README's one file."""
    (folder / "main.py").write_text(dict(NAMED.findall(snippets("README.md")))["main.py"])
    return uvicorn("fastapi", "main:app", cwd=folder, env={})


@pytest.mark.parametrize("framework", [django, flask, fastapi], ids=lambda framework: framework.__name__)
def test_a_snippet_works_when_pasted(
    framework: Callable[[Snippets, Path], AppServer], issuer: FakeIssuer, tmp_path: Path
) -> None:
    """Five minutes: paste, start, and the answers are right; for the README's framework and those it links to."""
    need_module(framework.__name__)

    def snippets(page: str) -> str:
        return (ROOT / page).read_text().replace("https://acme.eu.auth0.com/", issuer.issuer)

    with framework(snippets, tmp_path) as server:
        assert server.request("/orders").status == 401
        assert server.request("/orders", issuer.headers(aud=AUDIENCE).items()).status == 403
        granted = issuer.headers(sub="u1", aud=AUDIENCE, scope="orders:read")
        good = server.request("/orders", granted.items())
        assert good.status == 200, (good, server.log())


def test_the_first_app_has_twelve_lines() -> None:
    """As the README promises by its length."""
    assert len(dict(NAMED.findall(README))["main.py"].splitlines()) == 12


@pytest.mark.parametrize("snippet", UNNAMED.findall(README))
def test_a_snippet_without_a_framework_runs(snippet: str) -> None:
    """What stands outside a named file runs as it is."""
    exec(compile(snippet, "README.md", "exec"), {})


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]))
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link names a file that is there."""
    missing = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert missing == []


def test_no_link_of_the_readme_is_relative() -> None:
    """PyPI shows the README where relative links lead nowhere; each absolute one names a file that is there."""
    assert LINK.findall(README) == []
    inside = [link for base in BASES for link in re.findall(rf"\]\({re.escape(base)}([^)#]+)[)#]", README)]
    assert len(inside) > 20
    assert [link for link in inside if not (ROOT / link).exists()] == []
    assert README.count(REPOSITORY) + README.count(RAW) == len(inside) + README.count(f"git+{REPOSITORY}")


def test_each_page_names_one_repository() -> None:
    """It is a placeholder until there is one, and then is replaced everywhere."""
    about = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert about["urls"]["Source"] == REPOSITORY
    assert all(url.startswith(REPOSITORY) for url in about["urls"].values())
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        named = re.findall(
            r"https://(?:raw\.githubusercontent|github)\.com/[\w-]+/jwks-auth\b", page.read_text()
        )
        assert set(named) <= {REPOSITORY, RAW}, page


def test_badges_say_what_is_true() -> None:
    """The versions are those that are tested, as the classifiers are."""
    about = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    versions = [each.split(" :: ")[-1] for each in about["classifiers"] if ":: Python :: 3." in each]
    assert f"![Python {versions[0]} to {versions[-1]}]" in README
    assert f"python-{versions[0]}_to_{versions[-1]}-" in README
    assert f"license-{about['license']}-" in README


def test_each_measured_number_is_a_benchmark_s() -> None:
    """The bold figures, and the commands, stand in benchmarks/README.md."""
    measured = README.split("| measured |")[1].split("\n\n")[0]
    told = (ROOT / "benchmarks" / "README.md").read_text()
    commands = re.findall(r"`(python -m benchmarks[^`]*)`", measured)
    assert len(commands) == 4
    assert [each for each in commands if each not in told] == []
    figures = re.findall(r"\*\*([\d.,]+)\*\*", measured)
    assert [each for each in figures if not re.search(rf"\b{re.escape(each)}\b", told)] == []


def test_every_guide_is_named() -> None:
    """A reader on the README finds each guide, or the first page of its kind."""
    for kind in ("how-to", "explanation", "reference", "migrations"):
        assert f"({BASES[0]}docs/{kind}/index.md)" in README
    guides = {str(page.relative_to(ROOT)) for page in ROOT.glob("docs/how-to/*.md")}
    named = {
        f"docs/how-to/{link}" for link in LINK.findall((ROOT / "docs" / "how-to" / "index.md").read_text())
    }
    assert guides - {"docs/how-to/index.md"} <= named

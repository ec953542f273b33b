"""docs/how-to/production.md: its list is the one that commands print, and its snippets run."""

from __future__ import annotations

import ast
import json
import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from jwks_auth import InvalidTokenError, cli
from jwks_auth.adapters import Authenticator
from jwks_auth.stores import FileStore
from jwks_auth.testing import FakeIssuer
from tests.needs import need_module

PAGE = (Path(__file__).parent.parent / "docs" / "how-to" / "production.md").read_text()
ROWS = dict(re.findall(r"^\| ([\w ]+?) \| ([\w ,]+?) \|", PAGE.split("## Workers")[0], re.MULTILINE))


def listed() -> list[str]:
    """The names of all items that the code can print, in its order."""
    code = ast.parse(Path(cli.__file__).with_name("checklist.py").read_text())
    calls = [each for each in ast.walk(code) if isinstance(each, ast.Call)]
    made = [each for each in calls if isinstance(each.func, ast.Name) and each.func.id == "Item"]
    names = [ast.literal_eval(each.args[0]) for each in sorted(made, key=lambda call: call.lineno)]
    return list(dict.fromkeys(names))


def test_the_page_has_each_item_of_the_list_and_no_other() -> None:
    """Whoever reads a line in the terminal finds it here."""
    assert sorted(set(ROWS) - {"item"}) == sorted(listed())


def test_the_page_says_who_judges() -> None:
    """What the program leaves to people is theirs on the page."""
    authenticator = Authenticator({"ISSUER": "https://id.example/", "AUDIENCE": "api"})
    judged = {item.name: item.ok for item in cli.checklist(authenticator, debug=False, routes=())}
    assert {name: "you" in ROWS[name] for name in judged} == {
        name: verdict is None for name, verdict in judged.items()
    }


def test_each_link_within_the_page_leads_to_a_heading() -> None:
    """The table's last column sends readers on."""
    headings = {found.lower().replace(" ", "-") for found in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([\w-]+)\)", PAGE)) <= headings


def snippet(word: str) -> str:
    """The page's code that has *word*."""
    found = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    [code] = [each for each in found if word in each]
    return "\n".join(line.removeprefix("    ") for line in code.splitlines())


def run(word: str, **names: Any) -> dict[str, Any]:
    """The names that a snippet leaves behind."""
    exec(compile(snippet(word), "production.md", "exec"), names)
    return names


@pytest.mark.parametrize("is_down", [False, True])
def test_flask_is_ready_with_keys(is_down: bool) -> None:
    """200, or 503 while there are none to be had."""
    need_module("flask")
    from flask import Flask

    from jwks_auth_flask import JWKSAuth

    with FakeIssuer.serve() as issuer, issuer.outage() if is_down else nullcontext():
        app = Flask(__name__)
        app.config |= {"JWKS_AUTH_ISSUER": issuer.issuer, "JWKS_AUTH_AUDIENCE": "api", "TESTING": True}
        run("@app.get", app=app, auth=JWKSAuth(app))
        answer = app.test_client().get("/ready")
        assert (answer.status_code, answer.json) == (503 if is_down else 200, {"ready": not is_down})


@pytest.mark.parametrize("is_down", [False, True])
def test_fastapi_is_ready_with_keys(is_down: bool) -> None:
    """200, or 503 while there are none to be had."""
    need_module("fastapi")
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from jwks_auth_fastapi import JWTBearer

    with FakeIssuer.serve() as issuer, issuer.outage() if is_down else nullcontext():
        app = FastAPI()
        run("auth.health", app=app, auth=JWTBearer(issuer.settings()))
        assert TestClient(app).get("/ready").status_code == (503 if is_down else 200)


@pytest.mark.parametrize("is_down", [False, True])
def test_django_is_ready_with_keys(is_down: bool) -> None:
    """200, or 503 while there are none to be had."""
    need_module("django")
    from django.test import RequestFactory, override_settings

    import tests.django_site  # noqa: F401 - sets Django up

    with FakeIssuer.serve() as issuer, issuer.outage() if is_down else nullcontext():
        with override_settings(JWKS_AUTH={"ISSUER": issuer.issuer, "AUDIENCE": "api"}, DEBUG=True):
            answer = run("HttpRequest")["ready"](RequestFactory().get("/ready"))
        assert (answer.status_code, json.loads(answer.content)) == (
            503 if is_down else 200,
            {"ready": not is_down},
        )


def test_refresh_gives_new_workers_the_keys_of_now(tmp_path: Path) -> None:
    """After a key was stolen: the command renews the store's record, and a worker that starts has no withdrawn key."""
    with FakeIssuer.serve() as issuer:
        settings = {"ISSUER": issuer.issuer, "AUDIENCE": "api", "STORE": FileStore(tmp_path)}
        stolen = issuer.token(aud="api")
        Authenticator(settings, in_tests=True).warm_up()
        [kid] = [key["kid"] for key in issuer.jwks()["keys"]]
        issuer.rotate()
        issuer.withdraw(kid)
        assert Authenticator(settings, in_tests=True).verifier.verify(stolen).subject
        assert cli.refresh(Authenticator(settings, in_tests=True)).ok
        with pytest.raises(InvalidTokenError, match="unknown key"):
            Authenticator(settings, in_tests=True).verifier.verify(stolen)

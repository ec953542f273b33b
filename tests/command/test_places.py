"""Places of settings in this process: the environment, files of variables, apps, and what is wrong with them."""

from __future__ import annotations

import errno
import io
import json
import os
import runpy
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from jwks_auth import cli
from jwks_auth.adapters import Authenticator, Requirement
from jwks_auth.command import Judge, Place, Terminal, UsageError, main, script
from jwks_auth.command.apps import place_of, place_of_app
from jwks_auth.command.environment import Environment
from jwks_auth.command.imports import imported
from jwks_auth.testing import FakeIssuer
from jwks_auth_flask import JWKSAuth, require_jwt
from tests.command.programs import Outcome, called


def run(variables: dict[str, str], *arguments: str, typed: str = "") -> Outcome:
    """The outcome with these variables alone."""
    err = io.StringIO()
    place = Environment(variables, tell=lambda text: print(text, file=err))
    done = called(*arguments, place=place, typed=typed)
    return done._replace(err=err.getvalue() + done.err)


def test_several_issuers_as_fastapi_reads_them() -> None:
    """``JWKS_AUTH_ISSUERS__ACME__ISSUER``, in any case; and a name that is none is told."""
    with FakeIssuer.serve() as one, FakeIssuer.serve() as two:
        variables = {
            "JWKS_AUTH_ISSUERS__ONE__ISSUER": one.issuer,
            "JWKS_AUTH_ISSUERS__ONE__AUDIENCE": "api",
            "jwks_auth_issuers__two__issuer": two.issuer,
            "JWKS_AUTH_AUDIENCE": "other",
            "JWKS_AUTH_NONSENSE": "1",
            "JWKS_AUTH_OPENAPI__KIND": "bearer",
        }
        done = run(variables, "show", "--json")
        assert [each["issuer"] for each in json.loads(done.out)["issuers"]] == [one.issuer, two.issuer]
        assert "JWKS_AUTH_NONSENSE is not a setting" in done.err
        assert run(variables, "verify", typed=two.token(aud="other")).status == 0
        assert run(variables, "verify", typed=two.token(aud="api")).status == 1


def test_variables_of_flask_count_where_there_are_no_others() -> None:
    """As ``app.config.from_prefixed_env()`` reads them."""
    with FakeIssuer.serve() as issuer:
        flask = {"FLASK_JWKS_AUTH_ISSUER": issuer.issuer, "FLASK_JWKS_AUTH_AUDIENCE": "api"}
        assert run(flask, "check").status == 0
        assert run({**flask, "JWKS_AUTH_AUDIENCE": "api"}, "check").status == 2


def test_options_replace_variables(tmp_path: Path) -> None:
    """An issuer on the command line also replaces where the other one's keys are; a file gives way to variables."""
    with FakeIssuer.serve() as issuer:
        variables = {
            "JWKS_AUTH_ISSUER": "https://id.example/",
            "JWKS_AUTH_JWKS_URI": "http://127.0.0.1:1/",
            "JWKS_AUTH_AUDIENCE": "api",
        }
        assert run(variables, "show").status == 1
        assert run(variables, "show", "--issuer", issuer.issuer).status == 0
        env_file = tmp_path / "live.env"
        env_file.write_text(f"JWKS_AUTH_ISSUER={issuer.issuer}\nJWKS_AUTH_AUDIENCE=elsewhere\n")
        typed = issuer.token(aud="api")
        assert run({}, "verify", "--env-file", str(env_file), typed=typed).status == 1
        assert run({}, "verify", "--env-file", str(env_file), "--audience", "api", typed=typed).status == 0
        assert (
            run({"JWKS_AUTH_AUDIENCE": "api"}, "explain", "--env-file", str(env_file), typed=typed).status
            == 0
        )


def test_check_of_one_issuer_gives_settings_to_paste() -> None:
    """For each framework; with the provider if it is named; none for an issuer that can't be reached."""
    with FakeIssuer.serve() as issuer:
        done = run({}, "check", issuer.issuer)
        assert done.status == 0
        assert f"    'ISSUER': '{issuer.issuer}'," in done.out
        assert f"""app.config["JWKS_AUTH_ISSUER"] = '{issuer.issuer}'""" in done.out
        assert f"JWKS_AUTH_ISSUER={issuer.issuer}" in done.out
        told = json.loads(run({}, "check", issuer.issuer, "--json").out)
        assert len(told["settings"]) == 3
        with issuer.outage():
            assert "settings" not in json.loads(run({}, "check", issuer.issuer, "--json").out)
    done = run(
        {"JWKS_AUTH_TIMEOUT": "0.5", "HTTPS_PROXY": ""},
        "check",
        "https://127.0.0.1:1/",
        "--provider",
        "auth0",
    )
    assert done.status == 1


def test_deploy_fails_for_what_is_not_ok() -> None:
    """Without ``--deploy`` the list is only shown."""
    with FakeIssuer.serve() as issuer:
        variables = {"JWKS_AUTH_ISSUER": issuer.issuer, "JWKS_AUTH_AUDIENCE": "api"}
        assert run(variables, "check").status == 0
        assert run(variables, "check", "--deploy").status == 1


@pytest.fixture
def flask_app() -> Flask:
    """An app with two instances."""
    app = Flask("two", static_folder=None)
    app.testing = True
    app.config.from_mapping(FakeIssuer().settings(audience="api", prefix="JWKS_AUTH_"))
    app.config.from_mapping(FakeIssuer("https://b.example/").settings(audience="api", prefix="B_JWKS_AUTH_"))
    JWKSAuth(app)
    second = JWKSAuth(app, name="b")
    app.add_url_rule("/a", "a", require_jwt(lambda: {}))
    app.add_url_rule("/b", "b", second.require_jwt(scopes="x")(lambda: {}))
    app.add_url_rule("/open", "open", lambda: {})
    return app


def test_instances_of_a_flask_app(flask_app: Flask) -> None:
    """Each is shown under its name; a route is judged by those that guard it."""
    place = place_of(flask_app, "main:app")
    theirs = FakeIssuer("https://b.example/")
    flask_app.config["B_JWKS_AUTH_JWKS"] = theirs.jwks
    told = json.loads(called("show", "--json", place=place).out)
    assert [each["service"] for each in told["issuers"]] == ["default", "b"]
    done = called("verify", "--json", "--route", "/b", place=place, typed=theirs.token())
    assert json.loads(done.out)["code"] is not None
    assert called("verify", "--route", "/open", place=place, typed="x").status == 1
    assert called("verify", "--route", "/nowhere", place=place, typed="x").status == 2
    assert called("check", "--name", "b", place=place).status == 0
    assert called("doctor", place=place).status == 1
    assert called("check", "https://127.0.0.1:1/", place=place).status == 1


def test_a_flask_app_without_the_extension_is_a_mistake() -> None:
    """One sentence, with the remedy; and an extension names no app."""
    done = called("check", place=place_of(Flask("bare"), "main:app"))
    assert done.status == 2
    assert "has no JWKSAuth" in done.err
    done = called("check", "--app", "tests.command.test_places:EXTENSION")
    assert done.status == 2
    assert "a JWKSAuth keeps no app" in done.err


EXTENSION = JWKSAuth()
NUMBER = 7


def test_an_app_in_the_environment_is_delegated_to(flask_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every subcommand asks the app; its own settings exclude those of the command line."""
    monkeypatch.setattr("tests.command.test_places.EXTENSION", flask_app)
    app = ("--app", "tests.command.test_places:EXTENSION")
    assert called("show", *app).status == 0
    assert called("routes", *app).status == 0
    assert called("check", *app).status == 0
    assert called("doctor", *app).status == 1
    assert called("check", "https://127.0.0.1:1/", *app).status == 1
    assert called("verify", "--route", "/a", *app, typed="x").status == 1
    for said in (("--issuer", "x"), ("--audience", "x"), ("--provider", "x")):
        done = called("show", *app, *said)
        assert done.status == 2
        assert "exclude each other" in done.err


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("tests.command.test_places:NUMBER", "is a int, expected an app"),
        ("tests.command.test_places:NOTHING", "has no NOTHING"),
        ("tests.command.test_places:fails()", "ZeroDivisionError, at tests/command/test_places.py"),
        ("nothing_of_that_name", "expected MODULE:NAME"),
        ("nothing_of_that_name:app", "there is no module"),
    ],
)
def test_an_app_that_is_none(path: str, said: str) -> None:
    """One sentence."""
    with pytest.raises(UsageError, match=r".") as caught:
        place_of_app(path)
    assert said in str(caught.value)


def fails() -> None:
    """Fail."""
    raise ZeroDivisionError("hunter2")


def test_the_current_folder_is_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for servers; a module that lacks another says so."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each not in ("", str(tmp_path))])
    (tmp_path / "of_a_folder.py").write_text("x = 1")
    assert imported("of_a_folder", "--app").x == 1
    (tmp_path / "lacking_one.py").write_text("import nothing_of_that_name")
    with pytest.raises(UsageError, match="imports nothing_of_that_name, which is not installed"):
        imported("lacking_one", "--app")


def test_flask_has_the_same_words(flask_app: Flask) -> None:
    """The same subcommands, with the same options, but for those that choose the service."""
    told = flask_app.test_cli_runner().invoke(args=["jwks", "--help"]).output
    for name in ("check", "show", "refresh", "verify", "explain", "routes", "doctor"):
        assert f"  {name} " in told.replace("\n", " \n")
        theirs = words(flask_app.test_cli_runner().invoke(args=["jwks", name, "--help"]).output)
        ours = words(called_help(name))
        assert ours - theirs == {"--app", "--env-file", "--issuer", "--audience", "--provider"}
        assert theirs - ours == {"--name"}


def called_help(name: str) -> str:
    """The help of a subcommand of ``jwks-auth``."""
    command = [sys.executable, "-m", "jwks_auth", name, "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def words(text: str) -> set[str]:
    """The options in a help text."""
    return {word.strip("[],") for word in text.split() if word.strip("[]").startswith("--")}


def test_refresh_of_flask(flask_app: Flask) -> None:
    """Flask has it, too."""
    done = flask_app.test_cli_runner().invoke(args=["jwks", "refresh", "--name", "default"])
    assert done.exit_code == 0
    assert "keys, added: none, removed: none" in done.output


class Nowhere(Place):
    """A place without anything."""

    def services(self, options: Namespace) -> dict[str, Any]:
        """Return none."""
        return {}

    def judges(self, options: Namespace) -> dict[str, Judge]:
        """Return one."""
        return {"": Judge(Authenticator(FakeIssuer().settings()), (Requirement(),))}


class Unguarded(Nowhere):
    """An app that has a route and no authenticator."""

    def services(self, options: Namespace) -> dict[str, Any]:
        """Find none."""
        raise UsageError("no JWTBearer")

    def rows(self, options: Namespace) -> list[cli.RouteRow]:
        """Return the route."""
        return [cli.RouteRow("/open", "GET", None)]


def test_an_app_without_a_service_has_routes_too(flask_app: Flask) -> None:
    """The kinds of tokens are told where there is somebody who takes them."""
    done = called("routes", "--json", place=Unguarded())
    assert (done.status, json.loads(done.out)["tokens"]) == (0, [])
    told = flask_app.test_cli_runner().invoke(args=["jwks", "routes"]).output
    assert told.splitlines()[-1] == "kinds of tokens for b: jwt"


def test_a_place_has_what_it_does_not_say() -> None:
    """No routes, no debug mode, no peers."""
    assert called("routes", place=Nowhere()).status == 2
    assert called("doctor", place=Nowhere()).status == 1
    assert called("check", place=Nowhere()).status == 0
    assert called("check", "https://127.0.0.1:1/", place=Nowhere()).status == 1
    assert called("verify", place=Nowhere(), typed="x").status == 1


def test_an_interrupt_ends_without_a_traceback() -> None:
    """Exit status 130."""

    class Interrupted(Nowhere):
        def services(self, options: Namespace) -> dict[str, Any]:
            raise KeyboardInterrupt

    assert called("show", place=Interrupted()).status == 130


def test_the_script_keeps_standard_output_for_the_report(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an app prints goes to standard errors; a reader that has left is no fault."""
    monkeypatch.setattr(sys, "argv", ["jwks-auth", "completion", "bash"])
    assert script() == 0
    assert "complete -o default" in capfd.readouterr().out
    monkeypatch.setattr(sys, "argv", ["jwks-auth", "doctor", "--app", "tests.command.printing:app"])
    assert script() in (1, 2)
    monkeypatch.setattr(sys, "argv", ["jwks-auth"])
    with pytest.raises(SystemExit, match="2"):
        runpy.run_path(str(Path(cli.__file__).parents[1] / "__main__.py"), run_name="__main__")


def test_a_pipe_that_closes_early(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its own exit status."""

    class Closed(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

        def fileno(self) -> int:
            return opened.fileno()

    with (tmp_path / "out").open("w") as opened:
        monkeypatch.setattr(sys, "stdout", Closed())
        monkeypatch.setattr(sys, "argv", ["jwks-auth", "completion", "bash"])
        assert script() == 141


@pytest.mark.parametrize("errors", [io.StringIO(), None])
def test_standard_output_that_is_closed(monkeypatch: pytest.MonkeyPatch, errors: io.StringIO | None) -> None:
    """Python then has none; one sentence, if anybody can read it."""
    monkeypatch.setattr(sys, "argv", ["jwks-auth", "completion", "bash", "--json"])
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", errors)
    assert script() == 2
    assert errors is None or errors.getvalue() == "standard output can't be written: it is closed\n"
    if errors is None:
        sys.stderr.close()


def test_a_disk_that_is_full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One sentence, and nothing more when the process ends."""

    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        def fileno(self) -> int:
            return opened.fileno()

    with (tmp_path / "out").open("w") as opened:
        monkeypatch.setattr(sys, "stdout", Full())
        monkeypatch.setattr(sys, "stderr", errors := io.StringIO())
        monkeypatch.setattr(sys, "argv", ["jwks-auth", "completion", "bash"])
        assert script() == 2
    assert errors.getvalue() == "standard output can't be written: No space left on device\n"


class Typed(io.StringIO):
    """A terminal, at which *types* is called when it asks for something."""

    def __init__(self, types: Callable[[], object] = int) -> None:
        super().__init__()
        self._types = types

    def isatty(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Take *text*."""
        if text.startswith("Token"):
            self._types()
        return super().write(text)


def test_progress_and_colours_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shown to a terminal, and wiped; the prompt reads from the terminal itself."""
    ours, theirs = os.openpty()
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    issuer = FakeIssuer()
    place = place_of(Authenticator(issuer.settings()), "main:auth")
    token = issuer.token()
    out, err = Typed(), Typed(lambda: os.write(ours, f"{token[:-1]}xx\x7f\x7f{token[-1]}\n".encode()))
    with os.fdopen(theirs) as stdin:
        assert main(["verify"], place=place, terminal=Terminal(stdin, out, err)) == 0
    os.close(ours)
    assert "\x1b[32maccepted\x1b[0m" in out.getvalue()
    assert err.getvalue().startswith("Token (not shown): \nverifying ...\r")
    Terminal(Typed(), out, err).wait(0.001)


def test_only_outcomes_are_coloured() -> None:
    """A line without one is shown as it is."""
    out = io.StringIO()
    lines = [
        "accepted",
        "refused: expired",
        "  hint: x",
        "/open  GET  UNPROTECTED",
        "issuer: ok then",
        "a claim",
    ]
    Terminal(io.StringIO(), out, io.StringIO(), colour=True).show(lines)
    shown = out.getvalue().splitlines()
    assert [line == plain for line, plain in zip(shown, lines, strict=True)] == [False] * 4 + [True] * 2
    assert shown[1] == "\x1b[31mrefused\x1b[0m: expired"


def test_the_checklist_judges_settings() -> None:
    """Each item in both states."""
    issuer = FakeIssuer()

    def states(**settings: Any) -> dict[str, bool | None]:
        service = Authenticator({**issuer.settings(audience="api"), **settings})
        return {item.name: item.ok for item in cli.checklist(service)}

    good = states()
    assert (good["audience"], good["leeway"], good["no fake issuer"]) == (True, True, False)
    assert good["shared keys"] is good["revocation"] is None
    bad = states(AUDIENCE="ANY_AUDIENCE", LEEWAY=300, IS_REVOKED=lambda token: False, ALLOW_FAKE_ISSUER=True)
    assert (bad["audience"], bad["leeway"], bad["revocation"]) == (False, False, True)
    keys = {"ISSUER": "https://id.example/", "AUDIENCE": "api", "JWKS": issuer.jwks()}
    plain = Authenticator({**keys, "JWKS": None, "STORE": "file:/tmp/keys"})
    assert {item.name: item.ok for item in cli.checklist(plain)}["STORE"] is False
    sealed = Authenticator({**keys, "JWKS": None, "STORE": "file:/tmp/keys", "STORE_SECRET": "x" * 32})
    found = {item.name: item.ok for item in cli.checklist(sealed, debug=True, routes=())}
    assert (found["STORE"], found["debug mode"], found["routes"]) == (True, False, True)
    row = cli.RouteRow("/", "GET", None)
    assert {item.name: item.ok for item in cli.checklist(sealed, routes=(row,))}["routes"] is False

"""The command at a person's terminal: a prompt that shows nothing, colours, progress, and none of these in a pipe."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jwks_auth.command import Terminal
from jwks_auth.testing import FakeIssuer
from tests.command.programs import called, started
from tests.patience import PATIENCE, eventually

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def served() -> Iterator[FakeIssuer]:
    """An issuer whose keys are fetched."""
    with FakeIssuer.serve() as issuer:
        yield issuer


class Session:
    """A program at a terminal of its own, and all that it has shown."""

    def __init__(self, terminal: int, process: subprocess.Popen[bytes]) -> None:
        self.terminal, self.process, self.shown = terminal, process, b""

    def read(self) -> bool:
        """Read what has come; ``False`` at the end."""
        try:
            octets = (
                os.read(self.terminal, 65536) if select.select([self.terminal], [], [], PATIENCE)[0] else b""
            )
        except OSError:  # the other side is closed
            octets = b""
        self.shown += octets
        return bool(octets)

    def until(self, text: bytes) -> None:
        """Read until *text* is shown."""
        while text not in self.shown:
            assert self.read(), self.shown

    def end(self) -> int:
        """Read to the end, and return the exit status."""
        while self.read():
            pass
        return self.process.wait(PATIENCE)


@contextmanager
def at_terminal(issuer: FakeIssuer, *arguments: str, **env: str) -> Iterator[Session]:
    """The command at a terminal."""
    ours, theirs = pty.openpty()
    given = {"JWKS_AUTH_ISSUER": issuer.issuer, "JWKS_AUTH_AUDIENCE": "api", "TERM": "xterm", **env}
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "CI")}
    with subprocess.Popen(
        [sys.executable, "-m", "jwks_auth", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=ROOT,
        env={**clean, **given},
        start_new_session=True,
        preexec_fn=lambda: os.login_tty(theirs) if hasattr(os, "login_tty") else None,
    ) as process:
        os.close(theirs)
        try:
            yield Session(ours, process)
        finally:
            process.kill()
            os.close(ours)


@pytest.mark.parametrize("padding", [0, 9000])
def test_a_token_is_asked_for_without_being_shown(served: FakeIssuer, padding: int) -> None:
    """Also one that is longer than the 4,095 characters which a terminal hands over of a line."""
    token = served.token(pad="x" * padding)
    with at_terminal(served, "verify") as session:
        session.until(b"Token (not shown): ")
        for start in range(0, len(token), 1024):
            os.write(session.terminal, token[start : start + 1024].encode())
        os.write(session.terminal, b"y\x7f\r")
        assert session.end() == 0, session.shown
    assert token[-40:].encode() not in session.shown
    assert b"\x1b[32maccepted\x1b[0m" in session.shown
    assert b"verifying ..." in session.shown


def test_the_terminal_is_left_as_it_was(served: FakeIssuer) -> None:
    """Also if the person gives up at the prompt: exit status 130, no traceback."""
    with at_terminal(served, "explain") as session:
        before = termios.tcgetattr(session.terminal)
        session.until(b"Token (not shown): ")
        eventually(lambda: termios.tcgetattr(session.terminal)[3] != before[3])
        os.killpg(session.process.pid, signal.SIGINT)
        assert session.end() == 130, session.shown
        assert b"Traceback" not in session.shown


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_can_be_switched_off(served: FakeIssuer, env: dict[str, str]) -> None:
    """As https://no-color.org asks, and at a terminal that has none."""
    with at_terminal(served, "check", **env) as session:
        assert session.end() == 0, session.shown
    assert b"\x1b[" not in session.shown
    with at_terminal(served, "check") as session:
        assert session.end() == 0
    assert b"\x1b[31mNOT OK\x1b[0m" in session.shown


def test_a_pipe_has_neither_colours_nor_progress(served: FakeIssuer) -> None:
    """Nothing but the report."""
    env = {"JWKS_AUTH_ISSUER": served.issuer, "JWKS_AUTH_AUDIENCE": "api", "TERM": "xterm"}
    done = started("check", env=env)
    assert (done.status, done.err) == (0, "")
    assert "\x1b" not in done.out
    assert "..." not in done.out


def test_a_token_on_the_command_line_is_warned_about(served: FakeIssuer) -> None:
    """To standard errors, so that ``--json`` stays one object; at a prompt and in a pipe nothing is said."""
    env = {"JWKS_AUTH_ISSUER": served.issuer, "JWKS_AUTH_AUDIENCE": "api"}
    done = started("verify", served.token(), env=env)
    assert done.status == 0
    assert "stays in the shell's history" in done.err
    assert started("verify", env=env, typed=f"Bearer {served.token()}\n").err == ""


@pytest.mark.parametrize("typed", ["", " \n", "Bearer "])
def test_no_token_at_all_is_a_mistake(served: FakeIssuer, typed: str) -> None:
    """Not a refused one."""
    done = called("verify", "--issuer", served.issuer, "--audience", "api", typed=typed)
    assert done.status == (2 if typed != "Bearer " else 1)
    assert "found no token" in done.err or "malformed" in done.out


def test_a_token_on_the_command_line_in_this_process(served: FakeIssuer) -> None:
    """It is taken, and warned about."""
    done = called("verify", "--issuer", served.issuer, "--audience", "api", served.token())
    assert done.status == 0
    assert "stays in the shell's history" in done.err


def test_standard_input_is_read_as_octets() -> None:
    """In any encoding of the terminal's, and what is no text is no fault."""
    for octets, read in ((b"a.b.c\n", "a.b.c\n"), (b"\xff.\x80", "\ufffd.\ufffd")):
        stdin = io.TextIOWrapper(io.BytesIO(octets), encoding="ascii")
        assert Terminal(stdin, io.StringIO(), io.StringIO()).read_token().read(str) == read


def test_octets_that_are_no_text_are_refused_as_a_token(served: FakeIssuer) -> None:
    """No traceback."""
    command = [sys.executable, "-m", "jwks_auth", "verify", "--issuer", served.issuer, "--audience", "api"]
    done = subprocess.run(command, input=b"\xff\xfe.\x80", capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == 1
    assert b"refused: malformed" in done.stdout
    assert b"Traceback" not in done.stderr


def test_a_reader_that_leaves_is_no_fault(served: FakeIssuer) -> None:
    """As in ``jwks-auth check | head -1``."""
    command = [sys.executable, "-m", "jwks_auth", "check", "--issuer", served.issuer, "--audience", "api"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(PATIENCE) == 141
    assert errors == b""


@pytest.mark.parametrize("where", [">&-", ">/dev/full", "--json >&-", "--json >/dev/full"])
def test_output_that_nobody_can_write(where: str) -> None:
    """One sentence and status 2, never a traceback."""
    if "full" in where and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    shell = f"'{sys.executable}' -m jwks_auth doctor {where}"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(b"standard output can't be written: ")
    assert done.stderr.count(b"\n") == 1


def test_a_character_that_the_terminal_lacks_is_escaped(served: FakeIssuer) -> None:
    """Instead of a traceback."""
    env = {"JWKS_AUTH_ISSUER": served.issuer, "JWKS_AUTH_AUDIENCE": "\u00fcber", "PYTHONIOENCODING": "ascii"}
    done = started("verify", typed=served.token(aud="api"), env=env)
    assert done.status == 1
    assert "\\xfcber" in done.out


class Watcher(Terminal):
    """A terminal whose person waits as often as *changes* are made, and then stops the program."""

    def __init__(self, *changes: object) -> None:
        super().__init__(io.StringIO(), io.StringIO(), io.StringIO())
        self._changes = list(changes)
        self.waited: list[float] = []

    def wait(self, seconds: float) -> None:
        """Make the next change."""
        self.waited.append(seconds)
        if not self._changes:
            raise KeyboardInterrupt
        self._changes.pop(0)()  # type: ignore[operator]


def test_watch_prints_what_changes() -> None:
    """The first report whole, then the lines that are new and those that are gone; the last state is the outcome."""
    from jwks_auth.command import main

    with FakeIssuer.serve() as issuer:
        old = issuer.kid
        watcher = Watcher(lambda: None, lambda: issuer.rotate(), lambda: issuer.withdraw(old))
        arguments = ["check", "--issuer", issuer.issuer, "--audience", "api", "--watch", "5"]
        assert main(arguments, terminal=watcher) == 0
        shown = watcher.stdout.getvalue()
        assert watcher.waited == [5.0] * 4
        lines = [line for line in shown.splitlines() if line.startswith(("new: ", "gone: "))]
        assert [re.sub(r":? key ([\w-]+).*", r" \1", line) for line in lines] == [
            f"new {issuer.kid}",
            f"gone {old}",
        ]
        with issuer.outage():
            assert main(arguments, terminal=Watcher()) == 1


@pytest.mark.parametrize("seconds", ["0", "x", "inf", "nan", "86401"])
def test_watch_takes_seconds(seconds: str) -> None:
    """From one to those of a day; with ``--json`` it is a mistake, because that is one object."""
    done = called("check", "--issuer", "https://id.example/", "--watch", seconds)
    assert done.status == 2
    assert "expected seconds, from 1 to 86400" in done.err
    done = called("check", "--issuer", "https://id.example/", "--watch", "--json")
    assert done.status == 2


def test_watch_ends_with_a_signal(served: FakeIssuer) -> None:
    """Ctrl-C after the first report: the outcome is the report's."""
    with at_terminal(served, "check", "--watch") as session:
        session.until(b"incidents")
        os.killpg(session.process.pid, signal.SIGINT)
        assert session.end() == 0, session.shown
        assert b"Traceback" not in session.shown

"""The demo as a whole, in a process of its own: ``make demo`` runs exactly this."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest

from tests.patience import PATIENCE, eventually

ROOT = Path(__file__).parents[2]


class Demo:
    """A run of the demo; everything it starts carries a mark in its environment."""

    def __init__(self, *arguments: str, **env: str) -> None:
        self.mark = uuid.uuid4().hex
        self.process = subprocess.Popen(
            [sys.executable, "-m", "example_projects.demo", *arguments],
            cwd=ROOT,
            env={**os.environ, **env, "DEMO_MARK": self.mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Whatever a test found, it leaves nothing behind itself."""
        for pid, _line in list(_marked(self.mark)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.stdout.close()
        self.process.wait()

    def read_until(self, text: str) -> str:
        """The output up to and including the line that holds *text*."""
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if text in line:
                break
        return "".join(lines)

    def end(self) -> tuple[int, str]:
        """Wait for it: the exit status and the rest of the output."""
        output, _ = self.process.communicate(timeout=600)
        return self.process.returncode, output

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        """Ctrl-C: the signal that a terminal sends to the group in the foreground."""
        os.killpg(self.process.pid, number)

    def left(self) -> list[str]:
        """Command lines of the processes that are left, once those that are ending have had time to."""
        eventually(lambda: not any(_marked(self.mark)))
        return [line for _, line in _marked(self.mark)]


def _marked(mark: str) -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"DEMO_MARK={mark}" in (entry / "environ").read_text(errors="replace"):
                yield int(entry.name), (entry / "cmdline").read_text().replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # ended, or somebody else's


def test_every_cell_is_as_expected():
    """Three apps, every case, one table, an agent's steps, whatever the shell sets; routes to try; nothing left."""
    with Demo(DJANGO_SETTINGS_MODULE="another.project", http_proxy="http://127.0.0.1:9") as demo:
        status, output = demo.end()
        assert status == 0, output
        assert not demo.left()
    assert "WRONG" not in output
    assert "60 of 60 cells are as expected" in output
    assert "9 of 9 steps are as expected" in output
    for text in ("Django", "Flask", "FastAPI", "/optional", "KEEP=1", "503 Retry-After", "401 invalid_token"):
        assert text in output


def test_a_wrong_cell_fails_the_demo():
    """An application that answers otherwise is marked, and the exit status says so."""
    with Demo(JWKS_AUTH_REALM="elsewhere") as demo:
        status, output = demo.end()
    assert status == 1
    assert "WRONG 401 Bearer" in output
    assert 'expected 401 Bearer realm="api"' in output
    assert 'got      401 Bearer realm="elsewhere"' in output


def test_an_app_that_does_not_start_fails_the_demo_with_its_log():
    """The reason is shown, and what had started is stopped."""
    with Demo(JWKS_AUTH_ALGORITHMS="none") as demo:
        status, output = demo.end()
        assert not demo.left()
    assert status == 1
    assert "gave no answer" in output
    assert "ConfigurationError" in output


@pytest.mark.parametrize("moment", ["issuer on", "starting Django", "missing scope", "An agent without"])
def test_ctrl_c_leaves_no_process_behind(moment: str):
    """While it starts, in the middle of the table, and while the agent runs."""
    with Demo() as demo:
        demo.read_until(moment)
        demo.interrupt()
        status, output = demo.end()
        assert status == 130, output
        assert "stopped" in output
        assert not demo.left()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_that_come_again_and_again_leave_no_process_behind(number: signal.Signals):
    """As ``make`` passes them on, and as impatient people send them: the stopping goes on to its end."""
    with Demo() as demo:
        demo.read_until("no token")
        while demo.process.poll() is None:
            demo.interrupt(number)
        assert demo.end()[0] == 130
        assert not demo.left()


def test_kept_servers_answer_until_ctrl_c():
    """``make demo KEEP=1``: the curl command that it prints works."""
    with Demo("--keep") as demo:
        output = demo.read_until("until Ctrl-C.")
        [command] = [line for line in output.splitlines() if line.strip().startswith("curl")]
        [token] = [line for line in output.splitlines() if line.strip().startswith("TOKEN=")]
        shell = ["bash", "-c", f"{token}; {command}"]
        answered = subprocess.run(shell, capture_output=True, text=True, timeout=PATIENCE)
        assert "200 OK" in answered.stdout
        demo.interrupt()
        assert demo.end()[0] == 130
        assert not demo.left()

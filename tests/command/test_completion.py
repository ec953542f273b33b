"""The completion, in a real bash."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from jwks_auth.command import SUBCOMMANDS
from tests.command.programs import called
from tests.patience import PATIENCE

BASH = shutil.which("bash")


def completed(script: str, *words: str) -> set[str]:
    """What bash offers for the last of *words*."""
    typed = " ".join(f"'{word}'" for word in words)
    asked = f"COMP_WORDS=({typed})\nCOMP_CWORD={len(words) - 1}\n_jwks_auth"
    program = f"{script}\n{asked}\nprintf '%s\\n' \"${{COMPREPLY[@]}}\""
    command = [str(BASH), "--norc", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stderr == ""
    return set(done.stdout.split())


@pytest.mark.skipif(BASH is None, reason="bash is not installed")
def test_bash_completes_commands_and_their_options() -> None:
    """Every subcommand, and each one's own options."""
    script = called("completion", "bash").out
    assert completed(script, "jwks-auth", "") == set(SUBCOMMANDS)
    assert completed(script, "jwks-auth", "re") == {"refresh"}
    assert completed(script, "jwks-auth", "routes", "--fail") == {"--fail-unprotected"}
    assert {"--json", "--app", "--watch", "--issuer"} <= completed(script, "jwks-auth", "check", "--")
    assert "--watch" not in completed(script, "jwks-auth", "show", "--")
    assert "complete -o default -F _jwks_auth jwks-auth" in script


def test_zsh_takes_the_same_function() -> None:
    """By its emulation of bash's completion, which the script starts."""
    zsh, bash = called("completion", "zsh").out, called("completion", "bash").out
    assert zsh.endswith(bash)
    assert "bashcompinit" in zsh


def test_the_script_is_in_json_too() -> None:
    """One object, as everywhere."""
    assert called("completion", "bash", "--json").out.startswith("{")

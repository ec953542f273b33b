"""The time and memory until a process has verified its first token, beside PyJWT's flow with ``requests`` imported.

    python -m benchmarks.start [--rounds 40]

Each round starts one process of each kind, in random order. The time is the process's own CPU, from the start of the
interpreter; the memory is its resident size at the end. Keys come from an issuer on 127.0.0.1.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from platform import python_build, python_implementation

from jwks_auth.testing import FakeIssuer

MOST = 1.3
"""The most that ours may take, in the same of PyJWT's and requests'."""

_MEASURED = """
import time
with open("/proc/self/statm") as file:
    print(time.process_time(), int(file.read().split()[1]) * 4)
"""
_PROGRAMS = {
    "nothing": "",
    "import jwt, requests": "import jwt, requests",
    "import jwks_auth": "import jwks_auth",
    "import of TokenVerifier": "from jwks_auth import TokenVerifier",
    "PyJWT's first token": """
import sys, jwt, requests
uri, token, issuer, audience = sys.argv[1:]
key = jwt.PyJWKClient(uri).get_signing_key_from_jwt(token)
jwt.decode(token, key.key, algorithms=["RS256"], audience=audience, issuer=issuer)
""",
    "our first token": """
import sys
from jwks_auth import Issuer, TokenVerifier
uri, token, issuer, audience = sys.argv[1:]
TokenVerifier(Issuer(issuer, jwks_uri=uri), audience, allow_fake_issuer=True).verify(token)
""",
}
PAIRS = (
    ("import of TokenVerifier", "import jwt, requests"),
    ("our first token", "PyJWT's first token"),
)


@dataclass(frozen=True, slots=True)
class Start:
    """One process: its CPU in milliseconds, and its resident memory in MiB."""

    cpu: float
    memory: float


def measure(rounds: int) -> dict[str, list[Start]]:
    """Start so many processes of each kind. The first of each writes the bytecode and does not count."""
    found: dict[str, list[Start]] = {name: [] for name in _PROGRAMS}
    with FakeIssuer.serve() as issuer, tempfile.TemporaryDirectory() as bytecode:
        arguments = [issuer.jwks_uri, issuer.token(expires_in=3600), issuer.issuer, issuer.audience]
        for name in _PROGRAMS:
            _started(name, arguments, bytecode)
        for _ in range(rounds):
            for name in random.sample(list(_PROGRAMS), len(_PROGRAMS)):
                found[name].append(_started(name, arguments, bytecode))
    return found


def _started(name: str, arguments: list[str], bytecode: str) -> Start:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, "-c", _PROGRAMS[name] + _MEASURED, *arguments]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()
    return Start(float(told[0]) * 1e3, int(told[1]) / 1024)


def report(found: dict[str, list[Start]]) -> bool:
    """Print the table; return whether each of ours is within the bar."""
    print(f"{python_implementation()} {sys.version.split()[0]} ({python_build()[0]})")
    print(f"{'':24} {'CPU, ms: least':>14} {'median':>8} {'memory, MiB':>12}")
    best = {}
    for name, starts in found.items():
        cpu, memory = [start.cpu for start in starts], [start.memory for start in starts]
        best[name] = Start(min(cpu), min(memory))
        print(f"{name:24} {min(cpu):14.0f} {statistics.median(cpu):8.0f} {min(memory):12.1f}")
    met = True
    for ours, theirs in PAIRS:
        cpu_ratio = best[ours].cpu / best[theirs].cpu
        memory_ratio = best[ours].memory / best[theirs].memory
        within = max(cpu_ratio, memory_ratio) <= MOST
        met &= within
        told = f"{cpu_ratio:.2f} of the CPU, {memory_ratio:.2f} of the memory of {theirs}"
        print(f"{ours}: {told}; at most {MOST}: {'met' if within else 'MISSED'}")
    return met


def main() -> int:
    """Measure and report; exit status 1 when the bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=40)
    return 0 if report(measure(parser.parse_args().rounds)) else 1


if __name__ == "__main__":
    raise SystemExit(main())

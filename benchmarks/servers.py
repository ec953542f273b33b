"""The CPU of a real server for each authenticated request, above the same route without authentication.

    python -m benchmarks.servers [--rounds 10] [--seconds 1] [--only Flask] [--chart docs/images/servers.svg]

gunicorn (Flask, Django REST framework) and uvicorn (FastAPI), with one worker each, are asked by wrk. All
variants of a framework take turns in random order, and the least of a variant's rounds counts. The CPU is that of all
threads of the server's processes, as Linux counts it. Peers are used as their documentation shows.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from platform import python_build, python_implementation

from benchmarks import chart
from benchmarks.server_apps import VARIANTS
from example_projects.demo.servers import AppServer, gunicorn, uvicorn
from jwks_auth.testing import FakeIssuer

ROOT = Path(__file__).parent.parent
PEERS = ("Flask", "Django", "djangorestframework", "fastapi", "PyJWT", "gunicorn", "uvicorn")
PEERS += ("flask-jwt-extended", "djangorestframework-simplejwt", "Authlib")
NONE = "no authentication"
_DONE = re.compile(r"(\d+) requests in")
_BAD = re.compile(r"Non-2xx or 3xx responses: (\d+)|Socket errors")

Times = dict[str, list[float]]


def measure(framework: str, *, rounds: int, seconds: float, guards: Sequence[str] = ()) -> Times:
    """Seconds of CPU for each request, one figure a round, by guard: *guards*, or all."""
    guards = guards or list(VARIANTS[framework])
    times: Times = {guard: [] for guard in guards}
    with FakeIssuer.serve() as issuer, tempfile.TemporaryDirectory() as bytecode, ExitStack() as stack:
        header = f"Authorization: Bearer {issuer.token(sub='u1', type='access', expires_in=86_400)}"
        env = {"BENCHMARK_ISSUER": issuer.issuer, "BENCHMARK_JWKS_URI": issuer.jwks_uri}
        env |= {"PYTHONPYCACHEPREFIX": bytecode}
        servers = {
            guard: stack.enter_context(_server(framework, env | {"BENCHMARK_APP": f"{framework}:{guard}"}))
            for guard in guards
        }
        for server in servers.values():
            name, _, value = header.partition(": ")
            answer = server.request("/orders", [(name, value)])
            assert answer.status == 200, (answer, server.log())
        for guard in guards:
            _asked(servers[guard], header, seconds / 2)
        for _ in range(rounds):
            for guard in random.sample(guards, len(guards)):
                times[guard].append(_asked(servers[guard], header, seconds))
    return times


def _server(framework: str, env: dict[str, str]) -> AppServer:
    make, options = (uvicorn, ["--log-level", "warning"]) if framework == "FastAPI" else (gunicorn, [])
    return make(framework, "benchmarks.server_apps:app", *options, cwd=ROOT, env=env)


def _asked(server: AppServer, header: str, seconds: float) -> float:
    before = _cpu(server.pid)
    command = ["wrk", "--threads", "1", "--connections", "4", "--duration", f"{max(1, round(seconds))}s"]
    command += ["--header", header, f"{server.url}/orders"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert not _BAD.search(told), told
    done = _DONE.search(told)
    assert done is not None, told
    return (_cpu(server.pid) - before) / int(done[1])


def _cpu(pid: int) -> float:
    """The seconds of CPU that a process and its children have used, all threads together."""
    used = 0.0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        used += int((thread / "schedstat").read_text().split()[0]) / 1e9
        for child in (thread / "children").read_text().split():
            used += _cpu(int(child))
    return used


def report(framework: str, times: Times) -> dict[str, float]:
    """Print a table; return microseconds above the route without authentication, by guard."""
    least = {guard: min(series) * 1e6 for guard, series in times.items()}
    print(f"\n{framework}")
    for guard, series in times.items():
        middle = statistics.median(series) * 1e6
        told = f"{least[guard]:7.0f} us (median {middle:.0f})"
        print(f"  {guard:40} {told:28} {least[guard] - least[NONE]:6.0f} us above")
    return {guard: figure - least[NONE] for guard, figure in least.items() if guard != NONE}


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--only", choices=list(VARIANTS))
    parser.add_argument("--chart", help="write an SVG here")
    arguments = parser.parse_args()
    print(f"{python_implementation()} {sys.version.split()[0]} ({python_build()[0]})")
    print(", ".join(f"{name} {version(name)}" for name in PEERS))
    found = {}
    for framework in [arguments.only] if arguments.only else VARIANTS:
        times = measure(framework, rounds=arguments.rounds, seconds=arguments.seconds)
        found[framework] = report(framework, times)
    if arguments.chart:
        chart.write_servers(arguments.chart, found)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

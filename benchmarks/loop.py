"""How long fetches hold an event loop, against a control without any.

    python -m benchmarks.loop [--rounds 200]

Rounds of 50 ms take turns: in one nothing happens, in the others a token's key is new and is fetched over https, from a
set of 3 and from one of 100. One round in ten is the first fetch of a process, which
reads the certificates. The provider runs in a process of its own. The certificates are the system's, as in a service;
what is left to tell apart is the machine's own noise, which the control shows.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import multiprocessing
import os
import ssl
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from jwks_auth import PyJWKClient
from jwks_auth.testing import FakeIssuer
from tests.certificates import Authority

ROUND, BEAT, LATE = 0.05, 0.0005, 0.005
SIZES = (3, 100)
FORK, SPAWN = multiprocessing.get_context("fork"), multiprocessing.get_context("spawn")


def provide(authority: Authority, port: Connection) -> None:
    """Serve ``/<number>``, a set of so many RSA keys, another one at each request, until killed."""
    member = FakeIssuer().jwks()["keys"][0]
    served = Counter[str]()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served[self.path] += 1
            first = served[self.path]
            keys = [{**member, "kid": f"{first + number}"} for number in range(int(self.path[1:]))]
            body = json.dumps({"keys": keys}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = authority.server().wrap_socket(server.socket, server_side=True)
    port.send(server.server_port)
    server.serve_forever()


async def held(fetch: Callable[[], Coroutine[Any, Any, object]] | None) -> float:
    """The longest gap between two turns of the loop in one round; *fetch* runs meanwhile."""
    longest, last = 0.0, time.perf_counter()
    until = last + ROUND
    task = None if fetch is None else asyncio.ensure_future(fetch())
    while last < until or (task is not None and not task.done()):
        await asyncio.sleep(BEAT)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    if task is not None:
        await task
    return longest - BEAT


def fetch_first(base: str, port: Connection) -> None:
    """Send what the first fetch of this process made of it."""
    port.send(asyncio.run(held(PyJWKClient(f"{base}/1").awarm_up)))


def first_fetch(base: str) -> float:
    """The same in a process of its own."""
    receiving, sending = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=fetch_first, args=(base, sending))
    process.start()
    seconds: float = receiving.recv()
    process.join()
    return seconds


def measure(base: str, rounds: int) -> dict[str, list[float]]:
    """Seconds that the loop was held, of each round of every kind."""
    figures = {"first fetch": [first_fetch(base) for _ in range(rounds // 10)], "control": []}
    clients = {size: PyJWKClient(f"{base}/{size}", cooldown_duration=0) for size in SIZES}
    for client in clients.values():
        client.warm_up()
    # A full collection holds the loop for as long as all of a program's objects take, whoever happens to cause it.
    gc.freeze()

    async def rotate() -> None:
        for number in range(2, rounds + 2):
            figures["control"].append(await held(None))
            for size, client in clients.items():
                new = str(number + size - 1)
                seconds = await held(partial(client.aget_signing_key, new))
                figures.setdefault(f"{size} keys", []).append(seconds)

    asyncio.run(rotate())
    return figures


def report(figures: dict[str, list[float]]) -> None:
    """Print one line for each kind of round."""
    for name, seconds in figures.items():
        median, worst = statistics.median(seconds) * 1000, max(seconds) * 1000
        late = sum(one > LATE for one in seconds)
        print(
            f"{name:12} {len(seconds):5} rounds   loop held: median {median:6.2f} ms   worst {worst:6.2f} ms   "
            f"over {LATE * 1000:.0f} ms: {late}"
        )


def main() -> None:
    """Run the rounds and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    receiving, sending = SPAWN.Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        system = ssl.get_default_verify_paths().cafile
        bundle = Path(folder) / "bundle.pem"
        bundle.write_bytes((Path(system).read_bytes() if system else b"") + authority.file.read_bytes())
        os.environ["SSL_CERT_FILE"] = str(bundle)
        provider = FORK.Process(target=provide, args=(authority, sending), daemon=True)
        provider.start()
        try:
            report(measure(f"https://127.0.0.1:{receiving.recv()}", rounds))
        finally:
            provider.kill()


if __name__ == "__main__":
    main()

"""How long rotations hold an event loop, against a control without fetches.

    python -m benchmarks.loop [--rounds 200]

Rounds of 50 ms take turns: in one a token's key is new and is fetched over https, in the other nothing happens. The
provider runs in a process of its own. The certificates are the system's, as in a service; what is left to tell
apart is the machine's own noise, which the control shows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import ssl
import statistics
import tempfile
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

from jwks_auth import PyJWKClient
from jwks_auth.testing import FakeIssuer
from tests.certificates import Authority

ROUND, BEAT, LATE = 0.05, 0.0005, 0.005


def provide(authority: Authority, port: Connection) -> None:
    """Serve a key set of three RSA keys, another one at each request, until killed."""
    members = FakeIssuer().jwks()["keys"][:1] * 3
    served = 0

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            nonlocal served
            served += 1
            keys = [{**member, "kid": f"{number + served}"} for number, member in enumerate(members)]
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


async def held(client: PyJWKClient, kid: str | None) -> float:
    """The longest gap between two turns of the loop in one round; *kid* is looked up meanwhile."""
    longest, last = 0.0, time.perf_counter()
    until = last + ROUND
    lookup = None if kid is None else asyncio.ensure_future(client.aget_signing_key(kid))
    while last < until or (lookup is not None and not lookup.done()):
        await asyncio.sleep(BEAT)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    if lookup is not None:
        await lookup
    return longest - BEAT


async def measure(uri: str, rounds: int) -> dict[str, list[float]]:
    """Seconds that the loop was held, of each round of either kind."""
    client = PyJWKClient(uri, cooldown_duration=0)
    figures: dict[str, list[float]] = {
        "first fetch": [await held(client, "3")],
        "rotation": [],
        "control": [],
    }
    for number in range(rounds):
        figures["control"].append(await held(client, None))
        figures["rotation"].append(await held(client, str(4 + number)))
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
    receiving, sending = multiprocessing.Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        system = ssl.get_default_verify_paths().cafile
        bundle = Path(folder) / "bundle.pem"
        bundle.write_bytes((Path(system).read_bytes() if system else b"") + authority.file.read_bytes())
        os.environ["SSL_CERT_FILE"] = str(bundle)
        context = multiprocessing.get_context("fork")
        provider = context.Process(target=provide, args=(authority, sending), daemon=True)
        provider.start()
        try:
            uri = f"https://127.0.0.1:{receiving.recv()}/jwks"
            report(asyncio.run(measure(uri, rounds)))
        finally:
            provider.kill()


if __name__ == "__main__":
    main()

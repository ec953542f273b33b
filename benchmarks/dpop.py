"""The cost of a DPoP proof beside the bare check of its signature: bursts in random order, and the best of each counts.

    python -m benchmarks.dpop [--rounds 200] [--only ES256] [--million]

A header that was not seen before brings a key with it. Its proof is compared with two checks: one by a key that is at
hand, and one by a key that ``cryptography`` loads from the JWK first, as whoever checks such a proof has to.
``--million`` also sends 10^6 names of proofs of one client to the store in memory, and 10^5 proofs to all checks:
each is sent twice, and taken once.
"""

from __future__ import annotations

import argparse
import base64
import gc
import json
import random
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from jwks_auth import AuthError
from jwks_auth.claims import Binding
from jwks_auth.proofs import MemoryReplay
from jwks_auth.proofs.dpop import DPoP
from jwks_auth.proofs.memory import MOST
from jwks_auth.request import Authenticator, Credentials
from jwks_auth.runtime import RawToken
from jwks_auth.testing import FakeIssuer

ALGORITHMS = ("ES256", "EdDSA", "RS256", "PS256")
URL = "https://api.acme.dev/orders"
BURST = 10
BOUND = Binding("accept")
SETTINGS = {"PUBLIC_URL": "https://api.acme.dev", "DPOP_REPLAY": "off"}  # the store's round trip comes on top
SHA = hashes.SHA256()
SEEN_BAR, NEW_BAR = 1.15, 1.35

Check = Callable[[], object]


def octets(text: str | bytes) -> bytes:
    """Decode base64url without looking."""
    return base64.urlsafe_b64decode(text + ("==" if isinstance(text, str) else b"=="))  # type: ignore[operator]


def loaded(jwk: dict[str, Any]) -> Any:
    """The public key of a JWK, in the cheapest way that ``cryptography`` has, with no rule of ours."""
    if jwk["kty"] == "RSA":
        e, n = (int.from_bytes(octets(jwk[name]), "big") for name in "en")
        return rsa.RSAPublicNumbers(e, n).public_key()
    if jwk["kty"] == "OKP":
        return ed25519.Ed25519PublicKey.from_public_bytes(octets(jwk["x"]))
    point = b"\x04" + octets(jwk["x"]) + octets(jwk["y"])
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def scheme_of(alg: str, signature: bytes) -> tuple[bytes, tuple[Any, ...]]:
    """The signature as ``cryptography`` takes it, and what it takes beside."""
    if alg == "RS256":
        return signature, (padding.PKCS1v15(), SHA)
    if alg == "PS256":
        return signature, (padding.PSS(padding.MGF1(SHA), 32), SHA)
    if alg == "EdDSA":
        return signature, ()
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    return encode_dss_signature(r, s), (ec.ECDSA(SHA),)


class Client:
    """A client of one key; it makes a burst of proofs, each with all the ways to check it."""

    def __init__(self, alg: str) -> None:
        issuer = FakeIssuer()
        self.alg, self.client = alg, issuer.client(dpop=True, alg=alg)
        self.raw, self.jkt = self.client.token(), (self.client.confirmation or {})["jkt"]
        self.token = issuer.verified(cnf=self.client.confirmation)
        self.seen = DPoP(SETTINGS, time.time)
        self.seen.prove(self.jkt, self.token, self.request(self.proof()), BOUND)

    def proof(self) -> str:
        """A new proof."""
        return self.client.proof("GET", URL, self.raw)

    def request(self, proof: str) -> Credentials:
        """A request with *proof*."""
        made = Credentials.from_headers([("DPoP", proof)], method="GET", url=URL)
        made.sent = RawToken(self.raw)
        return made

    def ways(self) -> dict[str, list[Check]]:
        """A burst of calls of each way."""
        bursts: dict[str, list[Check]] = {"bare": [], "bare, key loaded": [], "seen": [], "new": []}
        for _ in range(BURST):
            for name, call in self._ways(self.proof()).items():
                bursts[name].append(call)
        return bursts

    def _ways(self, proof: str) -> dict[str, Check]:
        signed, _, last = proof.encode().rpartition(b".")
        signature, scheme = scheme_of(self.alg, octets(last))
        jwk = json.loads(octets(proof.partition(".")[0]))["jwk"]
        at_hand, request, fresh = self.at_hand(jwk), self.request(proof), DPoP(SETTINGS, time.time)
        return {
            "bare": lambda: at_hand.verify(signature, signed, *scheme),
            "bare, key loaded": lambda: loaded(jwk).verify(signature, signed, *scheme),
            "seen": lambda: self.seen.prove(self.jkt, self.token, request, BOUND),
            "new": lambda: fresh.prove(self.jkt, self.token, request, BOUND),
        }

    def at_hand(self, jwk: dict[str, Any]) -> Any:
        """The key, loaded once, and used before."""
        if not hasattr(self, "_key"):
            self._key = loaded(jwk)
        return self._key


def best_of(alg: str, rounds: int) -> dict[str, float]:
    """Seconds of one call of each way."""
    client, best = Client(alg), dict.fromkeys(("bare", "bare, key loaded", "seen", "new"), 9.0)
    for _ in range(rounds):
        bursts = client.ways()
        gc.disable()
        for name in random.sample(list(bursts), len(bursts)):  # nobody always follows the same neighbour
            started = time.perf_counter()
            for call in bursts[name]:
                call()
            best[name] = min(best[name], (time.perf_counter() - started) / BURST)
        gc.enable()
    return best


def bearer(rounds: int) -> tuple[float, float]:
    """Seconds of a request with a bearer token, of a service without DPoP and of one that accepts it."""
    issuer = FakeIssuer()
    off = issuer.settings(audience=issuer.audience)
    accepting = {**off, "DPOP": "accept", "PUBLIC_URL": "https://api.acme.dev", "DPOP_REPLAY": "memory"}
    judges = [Authenticator(off, in_tests=True), Authenticator(accepting, in_tests=True)]
    headers, best = [("Authorization", f"Bearer {issuer.token()}")], [9.0, 9.0]
    for _ in range(rounds):
        for place in random.sample(range(2), 2):
            requests = [Credentials.from_headers(headers, method="GET", url=URL) for _ in range(BURST)]
            started = time.perf_counter()
            for request in requests:
                judges[place].authenticate(request)
            best[place] = min(best[place], (time.perf_counter() - started) / BURST)
    return best[0], best[1]


def million() -> None:
    """Send many proofs of one client, each twice: the memory is bounded, and none is taken twice."""
    now, most = [0.0], 0
    memory = MemoryReplay(90, clock=lambda: now[0])
    for number in range(1_000_000):
        now[0] += 0.002
        assert memory.first(f"client.{number}", 90)
        assert not memory.first(f"client.{number}", 90)
        most = max(most, len(memory)) if number % 1000 == 0 else most
    print(f"10^6 names of proofs of one client: none was taken twice; at most {most:,} of {MOST:,} were held")
    print(f"10^5 proofs of one client: {whole(100_000)}")


def whole(proofs: int) -> str:
    """Send proofs to all of the checks, as requests are."""
    client, taken = Client("ES256"), 0
    judge = DPoP({**SETTINGS, "DPOP_REPLAY": "memory"}, time.time)
    tracemalloc.start()
    for _ in range(proofs):
        proof = client.proof()
        for _ in range(2):
            proved = judge.prove(client.jkt, client.token, client.request(proof), BOUND)
            try:
                assert proved.pending is not None
                proved.pending.settle()
                taken += 1
            except AuthError:
                continue
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert taken == proofs
    return f"{taken:,} of {2 * proofs:,} were taken; {held / 1e6:.1f} MB are held"


def main() -> int:
    """Print a line for each algorithm; exit status 1 when a bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--only", choices=ALGORITHMS)
    parser.add_argument("--million", action="store_true")
    arguments = parser.parse_args()
    print(
        f"a proof, in bare checks       seen (at most {SEEN_BAR})   new (at most {NEW_BAR})   new, key loaded"
    )
    met = True
    for alg in [arguments.only] if arguments.only else ALGORITHMS:
        best = best_of(alg, arguments.rounds)
        bare, with_key = best["bare"], best["bare, key loaded"]
        seen, new, both = best["seen"] / bare, best["new"] / bare, best["new"] / with_key
        print(f"{alg:8} {bare * 1e6:5.1f} and {with_key * 1e6:5.1f} us {seen:14.2f} {new:19.2f} {both:19.2f}")
        met &= seen <= SEEN_BAR and new <= NEW_BAR
    off, accepting = bearer(10 * arguments.rounds)
    print(
        f"a bearer token's request: {off * 1e6:.1f} us without DPoP, {accepting * 1e6:.1f} where it is accepted"
    )
    if arguments.million:
        million()
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""Functions for ``OTHER_TOKENS``, by the recipes: legacy tokens, Kubernetes' reviews."""

from __future__ import annotations

import json
import re
import sys
import threading
import time
import types
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt

from jwks_auth import Refused
from jwks_auth.adapters import Authenticator, Credentials
from jwks_auth.testing import FakeIssuer

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "recipes" / "other-tokens.md"
SNIPPETS = dict(
    re.findall(r"^```python\n# (\w+)\.py\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
)
SECRET = "a secret of the service's own, 32 octets at least"


@contextmanager
def imported(name: str) -> Iterator[Any]:
    """The module that a snippet is, for as long as the block lasts."""
    module = types.ModuleType(name)
    sys.modules[name] = module
    try:
        exec(compile(SNIPPETS[name], str(PAGE), "exec"), vars(module))
        yield module
    finally:
        del sys.modules[name]


def outcome(function: Any, raw: str) -> str:
    """What a service with *function* makes of a credential."""
    issuer = FakeIssuer()
    auth = Authenticator({**issuer.settings("api"), "OTHER_TOKENS": function}, in_tests=True)
    try:
        token = auth.authenticate(Credentials([f"Bearer {raw}"]))
    except Refused as error:
        return f"{error.status} {error.code}"
    assert token is not None
    return f"{token.kind} {token.issuer} {token.subject} {' '.join(sorted(token.scopes))}".strip()


def test_legacy_tokens() -> None:
    """Good, forged, expired; one that claims to be a configured issuer's is not asked about."""
    with imported("legacy") as module:
        function = module.legacy(SECRET, "api")
        claims = {"sub": "u1", "aud": "api", "exp": int(time.time()) + 60}
        assert outcome(function, jwt.encode(claims, SECRET)) == "other legacy u1"
        assert outcome(function, jwt.encode(claims, SECRET + "x")) == "401 bad_signature"
        assert outcome(function, jwt.encode({**claims, "exp": 1}, SECRET)) == "401 bad_signature"
        ours = {**claims, "iss": FakeIssuer().issuer}
        assert outcome(function, jwt.encode(ours, SECRET)) == "401 algorithm_not_allowed"
        assert outcome(function, "junk") == "401 malformed"
        assert outcome(function, FakeIssuer("https://other.example/").token()).startswith("401")


class Cluster(BaseHTTPRequestHandler):
    """The part of Kubernetes that reviews tokens."""

    def do_POST(self) -> None:
        """Answer a review."""
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["Authorization"] == "Bearer of-the-service"
        spec = sent["spec"]
        good = spec["token"] == "a.good.one"
        status = {"authenticated": good, "audiences": spec["audiences"], "user": {"username": "system:x"}}
        body = json.dumps({**sent, "status": status}).encode()
        self.send_response(500 if spec["token"] == "a.bad.day" else 201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Log nothing."""


def test_kubernetes_reviews(tmp_path: Path) -> None:
    """A token that the cluster knows, one that it does not, and a cluster in trouble."""
    (tmp_path / "token").write_text("of-the-service\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), Cluster) as server, imported("token_review") as module:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        function = module.reviewer("api", url=url, mount=tmp_path)
        assert outcome(function, "a.good.one") == "other kubernetes system:x"
        assert outcome(function, "a.strange.one") == "401 inactive"
        assert outcome(function, "junk") == "401 malformed"
        assert outcome(function, "a.bad.day") == "503 key_source_unavailable"
        server.shutdown()

"""``jwks-auth serve`` and ``jwks-auth token``, as they are typed."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from example_projects.demo.servers import AppServer
from jwks_auth import Issuer, TokenVerifier
from jwks_auth.adapters import Authenticator, Credentials
from jwks_auth.command import Terminal, main
from jwks_auth.devissuer import DevServer, Options, serve
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> tuple[int, str, str]:
    """The exit status, and what is printed to each stream."""
    out, errors = io.StringIO(), io.StringIO()
    status = main(arguments, terminal=Terminal(io.StringIO(), out, errors))
    return status, out.getvalue(), errors.getvalue()


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process of its own, and its URL."""
    command = [sys.executable, "-m", "jwks_auth", "serve", "--port", "0", *arguments]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        stream: Any = process.stderr if "--json" in arguments else process.stdout
        yield process, re.findall(r"pages: (\S+)/\)", stream.readline())[0]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_ended(number: signal.Signals) -> None:
    """It says what to type, answers, and ends with 0 and without a word."""
    with serving() as (process, url):
        assert f"export JWKS_AUTH_ISSUER={url} JWKS_AUTH_AUDIENCE=api" in process.stdout.readline()
        assert (
            requests.get(f"{url}/.well-known/openid-configuration", timeout=PATIENCE).json()["issuer"] == url
        )
        process.send_signal(number)
        _, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize("json_too", [(), ("--json",)])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_reads_the_first_line_may_end_it(number: signal.Signals, json_too: tuple[str, ...]) -> None:
    """Not a moment passes in which a signal is an error; afterwards signals are the process's own again."""

    class Impatient(io.StringIO):
        raised = False

        def flush(self) -> None:
            if "dev issuer" in self.getvalue() and not self.raised:
                self.raised = True
                signal.raise_signal(number)

    before = signal.getsignal(signal.SIGTERM)
    out, errors = (io.StringIO(), Impatient()) if json_too else (Impatient(), io.StringIO())
    assert main(["serve", "--port", "0", *json_too], terminal=Terminal(io.StringIO(), out, errors)) == 0
    assert signal.getsignal(signal.SIGTERM) == before


def test_for_programs_it_prints_one_object() -> None:
    """What people read goes to the other stream."""
    with serving("--json") as (process, _):
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=PATIENCE)
        assert json.loads(out)["ok"] is True


def test_curl_takes_the_token(server: DevServer) -> None:
    """``$(jwks-auth token)`` in a real shell is the token and nothing else."""
    typed = f'curl -s -H "Authorization: Bearer $({sys.executable} -m jwks_auth token)" {server.url}/userinfo'
    env = {
        **os.environ,
        "JWKS_AUTH_ISSUER": server.issuer.issuer,
        "no_proxy": "127.0.0.1",
        "http_proxy": "http://127.0.0.1:9",
    }
    done = subprocess.run(["sh", "-c", typed], capture_output=True, text=True, check=True, cwd=ROOT, env=env)
    assert json.loads(done.stdout)["sub"] == "ada"


def test_a_token_with_claims(server: DevServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text, JSON, and one that is left out; of the issuer that is named, or that of the environment."""
    asked = ["--sub", "u1", "--scope", "orders:read", "--scope", "a b", "--audience", "x", "--audience", "y"]
    claims = ["tier=gold", "level=3", 'groups=["a"]', "odd=NaN", "empty=", "eq=a=b", "jti=null", 'quoted="3"']
    asked += [part for claim in claims for part in ("--claim", claim)]
    monkeypatch.setenv("JWKS_AUTH_ISSUER", server.issuer.issuer + "/")
    status, out, errors = run("token", *asked)
    assert (status, errors, out.count("\n")) == (0, "", 1)
    token = TokenVerifier(Issuer(server.issuer.issuer), "y", allow_fake_issuer=True).verify(out.strip())
    assert (token.subject, token.scopes, token.audience) == ("u1", {"orders:read", "a", "b"}, ("x", "y"))
    told = {
        "tier": "gold",
        "level": 3,
        "groups": ["a"],
        "odd": "NaN",
        "empty": "",
        "eq": "a=b",
        "quoted": "3",
    }
    assert {name: token[name] for name in told} == told
    assert "jti" not in token.claims
    late = json.loads(run("token", "--json", "--expires-in=-5", "--issuer", server.issuer.issuer)[1])
    assert late["ok"] is True
    claims_of_late = server.issuer.read(late["token"])
    assert claims_of_late is not None
    assert claims_of_late["exp"] < claims_of_late["iat"]
    assert late["headers"] == {"Authorization": f"Bearer {late['token']}"}


def test_dpop_prints_the_headers_of_a_request(server: DevServer) -> None:
    """For ``curl -H @-``: a service that takes DPoP admits them, for that request alone."""
    url = "http://127.0.0.1:8000/orders"
    status, out, _ = run(
        "token", "--issuer", server.url, "--dpop", "--url", url, "--method", "POST", "--nonce", "n"
    )
    pairs = [tuple(line.split(": ", 1)) for line in out.splitlines()]
    assert (status, [name for name, _ in pairs]) == (0, ["Authorization", "DPoP"])
    service = Authenticator(
        {**server.issuer.settings(), "JWKS": server.issuer.jwks(), "DPOP": "require", "PUBLIC_URL": "http://127.0.0.1:8000",
         "DPOP_REPLAY": "off", "ALLOW_FAKE_ISSUER": True}
    )  # fmt: skip
    token = service.authenticate(Credentials.from_headers(pairs, method="POST", url=url))
    assert token is not None
    assert token.subject == "ada"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("token", "--claim", "tier"), r"--claim 'tier': expected NAME=VALUE, such as tier=gold"),
        (("token", "--claim", "=gold"), r"--claim '=gold': expected NAME=VALUE"),
        (("token", "--dpop"), "--dpop needs --url"),
        (("token", "--url", "http://127.0.0.1/"), "--dpop needs --url"),
        (("token", "--dpop", "--url", "nonsense"), "--url 'nonsense'"),
        (("token", "--method", "a b"), "--method: expected a method"),
        (("token", "--issuer", "nonsense"), "--issuer 'nonsense'"),
        (("token", "--expires-in", "x"), "--expires-in"),
        (("token", "--issuer", "http://127.0.0.1:1"), r"no dev issuer runs at http://127.0.0.1:1 .*jwks-auth serve"),
        (("serve", "--port", "x"), "--port"),
        (("serve", "--port", "99999"), "--port: expected a number from 0 to 65535"),
        (("serve", "--host", "0.0.0.0"), "--host 0.0.0.0: whoever reaches .* --unsafe-bind with --issuer-url"),
        (("serve", "--host", "::"), "--host ::: whoever reaches"),
        (("serve", "--host", "example.com"), "expected an IP address, or localhost"),
        (("serve", "--host", "0.0.0.0", "--unsafe-bind"), "--unsafe-bind needs --issuer-url"),
        (("serve", "--host", "10.0.0.1", "--issuer-url", "http://issuer:1"), "--unsafe-bind"),
        (("serve", "--issuer-url", "http://issuer:8999"), "only --unsafe-bind takes that"),
        (("serve", "--issuer-url", "http://127.0.0.1/x"), "scheme, host and port alone"),
        (("serve", "--issuer-url", "http://127.0.0.1/?x"), "scheme, host and port alone"),
        (("serve", "--issuer-url", "http://127.0.0.1#"), "scheme, host and port alone"),
        (("serve", "--issuer-url", "nonsense"), "--issuer-url 'nonsense'"),
        (("serve", "--audience", "a b"), "--audience: expected"),
        (("serve", "--audience", ""), "--audience: expected"),
        (("serve", "--users", "/no/such.toml"), "users: '/no/such.toml' can't be read"),
        (("serve", "--state", "/proc/none"), "--state '/proc/none'"),
        (("serve", "--bogus"), "--bogus"),
    ],
)  # fmt: skip
def test_mistakes_end_with_one_sentence(arguments: tuple[str, ...], told: str) -> None:
    """And 2, never a traceback; for programs one object."""
    status, out, errors = run(*arguments)
    assert (status, out, errors.count("\n")) == (2, "", 1)
    assert re.search(told, errors), errors
    status, out, errors = run(*arguments, "--json")
    assert (status, json.loads(out)["ok"], errors) == (2, False, "")


def test_a_port_that_is_taken() -> None:
    """One sentence that names it; nothing is left of the attempt."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        status, _, errors = run("serve", "--port", str(other.getsockname()[1]))
    assert status == 2
    assert re.fullmatch(r"--host 127\.0\.0\.1 --port \d+: Address already in use\n", errors)


def test_it_listens_on_ipv6(tmp_path: Path) -> None:
    """Where the machine has it; brackets or not."""
    for host in ("::1", "[::1]"):
        try:
            server = DevServer(Options(host=host, port=0)).__enter__()
        except ValueError:
            pytest.skip("this machine has no IPv6")
        assert server.url.startswith("http://[::1]:")
        assert requests.get(f"{server.url}/keys", timeout=PATIENCE).status_code == 200
        server.__exit__(None, None, None)


def test_beyond_this_machine_only_if_it_is_typed_out() -> None:
    """As for containers: the issuer's name is the one that others use."""
    with DevServer(Options("0.0.0.0", 0, issuer_url="http://issuer:8999", unsafe_bind=True)) as server:
        assert server.issuer.issuer == "http://issuer:8999"
        shown = serve.lines_of(server, "api")
        assert "JWKS_AUTH_ISSUER=http://issuer:8999" in shown[1]


@pytest.mark.parametrize("body", ["[]", "{}", "nonsense", '{"issuer": "x"}', "[" * 100_000])
def test_nothing_is_asked_of_what_is_no_dev_issuer(body: str) -> None:
    """A provider whose address stands in the environment gets no request for a token."""
    app = "def app(e, s): s('200 OK', []); print(e['REQUEST_METHOD'], flush=True); return [BODY]"
    code = f"import sys, socket\nfrom wsgiref.simple_server import *\nBODY = {body.encode()!r}\n{app}\n"
    code += "s = WSGIServer(('127.0.0.1', 0), WSGIRequestHandler, False)\ns.socket.close()\n"
    code += "s.socket = socket.socket(fileno=int(sys.argv[1]))\ns.setup_environ = None\n"
    code += "s.server_name, s.server_port = 'x', 1\nWSGIServer.setup_environ(s)\ns.set_app(app)\ns.serve_forever()"
    with AppServer("other", [sys.executable, "-c", code, "{fd}"]) as other:
        status, _, errors = run("token", "--issuer", other.url)
        assert (status, "no dev issuer runs at" in errors) == (2, True), other.log()
        assert "POST" not in other.log()


def test_a_refusal_of_the_dev_issuer_is_told(server: DevServer) -> None:
    """In its own words."""
    status, _, errors = run("token", "--issuer", server.url, "--sub", "x" * 2000)
    assert (status, "the dev issuer refuses" in errors) == (2, True)

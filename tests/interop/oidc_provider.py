"""The certified OpenID provider ``oidc-provider`` (Node), run by a test on loopback."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import secrets
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urljoin, urlsplit

import requests

from tests.needs import missing, need_tool
from tests.patience import PATIENCE

__all__ = [
    "ALGORITHMS",
    "AUDIENCE",
    "SECRET",
    "OidcProvider",
    "at_reference",
    "installed_packages",
    "judged_by_node",
    "logged_in_by_node",
    "proved_by_node",
    "read_by_node",
    "sign_in_by_node",
]

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
AUDIENCE = "https://api.example"
SECRET = "not-a-secret-it-lives-for-a-test"
CALLBACK = "https://client.example/callback"
OLDEST_NODE = 20

_HERE = Path(__file__).parent / "provider"


class OidcProvider:
    """The provider for as long as the ``with`` block lasts; its packages are installed when first needed."""

    def __enter__(self) -> Self:
        node = _node()
        _install_packages()
        self._process = subprocess.Popen(
            [node, "provider.mjs"],
            cwd=_HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,  # a few lines of advice, far from filling the pipe
            text=True,
        )
        self.issuer: str = self._published()["issuer"]
        return self

    def token(self, alg: str, *, scope: str = "orders:read") -> str:
        """An access token from the token endpoint: client credentials, a resource whose tokens use *alg*."""
        answer = requests.post(
            f"{self.issuer}/token",
            data={
                "grant_type": "client_credentials",
                "resource": f"{AUDIENCE}/{alg}",
                "scope": scope,
            },
            auth=("service", SECRET),
            timeout=PATIENCE,
        )
        answer.raise_for_status()
        token: str = answer.json()["access_token"]
        return token

    def revoke(self, token: str) -> None:
        """Revoke an access token (RFC 7009)."""
        sent = {"token": token}
        answer = requests.post(
            f"{self.issuer}/token/revocation", data=sent, auth=("service", SECRET), timeout=PATIENCE
        )
        answer.raise_for_status()

    def bound_token(self, alg: str, certificate: str) -> str:
        """An access token that is bound to a client's *certificate*, in PEM (RFC 8705 section 3)."""
        answer = requests.post(
            f"{self.issuer}/token",
            data={
                "grant_type": "client_credentials",
                "resource": f"{AUDIENCE}/{alg}",
                "scope": "orders:read",
            },
            auth=("bound", "not-a-secret-it-lives-for-a-test"),
            headers={"Client-Cert": quote(certificate, safe="")},
            timeout=PATIENCE,
        )
        answer.raise_for_status()
        token: str = answer.json()["access_token"]
        return token

    def sign_in(self, alg: str, response_type: str, **asked: str) -> dict[str, str]:
        """A user's sign-in at the client ``web-<alg>``: what the authorization and token endpoints answer.

        *asked* are parameters of the request, such as ``nonce``. Of the token endpoint's answer the names end in
        ``_of_code``.
        """
        session = requests.Session()
        client = {"client_id": f"web-{alg}", "redirect_uri": CALLBACK, "scope": "openid"}
        place = f"{self.issuer}/auth?{urlencode({**client, 'response_type': response_type, **asked})}"
        answer = _answered(session.get(place, allow_redirects=False, timeout=PATIENCE))
        for prompt in ({"prompt": "login", "login": "u1", "password": "p"}, {"prompt": "consent"}):
            if not answer.startswith(CALLBACK):
                posted = session.post(
                    urljoin(self.issuer, answer), data=prompt, allow_redirects=False, timeout=PATIENCE
                )
                place = urljoin(self.issuer, _answered(posted))
                answer = _answered(session.get(place, allow_redirects=False, timeout=PATIENCE))
        assert answer.startswith(CALLBACK), answer
        parts = urlsplit(answer)
        found = dict(parse_qsl(parts.fragment or parts.query))
        return {**found, **(self._exchanged(alg, found["code"]) if "code" in found else {})}

    def _exchanged(self, alg: str, code: str) -> dict[str, str]:
        answer = requests.post(
            f"{self.issuer}/token",
            data={"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK},
            auth=(f"web-{alg}", SECRET),
            timeout=PATIENCE,
        )
        answer.raise_for_status()
        return {f"{name}_of_code": str(value) for name, value in answer.json().items()}

    def user_token(self, **asked: str) -> str:
        """An access token for a user who signs in as *asked* (``acr_values``, ``max_age``): code flow with PKCE."""
        verifier = secrets.token_urlsafe(32)
        digest = hashlib.sha256(verifier.encode()).digest()
        client = {"client_id": "browser", "redirect_uri": "https://browser.example/cb"}
        resource = {"resource": f"{AUDIENCE}/ES256"}
        with requests.Session() as browser:
            answer = browser.get(
                f"{self.issuer}/auth",
                params={
                    **client,
                    **resource,
                    **asked,
                    "response_type": "code",
                    "scope": "openid orders:read",
                    "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
                    "code_challenge_method": "S256",
                },
                timeout=PATIENCE,
                allow_redirects=False,
            )
            while not (place := answer.headers["Location"]).startswith(client["redirect_uri"]):
                answer = browser.get(urljoin(self.issuer, place), timeout=PATIENCE, allow_redirects=False)
        code = parse_qs(urlsplit(place).query)["code"][0]
        data = {
            **client,
            **resource,
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
        }
        answer = requests.post(f"{self.issuer}/token", data=data, timeout=PATIENCE)
        answer.raise_for_status()
        token: str = answer.json()["access_token"]
        return token

    def rotate(self) -> None:
        """New keys sign from now on; the old ones stay published."""
        self._command("rotate")

    def withdraw(self) -> None:
        """Only the newest keys stay published."""
        self._command("withdraw")

    def log_out(self, client: str, url: str, sub: str, sid: str = "") -> None:
        """Tell the logout endpoint at *url*; it answers 200, or the provider ends."""
        self._command(f"logout {client} {url} {sub} {sid}".rstrip())

    def _command(self, name: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{name}\n")
        self._process.stdin.flush()
        self._published()

    def _published(self) -> dict[str, str]:
        """The line that says what is published now."""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the provider ended: {self._process.stderr.read()}")
        published: dict[str, str] = json.loads(line)
        return published

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=PATIENCE)  # the end of its input ends the provider


def read_by_node(resource: str, url: str, token: str) -> Any:
    """Return what npm's ``oauth4webapi`` reads of a resource's metadata, and of the answer of *url*."""
    return json.loads(_run("reader.mjs", resource, url, token))


def introspected_by_node(
    issuer: str, client: tuple[str, str], tokens: Sequence[str], *, signed: bool
) -> list[dict[str, Any]]:
    """Return what npm's ``oauth4webapi`` is told of *tokens* at the endpoint in an issuer's metadata."""
    form = "jwt" if signed else "json"
    return list(json.loads(_run("introspector.mjs", issuer, *client, form, *tokens)))


def sign_in_by_node(url: str, issuer: str, tools: Sequence[str]) -> list[dict[str, Any]]:
    """Return what npm's MCP client did to call *tools* at *url*, for a user who signs in at *issuer*."""
    told = _run("agent.mjs", ",".join(tools), "browser", issuer, url)
    return [json.loads(line) for line in told.splitlines()]


def proved_by_node(library: str, alg: str, issuer: str, urls: Sequence[str]) -> list[int]:
    """Return what *urls* answer to npm's *library*, whose token of *issuer* is bound to a key of *alg*."""
    statuses: list[int] = json.loads(_run("prover.mjs", library, alg, issuer, *urls))
    return statuses


def judged_by_node(trusted: tuple[str, str, str], asked: Sequence[Any]) -> list[str]:
    """Return what npm's ``oauth4webapi`` says of the requests *asked*: the empty text of one that it takes.

    *trusted* are issuer, the URL of its keys, and audience. A request is its method, its URL and its headers.
    """
    verdicts: list[str] = json.loads(_run("judge.mjs", *trusted, given=json.dumps(asked)))
    return verdicts


def at_reference(scenario: str, results: Path) -> list[dict[str, Any]]:
    """Return what the same client did at the server that MCP's conformance suite has for *scenario*."""
    suite = "node_modules/@modelcontextprotocol/conformance/dist/index.js"
    asked = ("--command", "node agent.mjs test-tool", "--scenario", scenario, "-o", str(results))
    _run("--import", "./globs.mjs", suite, "client", *asked)
    [told] = results.rglob("stdout.txt")
    return [json.loads(line) for line in told.read_text().splitlines()]


def logged_in_by_node(issuer: str) -> dict[str, Any]:
    """Return what npm's ``openid-client`` gets at a dev issuer: claims, facts, and answers about tokens."""
    told: dict[str, Any] = json.loads(_run("login.mjs", issuer))
    return told


def installed_packages() -> Path:
    """Return the folder of npm's packages, installed."""
    _node()
    _install_packages()
    return _HERE / "node_modules"


def _run(*command: str, given: str | None = None) -> str:
    node = _node()
    _install_packages()
    options: Any = {"cwd": _HERE, "capture_output": True, "text": True, "timeout": PATIENCE}
    try:
        return str(subprocess.run([node, *command], check=True, input=given, **options).stdout)
    except subprocess.CalledProcessError as error:
        error.add_note(f"{error.stdout}\n{error.stderr}")
        raise


def _answered(response: requests.Response) -> str:
    assert response.is_redirect, response.text
    return response.headers["Location"]


def _node() -> str:
    node = need_tool("node")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        missing(f"oidc-provider needs Node {OLDEST_NODE}, and {node} is {version}")
    return node


def _install_packages() -> None:
    with (_HERE / "package.json").open() as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)  # tests on another core need them as well
        wanted = json.load(alone)["dependencies"]
        if not all((_HERE / "node_modules" / name).is_dir() for name in wanted):
            _install()


def _install() -> None:
    npm = need_tool("npm")
    options = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
    done = subprocess.run([npm, "install", *options], cwd=_HERE, capture_output=True, text=True, timeout=600)
    if done.returncode:
        missing(f"oidc-provider can't be installed: npm ended with {done.returncode}")

"""Proofs through nginx to uvicorn, gunicorn and Daphne behind prefixes; WebSockets with proof and certificate."""

from __future__ import annotations

import http.client
import os
import ssl
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from example_projects.demo.servers import AppServer, gunicorn, uvicorn
from jwks_auth.testing import ClientCertificate, FakeClient, FakeIssuer
from tests.adapters.django.daemons import free_port
from tests.certificates import Authority
from tests.needs import need_module, need_tool
from tests.patience import PATIENCE, eventually

PROJECTS, ROOT = Path(__file__).parents[2] / "example_projects", Path(__file__).parents[2]
PUBLIC = "https://api.acme.dev"
SECRET = "only-the-proxy-knows"

NGINX = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {server}; ssl_certificate_key {server};
    ssl_verify_client optional_no_ca;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header Client-Cert $ssl_client_escaped_cert;
    proxy_set_header X-Proxy {secret};
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    {locations}
  }}
}}
"""

WHOLE = "location /{name}/ {{ proxy_pass http://127.0.0.1:{port}; }}"
"""The application is told the prefix, and sees the whole path."""

STRIPPED = "location /{name}/ {{ proxy_pass http://127.0.0.1:{port}/; }}"
"""The application is told the prefix, which the proxy takes away."""


def _env(issuer: str, name: str, *, public: bool, **others: str) -> dict[str, str]:
    return {
        "JWKS_AUTH_ISSUER": issuer,
        "JWKS_AUTH_ALLOW_FAKE_ISSUER": "true",
        "JWKS_AUTH_AUDIENCE": "api",
        "JWKS_AUTH_DPOP": "require",
        "JWKS_AUTH_DPOP_REPLAY": "memory",
        "JWKS_AUTH_MTLS": "accept",
        "JWKS_AUTH_CLIENT_CERTIFICATE": '{"HEADER": "Client-Cert", "FORMAT": "pem-urlencoded"}',
        "JWKS_AUTH_PROXY_SECRET": f'{{"HEADER": "X-Proxy", "VALUE": "{SECRET}"}}',
        "DJANGO_SETTINGS_MODULE": "tests.interop.bound_settings",
        "PYTHONPATH": str(ROOT),
        "no_proxy": "127.0.0.1",
        **({"JWKS_AUTH_PUBLIC_URL": f"{PUBLIC}/{name}"} if public else {}),
        **others,
    }


def _made(kind: str, name: str, env: dict[str, str]) -> tuple[AppServer, str]:
    """Return the server of *kind* below the prefix *name*, and how nginx passes requests on."""
    told = {**env, "SCRIPT_NAME": f"/{name}"}
    if kind == "django":
        return gunicorn(name, "app:application", cwd=PROJECTS / "django_api", env=told), WHOLE
    if kind == "flask":
        return gunicorn(name, "app:create_app()", cwd=PROJECTS / "flask_api", env=told), WHOLE
    root = f"--root-path=/{name}"
    if kind == "fastapi":
        return uvicorn(name, "app:app", root, cwd=PROJECTS / "fastapi_api", env=env), STRIPPED
    if kind == "sockets":
        return uvicorn(name, "sockets_app:app", root, cwd=Path(__file__).parent, env=env), STRIPPED
    served = ROOT / "tests" / "adapters" / "django" / "served"
    if kind == "channels":
        return uvicorn(name, "sockets:application", root, cwd=served, env=env), STRIPPED
    command = [sys.executable, "-m", "daphne", "--fd", "{fd}", root, "sockets:application"]
    return AppServer(name, command, served, env), WHOLE  # Daphne adds no prefix to paths


KINDS = ("django", "flask", "fastapi")
SOCKETS = {"sockets": "/ws", "channels": "/proofs", "daphne": "/proofs"}


@dataclass
class Site:
    """Everything that runs behind nginx at *port*."""

    port: int
    issuer: FakeIssuer
    authority: Path
    apps: Mapping[str, AppServer]
    certificate: ClientCertificate
    files: Mapping[str, Path]

    def base(self, name: str) -> str:
        """The URL that clients of the application *name* know."""
        return f"{PUBLIC}/{name}" if name.endswith("public") else f"https://127.0.0.1:{self.port}/{name}"

    def context(self, certificate: Path | None = None) -> ssl.SSLContext:
        """A client's, which shows *certificate*."""
        context = ssl.create_default_context(cafile=str(self.authority))
        if certificate is not None:
            context.load_cert_chain(certificate)
        return context

    def get(self, path: str, headers: Mapping[str, str]) -> tuple[int, str]:
        """Return status and challenge of a request through nginx."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=PATIENCE, context=self.context()
        )
        try:
            connection.request("GET", path, headers=dict(headers))
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.headers.get("WWW-Authenticate", "")
        finally:
            connection.close()

    def greeted(self, path: str, headers: Mapping[str, str], certificate: Path | None = None) -> str | int:
        """Return the first message of a WebSocket, or the status of its refusal."""
        url, context = f"wss://127.0.0.1:{self.port}{path}", self.context(certificate)
        try:
            with connect(
                url, ssl=context, additional_headers=headers, proxy=None, open_timeout=PATIENCE
            ) as socket:
                return str(socket.recv(PATIENCE))
        except InvalidStatus as error:
            return error.response.status_code


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Applications with ``PUBLIC_URL`` and without, and nginx, up."""
    nginx = need_tool("nginx")
    need_module("daphne")
    folder = tmp_path_factory.mktemp("dpop")
    authority = Authority(folder)
    shown = {"ours": ClientCertificate.generate("ours"), "theirs": ClientCertificate.generate("theirs")}
    files = {name: folder / f"{name}.pem" for name in shown}
    for name, file in files.items():
        file.write_text(shown[name].key_pem + shown[name].pem)
    with ExitStack() as up:
        issuer = up.enter_context(FakeIssuer.serve())
        apps, locations = {}, []
        for kind in (*KINDS, *SOCKETS):
            for name in (kind, f"{kind}-public"):
                env = _env(issuer.issuer, name, public=name != kind)
                server, location = _made(kind, name, env)
                apps[name] = up.enter_context(server)
                locations.append(location.format(name=name, port=server.port))
        port, user = free_port(), "user root;" if os.getuid() == 0 else ""
        text = NGINX.format(user=user, folder=folder, port=port, server=authority.leaf("server"), secret=SECRET,
                            locations="\n    ".join(locations))  # fmt: skip
        (folder / "nginx.conf").write_text(text)
        command = [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")]
        proxy = up.enter_context(AppServer("nginx", command))
        found = Site(port, issuer, authority.file, apps, shown["ours"], files)
        assert eventually(partial(_is_up, found)), proxy.log()
        yield found


def _is_up(site: Site) -> bool:
    try:
        return site.get("/", {})[0] > 0
    except OSError:
        return False


def each(kinds: Mapping[str, str] | tuple[str, ...]) -> pytest.MarkDecorator:
    """Every application of *kinds*, with ``PUBLIC_URL`` and without."""
    return pytest.mark.parametrize("name", [f"{kind}{end}" for kind in kinds for end in ("", "-public")])


@each(KINDS)
def test_a_proof_names_the_url_that_its_client_used(site: Site, name: str) -> None:
    """Through the proxy, with its scheme, host and prefix; in other spellings, and with a query."""
    client = site.issuer.client(dpop=True)
    for path in ("/me", "/me?a=%2F&b", "/%6De"):
        headers = client.headers("GET", site.base(name) + path, sub="u1")
        assert site.get(f"/{name}{path}", headers) == (200, ""), site.apps[name].log()


@each(KINDS)
def test_a_proof_for_another_place_is_refused(site: Site, name: str) -> None:
    """Another host, scheme, port, prefix and path: that of the server behind the proxy is another place too."""
    client = site.issuer.client(dpop=True)
    base = site.base(name)
    inside = site.apps[name].url
    above = base.rpartition("/")[0]
    for url in ("https://evil.example/me", f"{base}/orders", f"{base}x/me", base.replace("https", "http") + "/me",
                f"{above}/me", f"{base}/{name}/me", f"{inside}/me", f"{inside}/{name}/me"):  # fmt: skip
        status, told = site.get(f"/{name}/me", client.headers("GET", url, sub="u1"))
        assert (status, 'error="invalid_dpop_proof"' in told) == (401, True), url


@each(KINDS)
def test_a_host_of_the_senders_choice_counts_only_without_public_url(site: Site, name: str) -> None:
    """A stolen request for another host is taken where Host is believed, of which a warning tells, and nowhere else."""
    client = site.issuer.client(dpop=True)
    headers = client.headers("GET", f"https://localhost/{name}/me", sub="u1")
    assert site.get(f"/{name}/me", {**headers, "Host": "localhost"})[0] == (
        401 if name.endswith("public") else 200
    )
    told = "PUBLIC_URL is missing" in site.apps[name].log()
    assert told is not name.endswith("public") or name.startswith("django")  # which has a check for it


@each(KINDS)
def test_a_proof_replayed_through_the_proxy(site: Site, name: str) -> None:
    """A whole request again."""
    headers = site.issuer.client(dpop=True).headers("GET", f"{site.base(name)}/me", sub="u1")
    assert [site.get(f"/{name}/me", headers)[0] for _ in range(2)] == [200, 401]


def bound(site: Site, *, certificate: bool) -> FakeClient:
    """A client with a key, and with our certificate if asked for."""
    return site.issuer.client(dpop=True, certificate=site.certificate if certificate else False)


def proof_for(client: FakeClient, url: str) -> dict[str, str]:
    """Token and proof, without a header for the certificate."""
    headers = client.headers("GET", url, sub="u1", scope="chat")
    return {name: headers[name] for name in ("Authorization", "DPoP")}


@each(SOCKETS)
def test_websockets_with_proof_and_certificate(site: Site, name: str) -> None:
    """The handshake has the proof, for GET and the https URL, over a connection with the certificate."""
    paths = ["/ws", "/starlette/ws"] if name.startswith("sockets") else ["/proofs"]
    for path in paths:
        url, target = site.base(name) + path, f"/{name}{path}"
        client = bound(site, certificate=False)
        assert site.greeted(target, proof_for(client, url)) == "dpop", site.apps[name].log()
        assert site.greeted(target, proof_for(client, url.replace("https", "wss"))) == "dpop"
        client = bound(site, certificate=True)
        assert site.greeted(target, proof_for(client, url), site.files["ours"]) == "dpop mtls"


@each(SOCKETS)
def test_a_stolen_token_opens_no_websocket(site: Site, name: str) -> None:
    """Without proof or certificate, with another's, replayed, as Bearer, as a subprotocol: refused before accept."""
    path = SOCKETS[name.removesuffix("-public")]
    url, target = site.base(name) + path, f"/{name}{path}"
    client, thief = bound(site, certificate=True), bound(site, certificate=False)
    sent = proof_for(client, url)
    token = sent["Authorization"].partition(" ")[2]
    ours, theirs = site.files["ours"], site.files["theirs"]
    refused = [
        site.greeted(target, {"Authorization": f"DPoP {token}"}, ours),
        site.greeted(target, {"Authorization": f"Bearer {token}", "DPoP": sent["DPoP"]}, ours),
        site.greeted(target, {"Sec-WebSocket-Protocol": f"bearer, {token}", "DPoP": sent["DPoP"]}, ours),
        site.greeted(target, {**sent, "DPoP": thief.proof("GET", url, token)}, ours),
        site.greeted(target, {**sent, "DPoP": client.proof("GET", url + "x", token)}, ours),
        site.greeted(target, sent),
        site.greeted(target, {**sent, "Client-Cert": site.certificate.field("pem-urlencoded")}),
        site.greeted(target, sent, theirs),
    ]
    wanted = 403 if name.startswith("daphne") else 401
    assert refused == [wanted] * len(refused)
    assert [site.greeted(target, sent, ours) for _ in range(2)] == ["dpop mtls", wanted]

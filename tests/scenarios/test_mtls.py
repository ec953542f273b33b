"""Real nginx and HAProxy, which ask clients for certificates, before uvicorn and gunicorn; and what thieves try."""

from __future__ import annotations

import http.client
import json
import os
import ssl
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import pytest

from example_projects.demo.servers import AppServer, gunicorn, uvicorn
from jwks_auth.testing import FakeIssuer
from tests.adapters.django.daemons import free_port
from tests.certificates import Authority
from tests.needs import need_tool
from tests.patience import PATIENCE, eventually

PROJECTS = Path(__file__).parents[2] / "example_projects"
SECRET = "only-the-proxy-knows"
PROXIES = {"JWKS_AUTH_TRUSTED_PROXIES": "127.0.0.1 10.0.0.0/8"}
KNOWN = {"JWKS_AUTH_PROXY_SECRET": json.dumps({"HEADER": "X-Proxy", "VALUE": SECRET})}

Headers = Sequence[tuple[str, str]]

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
    ssl_client_certificate {authority}; ssl_verify_client optional_no_ca;
    proxy_set_header Client-Cert $ssl_client_escaped_cert;
    proxy_set_header X-Proxy {secret};
    location /gunicorn/ {{ proxy_pass http://127.0.0.1:{gunicorn}; }}
    location /uvicorn/ {{ proxy_pass http://127.0.0.1:{uvicorn}/; }}
    location /socket/ {{ proxy_pass http://unix:{folder}/s:/; }}
    location /forwarded/ {{
      proxy_set_header Client-Cert $ssl_client_escaped_cert;
      proxy_set_header X-Proxy {secret};
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_pass http://127.0.0.1:{forwarded}/;
    }}
    location /overwritten/ {{
      proxy_set_header Client-Cert $ssl_client_escaped_cert;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_pass http://127.0.0.1:{overwritten}/;
    }}
  }}
}}
"""
HAPROXY = """
defaults
  mode http
  timeout connect 60s
  timeout client 60s
  timeout server 60s
frontend tls
  bind 127.0.0.1:{port} ssl crt {server} ca-file {authority} verify optional ca-ignore-err all crt-ignore-err all
  http-request set-header Client-Cert %[ssl_c_der,base64]
  default_backend apps
backend apps
  server app 127.0.0.1:{app}
"""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy at *port*, whose server has a certificate of *authority*."""

    port: int
    authority: Path

    def status(
        self, path: str, token: str, certificate: Path | None, headers: Headers = ()
    ) -> tuple[int, str]:
        """Return the status and the challenge of a request over a connection with *certificate*."""
        context = ssl.create_default_context(cafile=str(self.authority))
        if certificate is not None:
            context.load_cert_chain(certificate)
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE, context=context)
        return _asked(connection, path, [("Authorization", f"Bearer {token}"), *headers])


def _asked(connection: http.client.HTTPConnection, path: str, headers: Headers) -> tuple[int, str]:
    try:
        connection.putrequest("GET", path)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers.get("WWW-Authenticate", "")
    finally:
        connection.close()


def octets(certificate: Path) -> bytes:
    """The certificate in *certificate*, which has its key too."""
    _, begin, rest = certificate.read_text().partition("-----BEGIN CERTIFICATE-----")
    return ssl.PEM_cert_to_DER_cert(begin + rest)


def bound(certificate: Path) -> dict[str, str]:
    """``cnf`` of a token for it."""
    return {"x5t#S256": urlsafe_b64encode(sha256(octets(certificate)).digest()).rstrip(b"=").decode()}


@dataclass
class Site:
    """Everything that runs, and the certificates of two clients: of the authority, and signed by themselves."""

    issuer: FakeIssuer
    clients: dict[str, Path]
    apps: dict[str, AppServer]
    nginx: Proxy
    haproxy: Proxy

    def token(self, client: str) -> str:
        """A token that is bound to the certificate of *client*."""
        return self.issuer.token(sub=client, cnf=bound(self.clients[client]))


def _apps(issuer: str, socket: Path) -> dict[str, AppServer]:
    shared = {
        "JWKS_AUTH_ISSUER": issuer,
        "JWKS_AUTH_AUDIENCE": "api",
        "JWKS_AUTH_ALLOW_FAKE_ISSUER": "true",
        "JWKS_AUTH_MTLS": "accept",
        "JWKS_AUTH_CLIENT_CERTIFICATE": '{"HEADER": "Client-Cert", "FORMAT": "pem-urlencoded"}',
        "no_proxy": "127.0.0.1",
    }
    plain = {
        **shared,
        "JWKS_AUTH_CLIENT_CERTIFICATE": '{"HEADER": "Client-Cert", "FORMAT": "der-base64"}',
        **PROXIES,
    }

    def flask(name: str, *options: str, **env: str) -> AppServer:
        return gunicorn(name, "app:create_app()", *options, cwd=PROJECTS / "flask_api", env={**shared, **env})

    def fastapi(name: str, *options: str, **env: str) -> AppServer:
        return uvicorn(name, "app:app", *options, cwd=PROJECTS / "fastapi_api", env={**shared, **env})

    return {
        "gunicorn": flask("gunicorn", SCRIPT_NAME="/gunicorn", **PROXIES),
        "uvicorn": fastapi("uvicorn", "--no-proxy-headers", "--root-path=/uvicorn", **PROXIES),
        "socket": _on_a_socket(flask("socket", **KNOWN), socket),
        "forwarded": fastapi("forwarded", "--root-path=/forwarded", **KNOWN),
        "overwritten": fastapi("overwritten", "--forwarded-allow-ips=*", **PROXIES),
        "haproxy": flask("haproxy", **plain),
    }


def _on_a_socket(server: AppServer, socket: Path) -> AppServer:
    server.command = [part.replace("fd://{fd}", f"unix:{socket}") for part in server.command]
    return server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Apps and proxies, up."""
    nginx, haproxy = need_tool("nginx"), need_tool("haproxy")
    folder = tmp_path_factory.mktemp("mtls")
    authority, other = Authority(folder), Authority(folder, "Nobody's CA")
    clients = {"known": authority.leaf("known"), "unknown": other.leaf("unknown")}
    with ExitStack() as running:
        issuer = running.enter_context(FakeIssuer.serve())
        socket = folder / "s"
        apps = {name: running.enter_context(app) for name, app in _apps(issuer.issuer, socket).items()}
        ports = {name: app.port for name, app in apps.items()}
        named = {"server": authority.leaf("server"), "authority": authority.file, "folder": folder}
        listening = {name: free_port() for name in ("nginx", "haproxy")}
        user = "user root;" if os.getuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            NGINX.format(**named, **ports, port=listening["nginx"], secret=SECRET, user=user)
        )
        (folder / "haproxy.cfg").write_text(
            HAPROXY.format(**named, port=listening["haproxy"], app=ports["haproxy"])
        )
        started = [
            running.enter_context(
                AppServer("nginx", [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")])
            ),
            running.enter_context(AppServer("haproxy", [haproxy, "-db", "-f", str(folder / "haproxy.cfg")])),
        ]
        proxies = {name: Proxy(port, authority.file) for name, port in listening.items()}
        assert eventually(socket.exists), apps["socket"].log()
        for proxy, server in zip(proxies.values(), started, strict=True):
            assert eventually(partial(_is_up, proxy)), server.log()
        yield Site(issuer, clients, apps, **proxies)


def _is_up(proxy: Proxy) -> bool:
    try:
        return proxy.status("/", "x", None)[0] > 0
    except OSError:
        return False


PLACES = ["gunicorn", "uvicorn", "socket", "forwarded"]


@pytest.mark.parametrize("client", ["known", "unknown"])
@pytest.mark.parametrize("place", PLACES)
def test_nginx_passes_the_certificate_on(site: Site, place: str, client: str) -> None:
    """MTLS-5: behind a prefix, over a socket with an address and one without, of any authority."""
    assert site.nginx.status(f"/{place}/me", site.token(client), site.clients[client]) == (200, "")


@pytest.mark.parametrize("place", PLACES)
def test_a_stolen_token_is_worthless(site: Site, place: str) -> None:
    """MTLS-4: without a certificate, with the thief's own, and with the victim's in a header of the thief's."""
    token, victim = site.token("known"), octets(site.clients["known"])
    pem = quote(ssl.DER_cert_to_PEM_cert(victim), safe="")
    forged = [("Client-Cert", pem)]
    for headers in ([], forged, [*forged, *forged], [*forged, ("X-Proxy", SECRET)], [("client_cert", pem)]):
        status, told = site.nginx.status(f"/{place}/me", token, None, headers)
        assert (status, "and the request has none" in told) == (401, True), headers
        status, told = site.nginx.status(f"/{place}/me", token, site.clients["unknown"], headers)
        assert (status, "bound to another client certificate" in told) == (401, True), headers


@pytest.mark.parametrize("spoofed", ["10.0.0.1", "10.0.0.1:4711", "192.0.2.1, 10.0.0.1", "127.0.0.1", ""])
def test_an_address_of_the_senders_choice_is_not_believed(site: Site, spoofed: str) -> None:
    """uvicorn's proxy headers make the peer what X-Forwarded-For says: a thief beside the proxy gains nothing by it."""
    pem = quote(ssl.DER_cert_to_PEM_cert(octets(site.clients["known"])), safe="")
    for name in ("X-Forwarded-For", "x-forwarded-for"):
        sent = [
            ("Authorization", f"Bearer {site.token('known')}"),
            ("Client-Cert", pem),
            (name, spoofed or "-"),
        ]
        connection = http.client.HTTPConnection("127.0.0.1", site.apps["overwritten"].port, timeout=PATIENCE)
        status, told = _asked(connection, "/me", sent)
        assert (status, "and the request has none" in told) == (401, True)
    headers = [("X-Forwarded-For", spoofed)] if spoofed else []
    status, told = site.nginx.status("/overwritten/me", site.token("known"), site.clients["known"], headers)
    assert (status, "and the request has none" in told) == (401, True)


def test_without_the_proxy_a_forged_header_counts_from_its_machine_alone(site: Site) -> None:
    """A control for the address: the socket's peer is this machine, which these settings trust."""
    pem = quote(ssl.DER_cert_to_PEM_cert(octets(site.clients["known"])), safe="")
    sent = [("Authorization", f"Bearer {site.token('known')}"), ("Client-Cert", pem)]
    found = {}
    for name, path in (("gunicorn", "/gunicorn/me"), ("uvicorn", "/me"), ("forwarded", "/me")):
        connection = http.client.HTTPConnection("127.0.0.1", site.apps[name].port, timeout=PATIENCE)
        found[name] = _asked(connection, path, sent)[0]
    assert found == {"gunicorn": 200, "uvicorn": 200, "forwarded": 401}


@pytest.mark.parametrize("client", ["known", "unknown"])
def test_haproxy_passes_the_certificate_on(site: Site, client: str) -> None:
    """In base64, of any authority; what a thief sends is replaced."""
    token = site.token(client)
    assert site.haproxy.status("/me", token, site.clients[client]) == (200, "")
    forged = [("Client-Cert", b64encode(octets(site.clients[client])).decode())]
    for headers in ([], forged, [*forged, *forged]):
        other = site.clients["unknown" if client == "known" else "known"]
        assert site.haproxy.status("/me", token, None, headers)[0] == 401
        assert site.haproxy.status("/me", token, other, headers)[0] == 401

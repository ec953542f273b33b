"""A real Apache that asks clients for certificates, before gunicorn: its header in PEM, and what thieves try."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from example_projects.demo.servers import AppServer, gunicorn
from jwks_auth.testing import FakeIssuer
from tests.adapters.django.daemons import free_port
from tests.certificates import Authority
from tests.needs import missing, need_tool
from tests.patience import eventually
from tests.scenarios.test_mtls import KNOWN, PROJECTS, SECRET, Proxy, _is_up, bound, octets

MODULES = Path("/usr/lib/apache2/modules")
APACHE = """
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
DefaultRuntimeDir {folder}
{modules}
{user}
SSLEngine on
SSLCertificateFile {server}
SSLCACertificateFile {authority}
SSLVerifyClient optional_no_ca
RequestHeader set Client-Cert "%{{SSL_CLIENT_CERT}}s"
RequestHeader set X-Proxy {secret}
ProxyPass / http://127.0.0.1:{app}/
"""
CLIENTS = ["known", "unknown"]


class Site:
    """What runs, and the certificates of a client of the authority and of one with another."""

    def __init__(self, issuer: FakeIssuer, proxy: Proxy, files: dict[str, Path]) -> None:
        self.issuer, self.proxy, self.files = issuer, proxy, files

    def token(self, client: str) -> str:
        """A token that is bound to the certificate of *client*."""
        return self.issuer.token(sub=client, cnf=bound(self.files[client]))


def _conf(folder: Path, authority: Authority, port: int, app: int) -> str:
    names = ("mpm_event", "authz_core", "ssl", "headers", "proxy", "proxy_http")
    modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in names)
    user = "User nobody\nGroup nogroup" if os.getuid() == 0 else ""
    return APACHE.format(
        folder=folder, port=port, app=app, modules=modules, user=user, server=authority.leaf("server"),
        authority=authority.file, secret=SECRET,
    )  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An app and Apache, up."""
    program = need_tool("apache2")
    if not MODULES.is_dir():
        missing("Apache's modules are not where Debian has them")
    folder = tmp_path_factory.mktemp("apache")
    authority, other = Authority(folder), Authority(folder, "Nobody's CA")
    with ExitStack() as up:
        issuer = up.enter_context(FakeIssuer.serve())
        env = {
            "JWKS_AUTH_ISSUER": issuer.issuer,
            "JWKS_AUTH_ALLOW_FAKE_ISSUER": "true",
            "JWKS_AUTH_AUDIENCE": "api",
            "JWKS_AUTH_MTLS": "accept",
            "JWKS_AUTH_CLIENT_CERTIFICATE": '{"HEADER": "Client-Cert", "FORMAT": "pem"}',
            # Apache names the client in X-Forwarded-For, which in this test has the proxy's own address.
            **KNOWN,
            "no_proxy": "127.0.0.1",
        }
        app = up.enter_context(gunicorn("Flask", "app:create_app()", cwd=PROJECTS / "flask_api", env=env))
        port = free_port()
        (folder / "apache.conf").write_text(_conf(folder, authority, port, app.port))
        command = [program, "-d", str(folder), "-f", str(folder / "apache.conf"), "-DFOREGROUND"]
        server = up.enter_context(AppServer("Apache", command))
        proxy = Proxy(port, authority.file)
        assert eventually(partial(_is_up, proxy)), server.log()
        files = {"known": authority.leaf("known"), "unknown": other.leaf("unknown")}
        yield Site(issuer, proxy, files)


@pytest.mark.parametrize("client", CLIENTS)
def test_apache_passes_the_certificate_on(site: Site, client: str) -> None:
    """In PEM with spaces for line ends, of any authority."""
    assert site.proxy.status("/me", site.token(client), site.files[client]) == (200, "")


def test_a_client_without_a_certificate_has_none(site: Site) -> None:
    """Apache then writes ``(null)``; a plain token needs none."""
    status, told = site.proxy.status("/me", site.token("known"), None)
    assert (status, "and the request has none" in told) == (401, True)
    assert site.proxy.status("/me", site.issuer.token(sub="u1"), None)[0] == 200


def test_a_stolen_token_is_worthless(site: Site) -> None:
    """With the thief's own certificate, and with the victim's in headers of the thief's."""
    token = site.token("known")
    pem = " ".join(ssl.DER_cert_to_PEM_cert(octets(site.files["known"])).split("\n")).strip()
    forged = ("Client-Cert", pem)
    for headers in ([], [forged], [forged, forged], [("client_cert", pem)]):
        for certificate in (None, site.files["unknown"]):
            assert site.proxy.status("/me", token, certificate, headers)[0] == 401, headers

"""What commands rarely meet: odd metadata, certificates beside keys, proxies, files with quotes."""

from __future__ import annotations

import base64
import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from flask import Flask

from jwks_auth import cli
from jwks_auth.adapters import Authenticator
from jwks_auth.command import Judge, Place, UsageError
from jwks_auth.command.apps import place_of
from jwks_auth.command.variables import read_file
from jwks_auth.testing import FakeIssuer
from jwks_auth_flask.command import place_of as place_of_flask
from tests.certificates import Authority
from tests.command.programs import called
from tests.fault_server import FaultServer
from tests.key_fakes import jwk


def test_a_certificate_beside_a_key_tells_its_days(tmp_path: Path) -> None:
    """From its first day to its last; what can't be read is left out."""
    pem = Authority(tmp_path).file.read_bytes()
    certificate = x509.load_pem_x509_certificate(pem)
    der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    keys = [{**jwk("a"), "x5c": [der]}, {**jwk("b"), "x5c": ["AAAA"]}, {**jwk("c"), "x5c": [7]}, jwk("d")]
    report = cli.check(
        Authenticator({"ISSUER": "https://id.example/", "AUDIENCE": "api", "JWKS": {"keys": keys}})
    )
    days = f"from {certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}"
    told = {line.split()[1].rstrip(":"): days in line for line in report.lines if " key " in line}
    assert told == {"a": True, "b": False, "c": False, "d": False}
    facts = report.facts["issuers"][0]["keys"]
    assert [each["certificate"] is not None for each in facts] == [True, False, False, False]


def test_metadata_that_fail_after_the_keys_came(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys are shown all the same, with the reason."""
    with FakeIssuer.serve() as issuer:
        authenticator = Authenticator(issuer.settings())
        authenticator.warm_up()
        client = authenticator.issuers[0].client
        assert client is not None
        client.warm_up = lambda refresh=False: None  # type: ignore[method-assign]
        with issuer.outage():
            report = cli.check(authenticator)
    assert report.ok
    assert report.lines[1].startswith("  metadata: discovery: ")
    assert report.facts["issuers"][0]["metadata"]["error"]["kind"] == "discovery"
    assert any(f"key {issuer.kid}" in line for line in report.lines)


def test_a_proxy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Host and port, through which the keys came."""
    with FaultServer({"keys": [jwk("a")]}) as server:
        host = server.url.removeprefix("http://").removesuffix("/keys")
        monkeypatch.setenv("HTTP_PROXY", f"http://user:hunter2@{host}")
        for name in ("NO_PROXY", "no_proxy", "http_proxy"):
            monkeypatch.delenv(name, raising=False)
        settings = {
            "ISSUER": "https://id.example/",
            "AUDIENCE": "api",
            "JWKS_URI": "http://keys.example/keys",
        }
        report = cli.check(Authenticator({**settings, "ALLOW_HTTP": True}))
    assert report.ok, report
    assert f"  proxy: {host}" in report.lines
    assert "hunter2" not in report.as_json()


def test_lines_of_a_file_may_be_quoted(tmp_path: Path) -> None:
    """In either way, with escapes in double quotes, and with a comment behind."""
    path = tmp_path / "x.env"
    path.write_text('A=\'a b\'\nB="a\\tb"\nC="a\\q"\nD=a # b\n\n# c\nexport E=\n')
    assert read_file(str(path)) == {"A": "a b", "B": "a\tb", "C": "a\\q", "D": "a", "E": ""}
    path.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="no text in UTF-8"):
        read_file(str(path))


def test_sources_of_doctor_in_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of Python, a module, an object in one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    text = "AUTH0_DOMAIN = 'acme.eu.auth0.com'\nclass Live:\n    AUTH0_DOMAIN = 'live.eu.auth0.com'\n"
    (tmp_path / "of_doctor.py").write_text(text)
    for source, domain in (("of_doctor.py", "acme"), ("of_doctor", "acme"), ("of_doctor:Live", "live")):
        told = json.loads(called("doctor", source, "--json").out)
        assert told["values"]["ISSUER"] == f"https://{domain}.eu.auth0.com/"


class Broken(Place):
    """A place whose settings are wrong."""

    def services(self, options: Namespace) -> dict[str, Any]:
        """Raise."""
        raise UsageError("no settings")

    def judges(self, options: Namespace) -> dict[str, Judge]:
        """Return two."""
        good, bad = FakeIssuer(), FakeIssuer("https://other.example/")
        return {each.issuer: Judge(Authenticator(each.settings())) for each in (good, bad)}


def test_an_issuer_alone_needs_no_settings_of_a_place() -> None:
    """Nor do they need to be right."""
    with FakeIssuer.serve() as issuer:
        assert called("check", issuer.issuer, place=Broken()).status == 0
        assert called("check", issuer.issuer, "--watch", "0", place=Broken()).status == 2
    assert called("check", place=Broken()).err == "no settings\n"
    done = called("verify", place=Broken(), typed="x.y.z")
    assert done.status == 1
    assert "https://other.example/:" in done.out


def test_an_authenticator_alone_is_shown() -> None:
    """As a place without a name."""
    place = place_of(Authenticator(FakeIssuer().settings()), "main:auth")
    assert called("show", place=place).status == 0
    assert place_of_flask(7) is None
    assert place_of_flask(Flask("x")) is not None

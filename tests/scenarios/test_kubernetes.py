"""Kubernetes' shape: an API server behind a private authority, which asks for a token that is renewed in a file."""

from __future__ import annotations

import json
import os
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest
import requests

from jwks_auth import ConfigurationError, Issuer, KeySourceError, PyJWKClient
from jwks_auth.adapters import Authenticator, Credentials, Requirement, Settings
from jwks_auth.http import origin_of
from jwks_auth.testing import FakeIssuer
from tests.certificates import Authority
from tests.patience import PATIENCE

NAME = "https://kubernetes.default.svc.cluster.local"


class ApiServer:
    """Answers metadata and keys to whoever sends :attr:`token`, and 401 to others; remembers what was sent."""

    def __init__(self, tls: ssl.SSLContext, keys: FakeIssuer) -> None:
        self.token, self.sent = "first", list[tuple[str, str | None]]()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                said = self.headers.get("Authorization")
                server.sent.append((self.path, said))
                allowed = said == f"Bearer {server.token}"
                body = json.dumps(server.documents(keys).get(self.path, {})).encode() if allowed else b"{}"
                self.send_response(200 if allowed else 401)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self.url = f"https://127.0.0.1:{self._http.server_port}"
        self.jwks_uri = f"{self.url}/openid/v1/jwks"

    def documents(self, keys: FakeIssuer) -> dict[str, Any]:
        """What is served, by path."""
        metadata = {"issuer": NAME, "jwks_uri": self.jwks_uri}
        return {"/.well-known/openid-configuration": metadata, "/openid/v1/jwks": keys.jwks()}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(PATIENCE)


@pytest.fixture
def keys() -> FakeIssuer:
    """The keys that service accounts' tokens are signed with."""
    return FakeIssuer(NAME)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """The cluster's authority."""
    return Authority(tmp_path, "Cluster CA")


@pytest.fixture
def server(authority: Authority, keys: FakeIssuer) -> Iterator[ApiServer]:
    """The API server."""
    with ApiServer(authority.server(), keys) as server:
        yield server


@pytest.fixture
def token(tmp_path: Path) -> Path:
    """The file where the kubelet puts the token."""
    path = tmp_path / "token"
    path.write_text("first\n")
    return path


@pytest.fixture
def settings(server: ApiServer, authority: Authority, token: Path) -> dict[str, Any]:
    """All that it takes."""
    return {
        "ISSUER": NAME,
        "DISCOVERY_URL": f"{server.url}/.well-known/openid-configuration",
        "AUDIENCE": "api",
        "CA_FILE": str(authority.file),
        "BEARER_FILE": str(token),
        "COOLDOWN_DURATION": 0,
        "ALLOW_FAKE_ISSUER": True,
    }


def accepted(authenticator: Authenticator, keys: FakeIssuer) -> bool:
    """Authenticate a service account."""
    sent = Credentials((f"Bearer {keys.token(aud='api')}",))
    return authenticator.authenticate(sent, Requirement()) is not None


@pytest.mark.parametrize("place", ["DISCOVERY_URL", "JWKS_URI"])
def test_a_cluster(
    settings: dict[str, Any],
    server: ApiServer,
    keys: FakeIssuer,
    token: Path,
    authority: Authority,
    place: str,
) -> None:
    """Settings alone: the token is read for each fetch, and what fails later costs no key in hand."""
    if place == "JWKS_URI":
        del settings["DISCOVERY_URL"]
        settings["JWKS_URI"] = server.jwks_uri
    authenticator = Authenticator(Settings.from_mapping(settings))
    [issuer] = authenticator.issuers
    assert accepted(authenticator, keys)
    server.token = "second"
    token.write_text("second")
    keys.rotate()
    assert accepted(authenticator, keys)
    assert {said for _, said in server.sent} == {"Bearer first", "Bearer second"}
    token.write_text(" \n")
    assert failure(issuer) == ("bearer", f"bearer_file '{token}' is empty")
    token.write_text("a b")
    assert failure(issuer) == ("bearer", f"bearer_file '{token}' holds no token")
    token.unlink()
    assert failure(issuer) == ("bearer", f"bearer_file '{token}' can't be read (no such file or directory)")
    token.write_text("second")
    authority.file.unlink()
    assert failure(issuer) == ("tls", f"ca_file '{authority.file}' can't be read (no such file or directory)")
    assert accepted(authenticator, keys), "keys in hand stay"


def failure(issuer: Issuer) -> tuple[str, str]:
    """How a fetch fails, and the reason."""
    assert issuer.client is not None
    with pytest.raises(KeySourceError) as caught:
        issuer.client.warm_up(refresh=True)
    told = str(caught.value).removeprefix('Fail to fetch data from the url, err: "').removesuffix('"')
    return caught.value.kind, told


def test_what_is_sent_goes_no_further_than_to_the_host_that_was_configured(
    settings: dict[str, Any], server: ApiServer, authority: Authority, keys: FakeIssuer
) -> None:
    """Metadata may name any host of its choice: neither token nor headers go there, and the log says so."""
    settings["HEADERS"] = {"X-Secret": "s3cret"}
    with ApiServer(authority.server(), keys) as other:
        server.jwks_uri = other.jwks_uri
        [issuer] = Authenticator(Settings.from_mapping(settings)).issuers
        kind, told = failure(issuer)
        assert [said for _, said in other.sent] == [None]
    assert kind == "status"
    assert told == (
        "the server answered HTTP 401: HEADERS and BEARER_FILE go only to the configured host, and the metadata names "
        "another"
    )


@pytest.mark.parametrize("bound", [True, False])
def test_the_same_host_at_another_port_or_without_tls_is_another(bound: bool) -> None:
    """The control has the same origin, written otherwise."""
    same = ["https://Issuer.example/", "https://issuer.example:443/x", "https://issuer.example./"]
    others = ["https://issuer.example:8443/", "http://issuer.example/", "https://issuer.example.evil/"]
    found = {origin_of(url) == origin_of("https://issuer.example") for url in (same if bound else others)}
    assert found == {bound}


def test_one_of_several_issuers(settings: dict[str, Any], keys: FakeIssuer) -> None:
    """Each setting may stand in an entry of ``ISSUERS``, where another issuer has none of it."""
    shared = {name: settings.pop(name) for name in ("AUDIENCE", "ALLOW_FAKE_ISSUER")}
    other = FakeIssuer("https://other.example/")
    settings = {**shared, "ISSUERS": [settings, {"ISSUER": other.issuer, "JWKS": other.jwks()}]}
    authenticator = Authenticator(Settings.from_mapping(settings))
    assert accepted(authenticator, keys)
    assert accepted(authenticator, other)


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no such authority": (
        {"CA_FILE": "/nowhere/ca.crt"},
        r"CA_FILE: found '/nowhere/ca.crt', which can't be read",
    ),
    "no certificate in it": ({"CA_FILE": "{here}"}, r"CA_FILE: found '.*', which holds no certificate"),
    "a folder": ({"CA_FILE": "{folder}"}, r"CA_FILE: found '.*', which can't be read|holds no certificate"),
    "no such token": (
        {"BEARER_FILE": "/nowhere/token"},
        r"BEARER_FILE: found '/nowhere/token', which can't be read",
    ),
    "a folder for a token": ({"BEARER_FILE": "{folder}"}, r"BEARER_FILE: found .*is a directory"),
    "two words on Authorization": (
        {"BEARER_FILE": "{here}", "HEADERS": {"authorization": "Basic x"}},
        "BEARER_FILE and HEADERS: expected one of them",
    ),
    "a token's path that is none": (
        {"BEARER_FILE": "a\0b"},
        "BEARER_FILE: found .*can't be read [(]no path[)]",
    ),
    "a module for a session": (
        {"SESSION": "requests"},
        "SESSION: found .*, which has no (hooks|auth|verify)",
    ),
    "a token and a password": (
        {"BEARER_FILE": "{here}", "SESSION": f"{__name__}.with_password"},
        "BEARER_FILE and SESSION: expected one of them to have Authorization",
    ),
    "no such function": ({"SESSION": "nowhere.session"}, r"SESSION: can't import 'nowhere.session'"),
    "no session": (
        {"SESSION": "os.sep"},
        r"SESSION: expected a requests.Session, or a function that makes one",
    ),
    "a function that makes none": ({"SESSION": "os.getpid"}, r"SESSION: expected a requests.Session"),
    "a function that fails": ({"SESSION": "os.abort.x"}, r"SESSION: can't import"),
    "one that raises": (
        {"SESSION": f"{__name__}.failing"},
        r"SESSION: .* made no session: it raised LookupError",
    ),
    "two words on TLS": (
        {"SESSION": "requests.Session", "CA_FILE": "{here}"},
        "SESSION and CA_FILE: expected one of them",
    ),
    "no path": ({"CA_FILE": ""}, "CA_FILE: expected a string"),
}


def with_password() -> requests.Session:
    """A session that sends a password."""
    session = requests.Session()
    session.auth = ("me", "secret")
    return session


def failing() -> None:
    """A factory without its secret."""
    raise LookupError


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_told_at_start_up(case: str, tmp_path: Path) -> None:
    """The setting, what was found, what is expected."""
    given, told = BAD[case]
    here = tmp_path / "file"
    here.write_text("no certificate")
    places = {"{here}": str(here), "{folder}": str(tmp_path)}
    given = {
        name: places.get(value, value) if isinstance(value, str) else value for name, value in given.items()
    }
    with pytest.raises(ConfigurationError, match=told):
        Settings.from_mapping({"ISSUER": NAME, "AUDIENCE": "api", **given}).verifier()


@pytest.mark.parametrize("option", ["ca_file", "bearer_file"])
def test_what_is_no_path_is_refused_in_code_too(option: str) -> None:
    """By its type."""
    options: Any = {option: 3.5}
    with pytest.raises(ConfigurationError, match=f"{option}: found a float, expected a path"):
        PyJWKClient("https://issuer.example/keys", **options)


def test_a_number_is_no_token_file() -> None:
    """Python would read the open file of that number, and close it."""
    reading, writing = os.pipe()
    options: Any = {"bearer_file": reading}
    with pytest.raises(ConfigurationError, match="bearer_file: found a int, expected a path"):
        PyJWKClient("https://issuer.example/keys", **options)
    for each in (reading, writing):
        os.close(each)


def test_files_may_be_path_objects(
    server: ApiServer, authority: Authority, token: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In code; and the system's authorities count beside the file's."""
    other = Authority(tmp_path, "Other CA")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", os.fspath(authority.file))
    assert PyJWKClient(server.jwks_uri, ca_file=other.file, bearer_file=token).get_signing_keys()
    monkeypatch.setenv("SSL_CERT_FILE", os.fspath(other.file))
    assert PyJWKClient(server.jwks_uri, ca_file=authority.file, bearer_file=token).get_signing_keys()

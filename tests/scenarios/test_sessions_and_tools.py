"""Sessions of a program's own, and the tools that stand in for the network in tests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from jwks_auth import KeySourceError, PyJWKClient
from jwks_auth.adapters import Settings
from tests.certificates import Authority
from tests.fault_server import FaultServer
from tests.key_fakes import document
from tests.needs import need_module

DOCUMENT = document({"a"})
NOWHERE = "https://issuer.example/keys"


class Recording(requests.Session):
    """Overrides what programs override."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Note it, and add a header."""
        self.calls.append("request")
        kwargs["headers"] = {**kwargs["headers"], "X-Signed": "yes"}
        return super().request(method, url, *args, **kwargs)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Note it."""
        self.calls.append("send")
        return super().send(request, **kwargs)


@pytest.mark.parametrize("part", ["verify", "cert"])
def test_a_file_that_a_session_misses_is_named(tmp_path: Path, part: str) -> None:
    """Which of them it is; the server is not blamed."""
    authority = Authority(tmp_path)
    with requests.Session() as session, FaultServer(DOCUMENT, tls=authority.server()) as server:
        session.verify, nowhere = str(authority.file), str(tmp_path / "nowhere.pem")
        setattr(session, part, nowhere)
        with pytest.raises(KeySourceError, match=r"the session's (CA )?certificate (bundle|file) is missing"):
            PyJWKClient(server.url, session=session).get_signing_key("a")


@pytest.mark.parametrize("one", [True, False], ids=["one hook", "a list"])
def test_overrides_and_hooks_of_a_session_count(one: bool) -> None:
    """``request()``, ``send()`` and its hooks, each once."""
    with FaultServer(DOCUMENT) as server, Recording() as session:

        def hook(response: requests.Response, *args: Any, **kwargs: Any) -> None:
            session.calls.append(f"hook {response.status_code}")

        session.hooks["response"] = hook if one else [hook]
        assert PyJWKClient(server.url, session=session).get_signing_key("a")
        assert "X-Signed: yes\r\n" in server.seen[0]
    assert session.calls == ["request", "send", "hook 200"]


@pytest.mark.parametrize(("timeout", "most"), [(8, 2.0), (2, 1.0), (1, 0.5)])
def test_a_session_leaves_time_for_other_addresses(timeout: float, most: float) -> None:
    """Each address of a host may take a part of the deadline, so that a dead one does not take all."""
    given: list[Any] = []

    class Timed(requests.Session):
        def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
            given.append(kwargs["timeout"])
            return super().send(request, **kwargs)

    with FaultServer(DOCUMENT) as server, Timed() as session:
        PyJWKClient(server.url, session=session, timeout=timeout, wait=9).warm_up()
    [(connect, read)] = given
    assert most * 0.5 < connect <= most < read <= timeout


def test_a_session_that_fails_in_a_way_of_its_own_is_told_apart() -> None:
    """It is the program's, and no fault of the network."""

    class Failing(requests.Session):
        def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
            raise LookupError("no secret found")

    with Failing() as session, pytest.raises(KeySourceError, match="LookupError") as caught:
        PyJWKClient(NOWHERE, session=session).get_signing_key("a")
    assert caught.value.kind == "callback"


@pytest.mark.parametrize("own", [False, True], ids=["ours", "a session"])
def test_an_endless_redirect_is_not_read(own: bool) -> None:
    """requests reads a redirect's body even if it does not follow: the answer's head is enough."""
    with FaultServer(DOCUMENT) as server, requests.Session() as session:
        server.mode = "redirect_endless"
        with pytest.raises(KeySourceError) as caught:
            PyJWKClient(server.url, session=session if own else None, timeout=20).get_signing_key("a")
    assert caught.value.kind == "redirect"


def test_cookies_of_a_session_do_not_count() -> None:
    """One in ``headers`` is sent; with a password of the session's too."""
    with FaultServer(DOCUMENT) as server, requests.Session() as session:
        session.cookies.set("own", "1")
        session.auth = ("me", "secret")
        PyJWKClient(server.url, session=session).warm_up()
        PyJWKClient(server.url, session=session, headers={"Cookie": "ours=1"}).warm_up()
        assert "Cookie" not in server.seen[0]
        assert "Cookie: ours=1\r\n" in server.seen[1]
        assert all("Authorization: Basic bWU6c2VjcmV0\r\n" in head for head in server.seen)


# The tools that stand in for the network


def with_responses() -> None:
    """``responses``."""
    with need_module("responses").RequestsMock() as mock:
        mock.get(NOWHERE, json=DOCUMENT)
        assert PyJWKClient(NOWHERE).get_signing_key("a")


def with_requests_mock() -> None:
    """``requests-mock``."""
    with need_module("requests_mock").Mocker() as mock:
        mock.get(NOWHERE, json=DOCUMENT)
        assert PyJWKClient(NOWHERE).get_signing_key("a")
        with pytest.raises(KeySourceError):
            PyJWKClient("https://elsewhere.example/keys").get_signing_key("a")


def with_httpretty() -> None:
    """``httpretty``."""
    httpretty = need_module("httpretty")
    with httpretty.enabled():
        httpretty.register_uri(httpretty.GET, NOWHERE, body=json.dumps(DOCUMENT))
        assert PyJWKClient(NOWHERE).get_signing_key("a")


def with_vcrpy() -> None:
    """``vcrpy``: once from the network, then from the cassette, and never anything else."""
    vcr = need_module("vcr")
    cassette = str(Path(sys.argv[1]) / "cassette.yaml")
    with FaultServer(DOCUMENT) as server, vcr.use_cassette(cassette):
        assert PyJWKClient(server.url).get_signing_key("a")
    with vcr.use_cassette(cassette, record_mode="none"):
        assert PyJWKClient(server.url).get_signing_key("a")
        with pytest.raises(KeySourceError, match="CannotOverwriteExistingCassette"):
            PyJWKClient(NOWHERE).get_signing_key("a")


TOOLS: dict[str, Callable[[], None]] = {
    "responses": with_responses,
    "requests_mock": with_requests_mock,
    "httpretty": with_httpretty,
    "vcr": with_vcrpy,
}


def test_responses_in_this_process() -> None:
    """It changes nothing beyond its block."""
    with_responses()


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_that_stands_in_for_the_network_does(tool: str, tmp_path: Path) -> None:
    """In a process of its own, as they change what all share."""
    need_module(tool)
    run = f"from tests.scenarios.test_sessions_and_tools import TOOLS; TOOLS[{tool!r}]()"
    done = subprocess.run(
        [sys.executable, "-c", run, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


UNDER_GEVENT = """
from gevent import monkey
monkey.patch_all()
from jwks_auth import KeySourceError, PyJWKClient
from tests.fault_server import FaultServer
from tests.key_fakes import document
with FaultServer(document({"a"})) as server:
    assert PyJWKClient(server.url).get_signing_key("a")
    server.mode = "drip_headers"
    try:
        PyJWKClient(server.url, timeout=0.5).fetch_data()
    except KeySourceError as error:
        assert "the server did not answer in time" in str(error), error
    else:
        raise AssertionError("it answers for ever")
"""


def test_the_deadline_holds_under_gevent() -> None:
    """Its sockets are no subclass of Python's, and are shut like any."""
    need_module("gevent")
    done = subprocess.run([sys.executable, "-c", UNDER_GEVENT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# SESSION, in settings

FILES: dict[str, str] = {}


def mutual() -> requests.Session:
    """A session with a client certificate, as a project would write."""
    session = requests.Session()
    session.verify, session.cert = FILES["verify"], FILES["cert"]
    return session


@pytest.mark.parametrize("how", ["path of a function", "function", "session", "environment"])
def test_the_session_of_the_settings(tmp_path: Path, how: str) -> None:
    """The path of a function, the function, or what it makes: here for a client certificate."""
    authority = Authority(tmp_path)
    FILES.update(verify=str(authority.file), cert=str(authority.leaf("client")))
    path = f"{__name__}.mutual"
    with FaultServer(DOCUMENT, tls=authority.server(client_ca=authority.file)) as server:
        given = {"ISSUER": "https://issuer.example", "AUDIENCE": "api", "JWKS_URI": server.url}
        if how == "environment":
            named = {f"JWKS_AUTH_{name}": value for name, value in {**given, "SESSION": path}.items()}
            settings = Settings.from_environment(named)
        else:
            session = {"function": mutual, "session": mutual()}.get(how, path)
            settings = Settings.from_mapping({**given, "SESSION": session})
        [issuer] = settings.verifier().issuers
        issuer.warm_up()
        assert len(issuer.keys.key_set.keys) == 1


@pytest.mark.parametrize(
    ("paths", "fetches"), [(["requests.Session"] * 4, 1), (["requests.Session", None], 2)]
)
def test_one_path_in_several_entries_is_one_session(paths: list[str | None], fetches: int) -> None:
    """So their keys are fetched once; an entry without it has its own."""
    with FaultServer(DOCUMENT) as server:
        entries = [
            {"ISSUER": f"https://issuer{at}.example", "JWKS_URI": server.url, "SESSION": path}
            for at, path in enumerate(paths)
        ]
        for issuer in Settings.from_mapping({"AUDIENCE": "api", "ISSUERS": entries}).verifier().issuers:
            issuer.warm_up()
        assert server.requests == fetches


def test_the_path_of_a_session_that_there_is(tmp_path: Path) -> None:
    """The object itself is used; and of a class one is made."""
    made = Settings.read("SESSION", "requests.Session")
    assert isinstance(made, requests.Session)
    assert Settings.read("SESSION", f"{__name__}.SHARED") is SHARED


SHARED = requests.Session()

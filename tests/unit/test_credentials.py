"""Credentials of a request: alike from WSGI and ASGI, whole, and read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from jwks_auth.adapters import Authenticator, Credentials, Memo, handshake_of
from jwks_auth.testing import FakeIssuer

Headers = Sequence[tuple[str, str]]


def environ(headers: Headers = (), path: str = "/", query: str = "", **more: Any) -> dict[str, Any]:
    """The environment a WSGI server makes: repeated headers joined."""
    made = {"REQUEST_METHOD": "POST", "PATH_INFO": path.encode().decode("latin-1"), "QUERY_STRING": query,
            "SCRIPT_NAME": "", "wsgi.url_scheme": "https", "SERVER_NAME": "s", "SERVER_PORT": "8000"}  # fmt: skip
    for name, value in headers:
        key = "HTTP_" + name.upper().replace("-", "_")
        key = key.removeprefix("HTTP_") if name.lower() == "content-type" else key
        made[key] = f"{made[key]},{value}" if key in made else value
    return {**made, **more}


def scope(headers: Headers = (), path: str = "/", query: str = "", **more: Any) -> dict[str, Any]:
    """The scope an ASGI server makes."""
    pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    made = {"type": "http", "method": "POST", "path": path, "query_string": query.encode(), "root_path": "",
            "scheme": "https", "server": ("s", 8000), "headers": pairs}  # fmt: skip
    return {**made, **more}


def of_wsgi(*args: Any, **more: Any) -> Credentials:
    """From a WSGI server."""
    return Credentials.from_wsgi(environ(*args, **more))


def of_asgi(*args: Any, **more: Any) -> Credentials:
    """From an ASGI server."""
    return Credentials.from_asgi(scope(*args, **more))


def of_headers(headers: Headers = (), path: str = "/", query: str = "", **more: Any) -> Credentials:
    """From neither: the pairs as they came."""
    url = Credentials.from_asgi(scope(headers, path, query, **more)).url
    return Credentials.from_headers(headers, query, "POST", url=url)


def of_octets(headers: Headers = (), *args: Any, **more: Any) -> Credentials:
    """The same, as octets."""
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    url = of_headers(headers, *args, **more).url
    return Credentials.from_headers(pairs, more.get("query", args[1] if args[1:] else ""), "POST", url=url)


either = pytest.mark.parametrize(
    "made", [of_wsgi, of_asgi, of_headers, of_octets], ids=["WSGI", "ASGI", "headers", "octets"]
)


@either
def test_all_that_a_scheme_needs_is_there(made: Callable[..., Credentials]) -> None:
    """Value, scheme, method, query, URL, headers in any case, cookies with quotes and twice, and what is missing."""
    sent = made(
        [("Authorization", "dPoP abc"), ("DPoP", "proof"), ("Host", "api.example"), ("Content-Type", "a/b"),
         ("Cookie", 'a=1; t="x.y=="; a=2; broken')],
        "/orders/\u00fc b", "page=1",
    )  # fmt: skip
    assert list(sent.authorization) == ["dPoP abc"]
    assert (sent.scheme, sent.method, sent.query) == ("dpop", "POST", "page=1")
    assert sent.url == "https://api.example/orders/%C3%BC%20b?page=1"
    assert sent.values("dpop") == ("proof",)
    assert sent.values("content-type") == ("a/b",)
    assert sent.values("X-None") == ()
    assert [sent.cookies(name) for name in ("a", "t", "broken", "c")] == [("1", "2"), ("x.y==",), ("",), ()]


@either
def test_nothing_was_sent(made: Callable[..., Credentials]) -> None:
    """No header is no value, no scheme and no cookie; without ``Host`` the server says where it is."""
    sent = made()
    assert (list(sent.authorization), sent.scheme, sent.cookies("a")) == ([], "", ())
    assert sent.url == "https://s:8000/"


def test_every_value_is_handed_over() -> None:
    """ASGI tells two headers apart; WSGI servers join them, which no token survives."""
    twice = [("Authorization", "Bearer a"), ("Authorization", "Bearer b")]
    assert list(of_asgi(twice).authorization) == ["Bearer a", "Bearer b"]
    assert list(of_wsgi(twice).authorization) == ["Bearer a,Bearer b"]
    assert list(of_headers(twice).authorization) == ["Bearer a", "Bearer b"]


def test_a_request_of_pairs_is_verified_once() -> None:
    """Its memo stands on the mapping that was given; without one, each of the credentials has its own."""
    issuer = FakeIssuer()
    authenticator = Authenticator(issuer.settings())
    kept: dict[str, Any] = {}
    sent = issuer.headers(sub="u1")
    token = authenticator.authenticate(Credentials.from_headers(sent.items(), kept=kept))
    assert Memo.on(kept, authenticator).token is token
    assert authenticator.authenticate(Credentials.from_headers(sent.items(), kept=kept)) is token
    alone = Credentials.from_headers(sent.items())
    assert authenticator.authenticate(alone) is not token
    assert sent["Authorization"] not in repr(alone)


def test_credentials_of_parts_have_no_more() -> None:
    """An adapter for a server of its own says what it knows."""
    sent = Credentials(["Bearer a"], "q", "PUT", url="https://x.example/")
    assert (sent.url, sent.values("Host"), sent.cookies("a"), sent.kept) == ("https://x.example/", (), (), {})


@pytest.mark.parametrize(
    ("root", "path", "url"),
    [
        ("", "/orders", "/orders"),
        ("/api", "/orders", "/api/orders"),  # a proxy took the prefix off
        ("/api", "/api/orders", "/api/orders"),  # a server left it
    ],
)
def test_a_prefix_counts_once(root: str, path: str, url: str) -> None:
    """``root_path`` as servers and applications set it; the path of a mounted application holds its own."""
    assert of_asgi([("Host", "h")], path, root_path=root).url == f"https://h{url}"
    assert (
        of_asgi([("Host", "h")], path, root_path=f"{root}/sub", app_root_path=root).url == f"https://h{url}"
    )


def test_a_framework_s_own_url_wins() -> None:
    """Asked for when it is needed, and not before."""
    asked: list[int] = []
    sent = Credentials.from_wsgi(environ(), url=lambda: asked.append(1) or "https://x.example/")  # type: ignore[func-returns-value]
    assert asked == []
    assert sent.url == "https://x.example/"


def test_the_hot_path_reads_nothing_else() -> None:
    """A request with a bearer token is verified without a look at URL, cookies or other headers."""

    class Watched(dict[str, Any]):
        read: set[str] = set()

        def __getitem__(self, name: str) -> Any:
            self.read.add(name)
            return super().__getitem__(name)

        def get(self, name: str, default: Any = None) -> Any:
            self.read.add(name)
            return super().get(name, default)

    issuer = FakeIssuer()
    given = Watched(environ([*issuer.headers(sub="u1").items(), ("Cookie", "a=b"), ("Host", "h")]))
    assert Authenticator(issuer.settings()).authenticate(Credentials.from_wsgi(given))
    ours = {"jwks_auth", "jwks_auth.handshake"}
    assert given.read <= {"HTTP_AUTHORIZATION", "QUERY_STRING", "REQUEST_METHOD", *ours}


def test_a_websocket_s_subprotocol_is_one_more_value() -> None:
    """Where it is asked for, of WebSockets alone; answers then depend on it."""
    offer = {"type": "websocket", "subprotocols": ["chat", "Bearer", "a.b.c"]}
    sent = Credentials.from_asgi(scope(**offer), subprotocol="bearer")
    assert (list(sent.offered), sent.varies) == (["a.b.c"], ("Sec-WebSocket-Protocol",))
    assert not Credentials.from_asgi(scope(**offer)).offered
    assert not Credentials.from_asgi(scope(subprotocols=["bearer", "x"]), subprotocol="bearer").offered
    many = Credentials.from_asgi(scope(type="websocket", subprotocols=["bearer"] * 65), subprotocol="bearer")
    assert len(many.offered) == 2


def test_a_memo_is_kept_on_its_request_and_says_what_it_remembers() -> None:
    """Whoever makes credentials of it; each authenticator has its own, and another request another."""
    issuer = FakeIssuer()
    one, other = Authenticator(issuer.settings()), Authenticator(issuer.settings())
    given = environ(list(issuer.headers(sub="u1").items()))
    memo = Memo.on(given, one)
    assert repr(memo) == "<Memo: nothing verified>"
    token = one.authenticate(Credentials.from_wsgi(given))
    assert memo is Memo.on(given, one) is not Memo.on(given, other)
    assert memo.admission is not None
    assert memo.admission.token is memo.token is token
    assert repr(memo) == "<Memo: admitted>"
    assert Memo.on(environ(), one).token is None
    refused = Memo()
    refused.told = True
    assert repr(refused) == "<Memo: nothing verified, a refusal told>"


@pytest.mark.parametrize(
    ("made", "peer"),
    [
        (of_wsgi(REMOTE_ADDR="10.0.0.1", REMOTE_PORT="4711"), "10.0.0.1"),
        (of_wsgi(REMOTE_ADDR="10.0.0.1"), "10.0.0.1"),
        (of_wsgi(REMOTE_ADDR="10.0.0.1", REMOTE_PORT=0), ""),
        (of_wsgi(REMOTE_ADDR="10.0.0.1", **{"werkzeug.proxy_fix.orig": {"REMOTE_ADDR": "10.0.0.1"}}), ""),
        (of_wsgi(REMOTE_ADDR=""), ""),
        (of_wsgi(), ""),
        (of_asgi(client=("10.0.0.1", 4711)), "10.0.0.1"),
        (of_asgi(client=["10.0.0.1", None]), "10.0.0.1"),
        (of_asgi(client=("10.0.0.1", 0)), ""),
        (of_asgi(client=None), ""),
        (of_asgi(), ""),
        (Credentials.from_headers((), peer="10.0.0.1"), "10.0.0.1"),
        (Credentials.from_headers(()), ""),
        (Credentials(()), ""),
    ],
    ids=str,
)
def test_the_peer_is_the_sockets(made: Credentials, peer: str) -> None:
    """Its address comes from the server; one that middleware put there, unix sockets and tests have none."""
    assert made.peer == peer


@pytest.mark.parametrize(
    ("made", "certificate"),
    [
        (of_wsgi(SSL_CLIENT_CERT="PEM"), "PEM"),
        (of_wsgi([("SSL-Client-Cert", "forged")]), None),
        (of_wsgi([("SSL_CLIENT_CERT", "forged")]), None),
        (of_asgi(extensions={"tls": {"client_cert_chain": ["PEM", "authority"]}}), "PEM"),
        (of_asgi(extensions={"tls": {"client_cert_chain": []}}), None),
        (of_asgi(extensions={"tls": {"client_cert_chain": None}}), None),
        (of_asgi(extensions={"tls": {}}), None),
        (of_asgi(extensions=None), None),
        (of_asgi(), None),
        (Credentials.from_headers((), certificate=b"DER"), b"DER"),
        (
            Credentials.from_wsgi(environ(), scope=scope(extensions={"tls": {"client_cert_chain": ["PEM"]}})),
            "PEM",
        ),
        (Credentials.from_wsgi(environ(SSL_CLIENT_CERT="PEM"), scope=None), "PEM"),
    ],
    ids=str,
)
def test_the_certificate_is_the_connections(made: Credentials, certificate: Any) -> None:
    """It is the first of the chain that the server saw; no header is taken for it."""
    assert made.certificate == certificate


def test_a_handshake_has_its_own_peer_and_certificate() -> None:
    """A WebSocket's environment, which was made for it, asks the connection."""
    made = handshake_of(
        scope(type="websocket", client=("10.0.0.1", 1), extensions={"tls": {"client_cert_chain": ["P"]}})
    )
    found = Credentials.from_wsgi({**environ(), **made})
    assert (found.peer, found.certificate) == ("10.0.0.1", "P")

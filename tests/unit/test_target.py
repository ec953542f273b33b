"""``Target``: the URL that a proof has to name (RFC 9449 section 4.3, RFC 3986 section 6.2)."""

from __future__ import annotations

from typing import Any

import pytest

from jwks_auth.adapters import Credentials
from jwks_auth.proofs.target import Target, normal

SAME = [
    (
        "https://api.acme.dev/a",
        ["HTTPS://API.Acme.DEV/a", "https://api.acme.dev:443/a", "https://api.acme.dev:/a"],
    ),
    (
        "https://api.acme.dev/a",
        ["https://api.acme.dev/a?b=c", "https://api.acme.dev/a#d", "https://api.acme.dev/a?b#c"],
    ),
    ("https://api.acme.dev/", ["https://api.acme.dev", "https://api.acme.dev?a", "https://api.acme.dev#a"]),
    (
        "https://a.b/c/d",
        ["https://a.b/c/./d", "https://a.b/x/../c/d", "https://a.b/../c/d", "https://a.b/%2e%2E/c/d"],
    ),
    ("https://a.b/~x-1", ["https://a.b/%7Ex%2d1", "https://a.b/%7ex-1"]),
    ("https://a.b/a%2Fb", ["https://a.b/a%2fb"]),
    ("https://a.b/c/", ["https://a.b/c/d/..", "https://a.b/c/."]),
    ("http://[::1]:8000/a", ["HTTP://[::1]:8000/a"]),
    ("https://a.b/a", ["wss://a.b/a"]),
    ("http://a.b/a", ["ws://a.b:80/a"]),
]
OTHER = [
    ("https://a.b/a", "https://a.b/A"), ("https://a.b/a", "https://a.b/a/"), ("https://a.b/a", "http://a.b/a"),
    ("https://a.b/a", "https://a.b:8443/a"), ("https://a.b/a%2Fb", "https://a.b/a/b"), ("https://a.b/a", "https://a.b./a"),
    ("https://a.b/a", "https://a.b//a"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "others"), SAME)
def test_urls_that_mean_the_same_are_the_same(url: str, others: list[str]) -> None:
    """Case, default ports, escapes, dot segments, query and fragment."""
    assert normal(url) is not None
    assert {normal(other) for other in others} == {normal(url)}


@pytest.mark.parametrize(("url", "other"), OTHER)
def test_urls_that_differ_stay_different(url: str, other: str) -> None:
    """Escaped slashes, capitals in paths and slashes at the end are others."""
    assert normal(url) != normal(other)


@pytest.mark.parametrize("url", [
    "", "a", "/a", "ftp://a.b/", "https://", "https:///a", "https://u@a.b/", "https://u:p@a.b/",
    "https://a b/", "https://a.b/\n",
    "https://a.b\\c/", "https://é.b/", "https://a.b:x/", "https://a.b:1234567/", "https://[::1/", "javascript:x",
    "https:a.b",
])  # fmt: skip
def test_no_url_of_http_is_none(url: str) -> None:
    """Nothing raises, and nothing equals anything."""
    assert normal(url) is None


def scope(path: str, raw: bytes | None = None, root: str = "") -> dict[str, Any]:
    """An ASGI scope."""
    raw_path = {} if raw is None else {"raw_path": raw}
    return {
        "type": "http",
        "path": path,
        "root_path": root,
        "headers": [(b"host", b"evil.example")],
        **raw_path,
    }


def environ(path: str, script: str = "", **more: str) -> dict[str, Any]:
    """A WSGI environment."""
    return {
        "PATH_INFO": path,
        "SCRIPT_NAME": script,
        "HTTP_HOST": "evil.example",
        "REQUEST_METHOD": "GET",
        **more,
    }


def seen(credentials: Credentials, public: str | None) -> str | None:
    """The URL without the default port."""
    found = Target(public).of(credentials)
    return found and found.replace(":443/", "/").replace(":80/", "/")


PLACES: dict[str, tuple[Credentials, str | None, str]] = {
    "ASGI": (Credentials.from_asgi(scope("/a")), None, "http://evil.example/a"),
    "ASGI, public": (Credentials.from_asgi(scope("/a")), "https://a.b", "https://a.b/a"),
    "a slash at the end": (Credentials.from_asgi(scope("/a")), "https://a.b/", "https://a.b/a"),
    "ASGI, a prefix that counts": (Credentials.from_asgi(scope("/v1/a", root="/v1")), "https://a.b", "https://a.b/v1/a"),
    "ASGI, a prefix replaced": (Credentials.from_asgi(scope("/v1/a", root="/v1")), "https://a.b/x", "https://a.b/x/a"),
    "ASGI, a prefix that the path lacks": (
        Credentials.from_asgi(scope("/a", root="/v1")), "https://a.b/x", "https://a.b/x/a"
    ),
    "ASGI, the server's alone": (
        Credentials.from_asgi({**scope("/v1/a", root="/v1"), "app_root_path": ""}), "https://a.b/x", "https://a.b/x/v1/a"
    ),
    "ASGI, escapes": (Credentials.from_asgi(scope("/a/b", b"/a%2Fb")), "https://a.b", "https://a.b/a%2Fb"),
    "ASGI, another raw path": (Credentials.from_asgi(scope("/a", b"/b")), "https://a.b", "https://a.b/a"),
    "WSGI": (Credentials.from_wsgi(environ("/a")), None, "http://evil.example/a"),
    "WSGI, a prefix that counts": (Credentials.from_wsgi(environ("/a", "/v1")), "https://a.b", "https://a.b/v1/a"),
    "WSGI, a prefix replaced": (Credentials.from_wsgi(environ("/a", "/v1")), "https://a.b/x", "https://a.b/x/a"),
    "WSGI, escapes": (
        Credentials.from_wsgi(environ("/a/b", RAW_URI="/a%2Fb?c")), "https://a.b", "https://a.b/a%2Fb"
    ),
    "WSGI, a whole URL": (
        Credentials.from_wsgi(environ("/a=b", REQUEST_URI="http://x/a=b")), "https://a.b", "https://a.b/a=b"
    ),
    "Django": (
        Credentials.from_wsgi(environ("/é=1"), url=lambda: "http://seen.example/%C3%A9%3D1?q"), None, "http://seen.example/%C3%A9=1"
    ),
    "no path": (
        Credentials.from_wsgi(environ("/a"), url=lambda: "http://seen.example"), None, "http://seen.example/"
    ),
    "neither": (Credentials.from_headers([], url="https://a.b/c"), "https://x.y/z", "https://x.y/z/c"),
}  # fmt: skip


@pytest.mark.parametrize(("credentials", "public", "url"), PLACES.values(), ids=PLACES)
def test_the_service_knows_its_url(credentials: Credentials, public: str | None, url: str) -> None:
    """A forged ``Host`` does not count where ``PUBLIC_URL`` is set."""
    assert seen(credentials, public) == url


def test_a_request_without_a_url_has_none() -> None:
    """So that no proof is for it."""
    assert Target(None).of(Credentials([])) is None

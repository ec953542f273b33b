"""URLs of requests, beside those of the frameworks themselves."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Request as WSGIRequest

from jwks_auth.adapters import Credentials
from tests.unit.test_credentials import environ, scope


def test_urls_are_those_of_the_frameworks() -> None:
    """Behind a proxy that Werkzeug trusts too; for Starlette the scope is what its servers made of the proxy's word."""
    forwarded = [("Host", "inner"), ("X-Forwarded-Host", "api.example"), ("X-Forwarded-Proto", "https"),
                 ("X-Forwarded-Prefix", "/v1")]  # fmt: skip
    given = environ(forwarded, "/a b", "x=1", **{"wsgi.url_scheme": "http", "REMOTE_ADDR": "127.0.0.1"})
    seen: list[str] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(Credentials.from_wsgi(environ).url)
        assert seen[0] == quote(WSGIRequest(environ).url, safe=":/?=%")
        return []

    ProxyFix(app, x_host=1, x_proto=1, x_prefix=1)(given, lambda *args: None)
    assert seen == ["https://api.example/v1/a%20b?x=1"]
    made = scope([("Host", "api.example")], "/v1/orders", "x=1", root_path="/v1")
    assert Credentials.from_asgi(made).url == str(Request(made).url)

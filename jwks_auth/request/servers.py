"""Functions that read a request's own mapping, of each kind of server: headers, URL, peer and certificate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_to_bytes

__all__ = ["ASGI", "HANDSHAKE", "WSGI", "Server", "header_of_asgi", "without_server", "wsgi_with"]


class Server(NamedTuple):
    """Functions that read a request's own mapping."""

    values: Callable[[Any, str], tuple[str, ...]]
    url: Callable[[Any], str]
    prefix: Callable[[Any], str]
    peer: Callable[[Any], str]
    certificate: Callable[[Any], str | bytes | None]


HANDSHAKE = "jwks_auth.handshake"
"""The item of a WSGI environment that has a WebSocket's own credentials."""

_PATH = "/:@!$&'()*+,;=-._~"  # characters that a path has unescaped (RFC 3986 section 3.3)


def _of_wsgi(environ: Mapping[str, Any], name: str) -> tuple[str, ...]:
    plain = name.upper().replace("-", "_")
    key = plain if plain in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{plain}"
    return (environ[key],) if key in environ else ()


def header_of_asgi(scope: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return every value of the header *name* in the scope of an ASGI connection."""
    wanted = name.lower().encode("latin-1")
    return tuple([value.decode("latin-1") for found, value in scope["headers"] if found == wanted])


def _url_of_wsgi(environ: Mapping[str, Any]) -> str:
    scheme = environ.get("wsgi.url_scheme", "http")
    host = environ.get("HTTP_HOST") or _joined(environ.get("SERVER_NAME", ""), environ.get("SERVER_PORT"))
    return _url(scheme, host, _path_of_wsgi(environ, "latin-1"), environ.get("QUERY_STRING", ""))


def _path_of_wsgi(environ: Mapping[str, Any], encoding: str) -> str:
    path = (environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode(encoding, "replace")
    return _as_sent(environ.get("RAW_URI") or environ.get("REQUEST_URI"), path)


def _prefix_of_wsgi(environ: Mapping[str, Any]) -> str:
    return quote(environ.get("SCRIPT_NAME", "").encode("latin-1", "replace"), safe=_PATH)


def _url_of_asgi(scope: Mapping[str, Any]) -> str:
    scheme = scope.get("scheme", "http")
    host = next(iter(header_of_asgi(scope, "host")), "") or _joined(*(scope.get("server") or ("", None)))
    return _url(scheme, host, _path_of_asgi(scope), scope.get("query_string", b"").decode("latin-1"))


def _path_of_asgi(scope: Mapping[str, Any]) -> str:
    prefix, path = _root(scope), scope["path"]
    whole = path if path.startswith(prefix) else prefix + path
    return _as_sent(scope.get("raw_path"), whole.encode("utf-8", "replace"))


def _prefix_of_asgi(scope: Mapping[str, Any]) -> str:
    return quote(_root(scope), safe=_PATH)


def _root(scope: Mapping[str, Any]) -> str:
    # A server or an application with a prefix sets it. Mounted applications add theirs, which the path has already.
    return str(scope.get("app_root_path", scope.get("root_path", "")))


def _as_sent(raw: str | bytes | None, path: bytes) -> str:
    """Return *path* with the escapes that the client sent, where *raw* means the same; otherwise with our own."""
    sent = (raw.decode("latin-1") if isinstance(raw, bytes) else raw or "").partition("?")[0]
    if sent[:1] != "/":  # a request to a proxy names the whole URL
        sent = "/" + sent.partition("://")[2].partition("/")[2]
    return sent if unquote_to_bytes(sent) == path else quote(path, safe=_PATH)


def _peer_of_wsgi(environ: Mapping[str, Any]) -> str:
    if HANDSHAKE in environ:
        return str(environ[HANDSHAKE].peer)
    if "werkzeug.proxy_fix.orig" in environ:
        return ""
    return _believed(environ.get("REMOTE_ADDR"), environ.get("REMOTE_PORT"))


def _peer_of_asgi(scope: Mapping[str, Any]) -> str:
    return _believed(*(scope.get("client") or ("", None)))


def _believed(address: Any, port: Any) -> str:
    return str(address or "") if str(port) != "0" else ""  # no socket has port 0


def _certificate_of_wsgi(environ: Mapping[str, Any]) -> str | bytes | None:
    if HANDSHAKE in environ:
        return environ[HANDSHAKE].certificate  # type: ignore[no-any-return]
    return environ.get("SSL_CLIENT_CERT")


def _certificate_of_asgi(scope: Mapping[str, Any]) -> str | bytes | None:
    tls = (scope.get("extensions") or {}).get("tls") or {}
    return next(iter(tls.get("client_cert_chain") or ()), None)


WSGI = Server(_of_wsgi, _url_of_wsgi, _prefix_of_wsgi, _peer_of_wsgi, _certificate_of_wsgi)
ASGI = Server(header_of_asgi, _url_of_asgi, _prefix_of_asgi, _peer_of_asgi, _certificate_of_asgi)


def wsgi_with(url: Callable[[], str] | None, scope: Mapping[str, Any] | None) -> Server:
    """Return the functions for a WSGI environment of which *url* or *scope* knows more."""
    return Server(
        _of_wsgi,
        _url_of_wsgi if url is None else lambda kept: _seen(url(), kept, scope),
        _prefix_of_wsgi if scope is None else lambda kept: _prefix_of_asgi(scope),
        _peer_of_wsgi,
        _certificate_of_wsgi if scope is None else lambda kept: _certificate_of_asgi(scope),
    )


def _seen(url: str, environ: Mapping[str, Any], scope: Mapping[str, Any] | None) -> str:
    """Return *url*, as a framework sees it, with the path as it was sent. Django has decoded that of its mapping."""
    scheme, _, rest = url.partition("://")
    host, slash, _ = rest.partition("/")
    if not slash:
        return url
    path = _path_of_wsgi(environ, "utf-8") if scope is None else _path_of_asgi(scope)
    query = rest.partition("?")[2]
    return f"{scheme}://{host}{path}" + (f"?{query}" if query else "")


def _joined(host: str, port: Any) -> str:
    return f"{host}:{port}" if port else host


def _url(scheme: str, host: str, path: str, query: str) -> str:
    return f"{scheme}://{host}{path}" + (f"?{query}" if query else "")


def without_server(
    values: Callable[[Any, str], tuple[str, ...]] | None = None,
    *,
    url: str = "",
    peer: str = "",
    certificate: str | bytes | None = None,
) -> Server:
    """Return the functions for a request that no server's mapping describes."""
    return Server(
        values or (lambda kept, name: ()),
        lambda kept: url,
        lambda kept: "",
        lambda kept: peer,
        lambda kept: certificate,
    )

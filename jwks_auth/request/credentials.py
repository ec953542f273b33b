"""The parts of a request that may hold a token or a proof, the same for every framework."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, Self
from urllib.parse import quote

from jwks_auth.runtime import Concealed

__all__ = ["HANDSHAKE", "Credentials"]


class _Server(NamedTuple):
    """Functions that read a request's own mapping."""

    values: Callable[[Any, str], tuple[str, ...]]
    url: Callable[[Any], str]


HANDSHAKE = "jwks_auth.handshake"
"""The item of a WSGI environment that has a WebSocket's own credentials."""

_MOST_SUBPROTOCOLS = 64
"""The most names that a WebSocket may offer if one of them may be a token; clients offer a few."""

_PATH = "/:@!$&'()*+,;=-._~"  # characters that a path has unescaped (RFC 3986 section 3.3)


class Credentials(Concealed):
    """The parts of a request that may hold a token or prove its possession. No error report shows them.

    Make it with :meth:`from_wsgi`, :meth:`from_asgi`, :meth:`from_headers` or of its parts. *authorization* has every
    ``Authorization`` value in order, because most frameworks' ``get`` hides a second one; *offered* the tokens that a
    WebSocket offers as subprotocols. *query* is the raw query string. *kept* is the request's own mapping, which keeps
    its ``Memo``; *varies* are further headers that were read. The other parts are read when they are needed.
    """

    __slots__ = ("_server", "authorization", "kept", "method", "offered", "query", "varies")

    def __init__(
        self,
        authorization: Sequence[str],
        query: str = "",
        method: str = "GET",
        *,
        url: str = "",
        kept: MutableMapping[str, Any] | None = None,
        server: _Server | None = None,
        offered: Sequence[str] = (),
        varies: tuple[str, ...] = (),
    ) -> None:
        self.authorization, self.query, self.method = authorization, query, method
        self.kept: MutableMapping[str, Any] = {} if kept is None else kept
        self._server = server or _Server(lambda kept, name: (), lambda kept: url)
        self.offered, self.varies = offered, varies

    @classmethod
    def from_wsgi(cls, environ: MutableMapping[str, Any], *, url: Callable[[], str] | None = None) -> Self:
        """Return the credentials in a WSGI environment, or in a mapping with the same headers, as Django's ``META``.

        *url* returns the full URL, if a framework knows it better, as behind a proxy that it trusts.
        """
        # One value: WSGI servers join repeated headers with commas, which no token holds.
        return cls(
            (environ["HTTP_AUTHORIZATION"],) if "HTTP_AUTHORIZATION" in environ else (),
            environ.get("QUERY_STRING", ""),
            environ.get("REQUEST_METHOD", ""),
            kept=environ,
            server=_WSGI if url is None else _Server(_of_wsgi, lambda kept: url()),
            offered=environ[HANDSHAKE].offered if HANDSHAKE in environ else (),
        )

    @classmethod
    def from_asgi(cls, scope: MutableMapping[str, Any], *, subprotocol: str = "") -> Self:
        """Return the credentials in the scope of an ASGI connection.

        With *subprotocol*, a WebSocket's ``Sec-WebSocket-Protocol: <subprotocol>, <token>`` offers a token.
        """
        offers = subprotocol != "" and scope["type"] == "websocket"
        return cls(
            _of_asgi(scope, "authorization"),
            scope.get("query_string", b"").decode("latin-1"),
            scope.get("method", "GET"),
            kept=scope,
            server=_ASGI,
            offered=_offered(scope, subprotocol) if offers else (),
            varies=("Sec-WebSocket-Protocol",) if offers else (),
        )

    @classmethod
    def from_headers(
        cls,
        headers: Iterable[tuple[str | bytes, str | bytes]],
        query: str = "",
        method: str = "GET",
        *,
        url: str = "",
        kept: MutableMapping[str, Any] | None = None,
    ) -> Self:
        """Return the credentials in *headers*, for a request that is neither WSGI's nor ASGI's.

        *headers* are all of its pairs, in order: an aiohttp request's, gRPC's metadata, those in the event of a Lambda
        function. *kept* is a mapping that lives as long as the request does.
        """
        pairs = [(_text(name).lower(), _text(value)) for name, value in headers]

        def values(kept: Any, name: str) -> tuple[str, ...]:
            return tuple([value for found, value in pairs if found == name.lower()])

        server = _Server(values, lambda kept: url)
        return cls(values(kept, "authorization"), query, method, kept=kept, server=server)

    @property
    def is_handshake(self) -> bool:
        """Return whether the request opens a WebSocket."""
        if self.kept.get("type") == "websocket" or HANDSHAKE in self.kept:
            return True
        return any("websocket" in value.lower() for value in self.values("Upgrade"))

    @property
    def scheme(self) -> str:
        """The scheme of the first ``Authorization`` value, in lower case; empty if none was sent."""
        return self.authorization[0].strip(" \t").partition(" ")[0].lower() if self.authorization else ""

    @property
    def url(self) -> str:
        """The full URL of the request, as the server or the framework sees it behind the proxies it trusts."""
        return self._server.url(self.kept)

    def values(self, name: str) -> tuple[str, ...]:
        """Return every value of the header *name*, in order; values that a server joined are one."""
        return self._server.values(self.kept, name)

    def cookies(self, name: str) -> tuple[str, ...]:
        """Return every value of the cookie *name*: a browser may send two, of different paths."""
        pairs = [
            pair.partition("=") for line in self.values("Cookie") for pair in line.split(";") if name in pair
        ]
        return tuple([value.strip(' \t"') for found, _, value in pairs if found.strip(" \t") == name])


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _of_wsgi(environ: Mapping[str, Any], name: str) -> tuple[str, ...]:
    plain = name.upper().replace("-", "_")
    key = plain if plain in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{plain}"
    return (environ[key],) if key in environ else ()


def _of_asgi(scope: Mapping[str, Any], name: str) -> tuple[str, ...]:
    wanted = name.lower().encode("latin-1")
    return tuple([value.decode("latin-1") for found, value in scope["headers"] if found == wanted])


def _url_of_wsgi(environ: Mapping[str, Any]) -> str:
    scheme = environ.get("wsgi.url_scheme", "http")
    host = environ.get("HTTP_HOST") or _joined(environ.get("SERVER_NAME", ""), environ.get("SERVER_PORT"))
    path = (environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode("latin-1", "replace")
    return _url(scheme, host, path, environ.get("QUERY_STRING", ""))


def _url_of_asgi(scope: Mapping[str, Any]) -> str:
    scheme = scope.get("scheme", "http")
    host = next(iter(_of_asgi(scope, "host")), "") or _joined(*(scope.get("server") or ("", None)))
    # A server or an application with a prefix sets it. Mounted applications add theirs, which the path has already.
    prefix, path = scope.get("app_root_path", scope.get("root_path", "")), scope["path"]
    whole = path if path.startswith(prefix) else prefix + path
    return _url(
        scheme, host, whole.encode("utf-8", "replace"), scope.get("query_string", b"").decode("latin-1")
    )


_WSGI = _Server(_of_wsgi, _url_of_wsgi)
_ASGI = _Server(_of_asgi, _url_of_asgi)


def _joined(host: str, port: Any) -> str:
    return f"{host}:{port}" if port else host


def _url(scheme: str, host: str, path: bytes, query: str) -> str:
    return f"{scheme}://{host}{quote(path, safe=_PATH)}" + (f"?{query}" if query else "")


def _offered(scope: Mapping[str, Any], subprotocol: str) -> list[str]:
    offered: list[str] = [*scope.get("subprotocols", ()), ""]
    if len(offered) > _MOST_SUBPROTOCOLS:
        return ["", ""]  # read as two credentials, which are refused, without guessing which name is a token
    return [token for name, token in pairwise(offered) if name.lower() == subprotocol]

"""The parts of a request that may hold a token or a proof, the same for every framework."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from itertools import pairwise
from typing import Any, Self

from jwks_auth.request.servers import (
    ASGI,
    HANDSHAKE,
    WSGI,
    Server,
    header_of_asgi,
    without_server,
    wsgi_with,
)
from jwks_auth.runtime import Concealed, RawToken

__all__ = ["HANDSHAKE", "Credentials"]


_MOST_SUBPROTOCOLS = 64
"""The most names that a WebSocket may offer if one of them may be a token; clients offer a few."""


class Credentials(Concealed):
    """The parts of a request that may hold a token or prove its possession. No error report shows them.

    Make it with :meth:`from_wsgi`, :meth:`from_asgi`, :meth:`from_headers` or of its parts. *authorization* has every
    ``Authorization`` value in order, because most frameworks' ``get`` hides a second one; *offered* the tokens that a
    WebSocket offers as subprotocols. *query* is the raw query string. *sent* is the token, once it is found. *kept* is
    the request's own mapping, which keeps its ``Memo``; *varies* are further headers that were read. The other parts
    are read when they are needed.
    """

    __slots__ = ("_server", "authorization", "kept", "method", "offered", "query", "sent", "varies")

    def __init__(
        self,
        authorization: Sequence[str],
        query: str = "",
        method: str = "GET",
        *,
        url: str = "",
        kept: MutableMapping[str, Any] | None = None,
        server: Server | None = None,
        offered: Sequence[str] = (),
        varies: tuple[str, ...] = (),
    ) -> None:
        self.authorization, self.query, self.method = authorization, query, method
        self.kept: MutableMapping[str, Any] = {} if kept is None else kept
        self._server = server or without_server(url=url)
        self.offered, self.varies = offered, varies
        self.sent: RawToken | None = None

    @classmethod
    def from_wsgi(
        cls,
        environ: MutableMapping[str, Any],
        *,
        url: Callable[[], str] | None = None,
        scope: Mapping[str, Any] | None = None,
    ) -> Self:
        """Return the credentials in a WSGI environment, or in a mapping with the same headers, as Django's ``META``.

        *url* returns the full URL, if a framework knows it better, as behind a proxy that it trusts. *scope* is that
        of the ASGI connection, where *environ* was made of one.
        """
        # One value: WSGI servers join repeated headers with commas, which no token holds.
        return cls(
            (environ["HTTP_AUTHORIZATION"],) if "HTTP_AUTHORIZATION" in environ else (),
            environ.get("QUERY_STRING", ""),
            environ.get("REQUEST_METHOD", ""),
            kept=environ,
            server=WSGI if url is None and scope is None else wsgi_with(url, scope),
            offered=environ[HANDSHAKE].offered if HANDSHAKE in environ else (),
        )

    @classmethod
    def from_asgi(cls, scope: MutableMapping[str, Any], *, subprotocol: str = "") -> Self:
        """Return the credentials in the scope of an ASGI connection.

        With *subprotocol*, a WebSocket's ``Sec-WebSocket-Protocol: <subprotocol>, <token>`` offers a token.
        """
        offers = subprotocol != "" and scope["type"] == "websocket"
        return cls(
            header_of_asgi(scope, "authorization"),
            scope.get("query_string", b"").decode("latin-1"),
            scope.get("method", "GET"),
            kept=scope,
            server=ASGI,
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
        peer: str = "",
        certificate: str | bytes | None = None,
    ) -> Self:
        """Return the credentials in *headers*, for a request that is neither WSGI's nor ASGI's.

        *headers* are all of its pairs, in order: an aiohttp request's, gRPC's metadata, those in the event of a Lambda
        function. *kept* is a mapping that lives as long as the request does. *peer* is the address of the socket's
        other end, and *certificate* the client's, in PEM or DER, if the server itself saw it.
        """
        pairs = [(_text(name).lower(), _text(value)) for name, value in headers]

        def values(kept: Any, name: str) -> tuple[str, ...]:
            return tuple([value for found, value in pairs if found == name.lower()])

        server = without_server(values, url=url, peer=peer, certificate=certificate)
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

    @property
    def path(self) -> str:
        """The path of :attr:`url`, below the place where the server or another application has mounted this one."""
        path = "/" + self.url.partition("://")[2].partition("?")[0].partition("/")[2]
        prefix = self._server.prefix(self.kept).rstrip("/")
        return path[len(prefix) :] if path.startswith(prefix + "/") else path

    @property
    def peer(self) -> str:
        """The address of the socket's other end; empty where there is none, or middleware has put another in its place.

        uvicorn's ``--proxy-headers`` and Hypercorn's middleware put port 0 beside an address that a header had, and
        ``ProxyFix`` leaves a mark. Others leave none: a header of the request then has the same address.
        """
        return self._server.peer(self.kept)

    @property
    def certificate(self) -> str | bytes | None:
        """The certificate that the client itself showed to this server, in PEM or DER; ``None`` if it had none."""
        return self._server.certificate(self.kept)

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


def _offered(scope: Mapping[str, Any], subprotocol: str) -> list[str]:
    offered: list[str] = [*scope.get("subprotocols", ()), ""]
    if len(offered) > _MOST_SUBPROTOCOLS:
        return ["", ""]  # read as two credentials, which are refused, without guessing which name is a token
    return [token for name, token in pairwise(offered) if name.lower() == subprotocol]

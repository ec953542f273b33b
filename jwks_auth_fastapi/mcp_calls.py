"""The tools that an MCP request calls: read from its body, and compared with the headers that repeat it.

From revision 2026-07-28 on, ``Mcp-Method`` and ``Mcp-Name`` repeat the method and the tool's name, so that a gateway
need not read bodies. The server runs what the body says, so the body is judged, and a header that differs is refused:
otherwise two programs on the way would see different tools.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from mcp.shared.inbound import (
    MCP_METHOD_HEADER,
    MCP_NAME_HEADER,
    MCP_PROTOCOL_VERSION_HEADER,
    decode_header_value,
    find_duplicated_routing_header,
)
from mcp_types import HEADER_MISMATCH, INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

__all__ = ["BadMessage", "tools_called"]

_CALL = "tools/call"

NOT_JSON = "The body is not JSON"
NO_MESSAGE = "The body is no JSON-RPC message"
NO_NAME = "tools/call needs the name of a tool"
TWICE = "A routing header appears twice"
DIFFERS = "A routing header differs from the body"


class BadMessage(Exception):
    """A body that no tool can be read from: JSON-RPC's *code* and *text*, and the *message* itself, if there is one."""

    def __init__(self, code: int, text: str, message: Any = None) -> None:
        super().__init__(text)
        self.code, self.text = code, text
        self._id = message.get("id") if isinstance(message, dict) else None

    @property
    def body(self) -> bytes:
        """The JSON-RPC answer. Its id is the message's, if that is one."""
        answered = self._id if isinstance(self._id, str) or type(self._id) is int else None
        error = {"code": self.code, "message": self.text}
        return json.dumps({"jsonrpc": "2.0", "id": answered, "error": error}).encode()


def tools_called(headers: Iterable[tuple[bytes, bytes]], body: bytes) -> tuple[str, ...]:
    """Return the names of the tools that *body* calls: one message or a batch. Raises :class:`BadMessage`."""
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
    if find_duplicated_routing_header(pairs) is not None:
        raise BadMessage(HEADER_MISMATCH, TWICE)
    routing = dict(pairs)
    names = dict.fromkeys(_tool_in(message, routing) for message in _messages(body))
    return tuple(name for name in names if name is not None)


def _messages(body: bytes) -> list[dict[str, Any]]:
    try:
        found = json.loads(body.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):  # also for numbers that are too long, and bytes that are no UTF-8
        raise BadMessage(PARSE_ERROR, NOT_JSON) from None
    messages = found if isinstance(found, list) else [found]
    if not messages or not all(isinstance(message, dict) for message in messages):
        raise BadMessage(INVALID_REQUEST, NO_MESSAGE)
    return messages


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that appears twice, of which two parsers may keep different ones."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name appears twice")
    return members


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _tool_in(message: dict[str, Any], routing: Mapping[str, str]) -> str | None:
    """Return the tool that *message* calls, or ``None``, if the headers agree."""
    method = message.get("method")
    if method is not None and not isinstance(method, str):
        raise BadMessage(INVALID_REQUEST, NO_MESSAGE, message)
    if MCP_METHOD_HEADER in routing and routing[MCP_METHOD_HEADER] != method:
        raise BadMessage(HEADER_MISMATCH, DIFFERS, message)
    return _name_in(message, routing) if method == _CALL else None


def _name_in(message: dict[str, Any], routing: Mapping[str, str]) -> str:
    params = message.get("params")
    name = params.get("name") if isinstance(params, dict) else None
    if not isinstance(name, str):
        raise BadMessage(INVALID_PARAMS, NO_NAME, message)
    repeats = {MCP_METHOD_HEADER, MCP_NAME_HEADER} <= routing.keys() or not _must_repeat(routing)
    if not repeats or decode_header_value(routing.get(MCP_NAME_HEADER, name)) != name:
        raise BadMessage(HEADER_MISMATCH, DIFFERS, message)
    return name


def _must_repeat(routing: Mapping[str, str]) -> bool:
    """Return whether the request's revision has the headers; one that is unknown counts as the newest."""
    version = routing.get(MCP_PROTOCOL_VERSION_HEADER)
    return version is not None and version not in HANDSHAKE_PROTOCOL_VERSIONS

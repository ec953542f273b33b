"""The private parts of FastAPI, Starlette and Python itself: each use of them in this package, with its reason.

Seen in FastAPI 0.144 to 0.165, Starlette 0.49 to 1.10 and Python 3.11 to 3.14. Who needs one more puts it here.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Iterator, Sequence
from types import CellType, FunctionType, MethodType
from typing import Any

# What FastAPI made of a route's dependencies is nowhere else to be read, and what is written at a parameter has to
# be read as FastAPI reads it: another reading could call a route guarded that is open.
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_typed_return_annotation, get_typed_signature
from starlette.applications import Starlette
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection
from starlette.types import Send
from starlette.websockets import WebSocket

from jwks_auth_fastapi.openapi import JWTScheme

__all__ = [
    "Dependant",
    "authentication_layers",
    "get_typed_signature",
    "hands_scheme_over",
    "nodes_of",
    "replace_send",
    "scopes_of",
    "send_cell",
    "takes_connection",
]


# The tree of a route's dependencies (fastapi.dependencies.models.Dependant).


def nodes_of(dependant: Dependant) -> Iterator[Dependant]:
    """Yield a route's own node, then those of its dependencies and of theirs."""
    yield dependant
    for each in dependant.dependencies:
        yield from nodes_of(each)


def scopes_of(node: Dependant) -> tuple[str, ...]:
    """Return the scopes that FastAPI hands to the scheme at *node*: those on the way to it, and its own."""
    return (*(node.parent_oauth_scopes or ()), *(node.own_oauth_scopes or ()))


def takes_connection(node: Dependant) -> bool:
    """Return whether FastAPI hands the request, or the WebSocket, to the function at *node*."""
    return any((node.request_param_name, node.websocket_param_name, node.http_connection_param_name))


# The way of an answer out: Starlette tells a dependency nothing of it, and headers of answers depend on what
# dependencies find.


def replace_send(conn: HTTPConnection, replacement: Callable[[Send], Send]) -> None:
    """Have what is answered on *conn* go through the replacement of its ``send``.

    ``Request._send`` and ``WebSocket._send`` hold it. A WebSocket answers with its own; a request's answer is sent by
    the layers outside it, which *replacement* has to reach by itself (:func:`send_cell`).
    """
    send: Send | None = getattr(conn, "_send", None)
    if send is not None:
        replaced = replacement(send)
        if isinstance(conn, WebSocket):
            conn._send = replaced


def send_cell(send: Send) -> CellType | None:
    """Return the cell in which the outermost layer of Starlette around *send* keeps the server's own.

    ``request_response`` and ``ExceptionMiddleware`` (``wrap_app_handling_exceptions``) make a closure for each
    connection, and answer errors with the ``send`` in it. ``None`` where *send* is the server's.
    """
    cell = None
    while (found := _cell_named_send(send)) is not None:
        cell, send = found, found.cell_contents
    return cell


def _cell_named_send(send: Any) -> CellType | None:
    names: tuple[str, ...] = getattr(getattr(send, "__code__", None), "co_freevars", ())
    return send.__closure__[names.index("send")] if "send" in names else None


def authentication_layers(app: Starlette) -> Iterator[AuthenticationMiddleware]:
    """Yield each ``AuthenticationMiddleware`` of *app*, from the outermost.

    A backend is not told which middleware asks it, nor given a ``send``. ``app.middleware_stack`` is the outermost
    layer, and each has the next one as ``.app``.
    """
    layer: Any = getattr(app, "middleware_stack", None)
    while layer is not None:
        if isinstance(layer, AuthenticationMiddleware):
            yield layer
        layer = getattr(layer, "app", None)


# Dependencies that hand the scheme over in place of asking it: ``Depends(lambda: auth)``. FastAPI calls the function
# and gives the route what it returns; a scheme that nobody called guards nothing. What a function returns is read off
# its code: calling it at start-up could do anything, and its source may not be there. The names it uses are not
# enough: they are the same where it returns ``auth`` and where it returns ``Service(auth)``, which is in order.

_MADE_BY_SCHEME = ("requires", "user", "fake", "__call__", "health")
_UNKNOWN = object()


def hands_scheme_over(call: Any, is_guard: Callable[[Any], bool]) -> bool:
    """Return whether the dependency *call* returns something that would guard, had it been the dependency itself."""
    function, owner = _function_of(call)
    if function is None:
        return False
    annotation = get_typed_return_annotation(function)
    if isinstance(annotation, type) and issubclass(annotation, JWTScheme):
        return True
    code = [each for each in dis.get_instructions(function) if each.opname not in ("PUSH_NULL", "NOP")]
    awaits = any(each.opname == "GET_AWAITABLE" for each in code)
    names = _Names(function, owner)
    return any(_is_handed_over(found, after, is_guard, awaits) for found, after in _loads(code, names))


def _function_of(call: Any) -> tuple[FunctionType | None, Any]:
    """Return the function that runs when *call* is called, and the object it is a method of."""
    if not isinstance(call, FunctionType | MethodType | type):  # an object: what is called is its method
        call = getattr(call, "__call__", call)  # noqa: B004
    owner = getattr(call, "__self__", None)
    function = inspect.unwrap(getattr(call, "__func__", call))
    return (function, owner) if isinstance(function, FunctionType) else (None, None)


class _Names:
    """The values of a function's names, as far as they are known without calling it."""

    def __init__(self, function: FunctionType, owner: Any) -> None:
        enclosed = inspect.getclosurevars(function)
        self._values = {**enclosed.builtins, **enclosed.globals, **enclosed.nonlocals}
        first = function.__code__.co_varnames[:1]
        self._values |= {first[0]: owner} if owner is not None and first else {}

    def value(self, instruction: dis.Instruction) -> Any:
        """Return the object that a load puts on the stack."""
        if not instruction.opname.startswith(("LOAD_GLOBAL", "LOAD_DEREF", "LOAD_FAST", "LOAD_NAME")):
            return _UNKNOWN
        return self._values.get(instruction.argval, _UNKNOWN)


def _loads(code: Sequence[dis.Instruction], names: _Names) -> Iterator[tuple[Any, Sequence[dis.Instruction]]]:
    """Each value loaded, attributes of modules and objects followed, and the instructions after it."""
    for at, instruction in enumerate(code):
        value, after = names.value(instruction), at + 1
        while value is not _UNKNOWN:
            yield value, code[after:]
            following = code[after] if after < len(code) else instruction
            if not following.opname.startswith(("LOAD_ATTR", "LOAD_METHOD")):
                break
            value, after = _attribute(value, following.argval), after + 1


def _attribute(value: Any, name: str) -> Any:
    if isinstance(value, JWTScheme):
        return value if name == "optional" else _UNKNOWN
    return inspect.getattr_static(value, name, _UNKNOWN)  # no property runs


def _is_handed_over(
    found: Any, after: Sequence[dis.Instruction], is_guard: Callable[[Any], bool], awaits: bool
) -> bool:
    if not is_guard(found) or not after:
        return False
    following = after[0]
    if following.opname == "JUMP_FORWARD":  # the end of a branch
        following = next((each for each in after if each.offset == following.argval), following)
    if following.opname.startswith(("RETURN_VALUE", "JUMP_IF_TRUE_OR_POP", "COPY")):
        return True
    attribute = following.opname.startswith(("LOAD_ATTR", "LOAD_METHOD")) and following.argval
    return isinstance(found, JWTScheme) and attribute in _MADE_BY_SCHEME and not awaits

"""The private parts of FastAPI, Starlette and Python itself: each use of them in this package, with its reason.

Seen in FastAPI 0.125 to 0.165, Starlette 0.50 to 1.10 and Python 3.11 to 3.13. Every further use belongs here. FastAPI
is imported by the audit alone, when it reads a route, so nothing that serves requests needs its private parts.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from itertools import takewhile
from types import CellType, FunctionType, MethodType
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Send
from starlette.websockets import WebSocket

__all__ = [
    "ASKS",
    "Dependant",
    "Load",
    "Moved",
    "Reading",
    "authentication_layers",
    "awaits",
    "dependant_of",
    "function_of",
    "loads_of",
    "nodes_of",
    "policies_of",
    "replace_send",
    "scopes_of",
    "send_cell",
    "server_span",
    "takes_connection",
]


def server_span(kept: Any) -> Any:
    """Return FastAPI's span of a request: while dependencies are resolved another one is current."""
    return getattr(kept.get("fastapi.telemetry"), "span", None)


# The tree of a route's dependencies. FastAPI keeps its reading of them only there, and parameters must be read as
# FastAPI reads them, because another reading could show an open route as guarded.

Dependant = Any  # fastapi.dependencies.models.Dependant


class Moved(Exception):
    """A private part of FastAPI is no longer where it was, so nobody can tell what its routes ask."""


class Reading:
    """The functions by which FastAPI reads routes and parameters, or :class:`Moved`; *load* imports a module."""

    def __init__(self, load: Callable[[str], Any] = import_module) -> None:
        self._load = load

    def signature(self, call: Any) -> inspect.Signature:
        """Return the signature of *call* as FastAPI reads it."""
        return self._part("fastapi.dependencies.utils", "get_typed_signature")(call)  # type: ignore[no-any-return]

    def returned(self, call: Any) -> Any:
        """Return the annotation of the result of *call*."""
        return self._part("fastapi.dependencies.utils", "get_typed_return_annotation")(call)

    def routes(self, routes: Sequence[BaseRoute]) -> Iterator[tuple[Any, BaseRoute]]:
        """Yield each route as it is served, those of included routers too, and as it was declared."""
        if not any(map(_is_included_router, routes)):
            yield from ((route, route) for route in routes)
        else:
            for each in self._part("fastapi.routing", "iter_route_contexts")(routes):
                # Of routes that are not its own, 0.138 knows path and dependencies here alone.
                yield getattr(each, "starlette_route", None) or each, _part(each, "original_route")

    def _part(self, module: str, name: str) -> Any:
        try:
            return getattr(self._load(module), name)
        except (ImportError, AttributeError) as error:
            raise Moved(f"{module}.{name}") from error


def _is_included_router(route: BaseRoute) -> bool:
    """Return whether *route* is a whole router, as those that are included are from FastAPI 0.137 on."""
    return type(route).__module__.startswith("fastapi.") and not isinstance(route, Route | WebSocketRoute)


def _part(owner: Any, name: str) -> Any:
    try:
        return getattr(owner, name)
    except AttributeError as error:
        raise Moved(f"{type(owner).__name__}.{name}") from error


def dependant_of(route: Any, declared: Any) -> Dependant | None:
    """Return the tree of a *route*; ``None`` if it is none of FastAPI's. Raises :class:`Moved`."""
    found = getattr(route, "dependant", None)
    if found is None and any(kind.__module__ == "fastapi.routing" for kind in type(declared).__mro__):
        raise Moved(f"{type(declared).__name__}.dependant")
    return found


def nodes_of(dependant: Dependant) -> Iterator[Dependant]:
    """Yield a route's own node, then those of its dependencies and of theirs."""
    _part(dependant, "call")  # so that all of them have one
    yield dependant
    for each in _part(dependant, "dependencies"):
        yield from nodes_of(each)


def scopes_of(node: Dependant) -> tuple[str, ...]:
    """Return the scopes that FastAPI passes to the scheme at *node*: its own, and those of the nodes above it."""
    return (*(_part(node, "parent_oauth_scopes") or ()), *(_part(node, "own_oauth_scopes") or ()))


ASKS = "jwks_auth_asks"
"""The method of a dependency that says what it asks of a token, of the scopes that FastAPI hands to it."""


def policies_of(route: Any, authenticator: Any) -> list[Any]:
    """Return the policies of *route* that ask *authenticator*, for its challenges; fewer where FastAPI has moved."""
    found: list[Any] = []
    with suppress(Moved):
        dependant = getattr(route, "dependant", None)
        for node in () if dependant is None else nodes_of(dependant):
            asks = getattr(node.call, ASKS, None)
            policy = None if asks is None else asks(authenticator, scopes_of(node))
            found += [] if policy is None else [policy]
    return found


def takes_connection(node: Dependant) -> bool:
    """Return whether FastAPI passes the request, or the WebSocket, to the function at *node*."""
    return any(_part(node, f"{kind}_param_name") for kind in ("request", "websocket", "http_connection"))


# The sending of an answer, which depends on the results of dependencies: Starlette has no hook for it in one.


def replace_send(conn: HTTPConnection, replacement: Callable[[Send], Send]) -> None:
    """Replace the ``send`` of *conn*, so that its answer goes through *replacement*.

    It is in ``Request._send`` and ``WebSocket._send``. A WebSocket answers with its own; a request's answer is sent by
    the layers around it, which *replacement* must change itself (:func:`send_cell`).
    """
    send: Send | None = getattr(conn, "_send", None)
    if send is not None:
        replaced = replacement(send)
        if isinstance(conn, WebSocket):
            conn._send = replaced


def send_cell(send: Send) -> CellType | None:
    """Return the closure's cell in which the outermost layer of Starlette around *send* keeps the server's ``send``.

    ``request_response`` and ``ExceptionMiddleware`` (``wrap_app_handling_exceptions``) make a closure for each
    connection, and answer errors with the ``send`` in it. Return ``None`` if *send* is the server's own.
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

    A backend knows neither the middleware that calls it nor a ``send``. ``app.middleware_stack`` is the outermost
    layer, and each has the next one as ``.app``.
    """
    layer: Any = getattr(app, "middleware_stack", None)
    while layer is not None:
        if isinstance(layer, AuthenticationMiddleware):
            yield layer
        layer = getattr(layer, "app", None)


# The code of a function shows its result: ``Depends(lambda: auth)`` returns the scheme without calling it. Calling the
# function at start-up could have any effect, and its source may be missing. Its names are not enough: they are the same
# for a function that returns ``auth``, which is a mistake, and one that returns ``Service(auth)``, which is none.

_OF_NAMES = ("LOAD_GLOBAL", "LOAD_DEREF", "LOAD_FAST", "LOAD_NAME", "STORE_FAST_LOAD_FAST")
_NAMING = ("STORE_FAST", "STORE_DEREF")
_OF_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")


class Load(NamedTuple):
    """One use of a name in a function: its value, the attributes read from it, and a flag if the result is returned."""

    value: Any
    attributes: tuple[str, ...]
    is_returned: bool


def function_of(call: Any) -> tuple[FunctionType | None, Any]:
    """Return the function that runs when *call* is called, and the object it is a method of."""
    if not isinstance(call, FunctionType | MethodType | type):  # an object: what is called is its method
        call = getattr(call, "__call__", call)  # noqa: B004
    owner = getattr(call, "__self__", None)
    function = inspect.unwrap(getattr(call, "__func__", call))
    return (function, owner) if isinstance(function, FunctionType) else (None, None)


def awaits(function: FunctionType) -> bool:
    """Return whether *function* awaits anything."""
    return any(each.opname == "GET_AWAITABLE" for each in dis.get_instructions(function))


def loads_of(function: FunctionType, owner: Any) -> Iterator[Load]:
    """Yield each use of a name whose value is known without calling *function*, a method of *owner*."""
    known = _values(function, owner)
    code = [each for each in dis.get_instructions(function) if each.opname not in ("PUSH_NULL", "NOP")]
    named = None
    for at, each in enumerate(code):
        if each.opname.startswith(_NAMING):
            known.pop(_named(each)[0], None)
            known |= {_named(each)[0]: named[1]} if named is not None and named[0] is each else {}
        if each.opname.startswith(_OF_NAMES) and (name := _named(each)[-1]) in known:
            value, path = known[name]
            after = code[at + 1 :]
            read = tuple(takewhile(lambda one: one.opname.startswith(_OF_ATTRIBUTES), after))
            attributes, following = (*path, *(one.argval for one in read)), after[len(read) :]
            named = following[0], (value, attributes)
            yield Load(value, attributes, _is_returned(following))


def _values(function: FunctionType, owner: Any) -> dict[str, tuple[Any, tuple[str, ...]]]:
    enclosed = inspect.getclosurevars(function)
    first = function.__code__.co_varnames[:1]
    own = {first[0]: owner} if owner is not None and first else {}
    values = {**enclosed.builtins, **enclosed.globals, **enclosed.nonlocals, **own}
    return {name: (value, ()) for name, value in values.items()}


def _named(instruction: dis.Instruction) -> tuple[Any, ...]:
    """Return the names in *instruction*; from Python 3.13 on, one instruction may have two."""
    return instruction.argval if isinstance(instruction.argval, tuple) else (instruction.argval,)


def _is_returned(code: Sequence[dis.Instruction]) -> bool:
    """Return whether *code* returns or yields the value on the stack, at once or at the end of a branch."""
    following = code[0]
    if following.opname == "JUMP_FORWARD":
        following = next((each for each in code if each.offset == following.argval), following)
    wraps = "ASYNC_GEN_WRAP" in (following.opname, following.argrepr.removeprefix("INTRINSIC_"))
    ends = ("RETURN_VALUE", "YIELD_VALUE", "JUMP_IF_TRUE_OR_POP", "COPY")
    return wraps or following.opname.startswith(ends)

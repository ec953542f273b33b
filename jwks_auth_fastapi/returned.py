"""Dependencies that hand the scheme over in place of asking it: ``Depends(lambda: auth)``.

FastAPI calls the function and gives the route what it returns: a scheme that nobody called guards nothing. What a
function returns is read off its code, as calling it at start-up could do anything.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Iterator, Sequence
from types import FunctionType, MethodType
from typing import Any

from fastapi.dependencies.utils import get_typed_return_annotation

from jwks_auth_fastapi.openapi import JWTScheme

__all__ = ["hands_scheme_over"]

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

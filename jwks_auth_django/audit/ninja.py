"""Guards of Django Ninja's operations: the members of ``auth``, any of which is enough."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ninja.operation import Operation, PathView

from jwks_auth.adapters import Requirement
from jwks_auth_django.audit.layers import Layer, definer, known, layers
from jwks_auth_django.audit.verdicts import Verdict, any_of
from jwks_auth_django.internals import enclosed

__all__ = ["asks_for_token", "callbacks", "functions", "operations"]


def operations(found: list[Layer]) -> Iterator[tuple[str, Verdict]]:
    """The methods of each operation of a view with these layers, and the verdict on it."""
    for operation, doubt in _operations(found):
        verdict = any_of(map(_verdict, operation.auth_callbacks))
        yield " ".join(operation.methods), verdict.behind(doubt or _around(operation))


def asks_for_token(found: list[Layer], method: str) -> bool:
    """Return whether an authentication of ours judges every request with *method*, alone or beside others."""
    for operation, doubt in _operations(found):
        if method in operation.methods:
            sure = (doubt or _around(operation)) is None
            return sure and any(map(_is_ours, operation.auth_callbacks))
    return False


def _is_ours(callback: Any) -> bool:
    requirement = getattr(callback, "requirement", None)
    return isinstance(requirement, Requirement) and _verdict(callback).doubt is None


def callbacks(found: list[Layer]) -> Iterator[Any]:
    """Yield the members of the operations' ``auth``."""
    for operation, _ in _operations(found):
        yield from operation.auth_callbacks


def functions(found: list[Layer], method: str) -> Iterator[Any]:
    """Yield the functions of the operations that answer *method*."""
    for operation, _ in _operations(found):
        if method in operation.methods:
            yield operation.view_func


def _operations(found: list[Layer]) -> Iterator[tuple[Operation, str | None]]:
    for layer in found:
        for view in enclosed(layer.function):
            for operation in view.operations if isinstance(view, PathView) else ():
                yield operation, layer.doubt


def _around(operation: Operation) -> str | None:
    """Return the decorators that ``decorate_view`` put around the operation."""
    return next((layer.doubt for layer in layers(operation.run) if layer.doubt is not None), None)


def _verdict(callback: Any) -> Verdict:
    kind = type(callback)
    name = str(getattr(callback, "__name__", kind.__name__))
    for method in ("__call__", "authenticate"):
        owner = definer(kind, method)
        if owner is not None and not known(vars(owner)[method]):
            return Verdict(doubt=f"{name} is an authentication of the project's own")
    requirement = getattr(callback, "requirement", None)
    return Verdict(f"{name}: {requirement}" if isinstance(requirement, Requirement) else name)

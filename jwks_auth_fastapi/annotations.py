"""Annotations of parameters that FastAPI can't read, or that promise a token where there may be none."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Annotated, Any, ForwardRef, get_args, get_origin

from fastapi import params

from jwks_auth import VerifiedToken
from jwks_auth_fastapi.dependencies import OF
from jwks_auth_fastapi.scheme import JWTScheme

__all__ = ["metadata", "of_annotations"]


def of_annotations(signature: inspect.Signature) -> Iterator[str]:
    """Yield the faults of the annotations in a *signature* as FastAPI reads it."""
    for parameter in signature.parameters.values():
        annotation, said = parameter.annotation, [parameter.default, *metadata(parameter.annotation)]
        depends = next((each for each in said if isinstance(each, params.Depends)), None)
        if depends is None and isinstance(annotation, str | ForwardRef):
            text = annotation if isinstance(annotation, str) else annotation.__forward_arg__
            yield (
                f"{parameter.name}: FastAPI looks for the names in {text!r} in the module, does not find them, and "
                "asks the query for it: move what it names to the module, leave out `from __future__ import "
                "annotations`, or write the dependency as the default, = Depends(auth)"
            )
        elif depends is not None and _is_optional(depends.dependency) and _is_token(annotation):
            yield f"{parameter.name}: without a token it is None, so annotate VerifiedToken | None"


def metadata(annotation: Any) -> Iterator[Any]:
    """Yield what ``Annotated`` says, at any depth of *annotation*."""
    yield from getattr(annotation, "__metadata__", ())
    for part in get_args(annotation):
        yield from metadata(part)


def _is_optional(dependency: Any) -> bool:
    scheme = getattr(dependency, OF, dependency)
    return isinstance(scheme, JWTScheme) and scheme.is_optional


def _is_token(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    kind = get_origin(annotation) or annotation
    return isinstance(kind, type) and issubclass(kind, VerifiedToken)

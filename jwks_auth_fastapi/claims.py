"""Typed claims: a pydantic model, dataclass or TypedDict in place of a mapping."""

from __future__ import annotations

import sys
from dataclasses import is_dataclass
from typing import Any, Generic, NotRequired, Required, TypeVar, get_origin, get_type_hints

from pydantic import BaseModel, PydanticUserError, TypeAdapter, ValidationError
from typing_extensions import TypedDict, is_typeddict

from jwks_auth import ConfigurationError, InvalidTokenError, VerifiedToken

__all__ = ["ClaimsModel"]

ModelT = TypeVar("ModelT")


class ClaimsModel(Generic[ModelT]):
    """Turns a token's claims into a *model*: a pydantic model, a dataclass or a TypedDict.

    Raises :class:`~jwks_auth.ConfigurationError` for a type that pydantic can't validate.
    """

    def __init__(self, model: type[ModelT]) -> None:
        if not (_is_class_model(model) or is_typeddict(model)):
            raise ConfigurationError(
                f"claims={model!r}: expected a pydantic model, a dataclass or a TypedDict"
            )
        try:
            self._adapter: TypeAdapter[ModelT] = TypeAdapter(_supported(model))
            self._adapter.rebuild(
                raise_errors=True
            )  # otherwise an unknown annotation fails on the first request
        except (PydanticUserError, NameError) as error:
            reason = str(error).splitlines()[0]
            raise ConfigurationError(
                f"claims={model.__name__}: pydantic can't validate it: {reason}"
            ) from error

    def fill(self, token: VerifiedToken) -> VerifiedToken[ModelT]:
        """Return the token with its claims as the model.

        Raises ``InvalidTokenError`` (``invalid_claim``) if they don't fit. Other errors of a user's validator than
        ``ValueError`` and ``AssertionError`` are bugs, and pass through.
        """
        try:
            return self.validated(token)
        except ValidationError:
            # pydantic's error holds the claims' values, so it must not become the cause.
            raise InvalidTokenError("invalid_claim") from None

    def validated(self, token: VerifiedToken) -> VerifiedToken[ModelT]:
        """Do as :meth:`fill`, with pydantic's own error."""
        return token.with_claims(self._adapter.validate_python(dict(token.claims)))


def _is_class_model(model: Any) -> bool:
    return isinstance(model, type) and (issubclass(model, BaseModel) or is_dataclass(model))


def _supported(model: Any) -> Any:
    # Before Python 3.12 pydantic takes typing_extensions' TypedDict only, whose required keys it can read.
    if sys.version_info >= (3, 12) or not is_typeddict(model) or type(model).__module__ != "typing":
        return model
    fields = {
        name: hint
        if get_origin(hint) in (Required, NotRequired)
        else _qualified(hint, name in model.__required_keys__)
        for name, hint in get_type_hints(model, include_extras=True).items()
    }
    return TypedDict(model.__name__, fields)  # type: ignore[operator]


def _qualified(hint: Any, required: bool) -> Any:
    return Required[hint] if required else NotRequired[hint]

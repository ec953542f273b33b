"""The settings of the core as fields of a pydantic-settings model.

``vocabulary.pyi`` shows them to type checkers and editors. It is written by
``python -m tests.adapters.fastapi.test_vocabulary``.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, create_model
from pydantic_settings import BaseSettings, NoDecode

from jwks_auth.adapters import ROWS, Setting

__all__ = ["Vocabulary"]


def _field(row: Setting) -> tuple[Any, Any]:
    # NoDecode: the core reads lists and JSON, as it does for the other frameworks.
    return Annotated[row.type | None, NoDecode], Field(default=None, repr=not row.secret, description=row.doc)


Vocabulary: Any = create_model(
    "Vocabulary", __base__=BaseSettings, **{row.name.lower(): _field(row) for row in ROWS.values()}
)

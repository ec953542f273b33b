"""``vocabulary.pyi``: every setting as a field, with its type and its description, for type checkers and editors.

``python -m tests.adapters.fastapi.test_vocabulary`` writes it anew from the rows of the settings.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap
from pathlib import Path

import jwks_auth_fastapi
from jwks_auth.adapters import ROWS, SettingsOptions
from jwks_auth_fastapi import JWKSAuthSettings

STUB = Path(jwks_auth_fastapi.__file__).with_name("vocabulary.pyi")
HEAD = '''"""Written by ``python -m tests.adapters.fastapi.test_vocabulary``."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic_settings import BaseSettings

from jwks_auth import Issuer, KeySet, Tenants, Verifier
from jwks_auth.adapters import AnyAudience, AnyProxy
from jwks_auth.stores import KeySetStore, Revocations

class Vocabulary(BaseSettings):
    """A field for each setting of the core; ``None`` is the core's default."""

'''
INNER = {
    "Places": "Any",
    "Session": "Any",
    "Validator": "Callable[..., Any]",
    "IsRevoked": "Callable[..., Any]",
    "Told": "Callable[..., Any]",
}
"""Types that the core keeps to itself."""


def fields() -> dict[str, tuple[str, str]]:
    """Type and description of each field."""
    return {name.lower(): (typed(name.lower()), described(row.doc)) for name, row in ROWS.items()}


def typed(name: str) -> str:
    """The type of an argument, with ``None``."""
    hint = SettingsOptions.__annotations__[name]
    text = ast.parse(getattr(hint, "__forward_arg__", hint), mode="eval")
    for node in ast.walk(text):
        if isinstance(node, ast.Name):
            node.id = INNER.get(node.id, node.id)
    found = ast.unparse(text)
    return "Any" if found.startswith("Any |") else found if found.endswith("None") else f"{found} | None"


def described(doc: str) -> str:
    """A sentence on one line."""
    return f"{doc[0].upper()}{doc[1:]}."


def test_the_stub_has_every_setting_with_its_type_and_description() -> None:
    """As the rows say it, and as the model has it when it runs."""
    [model] = [node for node in ast.parse(STUB.read_text()).body if isinstance(node, ast.ClassDef)]
    body = model.body[1:]
    found = {
        ast.unparse(field.target): (ast.unparse(field.annotation), " ".join(doc.value.value.split()))  # type: ignore[attr-defined]
        for field, doc in zip(body[::2], body[1::2], strict=True)
        if isinstance(field, ast.AnnAssign)
    }
    assert found == fields(), "run python -m tests.adapters.fastapi.test_vocabulary"
    assert {*found, "openapi"} == set(JWKSAuthSettings.model_fields)
    assert all(each.description for name, each in JWKSAuthSettings.model_fields.items() if name != "openapi")


def write() -> None:
    """Write the stub."""
    parts = []
    for name, (kind, doc) in fields().items():
        text = "\n    ".join(textwrap.wrap(doc, 105, break_long_words=False, break_on_hyphens=False))
        text = text.replace("\\", "\\\\")
        parts.append(f'    {name}: {kind} = ...\n    """{text}"""\n')
    STUB.write_text(HEAD + "".join(parts))
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(STUB)], check=True)


if __name__ == "__main__":
    write()

"""The rows of the settings: the docs, the constructors and the messages say the same.

``python -m tests.test_settings_page`` writes the tables of docs/reference/settings.md anew.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from jwks_auth import IDTokenVerifier, Issuer, PyJWKClient, TokenVerifier
from jwks_auth.adapters import RequirementOptions
from jwks_auth.settings import GROUPS, ROWS, Setting, SettingsOptions, Taker
from jwks_auth.verifier.issuer import IssuerOptions
from jwks_auth.verifier.options import VerifierOptions
from tests.needs import need_module

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGE = DOCS / "reference" / "settings.md"

IN_CODE_ONLY = {"client", "ssl_context", "accept_empty", "max_response_bytes", "on_event", "clock"}
"""Options that no string can mean."""

OTHERS = {
    "api",
    "backend",
    "jwt",
    "leave_alone",
    "protect",
    "secret",
    "settings",
    "tools",
    "trust_fake_issuer",
}
"""Arguments of other objects, which no setting fills."""

FOR_ANOTHER = {
    "STORE_SECRET",
    *(row.name for row in GROUPS["Tokens that are no JWTs"] if row.taker in Taker.PLACE | Taker.ISSUER),
} - {"INTROSPECTION"}
"""The rows that no constructor takes: the store is sealed, and the introspection made, with them beforehand."""


def default_of(row: Setting) -> str:
    """Return its default in words: the row's own, or that of the object which takes it."""
    if row.default_doc is not None:
        return row.default_doc
    if row.taker in Taker.ANSWER | Taker.SETTINGS:
        return "none"
    taker: Any = TokenVerifier if Taker.VERIFIER in row.taker else Issuer
    return in_words(inspect.signature(taker).parameters[row.argument].default)


def in_words(value: Any) -> str:
    """Return a value as one writes it in a setting."""
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return (
        f"{value:g}"
        if isinstance(value, (int, float))
        else f"`{value if isinstance(value, str) else ' '.join(value)}`"
    )


def table(heading: str) -> str:
    """Return the table under *heading*."""
    lines = ["| name | value | default |", "|---|---|---|"]
    for row in GROUPS[heading]:
        star = " *" if row.per_issuer and row.name != "ISSUER" else ""
        lines.append(f"| `{row.name}`{star} | {row.doc} | {default_of(row)} |".replace("|  |", "| |"))
    return "\n".join(lines)


def written(page: str) -> str:
    """Return *page* with its tables made from the rows."""
    for heading in GROUPS:
        made = f"## {heading}\n\n{table(heading)}\n"
        page = re.sub(rf"## {heading}\n\n(\|[^\n]*\n)+", lambda _, made=made: made, page)  # type: ignore[misc]
    return page


def first_column(*pages: str) -> set[str]:
    """The settings named there, in any table of the *pages*."""
    text = "\n".join((DOCS / page).read_text() for page in pages)
    cells = re.findall(r"^\| (`[A-Z][^|]*) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_the_pages_tables_are_the_rows() -> None:
    """Each setting with its line and its default; ``python -m tests.test_settings_page`` writes them."""
    assert PAGE.read_text() == written(PAGE.read_text())
    assert first_column("reference/settings.md") == set(ROWS)


def test_djangos_page_lists_djangos_own() -> None:
    """Those of ``JWKS_AUTH``, and those of its ``USER``."""
    need_module("django")
    import_module("tests.django_site")
    own = import_module("jwks_auth_django.conf").DJANGO_SETTINGS
    users = import_module("jwks_auth_django.users").DATABASE_SETTINGS
    assert {"STORE", *(row.name for row in (*own, *users))} <= first_column(
        "how-to/django/start.md", "how-to/django/users.md"
    )


@pytest.mark.parametrize(
    ("options", "takers"),
    [(IssuerOptions, Taker.PLACE | Taker.ISSUER), (VerifierOptions, Taker.VERIFIER)],
)
def test_constructors_take_what_the_rows_say(options: type, takers: Taker) -> None:
    """An option without a row would be no setting, a row without an option an error on the first start."""
    rows = {row.argument for name, row in ROWS.items() if row.taker & takers and name not in FOR_ANOTHER}
    assert rows - {"issuer", "audience"} == options.__annotations__.keys() - IN_CODE_ONLY - {"audience"}


def test_every_setting_is_an_argument() -> None:
    """``JWTBearer(issuer=..., audience=...)``: type checkers know the names of the rows."""
    assert SettingsOptions.__annotations__.keys() == {name.lower() for name in ROWS}


def calls(function: str) -> Iterator[ast.Call]:
    """Yield each call of a function, or method, of this name in the four packages."""
    for package in ("jwks_auth", "jwks_auth_django", "jwks_auth_flask", "jwks_auth_fastapi"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and function in (
                    getattr(node.func, "attr", ""),
                    getattr(node.func, "id", ""),
                ):
                    yield node


def test_messages_name_settings_that_there_are() -> None:
    """A setting that is renamed is renamed in its messages too."""
    need_module("django")
    import_module("tests.django_site")
    own = import_module("jwks_auth_django.conf").DJANGO_SETTINGS
    users = import_module("jwks_auth_django.users").DATABASE_SETTINGS
    known = {*ROWS, *(row.name for row in (*own, *users))}
    named = {getattr(call.args[0], "value", None) for call in calls("format") if call.args}
    settings = {name for name in named if isinstance(name, str) and name.isupper()}
    assert len(settings) > 5
    assert settings - known == set()


def test_constructors_name_options_that_there_are() -> None:
    """The settings put their own name for the option's, with which such a message begins."""
    texts = [ast.unparse(call.args[0]).strip("f'\"") for call in calls("ConfigurationError") if call.args]
    named = {found[1] for text in texts if (found := re.match(r"([a-z_]+): found ", text))}
    options = {*IssuerOptions.__annotations__, *VerifierOptions.__annotations__}
    options |= {
        *(name.lower() for name in ROWS),
        *RequirementOptions.__annotations__,
        *inspect.signature(PyJWKClient).parameters,
        *inspect.signature(IDTokenVerifier).parameters,
        "issuers",
    }
    assert len(named) > 10
    assert named - options - OTHERS == set()


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))

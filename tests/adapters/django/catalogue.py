"""The messages that a person may read, and their catalogues: ``python -m tests.adapters.django.catalogue``.

It adds what is missing to each ``django.po``, without a translation, and compiles ``django.mo`` beside it.
"""

from __future__ import annotations

import ast
import re
import struct
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import jwks_auth_django
from jwks_auth import errors, faults
from jwks_auth.claims import kinds

LOCALES = Path(str(jwks_auth_django.__file__)).parent / "locale"
_MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop"}
_ENTRY = re.compile(
    r'^msgid (?P<id>(?:".*"\n)+)(?P<plural>msgid_plural (?:".*"\n)+)?(?P<texts>(?:msgstr.*\n(?:".*"\n)*)+)',
    re.M,
)
_TEXT = re.compile(r'^msgstr(?:\[\d\])? ((?:".*"\n)+)', re.M)


def described() -> Iterator[str]:
    """Yield the core's descriptions of refusals, which are constants."""
    yield from faults.TOKEN_FAULTS.values()
    yield from faults.REQUEST_FAULTS.values()
    yield from faults.PROOF_FAULTS.values()
    yield errors.InvalidTokenError("other").description
    yield errors.ForbiddenError("other").description
    for made in (
        errors.MissingTokenError,
        errors.InsufficientScopeError,
        errors.InsufficientAuthenticationError,
    ):
        yield made().description
    yield errors.KeySourceError.description
    yield kinds._NO_ID_TOKEN
    for package in ("jwks_auth", "jwks_auth_django"):
        for call in calls(package, {"ForbiddenError", "InvalidTokenError"}):
            if len(call.args) > 1 and isinstance(call.args[1], ast.Constant):
                yield call.args[1].value


def calls(package: str, functions: set[str]) -> Iterator[ast.Call]:
    """Yield the calls of these functions in a package."""
    folder = Path(str(import_module(package).__file__)).parent
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in functions:
                yield node


def messages() -> dict[str, str | None]:
    """Every message, in order, with its plural if it has one."""
    found: dict[str, str | None] = dict.fromkeys(described())
    for call in calls("jwks_auth_django", _MARKS | {"ngettext"}):
        literals = [
            arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
        ]
        if literals:
            found[literals[0]] = literals[1] if len(literals) > 1 else None
    return found


def read(po: Path) -> dict[str, list[str]]:
    """The translations in a catalogue, by message; the header's is the empty one."""
    found = {}
    for entry in _ENTRY.finditer(po.read_text()):
        found[_value(entry["id"])] = [_value(text) for text in _TEXT.findall(entry["texts"])]
    return found


def _value(quoted: str) -> str:
    return "".join(ast.literal_eval(line) for line in quoted.strip().splitlines())


def compiled(po: Path) -> bytes:
    """The catalogue as gettext reads it; messages without a translation are left out."""
    plurals = messages()
    texts = {
        (f"{name}\0{plurals[name]}" if plurals.get(name) else name).encode(): "\0".join(told).encode()
        for name, told in read(po).items()
        if all(told)
    }
    ids = sorted(texts)
    count, size = len(ids), 28
    at, first, second = size + 16 * count, b"", b""
    data = b""
    for part, listed in (("id", ids), ("text", [texts[each] for each in ids])):
        table = b""
        for each in listed:
            table += struct.pack("<II", len(each), at + len(data))
            data += each + b"\0"
        first, second = (table, second) if part == "id" else (first, table)
    header = struct.pack("<7I", 0x950412DE, 0, count, size, size + 8 * count, 0, size + 16 * count)
    return header + first + second + data


def completed(po: Path) -> str:
    """The catalogue with an entry for each message."""
    text, known = po.read_text(), read(po)
    for name, plural in messages().items():
        if name not in known:
            lines = [f"msgid {_quoted(name)}"]
            lines += (
                [f"msgid_plural {_quoted(plural)}", 'msgstr[0] ""', 'msgstr[1] ""']
                if plural
                else ['msgstr ""']
            )
            text = f"{text.rstrip()}\n\n" + "\n".join(lines) + "\n"
    return text


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


if __name__ == "__main__":
    for each in LOCALES.glob("*/LC_MESSAGES/django.po"):
        each.write_text(completed(each))
        each.with_suffix(".mo").write_bytes(compiled(each))

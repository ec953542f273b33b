"""Imports point down, and each foreign library's inner workings live in one place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

LAYERS = [
    "challenge errors claims services concealed shown base64url strict_json tokens unverified algorithms clock",
    "bearer jws roca edwards key_material key_purpose jwk pem key_set validators expectations policy freshness events "
    "callbacks",
    "transport fetch discovery store snapshot ledger flight flights calls source",
    "client issuer fake_keys trust tenants hints explain verifier",
    "readers settings credentials requirement rejection shared_caches authenticator adapters",
    "testing cli",
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names.split()}
ADAPTERS = ["jwks_auth_django", "jwks_auth_flask", "jwks_auth_fastapi"]
FRAMEWORKS = {
    "django",
    "rest_framework",
    "ninja",
    "drf_spectacular",
    "flask",
    "werkzeug",
    "fastapi",
    "starlette",
}
OWNERS = {
    "requests": {"transport"},
    "urllib3": {"transport"},
    "cryptography": {"algorithms", "jwk", "key_material", "pem", "testing"},
}


def modules(package: str) -> Iterator[tuple[str, ast.Module]]:
    """Each module of *package*, by its dotted name."""
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = list(path.relative_to(ROOT).with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
        yield ".".join(parts), ast.parse(path.read_text())


def imports(tree: ast.Module) -> Iterator[str]:
    """Every module imported, at the top or inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def core_part(dotted: str) -> str | None:
    """``jwks_auth.x.y`` -> ``x``; the package itself and other packages -> ``None``."""
    parts = dotted.split(".")
    return parts[1] if parts[0] == "jwks_auth" and len(parts) > 1 else None


def test_every_core_module_has_a_layer() -> None:
    """A new module says where it stands."""
    parts = {part for name, _ in modules("jwks_auth") if (part := core_part(name))}
    assert {part for part in parts if layer_of(part) is None} == set()


def test_the_map_for_contributors_is_these_layers() -> None:
    """The rows L0 to L5 of CONTRIBUTING.md, from the bottom up."""
    rows = re.findall(r"^\| L\d[^|]* \| ([^|]+) \|", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    assert [set(re.findall(r"\w+", row)) for row in reversed(rows)] == [
        set(names.split()) for names in LAYERS
    ]


def test_imports_point_down() -> None:
    """No core module imports from a layer above its own."""
    upward = []
    for name, tree in modules("jwks_auth"):
        part = core_part(name)
        if part is None:
            continue
        for target in imports(tree):
            below = core_part(target)
            if below and below in LEVEL_NAMES and layer_of(below) > layer_of(part):  # type: ignore[operator]
                upward.append(f"{name} -> {target}")
    assert upward == []


def test_core_knows_no_framework() -> None:
    """The core imports neither a framework nor an adapter."""
    found = [
        f"{name} -> {target}"
        for name, tree in modules("jwks_auth")
        for target in imports(tree)
        if target.split(".")[0] in FRAMEWORKS | set(ADAPTERS)
    ]
    assert found == []


@pytest.mark.parametrize("package", ADAPTERS)
def test_adapters_import_the_core_by_its_face_only(package: str) -> None:
    """An adapter imports ``jwks_auth``, its adapters, cli and testing modules, and no other adapter."""
    allowed = {"adapters", "testing", "cli"}
    found = []
    for name, tree in modules(package):
        for target in imports(tree):
            top = target.split(".")[0]
            if top in ADAPTERS and top != package:
                found.append(f"{name} -> {target}")
            part = core_part(target)
            if part in LEVEL_NAMES and part not in allowed:
                found.append(f"{name} -> {target}")
    assert found == []


@pytest.mark.parametrize("library", sorted(OWNERS))
def test_each_library_has_its_owner(library: str) -> None:
    """One module imports a library's inner workings; the rest of the core goes through it."""
    found = {
        core_part(name)
        for name, tree in modules("jwks_auth")
        for target in imports(tree)
        if target.split(".")[0] == library
    }
    assert found <= OWNERS[library]


LEVEL_NAMES = set(LEVEL)


def layer_of(part: str) -> int | None:
    """The layer of a core module; a package's private split (``store_file``) stands with its first word."""
    return LEVEL.get(part, LEVEL.get(part.split("_")[0]))

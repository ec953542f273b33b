"""The house: rooms in one order, doors between them, and sizes that keep each module readable."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

ORDER = [
    "later",
    "challenge",
    "faults",
    "errors",
    "runtime",
    "jose",
    "http",
    "stores",
    "claims",
    "proofs",
    "keys",
    "client",
    "verifier",
    "settings",
    "telemetry",
    "request",
    "adapters",
    "testing",
    "cli",
    "command",
    "devissuer",
    "__main__",
]
"""A module imports its own room and those before it."""

ON_TOP = {"command": 5, "devissuer": 8, "__main__": 1}
"""The rooms that use all others, and the longest chain in each of its own modules."""

CORE = "jwks_auth"
ADAPTERS = ["jwks_auth_django", "jwks_auth_flask", "jwks_auth_fastapi"]
PUBLIC = {"", "adapters", "stores", "testing", "cli", "command"}
"""The parts of the core that an adapter imports: ``jwks_auth`` itself and these."""

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
    "requests": {"http"},
    "urllib3": {"http"},
    "certifi": {"http"},
    "cryptography": {"jose", "testing"},
}
"""The rooms that import a library's inner workings; the rest of the core goes through them."""

LONGEST_MODULE = 260
LONGEST_BODY = 30
MOST_BODIES = 12
"""Lines that nine bodies of ten have at most."""

INSIDES = {"__closure__", "__code__", "__defaults__", "__func__", "__globals__", "__kwdefaults__"}
"""Attributes of functions that no framework promises to keep on what it makes of them."""

PROMISED = {"_base_manager", "_default_manager", "_meta", "_request", "_state"}
"""Attributes that Django and Django REST framework document, underscore or not."""

QUESTION = re.compile(r"(What|Who|Whose|Whether|Which|Where|How|Why)\b")


def modules(package: str) -> dict[str, ast.Module]:
    """Return each module of *package* by its dotted name, migrations left out."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = list(path.relative_to(ROOT).with_suffix("").parts)
        if "migrations" in parts:
            continue
        if parts[-1] == "__init__":
            parts.pop()
        found[".".join(parts)] = ast.parse(path.read_text())
    return found


HOUSE = {package: modules(package) for package in (CORE, *ADAPTERS)}
ALL = {name: tree for package in HOUSE.values() for name, tree in package.items()}


def imports(tree: ast.Module) -> Iterator[tuple[str, str | None]]:
    """Yield every module imported, with the name taken from it: at the top, in functions, for type checkers."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from ((node.module or "", alias.name) for alias in node.names)


def room_of(dotted: str) -> str | None:
    """Return the core's room of a module: ``jwks_auth.jose.jws`` -> ``jose``; ``""`` for the package itself."""
    parts = dotted.split(".")
    if parts[0] != CORE:
        return None
    return parts[1] if len(parts) > 1 else ""


def defining(module: str, name: str | None) -> str:
    """Return the module that *name* comes from, through the faces of rooms."""
    if f"{module}.{name}" in ALL:
        return f"{module}.{name}"
    if module in ALL:
        for source, taken in imports(ALL[module]):
            if taken == name and source.startswith(CORE) and source != module:
                return defining(source, name)
    return module


@cache
def targets(module: str) -> frozenset[str]:
    """Return the modules of the four packages that *module* takes names from."""
    found = {defining(source, name) for source, name in imports(ALL[module]) if source.split(".")[0] in HOUSE}
    return frozenset(found & ALL.keys()) - {module}


def is_face(module: str) -> bool:
    """Return whether *module* is a folder's ``__init__``."""
    return (ROOT / module.replace(".", "/") / "__init__.py").exists()


def test_imports_go_down() -> None:
    """No module of the core imports from a room after its own."""
    upward = [
        f"{name} -> {source}"
        for name, tree in HOUSE[CORE].items()
        for source, taken in imports(tree)
        if (own := room_of(name)) and (other := room_of(defining(source, taken))) is not None
        if ORDER.index(own) < (ORDER.index(other) if other else len(ORDER))
    ]
    assert upward == []


def test_rooms_are_entered_by_their_doors() -> None:
    """Another room's names come from its ``__init__``, never from a module within."""
    inner = [
        f"{name} -> {source}"
        for name, tree in HOUSE[CORE].items()
        for source, taken in imports(tree)
        if (other := room_of(source)) and other != room_of(name) and room_of(name) and source.count(".") > 1
    ]
    assert inner == []


def test_every_room_has_its_place_and_says_what_it_is_for() -> None:
    """The order names every room, and each folder's ``__init__`` says in a few sentences what is in it."""
    assert {room for name in HOUSE[CORE] if (room := room_of(name))} == set(ORDER)
    rooms = [name for name in HOUSE[CORE] if is_face(name) and name.count(".") == 1]
    assert [name for name in rooms if len((ast.get_docstring(HOUSE[CORE][name]) or "").split()) < 12] == []


def test_the_map_for_contributors_is_this_order() -> None:
    """CONTRIBUTING.md shows the rooms in their order."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert " ".join(ORDER) in " ".join(text.replace("`", " ").split())


@pytest.mark.parametrize("package", HOUSE)
def test_no_circle(package: str) -> None:
    """Modules form no circle, imports for type checkers included."""
    circles = []

    def visit(module: str, path: tuple[str, ...]) -> None:
        if module in path:
            circles.append(" -> ".join([*path[path.index(module) :], module]))
        elif module not in seen:
            for target in targets(module):
                visit(target, (*path, module))
            seen.add(module)

    seen: set[str] = set()
    for name in HOUSE[package]:
        visit(name, ())
    assert circles == []


def is_door(module: str) -> bool:
    """Return whether *module* only hands on the names of others: a room's ``__init__``, or ``jwks_auth.adapters``."""
    return is_face(module) or module == "jwks_auth.adapters"


@cache
def chain(module: str) -> tuple[str, ...]:
    """Return the longest chain of imports that begins with *module*."""
    chains = [chain(target) for target in targets(module) if not is_door(target)]
    return (module, *max(chains, key=len, default=()))


def test_chains_of_imports_are_short() -> None:
    """No reader has to go through more than 13 modules of the core, or 10 of its rooms.

    The command and the dev issuer stand on top of all that, and add a few of their own.
    """
    below = [name for name in HOUSE[CORE] if not is_door(name) and room_of(name) not in ON_TOP]
    longest = max(map(chain, below), key=len)
    assert len(longest) <= 13, longest
    for room, most in ON_TOP.items():
        own = max(
            (chain(name) for name in HOUSE[CORE] if room_of(name) == room and not is_door(name)), key=len
        )
        assert sum(room_of(name) == room for name in own) <= most, own
    rooms: dict[str, set[str]] = {}
    for name in HOUSE[CORE]:
        rooms.setdefault(room_of(name) or "", set()).update(room_of(target) or "" for target in targets(name))

    @cache
    def depth(room: str) -> int:
        return 1 + max((depth(below) for below in rooms[room] - {room, ""}), default=0)

    assert max(depth(room) for room in ORDER if room not in ON_TOP) <= 10


def test_core_knows_no_framework() -> None:
    """The core imports neither a framework nor an adapter."""
    found = [
        f"{name} -> {source}"
        for name, tree in HOUSE[CORE].items()
        for source, _ in imports(tree)
        if source.split(".")[0] in FRAMEWORKS | set(ADAPTERS)
    ]
    assert found == []


@pytest.mark.parametrize("package", ADAPTERS)
def test_adapters_import_the_public_core_only(package: str) -> None:
    """An adapter imports ``jwks_auth``, its adapters, stores, testing, cli and command, and no other adapter."""
    found = [
        f"{name} -> {source}"
        for name, tree in HOUSE[package].items()
        for source, taken in imports(tree)
        if (source.split(".")[0] in ADAPTERS and source.split(".")[0] != package)
        or (source.split(".")[0] == CORE and (source.count(".") > 1 or room_of(source) not in PUBLIC))
        or (source == CORE and taken in ORDER and taken not in PUBLIC)
    ]
    assert found == []


@pytest.mark.parametrize("package", HOUSE)
def test_adapters_take_public_names_only(package: str) -> None:
    """Every name that another package takes is in the ``__all__`` of the module it takes it from."""
    foreign = [
        f"{name} -> {source}.{taken}"
        for name, tree in ALL.items()
        if not name.startswith(package + ".") and name != package
        for source, taken in imports(tree)
        if source.split(".")[0] == package
        and taken not in exported(source)
        and f"{source}.{taken}" not in ALL
    ]
    assert foreign == []


def exported(module: str) -> set[str]:
    """Return the names in *module*'s ``__all__``."""
    for node in ALL[module].body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


@pytest.mark.parametrize("library", OWNERS)
def test_each_library_has_its_room(library: str) -> None:
    """The inner workings of a library are imported in its room alone."""
    found = {
        room_of(name)
        for name, tree in HOUSE[CORE].items()
        for source, _ in imports(tree)
        if source.split(".")[0] == library
    }
    assert found <= OWNERS[library]


def is_internal(module: str) -> bool:
    """Return whether *module* is an adapter's ``internals``, or one within."""
    return module.split(".")[1:2] == ["internals"]


@pytest.mark.parametrize("package", ADAPTERS)
def test_private_parts_stand_in_one_place(package: str) -> None:
    """What a framework does not promise is reached for in ``internals`` alone."""
    own = {name for tree in HOUSE[package].values() for name, owner in attributes(tree) if owner == "self"}
    found = [
        f"{module}: {name}"
        for module, tree in HOUSE[package].items()
        if not is_internal(module)
        for name, owner in attributes(tree)
        if name in INSIDES or (re.match("_[a-z]", name) and owner != "self" and name not in own | PROMISED)
    ]
    modules = {"dis", "fastapi.dependencies.models", "fastapi.dependencies.utils"}
    found += [
        f"{module}: {source}"
        for module, tree in HOUSE[package].items()
        if not is_internal(module)
        for source, _ in imports(tree)
        if source in modules
    ]
    assert found == []


def attributes(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each attribute that a module reads or sets, by ``getattr`` too, and the name it is read from, or ``""``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr, getattr(node.value, "id", "")
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("getattr", "setattr", "hasattr"):
            yield str(getattr(node.args[1], "value", "")), getattr(node.args[0], "id", "")


def test_modules_and_functions_are_short() -> None:
    """A module has at most 260 lines, a body 30, and nine of ten bodies 12."""
    long = {name: n for name in ALL if (n := len(source_of(name).splitlines())) > LONGEST_MODULE}
    assert long == {}
    bodies = {
        f"{name}.{function.name}": body_of(function)
        for name, tree in ALL.items()
        for function in functions(tree)
    }
    assert {name: lines for name, lines in bodies.items() if lines > LONGEST_BODY} == {}
    assert sorted(bodies.values())[int(len(bodies) * 0.9)] <= MOST_BODIES


def source_of(module: str) -> str:
    """Return a module's text."""
    path = ROOT / module.replace(".", "/")
    return (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text()


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method."""
    yield from (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def body_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function's body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_docstrings_begin_with_the_thing() -> None:
    """At most one docstring in a hundred begins as a question does."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    texts = [
        text
        for tree in ALL.values()
        for node in ast.walk(tree)
        if isinstance(node, kinds) and (text := ast.get_docstring(node))
    ]
    questions = [text.splitlines()[0] for text in texts if QUESTION.match(text)]
    assert len(questions) <= len(texts) / 100, questions


def test_adapters_parse_no_header() -> None:
    """Reading credentials is the core's: no adapter decodes or looks up the header that holds them."""
    found = [
        str(path)
        for package in ADAPTERS
        for path in (ROOT / package).rglob("*.py")
        if path.name != "testing.py"
        if re.search(r"HTTP_AUTHORIZATION|b\"authorization\"|QUERY_STRING|query_string", path.read_text())
    ]
    assert found == []

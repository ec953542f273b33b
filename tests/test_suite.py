"""The tests themselves hold on a machine that is slow and busy, and in any order."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Clock

TESTS = Path(__file__).parent
MODULES = [path for path in sorted(TESTS.rglob("*.py")) if path.name != "patience.py"]
STOPWATCHES = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "thread_time"}
CALENDARS = {"now", "utcnow", "today", "time", "time_ns"}


def faults(source: str) -> list[str]:
    """The sleeps, the stopwatches, and the dates that are made at import, in a module of tests."""
    tree = ast.parse(source)
    anywhere = [node for node in ast.walk(tree) if called(node) in {*STOPWATCHES, "sleep"}]
    at_import = [node for node in imported(tree) if called(node) in CALENDARS]
    return [text for text in map(ast.unparse, (*anywhere, *at_import)) if text != "asyncio.sleep(0)"]


def called(node: ast.AST) -> str | None:
    """The name of the function that *node* calls, without its module."""
    if not isinstance(node, ast.Call):
        return None
    return getattr(node.func, "attr", None) or getattr(node.func, "id", None)


def imported(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when the module *node* is imported: all but the bodies of functions."""
    yield node
    inside = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        inside = [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
    elif isinstance(node, ast.Lambda):
        inside = [*node.args.defaults]
    for child in inside:
        yield from imported(child)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(TESTS).as_posix())
def test_no_test_depends_on_how_fast_a_machine_is(path: Path) -> None:
    """``tests/patience.py`` has what there is instead; ``tests/conftest.py`` tells no time at import either."""
    assert faults(path.read_text()) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("NOW = time.time()", ["time.time()"]),
        ("@parametrize('exp', [int(time()) + 60])\ndef test(exp): ...", ["time()"]),
        ("def test(now=datetime.now(UTC)): ...", ["datetime.now(UTC)"]),
        ("def test():\n    time.sleep(1)\n    assert monotonic() < 2", ["time.sleep(1)", "monotonic()"]),
        ("async def test():\n    await asyncio.sleep(0)\n    time.time()\nlater = lambda: time.time()", []),
    ],
)
def test_what_depends_on_it_is_found(source: str, found: list[str]) -> None:
    """The control."""
    assert faults(source) == found


@pytest.fixture(scope="module")
def made() -> float:
    """When this fixture was made, by the clock of the tests."""
    return time.time()


def test_what_tests_share_is_old_for_all_of_them(made: float) -> None:
    """The first included: a token of five minutes in such a fixture never lasts."""
    assert time.time() - made > 3600


def test_no_time_is_told_while_tests_are_collected() -> None:
    """A token made at import, or for a table of parameters, would be as old as the tests before it are slow."""
    clock = Clock()
    assert clock() > 0
    clock.collecting = True
    with pytest.raises(RuntimeError, match="in the test"):
        clock()


def test_the_cores_tests_need_no_package_of_others() -> None:
    """``tests/unit`` and ``tests/attacks`` run with the core alone, so they ask for no package and import none."""
    root = Path(__file__).parent
    found = [
        f"{path.name}: {name}"
        for folder in ("unit", "attacks")
        for path in (root / folder).rglob("*.py")
        for name in re.findall(
            r"need_module\(\"\w+|^ *(?:from|import) (?:starlette|fastapi|flask|werkzeug|django|pydantic|celery)\b",
            path.read_text(),
            re.MULTILINE,
        )
    ]
    assert found == []


def named_by_chance(source: str) -> list[int]:
    """Lines whose parameters are named by the text of a set: its order is another in each process that collects."""
    calls = [node for node in ast.walk(ast.parse(source)) if called(node) == "parametrize"]
    return [
        node.lineno
        for node in calls
        if isinstance(node, ast.Call)
        and any(word.arg == "ids" and ast.unparse(word.value) in {"str", "repr"} for word in node.keywords)
        and any(
            isinstance(part, ast.Set | ast.SetComp) or called(part) in {"set", "frozenset"}
            for part in ast.walk(node)
        )
    ]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(TESTS).as_posix())
def test_every_process_gives_a_test_the_same_name(path: Path) -> None:
    """Workers that collect the suite side by side must agree on it, whatever their hash seed."""
    assert named_by_chance(path.read_text()) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("@mark.parametrize('told', [{'a', 'b'}], ids=str)\ndef test(told): ...", [1]),
        ("@mark.parametrize('told', [frozenset('ab')], ids=repr)\ndef test(told): ...", [1]),
        ("@mark.parametrize('told', [{'a', 'b'}])\ndef test(told): ...", []),
        ("@mark.parametrize('told', [{'a': 1}], ids=str)\ndef test(told): ...", []),
    ],
)
def test_a_name_by_chance_is_found(source: str, found: list[int]) -> None:
    """The control."""
    assert named_by_chance(source) == found

"""The demo's table: one row a case, one column an application."""

from __future__ import annotations

import re
from collections.abc import Sequence

from example_projects.demo.cases import Case
from example_projects.demo.servers import Answer

__all__ = ["cell", "header", "is_right", "legend", "row"]

_NAME_WIDTH = 28
_CELL_WIDTH = 24


def header(columns: Sequence[str]) -> str:
    """The column titles and a rule."""
    return f"{_line('case', columns)}\n{'-' * (_NAME_WIDTH + len(columns) * (_CELL_WIDTH + 2))}"


def row(case: Case, answers: Sequence[Answer]) -> str:
    """One case; a wrong answer is marked, and followed by what was expected."""
    cells = [cell(answer) if is_right(case, answer) else f"WRONG {cell(answer)}" for answer in answers]
    line = _line(case.name, cells)
    if all(is_right(case, answer) for answer in answers):
        return line
    sent = [f"got      {answer.status} {answer.challenge}" for answer in answers]
    return "\n    ".join([line, f"expected {case.status} {case.challenge}", *sent])


def cell(answer: Answer) -> str:
    """The status and the challenge, cut down to its error; :func:`legend` has it in full."""
    if answer.status == 503:
        return "503 Retry-After" if "retry-after" in answer.headers else "503"
    if answer.challenge is None:
        return str(answer.status)
    error = re.search(r'error="([^"]*)"', answer.challenge)
    return f"{answer.status} {error[1] if error else 'Bearer'}"


def is_right(case: Case, answer: Answer) -> bool:
    """Status and challenge as expected, to the letter; 503 says when to come back."""
    says_when = answer.status != 503 or "retry-after" in answer.headers
    return (answer.status, answer.challenge) == (case.status, case.challenge) and says_when


def legend(cases: Sequence[Case]) -> str:
    """The challenges in full, each once."""
    return "\n".join(dict.fromkeys(f"  {case.status} {case.challenge}" for case in cases if case.challenge))


def _line(name: str, cells: Sequence[str]) -> str:
    return f"{name:<{_NAME_WIDTH}}" + "".join(f"{text:<{_CELL_WIDTH}}  " for text in cells).rstrip()

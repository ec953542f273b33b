"""What error trackers and debug pages would print of a fault, and whether a token is in it."""

from __future__ import annotations

import base64
import binascii
import pickle
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from traceback import FrameSummary, StackSummary, TracebackException, walk_stack
from typing import Any

__all__ = ["is_ours", "is_test", "leaks", "links", "stack", "trace"]

ROOT = Path(__file__).parents[2]
_WINDOW = 24  # characters: error trackers cut strings short, so a part of a token counts


def links(error: BaseException) -> Iterator[BaseException]:
    """*error*, its causes and contexts, those that a traceback suppresses too."""
    pending: list[BaseException | None] = [error]
    seen: list[BaseException] = []
    while pending:
        link = pending.pop()
        if link is not None and not any(link is other for other in seen):
            seen.append(link)
            pending += [link.__cause__, link.__context__]
            yield link


def trace(error: BaseException, *, ours: bool = False) -> str:
    """All that ``capture_locals=True`` prints of *error* and what it came from, but for the frames of tests.

    *ours*: nor those of frameworks, whose locals are the request.
    """
    told = []
    for link in links(error):
        report = TracebackException(type(link), link, link.__traceback__, capture_locals=True)
        told += [
            "".join(report.format_exception_only()),
            repr(link),
            str(link),
            repr(vars(link)),
            _pickled(link),
        ]
        shown = [frame for frame in report.stack if not is_test(frame.filename)]
        told += _locals(frame for frame in shown if is_ours(frame.filename) or not ours)
    return "\n".join(told)


def stack() -> str:
    """The locals of the frames of ours that are being run now, as a report made by a callback has them."""
    frames = StackSummary.extract(walk_stack(sys._getframe(1)), capture_locals=True)
    return "\n".join(_locals(frame for frame in frames if is_ours(frame.filename)))


def leaks(text: str, raw: Any, *, public: str = "") -> list[str]:
    """The parts of *raw*, of its segments and of what these encode, that are in *text* and not *public* anyway."""
    return [part for part in _parts(raw) if part in text and part not in public]


def is_ours(filename: str) -> bool:
    """Whether a frame is of one of the packages."""
    path = Path(filename)
    return path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0].startswith("jwks_auth")


def is_test(filename: str) -> bool:
    """Whether a frame is a test's, which holds the token because it made it."""
    return Path(filename).is_relative_to(ROOT / "tests")


def _pickled(error: BaseException) -> str:
    try:
        return pickle.dumps(error, 0).decode("latin-1")
    except (TypeError, AttributeError, pickle.PicklingError):
        return ""


def _locals(frames: Iterable[FrameSummary]) -> list[str]:
    return [f"{frame.filename} {frame.name} {name} = {value}" for frame in frames
            for name, value in (frame.locals or {}).items()]  # fmt: skip


@lru_cache(64)
def _parts(raw: Any) -> set[str]:
    text = (raw.decode("latin-1") if isinstance(raw, bytes) else str(raw))[:20_000]
    parts = {text} if len(text) >= _WINDOW else set()
    for segment in text.split("."):
        parts |= _windows(segment)
        try:
            octets = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
        except (binascii.Error, ValueError):
            continue
        # A claim's value is no credential, and a frame may hold it: JSON text, or a signature's octets, are.
        decoded = _windows(octets.decode("latin-1")) | _windows(repr(octets)[2:-1])
        parts |= {part for part in decoded if '"' in part or not octets.startswith(b"{")}
    return parts


def _windows(text: str) -> set[str]:
    # The beginning, and pieces at a stride of half their length: whatever is half as long again holds one of them.
    starts = range(0, max(1, len(text[:4000]) - _WINDOW + 1), _WINDOW // 2)
    return {text[at : at + _WINDOW] for at in starts if len(text) >= _WINDOW}

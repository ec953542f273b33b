"""Reading a dict of settings: known names, right types, and messages that name the setting."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jwks_auth import ConfigurationError

__all__ = ["Option", "flag", "mapping", "names", "nearest", "one_of", "parsed", "paths", "text"]


@dataclass(frozen=True, slots=True)
class Option:
    """A setting: what reads its value (raising ``ValueError``), and its default."""

    read: Callable[[Any], Any]
    default: Any


def parsed(given: Mapping[str, Any], options: Mapping[str, Option], label: str) -> dict[str, Any]:
    """The values of *given*, read, with defaults for the rest, under lower-case names.

    Raises :class:`ConfigurationError` for an unknown name, with the nearest one, and for a wrong value.
    """
    for name in given:
        if name not in options:
            raise ConfigurationError(
                f"{label.format(name)} is not a setting: {nearest(name, options, label)}"
            )
    return {
        name.lower(): _value(option, given[name], label.format(name)) if name in given else option.default
        for name, option in options.items()
    }


def _value(option: Option, value: Any, name: str) -> Any:
    try:
        return option.read(value)
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from error


def nearest(name: object, known: Mapping[str, Any], label: str) -> str:
    """What to write instead of *name*."""
    near = difflib.get_close_matches(str(name).upper(), list(known), n=1)
    return f"did you mean {label.format(near[0])}?" if near else f"known are {', '.join(sorted(known))}"


def text(value: Any) -> str:
    """A string that is not empty."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"expected a string, found {value!r}")
    return value


def flag(value: Any) -> bool:
    """``True`` or ``False``."""
    if not isinstance(value, bool):
        raise ValueError(f"expected True or False, found {value!r}")
    return value


def mapping(value: Any) -> dict[str, Any]:
    """A dict."""
    if not isinstance(value, Mapping):
        raise ValueError(f"expected a dict, found {value!r}")
    return dict(value)


def names(value: Any) -> dict[str, str]:
    """A dict from name to name."""
    if not all(isinstance(each, str) for pair in mapping(value).items() for each in pair):
        raise ValueError(f"expected a dict of strings, found {value!r}")
    return dict(value)


def paths(value: Any) -> tuple[str, ...]:
    """Beginnings of paths."""
    if not isinstance(value, list | tuple) or not all(isinstance(p, str) and p[:1] == "/" for p in value):
        raise ValueError(f'expected a list of paths such as "/health/", found {value!r}')
    return tuple(value)


def one_of(*choices: str) -> Callable[[Any], str]:
    """A reader for one word of a few."""

    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}, found {value!r}")
        return str(value)

    return read

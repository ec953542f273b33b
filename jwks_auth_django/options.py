"""Reading a dict of settings: known names, right types, and messages that name the setting.

Values are written as those of the core's settings: as objects, or as the strings an environment gives.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jwks_auth import ConfigurationError
from jwks_auth.adapters import nearest, readers

__all__ = ["Option", "flag", "mapping", "names", "one_of", "parsed", "paths", "text"]


@dataclass(frozen=True, slots=True)
class Option:
    """A setting: what reads its value (raising ``ValueError``), and its default."""

    read: Callable[[Any], Any]
    default: Any


def parsed(given: Mapping[str, Any], options: Mapping[str, Option], label: str) -> dict[str, Any]:
    """The values of *given*, read, with defaults for the rest, under lower-case names.

    ``None`` counts as not given, here as in the core's settings; an empty string does not. Raises
    :class:`ConfigurationError` for an unknown name, with the nearest one, and for a wrong value.
    """
    for name, value in given.items():
        if value is not None and name not in options:
            raise ConfigurationError(
                f"{label.format(name)} is not a setting: {nearest(name, sorted(options), label)}"
            )
    return {
        name.lower(): option.default
        if given.get(name) is None
        else _value(option, given[name], label.format(name))
        for name, option in options.items()
    }


def _value(option: Option, value: Any, name: str) -> Any:
    try:
        return option.read(value)
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from error


text = readers.text
flag = readers.flag


def mapping(value: Any) -> dict[str, Any]:
    """A dict, or a JSON object."""
    found = _json(value) if isinstance(value, str) else value
    if not isinstance(found, Mapping):
        raise ValueError(f"expected a dict, or a JSON object, found {value!r}")
    return dict(found)


def names(value: Any) -> dict[str, str]:
    """A dict from name to name, or a JSON object."""
    found = mapping(value)
    if not all(isinstance(each, str) for pair in found.items() for each in pair):
        raise ValueError(f"expected a dict of strings, found {value!r}")
    return found


def paths(value: Any) -> tuple[str, ...]:
    """Beginnings of paths: a list, a JSON array, or one string with spaces between."""
    found = readers.names(value)
    if not all(path.startswith("/") and path.strip("/") for path in found):  # every path begins with "/"
        raise ValueError(f'expected a list of beginnings of paths such as "/health/", found {value!r}')
    return found


def one_of(*choices: str) -> Callable[[Any], str]:
    """A reader for one word of a few."""

    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}, found {value!r}")
        return str(value)

    return read


def _json(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return None

"""Settings in variables, as FastAPI's model and Flask read them, and files of variables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jwks_auth.command.call import UsageError
from jwks_auth.settings import PREFIX

__all__ = ["given_in", "read_file"]

_FLASK = "FLASK_"
_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*\Z")
_MOST_OCTETS = 1_048_576


def given_in(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings that *variables* give: ``JWKS_AUTH_*``, or else Flask's ``FLASK_JWKS_AUTH_*``.

    ``JWKS_AUTH_ISSUERS__ACME__AUDIENCE`` is a setting of one of several issuers.
    """
    upper = {name.upper(): value for name, value in variables.items()}
    own = {name: value for name, value in upper.items() if name.startswith(PREFIX)}
    if not own:
        start = _FLASK + PREFIX
        own = {name.removeprefix(_FLASK): value for name, value in upper.items() if name.startswith(start)}
    found: dict[str, Any] = {}
    nested: dict[str, dict[str, str]] = {}
    for name, value in own.items():
        setting, _, rest = name.removeprefix(PREFIX).partition("__")
        entry, _, inner = rest.partition("__")
        if setting == "ISSUERS" and inner:
            nested.setdefault(entry, {})[inner] = value
        elif not rest:
            found[setting] = value
    return {**found, "ISSUERS": list(nested.values())} if nested else found


def read_file(path: str) -> dict[str, str]:
    """Return the variables in a file such as ``.env``; raise ``UsageError``."""
    try:
        with Path(path).open("rb") as file:
            octets = file.read(_MOST_OCTETS + 1)
        if len(octets) > _MOST_OCTETS:
            raise UsageError(f"{path}: found more than a megabyte, expected lines such as NAME=value")
        text = octets.decode()
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "").lower() or "no text in UTF-8"
        raise UsageError(f"{path}: can't be read: {reason}") from None
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        matched = _LINE.match(line)
        if matched is None:
            raise UsageError(f"{path}, line {number}: expected NAME=value")
        found[matched[1]] = _unquoted(matched[2])
    return found


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1]
    if len(value) > 1 and value[0] == value[-1] == '"':
        try:
            return str(json.loads(value))
        except ValueError:
            return value[1:-1]
    return re.sub(r"\s+#.*", "", value)

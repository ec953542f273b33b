"""Settings to paste, in the form of each framework."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from jwks_auth.challenge import shown
from jwks_auth.settings import PREFIX

__all__ = ["pasted"]

_SAID = {"AUDIENCE": "<identifier of this API, as in aud>"}


def pasted(settings: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the lines to paste for *settings* by framework; an audience that is not known is left to be filled in."""
    needs = not settings.keys() & {"AUDIENCE", "VERIFIER", "RESOURCE"}
    given = {**settings, **(_SAID if needs else {})}
    django = [f"    {shown(name)}: {shown(value)}," for name, value in given.items()]
    flask = [f'app.config["{PREFIX}{name}"] = {shown(value)}' for name, value in given.items()]
    environment = [f"{PREFIX}{name}={shlex.quote(_of_environment(value))}" for name, value in given.items()]
    return {
        "Django, settings.py": ["JWKS_AUTH = {", *django, "}"],
        "Flask": flask,
        "FastAPI, Starlette, jwks-auth: the environment": environment,
    }


def _of_environment(value: Any) -> str:
    if isinstance(value, str) and value.isascii() and value.isprintable():
        return value
    return json.dumps(value)

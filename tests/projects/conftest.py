"""Projects need Django; each is run in a process of its own, as its settings are."""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("django") is None:
    collect_ignore_glob = ["*"]

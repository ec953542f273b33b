"""One Hypothesis profile for all tests: a busy machine fails none, and CI tries the same examples each time."""

from __future__ import annotations

from importlib.util import find_spec

from tests.needs import in_ci

if find_spec("hypothesis") is not None:
    from hypothesis import settings

    settings.register_profile("jwks_auth", deadline=None, derandomize=in_ci(), print_blob=in_ci())
    settings.load_profile("jwks_auth")

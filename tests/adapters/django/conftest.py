"""The test project, its database, and a fake issuer that its settings trust."""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("django") is None:
    collect_ignore_glob = ["*"]
else:
    import tests.django_site  # noqa: F401  # loads Django

    pytest_plugins = []

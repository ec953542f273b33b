"""Docstrings, as the pages of the API show them."""

from __future__ import annotations

import pytest

from tests.needs import need_module


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (":class:`Issuer` and :meth:`~jwks_auth.Issuer.health`", "`Issuer` and `jwks_auth.Issuer.health`"),
        ("``None`` is *left* out", "`None` is *left* out"),
        ("So::\n\n    code()\n", "So:\n\n    code()\n"),
        ("a ``::`` within, and b::c", "a `::` within, and b::c"),
        ("plain", "plain"),
    ],
)
def test_roles_and_literals_become_code(written: str, shown: str) -> None:
    """All else stays."""
    need_module("griffe")
    from docs_build.docstrings import markdown

    assert markdown(written) == shown

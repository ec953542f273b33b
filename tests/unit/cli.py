"""``flask jwks``: look at the keys, a token, or the routes, with the app's own configuration."""

from __future__ import annotations

from flask.cli import AppGroup

__all__ = ["jwks"]

jwks = AppGroup(
    "jwks", help="JWT authentication: check the configuration, verify a token, list protected routes."
)

"""``flask jwks``: the subcommands of ``jwks-auth``, with the app's own configuration."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

__all__ = ["jwks"]


@click.command(
    "jwks",
    context_settings={"ignore_unknown_options": True},
    add_help_option=False,
    short_help="JWT authentication: the keys, a token, the routes.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@with_appcontext
def jwks(arguments: tuple[str, ...]) -> None:
    """Read the *arguments* as ``jwks-auth`` does, whose options and reports are the same."""
    from jwks_auth.command import main  # here, because no request needs it
    from jwks_auth_flask.command import FlaskPlace

    raise click.exceptions.Exit(main(arguments, name="flask jwks", place=FlaskPlace()))

"""``flask jwks``: look at the keys, a token and the routes, with the app's own configuration."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator

import click
from flask import current_app
from flask.cli import AppGroup

from jwks_auth import cli
from jwks_auth.adapters import Authenticator, RawToken, Requirement
from jwks_auth_flask.request_auth import request_auth_of
from jwks_auth_flask.routes import Protection, protections, requirements_at

__all__ = ["jwks"]

jwks = AppGroup("jwks", help="JWT authentication: the keys, a token, the routes.")
named = click.option("--name", default="default", help="Which JWKSAuth, where the app has several.")


@jwks.command("check")
@named
def check(name: str) -> None:
    """Fetch the keys of every issuer, past any store, and say what came."""
    _show(cli.check(_authenticator(name)))


@jwks.command("show")
@named
def show(name: str) -> None:
    """Get the keys as a worker does, from the store if there is one, and list them with their state."""
    _show(cli.show(_authenticator(name), warm_up=True))


@jwks.command("verify")
@click.argument("token", default="")
@click.option("--route", help="Judge it as this route does: a path, a rule, or an endpoint's name.")
@click.option("--method", default="GET", show_default=True, help="The route's method.")
@named
def verify(token: str, route: str | None, method: str, name: str) -> None:
    """Say step by step why TOKEN is accepted or refused; without it, read it from standard input.

    It shows the token's claims.
    """
    raw = RawToken(token or sys.stdin.read())
    del token
    asked = () if route is None else _asked(route, method.upper())
    _show(cli.verify(_authenticator(name), raw, asked))


@jwks.command("routes")
@click.option(
    "--fail-unprotected",
    is_flag=True,
    help="Exit with 1 if a route is not sure to be guarded, and not @public.",
)
def routes(fail_unprotected: bool) -> None:
    """List every route and what it asks of a request."""
    _show(cli.routes(_rows(), fail_unprotected=fail_unprotected))


def _authenticator(name: str) -> Authenticator:
    try:
        return request_auth_of(name).authenticator
    except RuntimeError as error:
        raise click.UsageError(str(error)) from error


def _asked(route: str, method: str) -> tuple[Requirement, ...]:
    found = requirements_at(current_app, route, method)
    if found is None:
        raise click.UsageError(
            f"no route takes {method} and is, or has the name, {route}: see flask jwks routes"
        )
    return found


def _rows() -> Iterator[cli.RouteRow]:
    """A row for each route, or several where its methods ask for different things."""

    def row(protection: Protection) -> tuple[str, str | None, str | None]:
        return protection.rule.rule, protection.guard, protection.doubt

    for (path, guard, doubt), group in itertools.groupby(protections(current_app), row):
        yield cli.RouteRow(path, " ".join(each.method for each in group), guard, doubt)


def _show(report: cli.Report) -> None:
    for line in report.lines:
        click.echo(line)
    if not report.ok:
        raise click.exceptions.Exit(1)

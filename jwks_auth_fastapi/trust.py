"""``trust_fake_issuer``: an application as it is, which trusts a fake issuer's keys for the time of a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from jwks_auth import ConfigurationError
from jwks_auth.adapters import Authenticator
from jwks_auth.testing import FakeIssuer, Trust
from jwks_auth_fastapi.places import applications
from jwks_auth_fastapi.reach import reached

__all__ = ["trust_fake_issuer"]

_OURS = "jwks_auth_fastapi."


@contextmanager
def trust_fake_issuer(app: Any, issuer: FakeIssuer | None = None, **settings: Any) -> Iterator[FakeIssuer]:
    """Let *app* trust *issuer* in place of its own: ``with trust_fake_issuer(app) as issuer:``.

    *app* is a FastAPI, Starlette or MCP application, or a ``JWTBearer`` or backend. Its own settings stay, but for
    those given here, in capitals or not: ``leeway=0``. All its bearers, their claims models and options stay too, and
    its lifespan asks nobody for keys. Without *issuer* it is a new one, with the name of the app's first.
    The end of the block restores everything. Raises :class:`~jwks_auth.ConfigurationError` for wrong settings, and for
    an application that asks for no tokens.
    """
    with ExitStack() as stack:
        _build_layers(app, stack)
        found = reached(app)
        if not found:
            raise ConfigurationError(
                f"trust_fake_issuer: nothing in {type(app).__name__} asks for tokens: hand over the bearer or backend"
            )
        trust = stack.enter_context(Trust(issuer, settings, [app]))
        for each in found:
            if not isinstance(each, Authenticator) and each.chosen is None:
                stack.callback(each.forget)
                each.configure(_environment(trust))
        trust.include_all(_authenticators(found))
        trust.listen()
        yield trust.trusted


def _build_layers(app: Any, stack: ExitStack) -> None:
    """Make middleware of this package now, which otherwise is made of its settings when the application starts."""
    for _, each in applications(app):
        ours = any(getattr(layer.cls, "__module__", "").startswith(_OURS) for layer in each.user_middleware)
        if ours and each.middleware_stack is None:
            stack.callback(setattr, each, "middleware_stack", None)
            each.middleware_stack = each.build_middleware_stack()


def _authenticators(found: list[Any]) -> Iterator[Authenticator]:
    for each in found:
        if isinstance(each, Authenticator):
            yield each
        else:
            yield from (configuration.authenticator for configuration in each.all)


def _environment(trust: Trust) -> Any:
    """Return settings of the environment, which otherwise would be read when the application starts."""
    from jwks_auth_fastapi.settings import JWKSAuthSettings  # which Starlette alone does not have

    return _complete(JWKSAuthSettings, {name.lower(): value for name, value in trust.others.items()}, trust)


def _complete(made: Any, stated: dict[str, Any], trust: Trust) -> Any:
    """Return the settings of the environment, or where they lack what is needed, with a fake issuer's."""
    try:
        return made(**stated)
    except ConfigurationError:
        fake = trust.guess()
        return made(**{"issuer": fake.issuer, "audience": fake.audience, **stated})

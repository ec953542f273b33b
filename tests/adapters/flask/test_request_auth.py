"""One rule for sync and async views: the sync driver runs the same steps, and waits in its thread."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from jwks_auth import InvalidTokenError
from jwks_auth.adapters import Requirement
from jwks_auth.testing import FakeIssuer
from jwks_auth_flask import AuthRejected, JWKSAuth, token_rejected, token_verified
from jwks_auth_flask.request_auth import completed, request_auth_of

ISSUER = FakeIssuer()


async def steps(value: Any) -> Any:
    """Never suspended."""
    return value


async def suspended() -> None:
    """Suspended once."""
    await asyncio.sleep(0)


def test_steps_that_are_never_suspended_are_completed() -> None:
    """Their result is returned."""
    assert completed(steps(7)) == 7


def test_a_suspended_step_of_sync_code_is_a_bug() -> None:
    """It is told, and nothing is left running."""
    waiting = suspended()
    with pytest.raises(RuntimeError, match="suspended"):
        completed(waiting)
    assert waiting.cr_frame is None


def outcome(loader: Any, headers: dict[str, str], *, asynchronous: bool) -> SimpleNamespace:
    """Return the token, the refusal and the signals of one request."""
    app = Flask("here")
    app.config.from_mapping(ISSUER.settings(prefix="JWKS_AUTH_"))
    auth = JWKSAuth(app)
    auth.user_loader(loader)
    sent: list[str] = []
    asked = Requirement(optional=True)

    def verified(sender: Any, token: Any) -> None:
        sent.append("verified")

    def rejected(sender: Any, error: Any) -> None:
        sent.append(error.code)

    with (
        token_verified.connected_to(verified),
        token_rejected.connected_to(rejected),
        app.test_request_context(headers=headers),
    ):
        one = request_auth_of("default")
        try:
            token = asyncio.run(one.aadmit(asked)) if asynchronous else one.admit(asked)
        except AuthRejected as error:
            return SimpleNamespace(subject=None, refused=error.code, sent=sent)
        return SimpleNamespace(subject=token and token.subject, refused=None, sent=sent)


async def found(token: Any) -> str:
    """An async loader."""
    return f"user {token.subject}"


async def gone(token: Any) -> None:
    """An async loader that knows nobody."""


def raises(token: Any) -> None:
    """A loader with words of its own."""
    raise InvalidTokenError("user_gone", "The user has left")


async def raises_async(token: Any) -> None:
    """The same, async."""
    raises(token)


def good() -> dict[str, str]:
    """The headers of a good token."""
    return ISSUER.headers(sub="u1")


CASES: dict[str, tuple[Any, Any]] = {
    "accepted": (found, good),
    "no token": (found, dict),
    "bad token": (found, lambda: {"Authorization": "Bearer a.b.c"}),
    "user gone": (gone, good),
    "loader raises": (raises, good),
    "async loader raises": (raises_async, good),
}


@pytest.mark.parametrize("case", CASES)
def test_sync_and_async_views_get_the_same(case: str) -> None:
    """Token, refusal and signals."""
    loader, headers = CASES[case]
    sent = headers()
    assert outcome(loader, sent, asynchronous=False) == outcome(loader, sent, asynchronous=True)


def test_a_loader_s_refusal_is_told_once() -> None:
    """And the token is not reported as accepted."""
    assert outcome(raises_async, good(), asynchronous=False) == SimpleNamespace(
        subject=None, refused=401, sent=["user_gone"]
    )
    assert outcome(found, good(), asynchronous=False) == SimpleNamespace(
        subject="u1", refused=None, sent=["verified"]
    )

"""A service's own verdicts: codes and texts that this library does not know reach the client, and nothing else does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jwks_auth import ForbiddenError, InsufficientScopeError, InvalidTokenError, KeySourceError, VerifiedToken
from jwks_auth.testing import FakeIssuer
from tests.contract.cases import REALM
from tests.seams.sites import EVERY_SITE, Site

GUEST = "Guests may not use this API"


def guests_are_invalid(token: VerifiedToken, now: float) -> None:
    """401 with a code of our own."""
    if token.get("guest"):
        raise InvalidTokenError("guest", GUEST)


def guests_are_refused(token: VerifiedToken, now: float) -> None:
    """The same without a text."""
    if token.get("guest"):
        raise InvalidTokenError("guest")


def guests_are_forbidden(token: VerifiedToken, now: float) -> None:
    """403 with a code of our own."""
    if token.get("guest"):
        raise ForbiddenError("guest", GUEST)


def guests_break_out(token: VerifiedToken, now: float) -> None:
    """A text that would end the header."""
    if token.get("guest"):
        raise ForbiddenError("guest", 'no"\r\nSet-Cookie: a=b')


def guests_wait_for_ever(token: VerifiedToken, now: float) -> None:
    """A time that no header can say."""
    if token.get("guest"):
        raise KeySourceError("busy", retry_after=float("inf"))


def guests_lack_an_impossible_scope(token: VerifiedToken, now: float) -> None:
    """A scope that no challenge can say."""
    if token.get("guest"):
        raise InsufficientScopeError(["\u00e9"])


ANSWERS: list[tuple[Any, int, str | None]] = [
    (guests_are_invalid, 401, f'error="invalid_token", error_description="{GUEST}"'),
    (guests_are_refused, 401, 'error="invalid_token", error_description="The access token is refused"'),
    (guests_are_forbidden, 403, f'error="guest", error_description="{GUEST}"'),
    (guests_break_out, 503, None),
    (guests_wait_for_ever, 503, None),
    (guests_lack_an_impossible_scope, 503, None),
]


@pytest.mark.parametrize("site", EVERY_SITE.values(), ids=EVERY_SITE)
@pytest.mark.parametrize(
    ("rule", "status", "challenge"), ANSWERS, ids=lambda found: getattr(found, "__name__", "")
)
def test_a_validator_that_refuses_in_its_own_words(
    site: Site, rule: Any, status: int, challenge: str | None
) -> None:
    """Neither 500 nor 503 but where the words can't be said; who is no guest passes."""
    issuer = FakeIssuer()
    with site({**issuer.settings(audience="api"), "REALM": REALM, "VALIDATORS": [rule]}) as app:
        good = app.request("GET", "/me", list(issuer.headers(sub="u1").items()))
        bad = app.request("GET", "/me", list(issuer.headers(sub="u1", guest=True).items()))
    assert (good.status, json.loads(good.body)) == (200, {"sub": "u1"})
    expected = [] if challenge is None else [f'Bearer realm="{REALM}", {challenge}']
    assert (bad.status, bad.values("www-authenticate")) == (status, expected)
    assert [1 <= int(value) <= 86_400 for value in bad.values("retry-after")] == [True] * (status == 503)
    assert status == 503 or (GUEST in str(bad.body) or "refused" in str(bad.body))
    assert not bad.values("set-cookie")

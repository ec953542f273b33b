"""Bearer credentials: one header, one token, or a clear refusal (RFC 6750 section 2)."""

from __future__ import annotations

from contextlib import suppress

import pytest

from jwks_auth import AuthError, InvalidRequestError
from jwks_auth.request.bearer import bearer_token
from tests.patience import cost


@pytest.mark.parametrize(
    "value",
    ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "Bearer   a.b.c", " Bearer a.b.c\t", "bEaReR a.b.c "],
)
def test_6750_1_the_scheme_is_compared_without_case(value: str) -> None:
    """However the scheme is spelled, the token arrives as it was sent."""
    assert bearer_token([value]) == "a.b.c"


def test_6750_1_every_b64token_character_is_read() -> None:
    """The whole alphabet of RFC 6750 passes here; what a JWT may hold is judged later, with 401."""
    assert bearer_token(["Bearer aZ09-._~+/=="]) == "aZ09-._~+/=="


@pytest.mark.parametrize(
    "values",
    [
        [],
        [""],
        ["  "],
        ["Basic dXNlcjpwYXNz"],
        ["Negotiate"],
        ['Digest username="a", realm="b"'],
        ["DPoP a.b.c"],
    ],
)
def test_6750_9_no_bearer_credentials_are_missing_credentials(values: list[str]) -> None:
    """Nothing sent, or another scheme's credentials: 401 without an error code."""
    assert bearer_token(values) is None


@pytest.mark.parametrize(
    "values",
    [
        ["Bearer a.b.c", "Bearer a.b.c"],
        ["Bearer a.b.c", "Basic dXNlcjpwYXNz"],
        ["Bearer a.b.c", ""],
        ["Basic dXNlcjpwYXNz, Bearer a.b.c"],
        ["Basic dXNlcjpwYXNz,bearer\ta.b.c"],
        ["Bearer a.b.c, Bearer a.b.c"],
        ["Bearer a.b.c,Bearer a.b.c"],
        ["Bearer a.b.c, Basic dXNlcjpwYXNz"],
        ["Basic dXNlcjpwYXNz, Basic dXNlcjpwYXNz"],
        ['Digest username="u", realm="r", Basic dXNlcjpwYXNz'],
    ],
)
def test_6750_4_two_credentials_are_refused(values: list[str]) -> None:
    """Two lines, or two credentials joined by a proxy: nobody guesses which one counts."""
    with pytest.raises(InvalidRequestError) as caught:
        bearer_token(values)
    assert (caught.value.status, caught.value.code) == (400, "multiple_credentials")


@pytest.mark.parametrize(
    "value",
    [
        'Digest username="u", realm="r", nonce = "n"',
        'Digest username="Doe, John Bearer x", realm="r"',
        r'Digest username="a\", Bearer x", realm="r"',
        'Digest username="unclosed, Bearer x',
        'Digest username="unclosed, Bearer x\\',
        "Basic dXNlcjpwYXNz,",
    ],
)
def test_another_scheme_with_commas_is_one_credential(value: str) -> None:
    """Parameters are separated by commas too, and quoted ones may hold anything."""
    assert bearer_token([value]) is None


@pytest.mark.parametrize(
    "value", ['Digest "' + '\\"' * 20_000, "Digest " + ',"' * 20_000, "Bearer " + ", a" * 20_000]
)
def test_a_header_of_commas_and_quotes_is_read_in_linear_time(value: str) -> None:
    """Eight times the length costs about eight times as much; the square of it would be 64 times."""

    def read(length: int, times: int) -> None:
        for _ in range(times):
            with suppress(AuthError):
                bearer_token([value[:length]])

    whole, eighth = len(value), len(value) // 8
    assert cost(lambda: read(whole, 1)) < 4 * cost(lambda: read(eighth, 8))


@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer a.b.c,",
        "Bearer \ta.b.c",
        "Bearer=a.b.c",
        "Bearer: a.b.c",
        "Bearer\ta.b.c",
        "Bearer\u00a0a.b.c",
        "Bearer a.b.c\n",
        "Bearer a.b.\u00e9",
        'Bearer "a.b.c"',
        "Bearer ==",
        "a.b.c",
        "\x00",
    ],
)
def test_6750_10_what_cannot_be_read_is_an_invalid_request(value: str) -> None:
    """A header that names our scheme badly, or no scheme at all, is 400."""
    with pytest.raises(InvalidRequestError):
        bearer_token([value])


def test_another_scheme_can_be_asked_for() -> None:
    """DPoP's tokens are read by the same rules."""
    assert bearer_token(["dpop a.b.c"], schemes=["dpop"]) == "a.b.c"
    assert bearer_token(["Bearer a.b.c"], schemes=["dpop"]) is None
    with pytest.raises(AuthError):
        bearer_token(["Basic x, DPoP a.b.c"], schemes=["dpop"])


def test_a_long_scheme_costs_no_more_than_a_long_token() -> None:
    """Letters beyond ASCII take long to lower and to replace; the control is as long."""

    def read(value: str) -> None:
        for _ in range(100):
            with suppress(AuthError):
                bearer_token([value])

    assert cost(lambda: read("\u00e9" * 16_000)) < cost(lambda: read("Bearer " + "a" * 16_000))

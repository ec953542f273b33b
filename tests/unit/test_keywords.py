"""Keyword arguments of a ``TypedDict`` look, and fail, like those that are written out."""

from __future__ import annotations

import inspect
from typing import TypedDict, Unpack

import pytest

from jwks_auth import Issuer, PyJWKClient, TokenVerifier
from jwks_auth.runtime import filled, nearest, takes


class Paint(TypedDict, total=False):
    """Options."""

    color: str | None
    coats: int


@takes(Paint, {"coats": 2})
def paint(wall: str, *, dry: bool = True, **options: Unpack[Paint]) -> tuple[str, bool, dict[str, object]]:
    """Return what it was given."""
    return wall, dry, dict(options)


def test_the_signature_spells_the_options_out() -> None:
    """With their types and defaults, by keyword, after the function's own."""
    assert str(inspect.signature(paint)).startswith(
        "(wall: 'str', *, dry: 'bool' = True, color: 'str | None' = None, coats: 'int' = 2) ->"
    )


def test_options_arrive_as_they_were_given() -> None:
    """Defaults are filled in where they are used; ``None`` is not given."""
    assert paint("north", dry=False, color=None) == ("north", False, {"color": None})
    assert filled({"coats": 2, "color": "red"}, {"color": None, "coats": 3}) == {"coats": 3, "color": "red"}


@pytest.mark.parametrize(
    ("call", "name", "meant"),
    [
        (paint, "colour", "color"),
        (Issuer, "allowed_client", "allowed_clients"),
        (Issuer, "lifespn", "lifespan"),
        (TokenVerifier, "leway", "leeway"),
    ],
)
def test_a_misspelt_option_is_named_with_the_one_that_was_meant(call, name, meant) -> None:  # type: ignore[no-untyped-def]
    """As Python names an argument that is not there."""
    message = rf"{call.__name__}\(\) got an unexpected keyword argument '{name}': did you mean {meant}\?"
    with pytest.raises(TypeError, match=message):
        call("https://issuer.example/", **{name: 1})


def test_the_name_of_all_options_together_is_none_of_them() -> None:
    """It is the function's own."""
    with pytest.raises(TypeError, match="unexpected keyword argument 'options'"):
        paint("north", options={"coats": 1})  # type: ignore[call-arg]


def test_the_nearest_name_is_found_whatever_its_case() -> None:
    """And all are named where none is near."""
    assert nearest("leewey", ["LEEWAY", "REALM"]) == "did you mean LEEWAY?"
    assert nearest("Token", ["token", "database"], "'{}'") == "did you mean 'token'?"
    assert nearest("zzz", ["LEEWAY", "REALM"]) == "known are LEEWAY, REALM"


def test_defaults_are_shown_where_they_are_used() -> None:
    """An issuer's are its client's, but for the two that are shorter."""
    issuer, client = (inspect.signature(each).parameters for each in (Issuer, PyJWKClient))
    assert {name: issuer[name].default for name in ("lifespan", "stale_if_error", "cooldown_duration")} == {
        name: client[name].default for name in ("lifespan", "stale_if_error", "cooldown_duration")
    }
    assert (issuer["timeout"].default, issuer["wait"].default) == (5, 2)
    verifier = inspect.signature(TokenVerifier).parameters
    assert (verifier["leeway"].default, verifier["scope_claims"].default) == (30, ("scope", "scp"))


def test_a_client_of_ones_own_has_its_own_times() -> None:
    """Times beside it would do nothing."""
    with pytest.raises(ValueError, match="client and timeout: set these where the client is made"):
        Issuer("https://issuer.example/", client=PyJWKClient("https://issuer.example/keys"), timeout=3)

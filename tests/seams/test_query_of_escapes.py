"""Junk that is dear to read: whatever its shape, and wherever it stands, no program of ours loops over it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwks_auth import AuthError, InvalidRequestError
from jwks_auth.adapters import Authenticator, Credentials
from jwks_auth.request.bearer import bearer_token
from jwks_auth.request.query import tokens_in_query
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi.request_auth import SUBPROTOCOL
from tests.seams.sites import EVERY_SITE, Site

NEARLY = "".join(f"%{ord(letter):02x}" for letter in "access_tokem")
QUERIES = [
    "%",
    "&",
    "%&",
    "%61",
    "%6&",
    "=",
    "%=",
    "access_token",
    "xaccess_token=&",
    f"{NEARLY}&",
    "access_toke%6&",
    "access_token=a.b.c&",
    "&access_token=a.",
]
HEADERS = ['"', ",", ", ", ",a", ",a ", '"\\', ",a =", "a", "=", " a", " ", '",', "\\", "a.", "\u00e9"]


def steps(call: Callable[[], Any]) -> int:
    """How many functions are called, Python's and C's; a loop over what was sent calls some for each part."""
    # The fewest of some runs, because whatever is collected meanwhile may call functions too.
    return min(counted(call) for _ in range(3))


def counted(call: Callable[[], Any]) -> int:
    """The functions that are called in one run."""
    count = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        call()
    except AuthError:
        pass
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("shape", QUERIES)
def test_a_query_of_escapes_costs_a_few_calls(shape: str) -> None:
    """As many as a short one of the same shape, beside a token that is not worth verifying."""

    def read(query: str) -> Callable[[], object]:
        return lambda: tokens_in_query(query)

    assert steps(read(shape * 6000)) <= steps(read(shape * 70)) + 2 < 30


@pytest.mark.parametrize("scheme", ["Bearer ", "Bearer a", "Basic ", "x", ""])
@pytest.mark.parametrize("shape", HEADERS)
def test_a_header_of_any_shape_costs_a_few_calls(shape: str, scheme: str) -> None:
    """Of our scheme, of another or of none."""

    def read(value: str) -> Callable[[], str | None]:
        return lambda: bearer_token([value])

    assert steps(read(scheme + shape * 6000)) <= steps(read(scheme + shape * 70)) + 2 < 30


@pytest.mark.parametrize("names", [["a"], ["bearer"], ["bearer", "x"], ["BEARER", "a.b.c"]])
def test_a_websocket_that_offers_thousands_of_names_is_refused_at_once(names: list[str]) -> None:
    """Nobody looks for a token among them; a client that offers a few beside its token is served."""

    def offering(count: int) -> dict[str, Any]:
        return {"type": "websocket", "headers": [], "subprotocols": (names * count)[:count]}

    def read(count: int) -> Callable[[], Credentials]:
        return lambda: Credentials.from_asgi(offering(count), subprotocol=SUBPROTOCOL)

    assert steps(read(4000)) <= steps(read(100)) + 2
    authenticator = Authenticator(FakeIssuer().settings())
    with pytest.raises(InvalidRequestError):
        authenticator.authenticate(read(4000)())
    few = {"type": "websocket", "headers": [], "subprotocols": ["chat", "bearer", "a.b.c", "v2"]}
    assert Credentials.from_asgi(few, subprotocol=SUBPROTOCOL).offered == ["a.b.c"]


PIECES = [
    "access_token",
    "access",
    "_",
    "%5f",
    "%5F",
    "token",
    "%",
    "%6",
    "%61ccess_token",
    "=",
    "&",
    "x",
    "%26",
    "%3D",
    "a.b.c",
    "access_token=a%2eb.",
]
SHAPE = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_the_name_is_found_however_it_is_spelled(query: str) -> None:
    """As a framework that decodes each name and value would find it, and nowhere else."""
    pairs = [tuple(map(unquote_plus, pair.partition("=")[::2])) for pair in query.split("&")]
    meant = [value for name, value in pairs if name == "access_token" and SHAPE.fullmatch(value)]
    assert [token.read(str) for token in tokens_in_query(query)] == meant


@pytest.mark.parametrize(
    "value", ['Digest username="u", realm="r", nonce="n", uri="/", qop=auth, nc=1, cnonce="c"']
)
def test_another_schemes_parameters_are_one_credential(value: str) -> None:
    """Not enough of them to be junk; thousands are."""
    assert bearer_token([value]) is None
    with pytest.raises(InvalidRequestError):
        bearer_token([value + ',x="y"' * 1000])


@pytest.mark.parametrize("site", EVERY_SITE.values(), ids=EVERY_SITE)
def test_a_second_token_in_the_query_is_found_in_every_framework(site: Site) -> None:
    """Behind thousands of escapes, and spelled in escapes itself; escapes alone do no harm."""
    issuer = FakeIssuer()
    junk = "%61" * 1000 + "=%&" * 100
    with site(issuer.settings(audience="api")) as app:
        headers = list(issuer.headers(sub="u1").items())
        token = issuer.token(sub="u2")
        queries = (
            "",
            f"&%61ccess%5Ftoken={token}",
            f"&next=%2F%3Fa%26access_token%3D{token}",
            "&access_token=x",
        )
        answers = [app.request("GET", f"/me?{junk}{query}", headers).status for query in queries]
    assert answers == [200, 400, 200, 200]

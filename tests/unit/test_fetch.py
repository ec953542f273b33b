"""The fetcher's own decisions: retries, deadlines and what headers say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from jwks_auth.http.answer import FetchError
from jwks_auth.http.body import max_age, retry_after
from jwks_auth.http.fetch import Fetcher
from jwks_auth.http.network import Network
from tests.fault_server import FaultServer
from tests.key_fakes import Clock, document


def fetcher_of(**parts: Any) -> Fetcher:
    """A fetcher as the client makes one."""
    return Fetcher(headers={}, timeout=30.0, ssl_context=None, network=Network(max_bytes=262_144), **parts)


def test_a_retry_pauses_and_stays_inside_the_deadline() -> None:
    """50 to 200 ms, and only if that leaves time."""
    clock, pauses = Clock(), []
    with FaultServer(document("a")) as server:
        server.mode = "unavailable_once"
        fetcher = fetcher_of(clock=clock, sleep=pauses.append, rng=lambda: 0.5)
        assert fetcher.fetch(server.url).document == server.document
        assert pauses == [pytest.approx(0.125)]
        server.mode = "unavailable_once"
        with pytest.raises(FetchError) as caught:
            fetcher.fetch(server.url, deadline=clock.now + 0.1)
    assert (caught.value.http_status, server.requests) == (503, 3)


def test_no_request_is_made_after_the_deadline() -> None:
    """Whoever used up the time, discovery for example."""
    clock = Clock()
    with pytest.raises(FetchError) as caught:
        fetcher_of(clock=clock).fetch("http://127.0.0.1:1/", deadline=clock.now)
    assert caught.value.kind == "timeout"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("7\x1f", None),
        ("soon", None),
        ("-5", None),
        ("\xb2", None),
        ("9" * 400, 21_600.0),
    ],
)
def test_retry_after_in_seconds(value: str | None, seconds: float | None) -> None:
    """Nonsense is no wish."""
    assert retry_after(value) == seconds


def test_retry_after_as_a_date() -> None:
    """RFC 9110 allows both; a date in the past is now."""
    soon = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True))
    assert soon == pytest.approx(100, abs=5)
    assert retry_after("Sun, 06 Nov 1994 08:49:37 GMT") == 0.0
    assert retry_after("Fri, 31 Dec 9999 23:59:59 GMT") == 21_600.0
    assert retry_after("Sun, 06 Nov 1994") is None


def test_the_first_directive_counts() -> None:
    """Of two, as caches read them."""
    assert max_age({"Cache-Control": 'max-age="60", max-age=900'}) == 60


def test_a_quoted_list_is_one_value() -> None:
    """Names of fields in ``private`` are no directives."""
    assert max_age({"Cache-Control": 'private="x, no-store", max-age=60'}) == 60

"""Each benchmark runs to its end with tiny rounds; what it finds is not judged here, because machines differ."""

from __future__ import annotations

from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks import cache_soak, chart, growth, servers, start, verify
from benchmarks.contenders import LARGE, SHAPES, SMALL, make_case
from benchmarks.server_apps import VARIANTS
from tests.needs import need_tool


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_verify(size: int, shape: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Both payloads, with claims of both shapes; libraries that are not installed are left out."""
    times = verify.measure(make_case("ES256", size, shape), 2)
    assert {"bare", "jwks-auth", verify.CACHED, verify.ASYNC, "PyJWT"} <= set(times)
    assert verify.report("ES256", size, shape, times) in (True, False)
    assert f"claims that are {shape}" in capsys.readouterr().out


def test_verify_junk(capsys: pytest.CaptureFixture[str]) -> None:
    """The costs of junk."""
    verify.junk(1)
    assert "wide JSON" in capsys.readouterr().out


def test_growth(capsys: pytest.CaptureFixture[str]) -> None:
    """Two sizes of each thing that grows."""
    found = growth.measure(1, 2)
    assert {name: len(times) for name, times in found.items()} == dict.fromkeys(growth.TABLES, 2)
    assert growth.report(found) in (True, False)
    assert "tenants" in capsys.readouterr().out


def test_start(capsys: pytest.CaptureFixture[str]) -> None:
    """One process of each kind."""
    found = start.measure(1)
    assert all(getattr(each, field.name) > 0 for (each,) in found.values() for field in fields(each))
    assert start.report(found) in (True, False)
    assert "our first token" in capsys.readouterr().out


def test_a_short_day_of_a_cache_and_its_twin() -> None:
    """Rotation, withdrawal, revocation, forged tokens and forks: no verdict differs, and the cache stays in bounds."""
    day = cache_soak.soak(1500, 128, events=40)
    assert {"accepted", "bad_signature", "revoked", "unknown_key", "wrong_audience"} <= set(day.counts)
    assert {"rotate", "withdraw", "replace", "revoke", "fork"} <= set(day.counts)
    health = day.cached.health().token_cache
    assert health is not None
    assert health.hits > 50
    assert 0 < day.most["entries"] <= 128


def test_a_verdict_that_differs_ends_the_day() -> None:
    """The control: a twin that knows other keys judges otherwise, and is noticed at once."""
    day, other = cache_soak.Day(64), cache_soak.Day(64)
    raw = day.token()
    day.compare(raw)
    day.twin = other.twin
    with pytest.raises(AssertionError, match="with the cache"):
        day.compare(raw)


def test_an_entry_is_measured() -> None:
    """Some hundred octets more for a longer token."""
    short, long = cache_soak.octets_of_an_entry(0, 50), cache_soak.octets_of_an_entry(1200, 50)
    assert 100 < short[1] < long[1] < 10_000


@pytest.mark.parametrize("framework", VARIANTS)
def test_servers(framework: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Real servers and wrk; each guard whose library is installed answers, and the chart is drawn."""
    need_tool("wrk")
    times = servers.measure(framework, rounds=1, seconds=1, guards=installed(framework))
    found = servers.report(framework, times)
    assert {"jwks-auth", "jwks-auth, TOKEN_CACHE", "PyJWKClient by hand"} & set(found)
    assert framework in capsys.readouterr().out
    chart.write_servers(str(tmp_path / "chart.svg"), {framework: found})
    assert "jwks-auth, TOKEN_CACHE" in (tmp_path / "chart.svg").read_text()


def installed(framework: str) -> list[str]:
    """The guards that need no library of the benchmarks' own group."""
    needed = {"flask-jwt-extended": "flask_jwt_extended", "Auth0 quickstart": "authlib"}
    needed["simplejwt, JWK_URL"] = "rest_framework_simplejwt"
    return [guard for guard in VARIANTS[framework] if guard not in needed or find_spec(needed[guard])]

"""The metrics in Prometheus' text, and the dashboard and the alerts, which use names that are there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from jwks_auth import Refused
from jwks_auth.adapters import Authenticator, Credentials, Requirement
from jwks_auth.telemetry.instruments import INSTRUMENTS
from jwks_auth.testing import FakeIssuer
from tests.otel import opentelemetry

DOCS = Path(__file__).parent.parent.parent / "docs" / "how-to" / "telemetry"

_NAME = re.compile(r"\bjwks_auth_[a-z_]+")
_LABELS = re.compile(r"\bby \(([^)]*)\)|\{\{ *(?:\$labels\.)?([a-z_]+) *\}\}|([a-z_]+) *(?:=~|!=|=) *\"")
_OF_PROMETHEUS = {"le", "job", ""}


@pytest.fixture(scope="module")
def families() -> Iterator[dict[str, Any]]:
    """Every metric, from a day in the life of a service, as ``prometheus_client`` parses its text."""
    registry = CollectorRegistry()
    reader = PrometheusMetricReader(registry=registry)
    with FakeIssuer.serve() as issuer, opentelemetry([reader]):
        alive = lived(issuer)  # a gauge ends with its authenticator
        text = generate_latest(registry).decode()
        assert alive
        yield {each.name: each for each in text_string_to_metric_families(text)}


def lived(issuer: FakeIssuer) -> list[Authenticator]:
    """Return authenticators that saw good, bad, opaque and too narrow tokens; an outage; a replay."""
    auth = Authenticator({**issuer.settings(audience="api", introspection="opaque"), "TOKEN_CACHE": 10})
    good = issuer.headers()["Authorization"]
    for value in (good, good, issuer.headers(exp=1)["Authorization"], f"Bearer {issuer.opaque(aud='api')}"):
        with suppress(Refused):
            auth.authenticate(Credentials([value]), Requirement.of(scopes="a"))
    down = Authenticator({"ISSUER": issuer.issuer, "AUDIENCE": "api"})
    with issuer.outage(), suppress(Refused):
        down.authenticate(Credentials([good]))
    INSTRUMENTS.stale_served.add((issuer.issuer,))
    INSTRUMENTS.replays.add((issuer.issuer,))
    return [auth, down]


def names_in(families: dict[str, Any]) -> dict[str, set[str]]:
    """The labels of each name that a query may ask for."""
    found: dict[str, set[str]] = {}
    for family in families.values():
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_the_text_has_every_metric_with_its_unit(families: dict[str, Any]) -> None:
    """Counters, histograms in seconds, and the gauge; with the labels that the guide names."""
    kinds = {name: family.type for name, family in families.items() if name.startswith("jwks_auth_")}
    assert kinds == {
        "jwks_auth_authentications": "counter",
        "jwks_auth_authentication_duration_seconds": "histogram",
        "jwks_auth_authorizations": "counter",
        "jwks_auth_key_fetches": "counter",
        "jwks_auth_key_fetch_duration_seconds": "histogram",
        "jwks_auth_keys_age_seconds": "gauge",
        "jwks_auth_keys_stale_served": "counter",
        "jwks_auth_token_cache_hits": "counter",
        "jwks_auth_token_cache_misses": "counter",
        "jwks_auth_replays": "counter",
        "jwks_auth_introspections": "counter",
        "jwks_auth_introspection_duration_seconds": "histogram",
    }
    labels = names_in(families)["jwks_auth_authentications_total"]
    assert {"jwks_auth_result", "error_type", "jwks_auth_scheme", "jwks_auth_issuer"} <= labels


def test_the_guide_lists_every_metric(families: dict[str, Any]) -> None:
    """And no other."""
    guide = (DOCS.parent / "telemetry.md").read_text()
    told = set(re.findall(r"^\| `jwks_auth\.([a-z_.]+)`", guide, re.MULTILINE)) - {"token_cache.hits"}
    told -= {"result", "scheme", "issuer", "fetch.kind"}
    real = {name.removeprefix("jwks_auth_").removesuffix("_seconds") for name in families if "jwks" in name}
    assert {name.replace(".", "_") for name in told} == real - {"token_cache_hits", "token_cache_misses"}


def queries() -> list[tuple[str, str]]:
    """Each query of the dashboard and of the alerts, with the text of its legend or of its annotations."""
    board = json.loads((DOCS / "dashboard.json").read_text())
    found = [(each["expr"], each["legendFormat"]) for panel in board["panels"] for each in panel["targets"]]
    alerts = (DOCS / "alerts.yml").read_text().split("- alert: ")[1:]
    return [
        *found,
        *((each.partition("annotations:")[0], each.partition("annotations:")[2]) for each in alerts),
    ]


def test_the_queries_ask_for_metrics_and_labels_that_there_are(families: dict[str, Any]) -> None:
    """A name that is changed is changed there too."""
    known = names_in(families)
    assert len(queries()) >= 3 + 11
    for query, told in queries():
        labels = {
            label.strip()
            for found in _LABELS.findall(query + told)
            for each in found
            for label in each.split(",")
        }
        names = {name for name in _NAME.findall(query) if name not in labels}
        assert names, query
        assert names <= known.keys()
        assert labels - _OF_PROMETHEUS - {"expr"} <= set().union(*(known[name] for name in names)), query


def test_the_dashboard_shows_every_metric(families: dict[str, Any]) -> None:
    """None that is measured is forgotten."""
    text = (DOCS / "dashboard.json").read_text()
    assert [name for name in families if name.startswith("jwks_auth") and name not in text] == []


def test_there_are_three_alerts_in_prometheus_own_form() -> None:
    """Refusals by code, age of keys, fetch failures."""
    yaml = pytest.importorskip("yaml")
    [group] = yaml.safe_load((DOCS / "alerts.yml").read_text())["groups"]
    assert [rule["alert"] for rule in group["rules"]] == ["TokensRefused", "KeysGrowOld", "KeyFetchesFail"]
    assert all({"expr", "labels", "annotations"} <= rule.keys() for rule in group["rules"])
    assert [each.count("(") - each.count(")") for each in (rule["expr"] for rule in group["rules"])] == [
        0,
        0,
        0,
    ]

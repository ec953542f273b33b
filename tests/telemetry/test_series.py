"""Clients make no series: fewer than 200 for each issuer, whatever they send."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from typing import Any

from opentelemetry import baggage, context
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from jwks_auth import InvalidTokenError, Refused
from jwks_auth.adapters import Authenticator, Credentials, Requirement
from jwks_auth.testing import FakeIssuer
from tests.attacks.forge import AUDIENCE, ISSUER
from tests.attacks.table import ATTACKS
from tests.otel import Seen, opentelemetry, point

HERE = "https://issuer.example/"
READS = Requirement.of(scopes="a")


def attack(auth: Authenticator, credentials: Credentials, requirement: Requirement = READS) -> None:
    """One request, answered as an adapter does."""
    try:
        auth.authenticate(credentials, requirement)
    except Refused as error:
        auth.rejection(error, credentials)


def series(seen: Seen) -> Counter[str]:
    """The points of all our metrics for each issuer, and for none."""
    return Counter(
        dict(key).get("jwks_auth.issuer", "none") for points in seen.metrics().values() for key in points
    )


def samples(registry: CollectorRegistry) -> Counter[str]:
    """The same as Prometheus counts: each bucket of a histogram is a series."""
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return Counter(
        sample.labels.get("jwks_auth_issuer", "") or "none"
        for family in families
        if family.name.startswith("jwks_auth")
        for sample in family.samples
    )


async def test_the_whole_attack_suite_makes_fewer_than_200_series_for_each_issuer() -> None:
    """Every attack under every scheme and method, to a sync and an async route; and series that no row names."""
    registry = CollectorRegistry()
    with opentelemetry([PrometheusMetricReader(registry=registry)]) as seen:
        keys: dict[str, Authenticator] = {}
        for each in ATTACKS:
            made = json.dumps(each.keys)
            if made not in keys:
                given = {
                    "ISSUERS": [{"ISSUER": ISSUER, "JWKS": each.keys}, {"ISSUER": HERE, "JWKS": each.keys}]
                }
                keys[made] = Authenticator({**given, "AUDIENCE": AUDIENCE, "DPOP": "accept"})
            auth = keys[made]
            raws = [each.forged(), each.control()]
            for value in [
                f"{scheme} {raw}" for raw in raws for scheme in ("Bearer", "bearer", "DPoP", "Token", "X")
            ]:
                attack(auth, Credentials([value]))
                with suppress(Refused):
                    await auth.aauthenticate(Credentials([value, value], method="X-ATTACK"), READS)
        assert len(series(seen)) <= 3
        assert max(series(seen).values()) < 200
        assert max(samples(registry).values()) < 200
        assert sum(seen.counts().values()) == 20 * len(ATTACKS)


def test_made_up_words_make_no_series(seen: Seen, issuer: FakeIssuer) -> None:
    """Kids, issuers, algorithms, types, schemes, methods, and codes that a validator makes of claims; nor baggage."""

    def validator(token: Any, now: float) -> None:
        if token.get("code"):
            raise InvalidTokenError(token["code"], "Made of what a client sent")

    auth = Authenticator({**issuer.settings(audience="api"), "VALIDATORS": [validator]}, in_tests=True)
    words = ["".join(chr(97 + int(digit)) for digit in str(at)) for at in range(1000, 1300)]
    attached = context.attach(baggage.set_baggage("tenant", "made-up-baggage"))
    try:
        for word in words:
            for claims in (
                {"iss": f"https://{word}.example/"},
                {"aud": word},
                {"scope": word, "sub": word},
                {"code": word},
                {"header": {"kid": word}},
                {"header": {"typ": word}},
            ):
                attack(auth, Credentials([issuer.headers(**claims)["Authorization"]], method=word.upper()))
            attack(auth, Credentials([f"{word} {issuer.token()}"], f"access_token={word}"))
    finally:
        context.detach(attached)
    assert sum(series(seen).values()) < 100
    told = str(seen.metrics())
    assert [word for word in words[20:] if word in told] == []
    assert "baggage" not in told
    others = [key for key in seen.counts() if ("error.type", "_OTHER") in key]
    assert sum(seen.counts()[key] for key in others) == 290


def test_routes_that_allow_tenants_make_no_series(seen: Seen, issuer: FakeIssuer) -> None:
    """They are counted together."""
    from jwks_auth import Issuer, Tenants

    tenants = Tenants(lambda name: Issuer(name, jwks=issuer.jwks()), hosts=["tenants.example"])
    auth = Authenticator({"TENANTS": tenants, "AUDIENCE": "api", "ALLOW_FAKE_ISSUER": True})
    for at in range(3):
        sent = issuer.headers(iss=f"https://tenants.example/{at}", aud="api", scope="a")["Authorization"]
        auth.authenticate(Credentials([sent]), Requirement.of(scopes="a"))
    assert seen.counts("authorizations") == {point(result="allowed"): 3}


def test_tenants_make_no_series(seen: Seen, issuer: FakeIssuer) -> None:
    """Their names are in tokens, though they are verified."""
    from jwks_auth import Issuer, Tenants

    tenants = Tenants(lambda name: Issuer(name, jwks=issuer.jwks()), hosts=["tenants.example"])
    auth = Authenticator({"TENANTS": tenants, "AUDIENCE": "api", "ALLOW_FAKE_ISSUER": True})
    for at in range(50):
        header = issuer.headers(iss=f"https://tenants.example/{at}", aud="api")["Authorization"]
        assert auth.authenticate(Credentials([header])) is not None
    assert series(seen).keys() == {"none"}
    assert sum(series(seen).values()) == 2

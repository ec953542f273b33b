"""Every row of the contract is counted alike in every framework: its result, its code, and no value of a client's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings
from flask import Flask

from jwks_auth.faults import REQUEST_FAULTS, TOKEN_FAULTS
from jwks_auth.testing import FakeIssuer
from tests.contract.asgi_apps import APPS
from tests.contract.cases import CASES, METADATA, SETTINGS, Case, bearer
from tests.contract.flask_apps import TestClientApp, create_app
from tests.contract.runner import App
from tests.contract.starlette_apps import ClientApp
from tests.contract.test_django import CLOSED, SERVERS, SITES, STACKS
from tests.contract.test_mcp import ASKED, Servers
from tests.otel import Seen, opentelemetry

Counted = Counter[tuple[str, str, str]]

CODES = {text: code for code, text in (*TOKEN_FAULTS.items(), *REQUEST_FAULTS.items())}
JUDGED = {"insufficient_scope", "insufficient_user_authentication"}


@contextmanager
def django_site(issuer: FakeIssuer, site: str, stack: str) -> Iterator[App]:
    """A site of Django's, as its own contract has it."""
    urls, server = SITES[site]
    with override_settings(
        JWKS_AUTH={**issuer.settings(), **SETTINGS, **(CLOSED if stack == "closed" else {})},
        MIDDLEWARE=getattr(settings, STACKS.get(stack, "WITH_MIDDLEWARE")),
        ROOT_URLCONF=f"tests.django_site.{urls}",
    ):
        yield SERVERS[server]


@contextmanager
def made(app: Callable[[FakeIssuer], App], issuer: FakeIssuer) -> Iterator[App]:
    """An app that needs nothing around it."""
    yield app(issuer)


def flask_app(views: str, closed: bool) -> Callable[[FakeIssuer], App]:
    """A Flask app, as its own contract has it."""

    def app(issuer: FakeIssuer) -> App:
        given = {**issuer.settings(prefix="JWKS_AUTH_"), "JWKS_AUTH_REQUIRED": closed}
        return TestClientApp(create_app(given, views, Flask("tests.contract.flask_apps")).test_client())

    return app


SITES_UNDER_TEST: dict[str, Callable[[FakeIssuer], Any]] = {
    **{f"flask {v}{' closed' * c}": lambda i, v=v, c=c: made(flask_app(v, c), i)  # type: ignore[misc]
       for v in ("sync", "async") for c in (False, True)},
    **{name: lambda i, app=app: made(app, i) for name, app in APPS.items()},  # type: ignore[misc]
    **{f"django {site}, {stack}": lambda i, site=site, stack=stack: django_site(i, site, stack)  # type: ignore[misc]
       for site in SITES for stack in (*STACKS, "closed")},
}  # fmt: skip

SITES_UNDER_TEST["mcp"] = lambda issuer: made(lambda issuer: ClientApp(Servers(issuer)), issuer)
ROWS = {"mcp": [case for case in CASES if case.path in ASKED]}
"""A site that has not every path."""


def expected(case: Case) -> Counted:
    """What a request counts: an authentication, and an authorization where a policy is judged."""
    code = (case.body or {}).get("error_description")
    error = (case.body or {}).get("error")
    if METADATA in case.path or case.path == "/public":
        return Counter()
    if case.status == 200:
        if case.body == {"sub": None} or case.path == "/shared":
            return Counter()
        allowed = [("authorizations", "allowed", "")] if case.path in POLICIES else []
        return Counter([("authentications", "success", ""), *allowed])
    if error in JUDGED:
        return Counter([("authentications", "success", ""), ("authorizations", "denied", str(error))])
    if error == "missing_token" or case.method == "HEAD":
        return Counter([("authentications", "missing", "missing_token")])
    return Counter([("authentications", "failure", CODES[str(code)])])


POLICIES = {"/orders", "/both", "/any", "/admin", "/mfa", "/mfa-orders", "/mfa-optional"}


def found(seen: Seen) -> Counted:
    """All that is counted so far."""
    counted: Counted = Counter()
    metrics = seen.metrics()
    for kind in ("authentications", "authorizations"):
        for key, count in metrics.get(f"jwks_auth.{kind}", {}).items():
            named = dict(key)
            counted[kind, named["jwks_auth.result"], named.get("error.type", "")] += count
    return counted


def is_counted(case: Case, counted: Counted) -> bool:
    """Whether a row is counted as it should be."""
    if case.path == "/shared" or (case.path == "/public" and case.values is not None):
        return True  # which a middleware may have looked at
    if counted == expected(case):
        return True
    # A middleware that knows no route has admitted the token before the route's audience is known.
    late = Counter([("authentications", "success", ""), ("authorizations", "denied", "wrong_audience")])
    if ("authentications", "failure", "wrong_audience") in expected(case):
        return counted == late
    # Frameworks ask for several policies of a route one by one, and DRF's permissions know nothing of each other.
    denied = any(key[1] == "denied" for key in counted)
    once = {key: 1 - denied if key[1] == "allowed" else count for key, count in counted.items()}
    return +Counter(once) == expected(case)


@pytest.mark.parametrize("site", SITES_UNDER_TEST)
def test_each_row_is_counted_once(site: str) -> None:
    """Success, missing, each failure by its code, forbidden; however many guards and middlewares look at a request."""
    issuer = FakeIssuer()
    with opentelemetry() as seen, SITES_UNDER_TEST[site](issuer) as app:
        wrong = []
        for case in ROWS.get(site, CASES):
            before = found(seen)
            query = case.query if isinstance(case.query, str) else case.query(issuer)
            target = case.path + (f"?{query}" if query else "")
            with seen.server():
                app.request(case.method, target, [("Authorization", value) for value in case.values(issuer)])
            counted = found(seen)
            counted.subtract(before)
            if not is_counted(case, +counted):
                wrong.append((case.name, dict(+counted), dict(expected(case))))
        assert wrong == []
        issuers = {value for points in seen.metrics().values() for key in points for name, value in key
                   if name == "jwks_auth.issuer"}  # fmt: skip
        assert issuers == {issuer.issuer}
        assert sum(map(len, seen.metrics().values())) < 100


@pytest.mark.parametrize("site", SITES_UNDER_TEST)
def test_keys_that_cannot_be_had_are_unavailable(site: str) -> None:
    """A 503 is counted apart from failures."""
    issuer = FakeIssuer()
    with opentelemetry() as seen, SITES_UNDER_TEST[site](issuer) as app, issuer.outage():
        [value] = bearer()(issuer)
        assert app.request("GET", "/me", [("Authorization", value)]).status == 503
        assert found(seen) == Counter([("authentications", "unavailable", "key_source_unavailable")])

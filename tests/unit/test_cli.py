"""What a command line shows: keys and why members are refused, health, routes without a guard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jwks_auth import cli
from jwks_auth.adapters import Authenticator
from jwks_auth.testing import FakeIssuer
from tests import tenant_directory
from tests.fault_server import FaultServer
from tests.key_fakes import jwk


@pytest.fixture
def served() -> Iterator[FakeIssuer]:
    """An issuer whose keys are fetched."""
    with FakeIssuer.serve() as issuer:
        yield issuer


def test_check_fetches_and_lists_the_keys(served: FakeIssuer) -> None:
    """The issuer, its metadata and what they name, the state of the keys, and a line for each."""
    report = cli.check(Authenticator(served.settings()))
    assert report.ok
    assert report.lines[0] == served.issuer
    assert report.lines[1] == f"  metadata: {served.issuer}/.well-known/openid-configuration"
    assert f"    jwks_uri: {served.issuer}/.well-known/jwks.json" in report.lines
    assert report.lines[-2].startswith("  fresh, fetched 0 s ago")
    assert f"key {served.kid}: RSA, " in report.lines[-1]


def test_check_says_why_an_issuer_has_no_keys(served: FakeIssuer) -> None:
    """The kind of failure, and a status that a deployment can stop on."""
    served.outage()
    report = cli.check(Authenticator(served.settings()))
    assert not report.ok
    assert "discovery: " in report.lines[1]
    assert "HTTP 503" in report.lines[1]


def test_check_and_refresh_list_keys_that_pyjwt_does_not_know() -> None:
    """RFC 9864's name for an algorithm, say: what counts is what verifies tokens."""
    with FaultServer({"keys": [{**jwk("a"), "alg": "Ed25519"}]}) as server:
        settings = {"ISSUER": "https://id.example/", "AUDIENCE": "api", "JWKS_URI": server.url}
        for report in (cli.check(Authenticator(settings)), cli.refresh(Authenticator(settings))):
            assert report.ok
            assert "a" in report.lines[-1]
            assert not any("metadata" in line for line in report.lines)


def test_check_asks_the_issuer_and_show_the_store(served: FakeIssuer, tmp_path: Path) -> None:
    """What a store holds says nothing of the issuer; to workers it is what counts."""
    settings = {**served.settings(), "STORE": f"file:{tmp_path}"}
    Authenticator(settings).warm_up()
    with served.outage():
        assert not cli.check(Authenticator(settings)).ok
        shown = cli.show(Authenticator(settings), warm_up=True)
        assert shown.ok
        assert f"key {served.kid}: " in shown.lines[2]


def test_check_names_refused_members() -> None:
    """A member that is not used is listed with its reason."""
    issuer = FakeIssuer()
    document = {"keys": [*issuer.jwks()["keys"], {"kty": "oct", "kid": "shared", "k": "AAAA"}]}
    report = cli.check(Authenticator({**issuer.settings(), "JWKS": document}))
    assert any(line.strip().startswith("refused shared: ") for line in report.lines)


def test_where_only_tenants_are_trusted_that_is_said() -> None:
    """Instead of nothing, which looks like a mistake."""
    authenticator = Authenticator({"TENANTS": tenant_directory.PATH, "AUDIENCE": "api"})
    for report in (cli.check(authenticator), cli.show(authenticator), cli.refresh(authenticator)):
        assert report.ok
        assert report.lines == ("no issuer is listed: those of tenants are found by their tokens",)


def test_show_does_no_io(served: FakeIssuer) -> None:
    """What this process holds, and nothing fetched for it."""
    authenticator = Authenticator(served.settings())
    assert "never fetched" in cli.show(authenticator).lines[1]
    assert not served.requests
    authenticator.warm_up()
    assert "fetched 0 s ago, failures: 0, last error: none" in cli.show(authenticator).lines[1]


def test_show_says_when_keys_are_handed_over() -> None:
    """A static set has no age."""
    assert "handed over" in cli.show(Authenticator(FakeIssuer().settings())).lines[1]


def test_refresh_says_what_changed(served: FakeIssuer) -> None:
    """Added and removed key ids."""
    authenticator = Authenticator(served.settings())
    authenticator.warm_up()
    old = served.kid
    new = served.rotate()
    served.withdraw(old)
    assert cli.refresh(authenticator).lines[1] == f"  1 keys, added: {new}, removed: {old}"
    handed_over = cli.refresh(Authenticator(FakeIssuer().settings()))
    assert handed_over.lines[1] == "  1 keys, added: none, removed: none"


def test_routes_without_a_guard_are_counted() -> None:
    """``--fail-unprotected`` is for CI."""
    rows = [
        cli.RouteRow("/me", "GET", "any token"),
        cli.RouteRow("/public", "GET", "public"),
        cli.RouteRow("/oops", "GET POST DELETE", None),
    ]
    assert cli.routes(rows).ok
    report = cli.routes(rows, fail_unprotected=True)
    assert not report.ok
    assert report.lines[0] == "/me      GET              any token"
    assert report.lines[2] == "/oops    GET POST DELETE  UNPROTECTED"
    assert report.lines[-1] == "3 routes, 1 unprotected"
    assert cli.routes(rows[:2], fail_unprotected=True).ok
    assert cli.routes([]).lines == ("0 routes, 0 unprotected",)


def test_routes_say_which_kinds_of_tokens_are_taken() -> None:
    """Below the table, and for programs; a verifier of the service's own need not tell."""

    class Own:
        """A service around a verifier of its own."""

        verifier = object()

    issuer = FakeIssuer()
    opaque = {
        **issuer.settings(),
        "INTROSPECTION": "opaque",
        "INTROSPECTION_URL": "https://issuer.example/introspect",
        "INTROSPECTION_CLIENT": {"ID": "api", "SECRET": "secret"},
    }
    services: Any = {
        "": Authenticator(issuer.settings()),
        "shop": Authenticator({**opaque, "OTHER_TOKENS": lambda raw: None}),
        "own": Own(),
    }
    report = cli.routes([], services=services)
    assert report.lines[1:] == (
        "kinds of tokens: jwt",
        "kinds of tokens for shop: jwt, opaque, other",
        "kinds of tokens for own: as the service's own verifier decides",
    )
    assert json.loads(report.as_json())["tokens"] == [
        {"service": "", "kinds": ["jwt"]},
        {"service": "shop", "kinds": ["jwt", "opaque", "other"]},
        {"service": "own", "kinds": None},
    ]


def test_a_route_in_doubt_counts_as_open() -> None:
    """It is shown with the reason, counted by itself, and fails ``--fail-unprotected``, whatever its guard says."""
    rows = [
        cli.RouteRow("/me", "GET", "any token"),
        cli.RouteRow("/odd", "GET", "any token", doubt="nobody calls the guard"),
        cli.RouteRow("/open", "GET", None, doubt="nobody knows"),
    ]
    report = cli.routes(rows, fail_unprotected=True)
    assert not report.ok
    assert report.lines[1:] == (
        "/odd   GET  UNKNOWN: nobody calls the guard",
        "/open  GET  UNKNOWN: nobody knows",
        "3 routes, 0 unprotected, 2 unknown",
    )
    assert cli.routes(rows).ok
    assert cli.routes(rows[:1], fail_unprotected=True).ok


def test_verify_explains_a_refusal() -> None:
    """Step by step, with the code of the one that failed; the status says which it was."""
    issuer = FakeIssuer()
    authenticator = Authenticator(issuer.settings())
    good = cli.verify(authenticator, f"Bearer {issuer.token()}\n")
    assert good.ok
    bad = cli.verify(authenticator, issuer.token(aud="elsewhere"))
    assert not bad.ok
    assert "refused: wrong_audience" in bad.lines

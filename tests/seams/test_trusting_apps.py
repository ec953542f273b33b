"""``trust_fake_issuer``: every framework's app as it is, its own settings and all, without a provider or a network."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from jwks_auth import ConfigurationError, Introspection, Issuer, Tenants, TokenVerifier
from jwks_auth.testing import FakeIssuer, trusted_issuer
from tests.patience import PATIENCE
from tests.seams.trusted_apps import NAME, SHOPS, Shop

READER = {"sub": "u1", "scopes": ["orders:read"]}


@pytest.fixture(params=[name for name in SHOPS if "start-up" not in name])
def shop_of(request: pytest.FixtureRequest) -> Callable[..., Shop]:
    """Makes the service in one framework."""
    return SHOPS[request.param]


@pytest.fixture
def shop(shop_of: Callable[..., Shop]) -> Shop:
    """The service with its plain settings."""
    return shop_of()


def asked(shop: Shop, issuer: FakeIssuer, **claims: Any) -> int:
    """The status of a request with a token of *issuer*."""
    with shop.open(shop.app) as send:
        return send("/orders", issuer.headers(**claims))[0]


def test_the_app_s_own_settings_trust_the_fake_s_keys(shop: Shop) -> None:
    """Name and audience are the app's, verification is real, and nothing is fetched, at start-up either."""
    with shop.trust(shop.app) as issuer, shop.open(shop.app) as send:
        assert (issuer.issuer, issuer.audience, trusted_issuer()) == (NAME, "orders", issuer)
        assert send("/orders", issuer.headers(**READER)) == (200, {"sub": "u1"})
        assert send("/orders", issuer.headers(sub="u1"))[0] == 403
        assert send("/orders", issuer.headers(**READER, aud="other"))[0] == 401
        assert send("/orders", FakeIssuer(NAME).headers(**READER, aud="orders"))[0] == 401
        assert send("/orders", {})[0] == 401
        old, new = issuer.kid, issuer.rotate()
        issuer.withdraw(old)
        assert send("/orders", issuer.headers(**READER, kid=new))[0] == 200
        assert send("/orders", issuer.headers(**READER, kid=old))[0] == 401
    assert shop.network.asked == []


def test_attack_nothing_of_the_trust_is_left_after_the_block(shop: Shop) -> None:
    """After the block, and after an exception in it, the fake's tokens are refused and the real issuer is asked."""
    issuer = FakeIssuer(NAME)
    with pytest.raises(ZeroDivisionError), shop.trust(shop.app, issuer):
        _ = asked(shop, issuer, **READER) // 0
    assert asked(shop, issuer, **READER, aud="orders") == 503
    assert shop.network.asked != []
    assert trusted_issuer() is None


def test_settings_of_the_test_count_within_the_block(shop: Shop) -> None:
    """They replace the app's, in capitals or not; a nested block keeps the issuer, and its end the outer settings."""
    with shop.trust(shop.app) as issuer:
        with shop.trust(shop.app, leeway=0) as same:
            assert same is issuer
            assert asked(shop, issuer, **READER, expires_in=-5) == 401
        assert asked(shop, issuer, **READER, expires_in=-5) == 200
        with shop.trust(shop.app, AUDIENCE="bills"):
            assert asked(shop, issuer, **READER, aud="bills") == 200
            assert asked(shop, issuer, **READER, aud="orders") == 401
        assert asked(shop, issuer, **READER, aud="orders") == 200


def test_blocks_may_end_in_any_order(shop: Shop) -> None:
    """As fixtures and threads do: each end takes away its own."""
    first, second = shop.trust(shop.app), shop.trust(shop.app, leeway=0)
    issuer = first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert asked(shop, issuer, **READER) == 200
    second.__exit__(None, None, None)
    assert asked(shop, issuer, **READER, aud="orders") == 503


def test_parallel_threads_share_the_issuer(shop: Shop) -> None:
    """Blocks of several threads on one app don't disturb each other."""
    statuses, ready = [], threading.Barrier(4)

    def test() -> None:
        with shop.trust(shop.app) as issuer:
            ready.wait(PATIENCE)
            statuses.append(asked(shop, issuer, **READER))
            ready.wait(PATIENCE)

    threads = [threading.Thread(target=test) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert statuses == [200] * 4
    assert trusted_issuer() is None


def test_an_issuer_of_one_s_own(shop: Shop) -> None:
    """It may have another name, which the app then trusts in place of its own; a served one is fetched from."""
    with shop.trust(shop.app, FakeIssuer("https://other.example/", algorithms=["ES256"])) as issuer:
        assert asked(shop, issuer, **READER) == 200
        assert asked(shop, FakeIssuer(NAME), **READER, aud="orders") == 401
    with FakeIssuer.serve() as served, shop.trust(shop.app, served, SESSION=None) as issuer:
        assert asked(shop, issuer, **READER) == 200
        assert served.requests[served.jwks_path] >= 1


def test_attack_a_wrong_setting_changes_nothing(shop: Shop) -> None:
    """A mistake is told as it is in production, and leaves no trust behind."""
    for wrong in ({"LEWAY": 0}, {"LEEWAY": "soon"}):
        with pytest.raises(ConfigurationError, match="LE"), shop.trust(shop.app, **wrong):
            asked(shop, FakeIssuer())
    assert trusted_issuer() is None


def test_what_says_no_is_obeyed(shop: Shop) -> None:
    """The trust is the permission that production's ``ALLOW_FAKE_ISSUER=False`` lacks; a test's own says no."""
    with shop.trust(shop.app) as issuer:
        assert asked(shop, issuer, **READER) == 200
        with (
            pytest.raises(ConfigurationError, match="ALLOW_FAKE_ISSUER"),
            shop.trust(shop.app, ALLOW_FAKE_ISSUER=False),
        ):
            pass
        assert asked(shop, issuer, **READER) == 200


def test_settings_that_an_app_gets_when_it_starts() -> None:
    """Nothing reads the environment; the issuer fits what comes, and nobody is asked for keys."""
    shop = SHOPS["fastapi, settings at start-up"]()
    with shop.trust(shop.app) as issuer:
        for _ in range(2):
            assert asked(shop, issuer, **READER) == 200
        with shop.trust(shop.app, leeway=0) as same:
            assert same is issuer
            assert asked(shop, issuer, **READER, expires_in=-5) == 401
    assert shop.network.asked == []
    assert asked(shop, FakeIssuer(NAME), **READER) == 503
    assert shop.network.asked != []


@pytest.mark.parametrize("name", ["flask", "fastapi", "starlette"])
class TestOtherKindsOfTrust:
    """Several issuers, tenants, introspection and proofs."""

    def test_several_issuers(self, name: str) -> None:
        """The fake has the keys of each; a token is for the audience of the one that it names."""
        issuers = [
            NAME,
            {"ISSUER": "https://b.example/", "AUDIENCE": "b-orders"},
            Issuer("https://c.example/"),
        ]
        shop = SHOPS[name](ISSUER=None, ISSUERS=issuers)
        with shop.trust(shop.app) as issuer:
            assert issuer.issuer == NAME
            assert asked(shop, issuer, **READER) == 200
            for other in ("https://b.example/", "https://c.example/"):
                assert asked(shop, issuer, **READER, iss=other) == 200
            assert asked(shop, issuer, **READER, iss="https://d.example/") == 401
            assert asked(shop, issuer, **READER, iss="https://b.example/", aud="orders") == 401
        assert shop.network.asked == []

    @pytest.mark.parametrize("kind", ["sync", "async"])
    def test_tenants(self, name: str, kind: str) -> None:
        """The app's own function says who is a tenant; the keys are the fake's."""

        def tenant(issuer: str) -> Issuer | None:
            return Issuer(issuer) if issuer.endswith("/acme") else None

        async def later(issuer: str) -> Issuer | None:
            return tenant(issuer)

        tenants = Tenants(later if kind == "async" else tenant, hosts=["t.example"])
        shop = SHOPS[name](ISSUER=None, TENANTS=tenants)
        with shop.trust(shop.app) as issuer:
            assert asked(shop, issuer, **READER, iss="https://t.example/acme") == 200
            assert asked(shop, issuer, **READER, iss="https://t.example/evil") == 401
        with shop.trust(shop.app, FakeIssuer("https://t.example/acme")) as issuer:
            assert asked(shop, issuer, **READER) == 200
        assert shop.network.asked == []

    @pytest.mark.parametrize("signed", [False, True])
    def test_introspection(self, name: str, signed: bool) -> None:
        """Opaque tokens are told of by the fake, without a request; its outage is seen."""
        client = {"ID": "shop", "SECRET": "secret"}
        shop = SHOPS[name](
            INTROSPECTION="opaque",
            INTROSPECTION_CLIENT=client,
            INTROSPECTION_CACHE=0,
            INTROSPECTION_JWT=signed,
        )
        with shop.trust(shop.app) as issuer, shop.open(shop.app) as send:
            token = issuer.opaque(**READER)
            headers = {"Authorization": f"Bearer {token}"}
            assert send("/orders", headers) == (200, {"sub": "u1"})
            assert send("/orders", {"Authorization": "Bearer made-up"})[0] == 401
            assert send("/orders", issuer.headers(**READER))[0] == 200
            with issuer.outage():
                assert send("/orders", headers)[0] == 503
            issuer.revoke(token)
            assert send("/orders", headers)[0] == 401
        assert shop.network.asked == []

    def test_proofs(self, name: str) -> None:
        """Bound tokens need their proof, as in production."""
        shop = SHOPS[name](DPOP="require")
        with shop.trust(shop.app) as issuer, shop.open(shop.app) as send:
            sender = issuer.client(dpop=True)
            url = "http://localhost/orders" if name == "flask" else "http://testserver/orders"
            assert send("/orders", sender.headers("GET", url, **READER))[0] == 200
            assert send("/orders", issuer.headers(**READER))[0] == 401

    def test_places_of_claims(self, name: str) -> None:
        """``scopes=`` stand where the app reads them, and headers have the token that it takes."""
        shop = SHOPS[name](SCOPE_CLAIMS=["https://shop.example/grants"])
        with shop.trust(shop.app) as issuer:
            assert issuer.claims(**READER)["https://shop.example/grants"] == ["orders:read"]
            assert asked(shop, issuer, **READER) == 200
        shop = SHOPS[name](PROFILE="id_token")
        with shop.trust(shop.app) as issuer:
            assert asked(shop, issuer, sub="u1") == 403  # verified, but such tokens have no scopes

    def test_a_verifier_that_code_made(self, name: str) -> None:
        """It keeps its rules; a verifier of another kind has keys that nobody knows."""
        verifier = TokenVerifier([Issuer(NAME)], "orders", leeway=0)
        shop = SHOPS[name](
            **dict.fromkeys(("ISSUER", "AUDIENCE", "SESSION", "ALLOW_FAKE_ISSUER")), VERIFIER=verifier
        )
        with shop.trust(shop.app) as issuer:
            assert asked(shop, issuer, **READER) == 200
            assert asked(shop, issuer, **READER, expires_in=-5) == 401
            assert verifier.verify(issuer.token(sub="held")).subject == "held"
        with pytest.raises(ConfigurationError, match="VERIFIER trusts"), shop.trust(shop.app, FakeIssuer()):
            pass

    def test_attack_an_unknown_verifier_is_not_replaced(self, name: str) -> None:
        """A class of the app's own may have any keys: the kit says what to hand over."""

        class Own:
            issuers = ()

            def verify_any_audience(self, raw: Any) -> Any: ...
            async def averify_any_audience(self, raw: Any) -> Any: ...
            def admit(self, token: Any, audience: Any = None) -> None: ...
            async def aadmit(self, token: Any, audience: Any = None) -> None: ...

        shop = SHOPS[name](
            **dict.fromkeys(("ISSUER", "AUDIENCE", "SESSION", "ALLOW_FAKE_ISSUER")), VERIFIER=Own()
        )
        for whom in ((), (FakeIssuer(NAME),)):
            with pytest.raises(ConfigurationError, match="Own, whose keys"), shop.trust(shop.app, *whom):
                pass
        given = TokenVerifier([Issuer(NAME, jwks=(fake := FakeIssuer(NAME)).jwks())], "api")
        with shop.trust(shop.app, fake, VERIFIER=given) as issuer:
            assert asked(shop, issuer, **READER) == 200

    def test_several_issuers_and_a_setting_of_the_test(self, name: str) -> None:
        """The setting counts for each of them, and each keeps its own."""
        other = {"ISSUER": "https://b.example/", "AUDIENCE": "b-orders"}
        shop = SHOPS[name](ISSUER=None, ISSUERS=[NAME, other])
        with shop.trust(shop.app, LEEWAY=0) as issuer:
            for iss in (NAME, "https://b.example/"):
                assert asked(shop, issuer, **READER, iss=iss) == 200
                assert asked(shop, issuer, **READER, iss=iss, expires_in=-5) == 401

    def test_introspection_of_an_issuer_made_in_code(self, name: str) -> None:
        """Its endpoint is the fake's too."""
        made = Issuer(NAME, introspection=Introspection(client_id="a", client_secret="b"))
        shop = SHOPS[name](ISSUER=None, ISSUERS=[made])
        with shop.trust(shop.app) as issuer, shop.open(shop.app) as send:
            assert send("/orders", {"Authorization": f"Bearer {issuer.opaque(**READER)}"})[0] == 200


def test_an_app_that_asks_for_nothing_is_told_of() -> None:
    """A kit that trusts nothing would make every test pass that expects a refusal."""
    from fastapi import FastAPI
    from flask import Flask

    import jwks_auth_fastapi.testing
    import jwks_auth_flask.testing

    for app, kit in ((FastAPI(), jwks_auth_fastapi.testing), (Flask("open"), jwks_auth_flask.testing)):
        with pytest.raises(ConfigurationError, match="trust_fake_issuer"), kit.trust_fake_issuer(app):
            pass

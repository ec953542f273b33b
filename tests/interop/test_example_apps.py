"""Tokens of a certified OpenID provider, sent to the three example apps."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from example_projects.demo.apps import example_apps
from example_projects.demo.servers import AppServer
from tests.interop.oidc_provider import ALGORITHMS, OidcProvider

APPS = ("Django", "Flask", "FastAPI")


@pytest.fixture(scope="module")
def apps(provider: OidcProvider) -> Iterator[dict[str, AppServer]]:
    """The example apps as server processes that trust the provider."""
    with ExitStack() as running:
        yield {app.name: running.enter_context(app) for app in example_apps(provider.issuer)}


def status(app: AppServer, path: str, token: str) -> int:
    """What *app* answers to *token*."""
    return app.request(path, [("Authorization", f"Bearer {token}")]).status


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("app", APPS)
def test_an_example_app_accepts_its_tokens(
    provider: OidcProvider, apps: dict[str, AppServer], app: str, alg: str
):
    """Over HTTP, from a real token endpoint to a real server: identity, scope and role."""
    token = provider.token(alg)
    assert [status(apps[app], path, token) for path in ("/me", "/orders", "/admin")] == [200, 200, 200]


@pytest.mark.parametrize("app", APPS)
def test_an_example_app_refuses_what_a_token_does_not_allow(
    provider: OidcProvider, apps: dict[str, AppServer], app: str
):
    """A good token without the scope."""
    assert status(apps[app], "/orders", provider.token("RS256", scope="orders:write")) == 403


def test_rotated_keys_are_picked_up_without_a_restart(provider: OidcProvider, apps: dict[str, AppServer]):
    """Every app accepts the first token of the new keys, and the old keys' while they are published."""
    old = {alg: provider.token(alg) for alg in ALGORITHMS}
    assert {status(app, "/me", old["RS256"]) for app in apps.values()} == {200}
    provider.rotate()
    new = {alg: provider.token(alg) for alg in ALGORITHMS}
    for token in (*new.values(), *old.values()):
        assert {status(app, "/me", token) for app in apps.values()} == {200}


def test_withdrawn_keys_are_refused_after_the_next_fetch(provider: OidcProvider, apps: dict[str, AppServer]):
    """A new key makes the apps look; what is gone from the provider's set is gone from theirs."""
    old = provider.token("ES256")
    assert {status(app, "/me", old) for app in apps.values()} == {200}
    provider.rotate()
    provider.withdraw()
    assert {status(app, "/me", provider.token("ES256")) for app in apps.values()} == {200}
    assert {status(app, "/me", old) for app in apps.values()} == {401}

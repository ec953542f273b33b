"""Test clients that send a token: ``client.with_token(sub="u1", scopes=["orders:read"]).get("/orders")``.

Verification is real: the project's settings stay, and only the keys are a test's::

    @trust_fake_issuer()
    class OrdersTest(TestCase):
        client_class = JWTClient

        def test_orders(self):
            response = self.client.with_token(sub="u1", scopes=["orders:read"]).get("/orders")
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import AsyncClient, Client, override_settings

from jwks_auth import testing
from jwks_auth.adapters import Settings
from jwks_auth.testing import ClientCertificate, FakeClient, FakeIssuer
from jwks_auth_django.conf import DJANGO_NAMES, configuration, project
from jwks_auth_django.internals import overridden_settings

__all__ = [
    "AsyncJWTClient",
    "JWTClient",
    "JWTClientMixin",
    "assert_discoverable",
    "fake_issuer",
    "trust_fake_issuer",
]

_SOURCES = ("ISSUER", "ISSUERS", "JWKS", "JWKS_URI", "DISCOVERY_URL", "CACHE", "STORE", "STORE_SECRET")

_SHAPING = {"ISSUER", "ISSUERS", "PROVIDER", "TENANTS", "AUDIENCE", "RESOURCE", "ALGORITHMS"}
"""Settings that a fake issuer is made by."""


class trust_fake_issuer(override_settings):  # named as override_settings is
    """Replaces the provider's keys in the project's ``JWKS_AUTH`` by those of *issuer*, and settings by *others*.

    It is a decorator or context manager, as ``override_settings`` is: ``with trust_fake_issuer(LEEWAY=0) as issuer:``.
    Within another, and around ``override_settings``, it keeps what those set: by default their fake issuer, or else a
    new one.
    """

    def __init__(self, issuer: FakeIssuer | None = None, **others: Any) -> None:
        super().__init__()
        self.issuer, self.others = issuer, others

    def enable(self) -> FakeIssuer:
        """Trust the issuer from now on."""
        issuer = self._choose(getattr(settings, "JWKS_AUTH", {}))
        super().enable()
        return issuer

    def save_options(self, test_func: Any) -> None:
        """Remember them for the tests of a class, over those that it has already."""
        projects = getattr(settings, "JWKS_AUTH", {})
        self._choose(overridden_settings(test_func).get("JWKS_AUTH", projects))
        super().save_options(test_func)

    def _choose(self, given: Mapping[str, Any]) -> FakeIssuer:
        if self.others.keys() & _SHAPING:  # the fake of outer settings keeps their name and audience
            given = {name: value for name, value in given.items() if name != "JWKS"}
        given = {**given, **self.others}
        issuer = self.issuer or _like_the_projects(given)
        self.options = {"JWKS_AUTH": {**_trusting(issuer, given), **_apis_of_fakes(issuer, given)}}
        return issuer


def _trusting(issuer: FakeIssuer, given: Mapping[str, Any], audience: Any = "api") -> dict[str, Any]:
    """Return the settings with *issuer* in place of those that they trust."""
    gone = (*_SOURCES, "TENANTS") if "PROVIDER" in given else _SOURCES
    kept = {name: value for name, value in given.items() if name not in gone}
    return {**kept, **issuer.settings(given.get("AUDIENCE", given.get("RESOURCE", audience)))}


def _apis_of_fakes(issuer: FakeIssuer, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``APIS`` with a fake issuer for each entry that has issuers of its own; one for each name."""
    apis = given.get("APIS")
    if not isinstance(apis, Mapping):
        return {}
    fakes = {issuer.issuer: issuer}
    made: dict[str, Any] = {}
    for key, own in apis.items():
        if own.keys() & {"ISSUER", "ISSUERS", "PROVIDER", "TENANTS"}:
            fake = _like_the_projects(own)
            made[key] = _trusting(fakes.setdefault(fake.issuer, fake), own, key)
        else:
            made[key] = own
    return {"APIS": made}


def _like_the_projects(given: Mapping[str, Any]) -> FakeIssuer:
    """Return the fake issuer of the settings, or a new one with the name and the first algorithm that they expect."""
    if (known := _fake_of(given)) is not None:
        return known
    name = given.get("ISSUER", "https://issuer.example/")
    if "PROVIDER" in given:  # whose issuer may have a name that need not be said
        [name, *_] = Settings.from_mapping(given, extra=DJANGO_NAMES).issuers or [name]
    return FakeIssuer(name, algorithms=given.get("ALGORITHMS", ["RS256"])[:1])


class JWTClientMixin:
    """Adds :meth:`with_token` to a test client: ``class Client(JWTClientMixin, APIClient)`` for DRF's."""

    cookies: Any
    jwt: tuple[str | None, str] | None = None
    sender: FakeClient | None = None

    def with_token(
        self,
        *,
        api: str | None = None,
        dpop: bool = False,
        certificate: bool | str | bytes | ClientCertificate = False,
        sender: FakeClient | None = None,
        **claims: Any,
    ) -> Self:
        """A client that sends a token with *claims* (see ``FakeIssuer.token``), and shares this one's cookies.

        The token is for the API with the key *api* in ``APIS``; by default for the top level's audience. With *dpop* it
        is bound to a key, and each request has a proof of its own; with *certificate* it is bound to that, which
        arrives as the settings say. *sender* is a client of the issuer to send it instead.
        """
        client = copy.copy(self)
        shared = project().named(api).authenticator.settings.shared
        audience = shared.get("AUDIENCE")
        known = {"aud": audience[0]} if api is not None and isinstance(audience, tuple) else {}
        client.sender = sender or fake_issuer(api).client(dpop=dpop, certificate=certificate).behind(shared)
        client.jwt = (api, client.sender.token(**{**known, **claims}))
        return client

    def generic(
        self, method: str, path: str, *args: Any, headers: dict[str, str] | None = None, **extra: Any
    ) -> Any:
        """Add the token to every request, unless that request has its own."""
        if self.sender is not None and self.jwt is not None:
            url = f"{'https' if extra.get('secure') else 'http'}://testserver{path}"
            headers = {**self._headers(self.sender, method, url), **(headers or {})}
            if not isinstance(self, AsyncClient):  # whose *extra* are headers
                extra = {**self.sender.in_environ(), **extra}
        return super().generic(method, path, *args, headers=headers, **extra)  # type: ignore[misc]  # of the client mixed into

    def _headers(self, sender: FakeClient, method: str, url: str) -> dict[str, str]:
        api, token = self.jwt or (None, "")
        if sender.key is not None:
            return sender.headers(method, url, token=token)
        name, value = project().named(api).authenticator.header_for(token)
        if name == "Cookie":
            value = "; ".join([value, *(f"{name}={each.coded_value}" for name, each in self.cookies.items())])
        return {name: value, **sender.passed_on()}


class JWTClient(JWTClientMixin, Client):  # type: ignore[misc]  # takes what generic() takes
    """Django's test client, with :meth:`~JWTClientMixin.with_token`."""


class AsyncJWTClient(JWTClientMixin, AsyncClient):  # type: ignore[misc]  # as above
    """Django's async test client, with :meth:`~JWTClientMixin.with_token`."""

    async def request(self, **request: Any) -> Any:
        """Add what a server tells of the connection."""
        told = {} if self.sender is None else self.sender.in_scope()
        return await super().request(**{**request, **told})


def fake_issuer(api: str | None = None) -> FakeIssuer:
    """Return the fake issuer that the settings trust: the top level's, or that of an API."""
    own = settings.JWKS_AUTH.get("APIS", {}).get(api, {})
    issuer = _fake_of(own if "JWKS" in own else settings.JWKS_AUTH)
    if issuer is None:
        raise ImproperlyConfigured("with_token() signs with a FakeIssuer's keys: use trust_fake_issuer()")
    return issuer


def _fake_of(given: Mapping[str, Any]) -> FakeIssuer | None:
    found = getattr(given.get("JWKS"), "__self__", None)
    return found if isinstance(found, FakeIssuer) else None


def assert_discoverable(client: Any, auth: Any = None) -> None:
    """Fail unless the project serves the metadata of its ``RESOURCE``, to anybody (RFC 9728).

    *auth* is an ``Authenticator``; the project's own unless given.
    """
    testing.assert_discoverable(client, auth or configuration().authenticator)

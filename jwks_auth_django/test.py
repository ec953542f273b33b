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
from collections.abc import Collection
from typing import Any, Self, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import AsyncClient, Client

from jwks_auth import testing
from jwks_auth.testing import ClientCertificate, FakeClient, FakeIssuer
from jwks_auth_django.conf import configuration, project
from jwks_auth_django.routes import rows
from jwks_auth_django.trust import fake_of, trust_fake_issuer

ClientT = TypeVar("ClientT")

__all__ = [
    "AsyncJWTClient",
    "JWTClient",
    "JWTClientMixin",
    "aassert_refuses",
    "assert_discoverable",
    "assert_protected",
    "assert_refuses",
    "fake_issuer",
    "trust_fake_issuer",
    "with_token",
]


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
    issuer = fake_of(own) or fake_of(settings.JWKS_AUTH)
    if issuer is None:
        raise ImproperlyConfigured("with_token() signs with a FakeIssuer's keys: use trust_fake_issuer()")
    return issuer


def _signer() -> FakeIssuer:
    """Return the top level's fake issuer, whose tokens stand where the project looks for them."""
    issuer = fake_issuer()
    issuer.header_for = project().named(None).authenticator.header_for
    return issuer


def with_token(client: ClientT, **claims: Any) -> ClientT:
    """Return a client like *client* whose requests carry a token: :func:`jwks_auth.testing.with_token`."""
    own: Any = getattr(client, "with_token", None)
    if own is not None or "issuer" in claims:
        return testing.with_token(client, **claims)
    return testing.with_token(client, issuer=_signer(), **claims)


def assert_refuses(client: Any, path: str, **options: Any) -> None:
    """Fail unless the route at *path* refuses every hostile token: :func:`jwks_auth.testing.assert_refuses`."""
    testing.assert_refuses(client, path, **{"issuer": _signer(), **options})


async def aassert_refuses(client: Any, path: str, **options: Any) -> None:
    """Do as :func:`assert_refuses`, with an async client."""
    await testing.aassert_refuses(client, path, **{"issuer": _signer(), **options})


def assert_protected(*, public: Collection[str] = ()) -> None:
    """Fail if a route of the project lets requests without a token through, or may, and is not among *public*.

    *public* has routes as ``manage.py jwks routes`` writes them. Those of views that are marked as public, or need a
    login, are closed. Routes with an optional token must be named. One in *public* that does not exist fails too.
    """
    testing.assert_rows_protected(rows(), public)


def assert_discoverable(client: Any, auth: Any = None) -> None:
    """Fail unless the project serves the metadata of its ``RESOURCE``, to anybody (RFC 9728).

    *auth* is an ``Authenticator``; the project's own unless given.
    """
    testing.assert_discoverable(client, auth or configuration().authenticator)

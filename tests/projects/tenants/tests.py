"""The project's own tests, run by ``manage.py test``."""

from __future__ import annotations

from io import StringIO
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.handlers.asgi import ASGIHandler
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import TestCase, override_settings
from django_tenants.utils import schema_context

from jwks_auth_django.models import JWTIdentity
from jwks_auth_django.test import JWTClient, fake_issuer, trust_fake_issuer
from tests.django_site.asgi_client import call

from .customers.models import Customer, Domain

HOSTS = {"public": "operator.example", "a": "a.tenants.example", "b": "b.tenants.example"}


@trust_fake_issuer()
class TenantsTest(TestCase):
    """Two tenants, and the operator's own schema."""

    client_class = JWTClient

    @classmethod
    def setUpTestData(cls) -> None:
        """Make the schemas."""
        for schema, host in HOSTS.items():
            customer = Customer(schema_name=schema, name=schema)
            customer.save(verbosity=0)
            Domain.objects.create(domain=host, tenant=customer, is_primary=True)
        Domain.objects.create(domain="shop.a-customer.example", tenant=Customer.objects.get(schema_name="a"))

    def answer(self, host: str, api: str | None, target: str = "/me", **claims: Any) -> Any:
        """The answer of *host* to a token for *api*."""
        return self.client.with_token(api=api, **claims).get(target, headers={"Host": host})

    def test_a_token_opens_its_own_tenant_alone(self) -> None:
        """Of another tenant, or of the operator, it is refused, on guarded views and on login's."""
        apis = {"public": None, "a": HOSTS["a"], "b": HOSTS["b"]}
        for schema, host in HOSTS.items():
            for sender, api in apis.items():
                answer = self.answer(host, api, sub="u1")
                assert answer.status_code == (200 if sender == schema else 401), (schema, sender)
                if sender == schema:
                    assert answer.json()["schema"] == schema
        assert self.answer(HOSTS["b"], HOSTS["a"], "/page").status_code == 401
        assert self.answer(HOSTS["b"], HOSTS["b"], "/page").status_code == 200

    def test_accounts_are_in_the_tenant_s_schema(self) -> None:
        """The same subject is another account in each."""
        for schema in ("a", "b"):
            assert self.answer(HOSTS[schema], HOSTS[schema], sub="u1").status_code == 200
            with schema_context(schema):
                assert User.objects.count() == 1
                assert JWTIdentity.objects.get().issuer == f"https://login.{schema}.example/"
        with schema_context("public"):
            assert not User.objects.exists()

    async def test_on_a_loop(self) -> None:
        """The same in async views."""
        for signal in (request_started, request_finished):  # as Django's own clients do
            signal.disconnect(close_old_connections)
            self.addCleanup(signal.connect, close_old_connections)
        for sender, status in (("a", 200), ("b", 401)):
            sent = [("Host", HOSTS["a"]), *fake_issuer(HOSTS[sender]).headers(aud=sender).items()]
            assert (await call(ASGIHandler(), "GET", "/ame", sent)).status == status

    def test_by_function(self) -> None:
        """A tenant's other hosts belong to its API too, where a function asks for the tenant."""
        other = "shop.a-customer.example"
        assert self.answer(other, HOSTS["a"]).status_code == 401
        chosen = {**settings.JWKS_AUTH, "FOR_REQUEST": "tests.projects.tenants.views.for_request"}
        with override_settings(JWKS_AUTH=chosen):
            assert self.answer(other, HOSTS["a"]).status_code == 200
            assert self.answer(other, HOSTS["b"]).status_code == 401
            assert self.answer(HOSTS["public"], None).status_code == 200

    def test_commands(self) -> None:
        """The checks find nothing, and the table has both URLconfs."""
        call_command("check", fail_level="WARNING")
        out = StringIO()
        call_command("jwks", "routes", fail_unprotected=True, stdout=out)
        assert "/page" in out.getvalue()
        assert "tests.projects.tenants.public_urls: /me" in out.getvalue()

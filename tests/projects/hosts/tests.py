"""The project's own tests, run by ``manage.py test``."""

from __future__ import annotations

from io import StringIO
from typing import Any

from django.core.handlers.asgi import ASGIHandler
from django.core.management import call_command
from django.test import SimpleTestCase

from jwks_auth_django.test import JWTClient, fake_issuer, trust_fake_issuer
from tests.django_site.asgi_client import call

SHOP, ADMIN = "shop.example", "admin.shop.example"


@trust_fake_issuer()
class HostsTest(SimpleTestCase):
    """Two hosts."""

    client_class = JWTClient

    def status(self, host: str, api: str | None, target: str = "/me") -> int:
        """The status of the answer of *host* to a token for *api*."""
        return int(self.client.with_token(api=api).get(target, headers={"Host": host}).status_code)

    def test_each_host_takes_its_own_tokens(self) -> None:
        """And no other's."""
        assert [self.status(SHOP, None), self.status(SHOP, ADMIN)] == [200, 401]
        assert [self.status(ADMIN, ADMIN), self.status(ADMIN, None)] == [200, 401]
        assert self.status("ADMIN.shop.example:8443", ADMIN) == 200
        assert self.status("evil.example", ADMIN) == 400

    def test_one_host_needs_a_token_for_everything(self) -> None:
        """Its own rule, beside paths that are open at both."""
        for host, target, status in ((ADMIN, "/bare", 401), (ADMIN, "/ready", 200), (SHOP, "/ready", 200)):
            answer: Any = self.client.get(target, headers={"Host": host})
            assert answer.status_code == status, (host, target)
        challenge = self.client.get("/bare", headers={"Host": ADMIN}).headers["WWW-Authenticate"]
        assert "https://admin.shop.example/.well-known/oauth-protected-resource" in challenge

    async def test_on_a_loop(self) -> None:
        """The same in async views."""
        for target, api, status in (("/abare", ADMIN, 200), ("/abare", None, 401), ("/me", ADMIN, 200)):
            sent = [("Host", ADMIN), *fake_issuer(api).headers(aud="admin").items()]
            assert (await call(ASGIHandler(), "GET", target, sent)).status == status
        assert (await call(ASGIHandler(), "GET", "/abare", [("Host", ADMIN)])).status == 401

    def test_each_host_has_its_document(self) -> None:
        """At the same path."""
        for host in (SHOP, ADMIN):
            answer = self.client.get("/.well-known/oauth-protected-resource", headers={"Host": host})
            assert answer.json()["resource"] == f"https://{host}/"

    def test_commands(self) -> None:
        """The checks find nothing, and the table tells the routes of both."""
        call_command("check", fail_level="WARNING")
        out = StringIO()
        call_command("jwks", "routes", stdout=out)
        assert "tests.projects.hosts.admin_urls: /bare" in out.getvalue()

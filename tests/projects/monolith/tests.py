"""The shop's own tests, run by ``manage.py test`` on PostgreSQL and on SQLite."""

from __future__ import annotations

from io import StringIO
from typing import Any

from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import TestCase
from django.utils import timezone
from guardian.shortcuts import assign_perm

from jwks_auth_django.models import JWTIdentity
from jwks_auth_django.test import AsyncJWTClient, JWTClient, trust_fake_issuer

from .accounts.models import Profile, Team, User
from .orders.models import Order

ISSUER = "https://login.shop.example/"
ADA = {"sub": "a1", "email": "ada@shop.example", "email_verified": True}


@trust_fake_issuer()
class ShopTest(TestCase):
    """A test of the shop, with tokens."""

    client_class = JWTClient
    async_client_class = AsyncJWTClient

    def status(self, path: str = "/me", **claims: Any) -> int:
        """The status of the answer to a token with these claims."""
        return int(self.client.with_token(**claims).get(path).status_code)


class NewcomersTest(ShopTest):
    """Accounts made by tokens."""

    def test_a_new_account(self) -> None:
        """It is made by the manager, with a profile; its address is not written back raw, and it costs one query."""
        Group.objects.create(name="buyers")
        claims = {**ADA, "email": "Ada@SHOP.example", "given_name": "Ada", "groups": ["buyers", "unknown"]}
        answer = self.client.with_token(**claims, customer_number="n7").get("/me")
        assert answer.json() == {"email": "ada@shop.example"}
        user = User.objects.get()
        assert (user.first_name, user.has_usable_password()) == ("Ada", False)
        assert (Profile.objects.get().number, user.groups.get().name) == ("n7", "buyers")
        with self.assertNumQueries(1):
            assert self.status(**claims) == 200
        assert User.objects.get().email == "ada@shop.example"

    async def test_a_new_account_async(self) -> None:
        """The same in an async view."""
        for _ in range(2):
            answer = await self.async_client.with_token(**ADA, customer_number="n7").get("/async/me")
            assert answer.json() == {"email": "ada@shop.example"}
        assert await User.objects.acount() == 1
        assert (await Profile.objects.aget()).number == "n7"

    def test_who_has_no_address(self) -> None:
        """No address is made up, and the log names the claim; an address that is not verified is none."""
        for claims in ({"sub": "a1"}, {"sub": "a1", "email": ""}, {**ADA, "email_verified": False}):
            with self.assertLogs("jwks_auth.django", "WARNING") as logs:
                assert self.status(**claims) == 401
            assert "no claim 'email' that fits the required field email" in " ".join(logs.output)
        assert not User.everyone.exists()

    def test_display_data_that_does_not_fit(self) -> None:
        """A name of 151 letters is skipped, another type of JSON, too; a team that there is not refuses."""
        for name in ("x" * 151, ["a", "list"], 7):
            assert self.status(**ADA, given_name=name) == 200
        assert User.objects.get().first_name == ""
        team = Team.objects.create(name="red")
        assert self.status(**ADA, team=team.pk) == 200
        assert User.objects.get().team == team
        for wrong in (team.pk + 1, str(team.pk), [team.pk]):
            assert self.status(**ADA, team=wrong) == 401
        assert User.objects.get().team == team

    def test_no_claim_is_an_error_of_the_server(self) -> None:
        """Whatever is in a mapped claim, alone or with the others."""
        odd = [
            None,
            "",
            " ",
            "x" * 5000,
            "a\0",
            "\uffff",
            "'",
            True,
            -1,
            10**40,
            1e300,
            [],
            [None],
            {},
            {"a": {}},
        ]
        odd += [["\0"], "1", "\u0661", "00", "ada@", "ada@shop.example\n", "\u212a@shop.example"]
        names = ("email", "given_name", "team", "groups", "roles", "customer_number", "preferred_username")
        for number, value in enumerate(odd):
            for name in names:
                claims = {**ADA, "email": f"ada{number}@shop.example", "sub": f"{name}{number}", name: value}
                assert self.status(**claims) in (200, 401), (name, value)
            assert self.status(**{**ADA, **dict.fromkeys(names, value)}) in (200, 401), value

    def test_who_is_banned(self) -> None:
        """At once, and no account is made."""
        assert self.status(**ADA, banned=True) == 401
        assert not User.everyone.exists()
        assert self.status(**ADA) == 200
        assert self.status(**ADA, banned=True) == 401


class ExistingTest(ShopTest):
    """Accounts that were there before their issuer."""

    def test_who_was_deleted_softly(self) -> None:
        """Is refused by token as by password, and gets no second account."""
        user = User.objects.create_user("ada@shop.example", "secret")
        assert self.status(**ADA) == 200
        assert self.client.login(username="ada@shop.example", password="secret")
        User.objects.update(deleted_at=timezone.now())
        assert not self.client.login(username="ada@shop.example", password="secret")
        assert self.status(**ADA) == 401
        assert self.status(**{**ADA, "sub": "a2"}) == 401
        assert User.everyone.get() == user

    async def test_who_was_deleted_softly_async(self) -> None:
        """The same in an async view."""
        ada = self.async_client.with_token(**ADA)
        assert (await ada.get("/async/me")).status_code == 200
        await User.objects.aupdate(deleted_at=timezone.now())
        assert (await ada.get("/async/me")).status_code == 401
        assert await User.everyone.acount() == 1

    def test_who_is_matched(self) -> None:
        """By the verified address, once; never staff."""
        user = User.objects.create_user("ada@shop.example")
        assert self.status(**{**ADA, "email_verified": False}) == 401
        assert self.status(**ADA) == 200
        assert user.jwt_identities.get().subject == "a1"
        assert self.status(**{**ADA, "sub": "thief"}) == 401
        User.objects.create_superuser("root@shop.example")
        assert self.status(**{**ADA, "sub": "root", "email": "root@shop.example"}) == 401
        assert JWTIdentity.objects.count() == 1

    def test_who_is_linked(self) -> None:
        """All at once by command."""
        users = [User.objects.create_user(f"u{number}@shop.example") for number in range(1200)]
        User.objects.create_superuser("root@shop.example")
        User.objects.create_user("gone@shop.example", deleted_at=timezone.now())
        out = StringIO()
        link = ("jwks", "link", f"--issuer={ISSUER}", "--field=email")
        call_command(*link, "--dry-run", stdout=out)
        assert not JWTIdentity.objects.exists()
        call_command(*link, stdout=out)
        told = out.getvalue().splitlines()
        assert told[0] == "1200 accounts would be linked"
        assert told[2:] == ["1200 accounts linked", "1 account is staff: link it in the admin"]
        assert self.client.with_token(sub="u7@shop.example").get("/me").json() == {"email": users[7].email}


class ApiTest(ShopTest):
    """Orders, by scopes and by permissions on single rows."""

    def test_orders(self) -> None:
        """Each user sees what guardian says; scopes are asked for, too."""
        ada = self.client.with_token(**ADA, scopes=["orders:read", "orders:write"])
        made = ada.post("/api/orders/", {"text": "tea"})
        assert made.status_code == 201, made.content
        bob = self.client.with_token(
            sub="b1", email="bob@shop.example", email_verified=True, scope="orders:read"
        )
        assert [each["text"] for each in ada.get("/api/orders/").json()] == ["tea"]
        assert bob.get("/api/orders/").json() == []
        path = f"/api/orders/{made.json()['id']}/"
        assert bob.get(path).status_code == 404
        assign_perm("orders.view_order", User.objects.get(email="bob@shop.example"), Order.objects.get())
        assert bob.get(path).json()["text"] == "tea"
        refused = bob.post("/api/orders/", {"text": "coffee"})
        assert (refused.status_code, 'scope="orders:write"' in refused["WWW-Authenticate"]) == (403, True)

    def test_flags(self) -> None:
        """A role makes staff, and the admin opens; without it, it closes."""
        assert self.status("/admin/", **ADA, roles=["staff"]) == 200
        assert User.objects.get().is_staff
        assert self.status("/admin/", **ADA) == 302
        assert not User.objects.get().is_staff

    def test_the_project_is_sound(self) -> None:
        """Its checks find nothing."""
        call_command("check", fail_level="INFO", stderr=StringIO(), stdout=StringIO())
        call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)

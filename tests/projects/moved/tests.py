"""Each package finds an account in its way; under the guide's ``MATCH`` for it, so do we."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import TestCase, override_settings
from helusers.user_utils import get_or_create_user
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from oidc_auth.authentication import get_user_by_id
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.tokens import AccessToken

from jwks_auth_django.models import JWTIdentity
from jwks_auth_django.test import JWTClient, trust_fake_issuer

from .accounts.models import User

GUIDE = (Path(__file__).parents[3] / "docs" / "how-to" / "django" / "users.md").read_text()


def recipe(package: str) -> dict[str, Any]:
    """``MATCH`` for those who come from *package*, as the guide has it."""
    (found,) = re.findall(rf"^\| {package} \|.*`(\{{.*?\}})`", GUIDE, re.M)
    return {"MATCH": json.loads(found)}


class MovedTest(TestCase):
    """Two people who were there before, and the staff."""

    client_class = JWTClient

    def setUp(self) -> None:
        """Make them."""
        make = User.objects.create_user
        self.ada, self.bob = (
            make(name, f"{name}@shop.example", uuid=uuid.uuid4()) for name in ("ada", "bob")
        )
        self.root = make("root", "root@shop.example", uuid=uuid.uuid4(), is_staff=True)

    def pk(self, options: dict[str, Any], **claims: Any) -> Any:
        """The account that a token with these claims signs in to; ``None`` if it is refused."""
        users = {"STORE": "database", **options}
        with override_settings(JWKS_AUTH={**settings.JWKS_AUTH, "USER": users}), trust_fake_issuer():
            return self.client.with_token(**claims).get("/me").json().get("pk")

    def check(self, options: dict[str, Any], mine: Any) -> None:
        """Assert that each person's token opens the person's account, without the recipe none, and staff's never."""
        assert self.pk({}, **{"sub": "x1", **mine(self.ada)}) is None, "refused, and no second account"
        assert self.pk(options, **{"sub": "x1", **mine(self.ada)}) == self.ada.pk
        assert self.pk(options, **{"sub": "x2", **mine(self.bob)}) == self.bob.pk
        assert self.pk(options, **{"sub": "x3", **mine(self.root)}) is None
        assert (User.objects.count(), JWTIdentity.objects.count()) == (3, 2)

    def test_simplejwt(self) -> None:
        """Its tokens have the key of the account in ``user_id``."""
        token = AccessToken.for_user(self.ada)
        assert JWTAuthentication().get_user(token) == self.ada
        options = recipe("djangorestframework-simplejwt")
        for user in (self.ada, self.bob):
            key = AccessToken.for_user(user).payload["user_id"]
            assert self.pk(options, sub=f"at the issuer: {user.pk}", user_id=key) == user.pk
        key = AccessToken.for_user(self.root).payload["user_id"]
        assert self.pk(options, sub="root at the issuer", user_id=key) is None

    def test_drf_oidc_auth(self) -> None:
        """The subject is the user name."""
        assert get_user_by_id(None, {"sub": "ada"}) == self.ada
        self.check(recipe("drf-oidc-auth"), lambda user: {"sub": user.username})

    def test_mozilla_django_oidc(self) -> None:
        """The e-mail address, in any case; here it must be verified."""
        backend = OIDCAuthenticationBackend()
        assert list(backend.filter_users_by_claims({"email": "ADA@shop.example"})) == [self.ada]
        options = recipe("mozilla-django-oidc")
        assert self.pk(options, sub="x1", email="ada@shop.example") is None, "mozilla-django-oidc lets it in"
        self.check(options, lambda user: {"email": user.email.upper(), "email_verified": True})

    def test_django_helusers(self) -> None:
        """The subject is the ``uuid``; a newcomer's is, too."""
        assert get_or_create_user({"sub": str(self.ada.uuid), "username": "ada"}, oidc=True) == self.ada
        options = recipe("django-helusers")
        self.check(options, lambda user: {"sub": str(user.uuid)})
        new = str(uuid.uuid4())
        pk = self.pk({**options, "CLAIM_MAP": {"uuid": "sub"}}, sub=new)
        assert str(User.objects.get(pk=pk).uuid) == new
        assert get_or_create_user({"sub": new}, oidc=True).pk == pk

"""Who may edit identities in the admin becomes nobody whose account they may not edit as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Permission, User
from django.http import HttpRequest
from django.test import Client, override_settings
from django.urls import path

from jwks_auth_django.models import JWTIdentity

pytestmark = pytest.mark.usefixtures("database")

IDENTITIES = ["add_jwtidentity", "change_jwtidentity", "delete_jwtidentity", "view_jwtidentity"]
ISSUER = "https://issuer.example/"
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

urlpatterns = [path("admin/", admin.site.urls)]


@pytest.fixture
def staff() -> Iterator[Callable[..., Client]]:
    """A client signed in as staff with these permissions."""

    def signed_in(*codenames: str) -> Client:
        user = User.objects.create(username="staff", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        return client

    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=MIDDLEWARE):
        yield signed_in


@pytest.fixture
def root(database: None) -> User:
    """An account of power, with an identity."""
    user = User.objects.create_superuser("root")
    JWTIdentity.objects.create(issuer=ISSUER, subject="root", user=user)
    return user


def form(user: User, subject: str = "mine") -> dict[str, Any]:
    """An identity as the admin's form sends it."""
    return {"issuer": ISSUER, "subject": subject, "user": user.pk}


ADD = "/admin/jwks_auth_django/jwtidentity/add/"
LIST = "/admin/jwks_auth_django/jwtidentity/"


def of(identity: JWTIdentity, what: str) -> str:
    """The address of a page about *identity*."""
    return f"{LIST}{identity.pk}/{what}/"


def test_staff_link_themselves_to_a_superuser(staff: Any, root: User) -> None:
    """Adding an identity needs the permission to change the account that it opens."""
    client = staff(*IDENTITIES)
    assert client.post(ADD, form(root)).status_code == 403
    assert not JWTIdentity.objects.filter(subject="mine").exists()


def test_who_may_change_accounts_links_them(staff: Any, root: User) -> None:
    """The control: with that permission it is added, changed and deleted."""
    client = staff(*IDENTITIES, "change_user")
    assert client.post(ADD, form(root)).status_code == 302
    identity = JWTIdentity.objects.get(subject="mine")
    assert client.post(of(identity, "change"), form(root, "other")).status_code == 302
    assert client.post(of(identity, "delete"), {"post": "yes"}).status_code == 302
    assert not JWTIdentity.objects.filter(subject__in=("mine", "other")).exists()


@pytest.fixture
def without_accounts() -> Iterator[None]:
    """A project whose admin has no page for accounts."""
    admin.site.unregister(User)
    yield
    admin.site.register(User, UserAdmin)


@pytest.mark.usefixtures("without_accounts")
def test_accounts_without_an_admin_of_their_own(staff: Any, root: User) -> None:
    """Where no admin is registered for accounts, the model's permission decides."""
    assert staff(*IDENTITIES).post(ADD, form(root)).status_code == 403
    User.objects.filter(username="staff").delete()
    assert staff(*IDENTITIES, "change_user").post(ADD, form(root)).status_code == 302


class ClosedToStaff(ModelAdmin):
    """An admin of accounts that keeps staff from superusers."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No superuser but by another."""
        return super().has_change_permission(request, obj) and not (obj is not None and obj.is_superuser)


@pytest.fixture
def closed(without_accounts: None) -> Iterator[None]:
    """A project that protects its superusers."""
    admin.site.register(User, ClosedToStaff)
    yield
    admin.site.unregister(User)


@pytest.mark.usefixtures("closed")
def test_staff_move_an_identity_to_a_superuser_or_from_one(staff: Any, root: User) -> None:
    """An identity moves only between accounts that may both be changed, and none vanishes, alone or in a list."""
    client = staff(*IDENTITIES, "change_user")
    ada = User.objects.create(username="ada")
    mine = JWTIdentity.objects.create(issuer=ISSUER, subject="mine", user=ada)
    theirs = JWTIdentity.objects.get(subject="root")
    assert client.post(of(mine, "change"), form(root)).status_code == 403
    assert client.post(of(theirs, "change"), form(ada, "root")).status_code == 403
    assert client.post(of(theirs, "change"), form(root, "mine too")).status_code == 403
    assert client.post(of(theirs, "delete"), {"post": "yes"}).status_code == 403
    both = {"action": "delete_selected", "_selected_action": [mine.pk, theirs.pk], "post": "yes"}
    assert client.post(LIST, both).status_code == 403
    assert {(row.subject, row.user) for row in JWTIdentity.objects.all()} == {("mine", ada), ("root", root)}
    eve = User.objects.create(username="eve")
    assert client.post(of(mine, "change"), form(eve)).status_code == 302
    assert JWTIdentity.objects.get(subject="mine").user == eve


def test_identities_may_still_be_seen(staff: Any, root: User) -> None:
    """Who may only look, looks."""
    from jwks_auth_django.admin import JWTIdentityAdmin

    staff("view_jwtidentity")
    request = HttpRequest()
    request.user = User.objects.get(username="staff")
    page = JWTIdentityAdmin(JWTIdentity, admin.site)
    identity = JWTIdentity.objects.get()
    assert page.has_view_permission(request, identity)
    assert not page.has_change_permission(request, identity)

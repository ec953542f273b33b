"""Identities outlive their accounts, and are blocked, unblocked and found in the admin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Permission, User
from django.db import connection, transaction
from django.db.utils import IntegrityError
from django.http import HttpRequest, JsonResponse
from django.test import Client
from django.urls import path
from django.utils import timezone

from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt
from jwks_auth_django.admin import JWTIdentityInline
from jwks_auth_django.models import JWTIdentity
from tests.django_site import settings as site

pytestmark = pytest.mark.usefixtures("database")

ISSUER = "https://issuer.example/"
LIST = "/admin/jwks_auth_django/jwtidentity/"
MIDDLEWARE = [*site.WITHOUT_MIDDLEWARE, "django.contrib.messages.middleware.MessageMiddleware"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


class WithIdentities(UserAdmin):
    """The page of an account, as the guide has it."""

    inlines = [JWTIdentityInline]


class Site(admin.AdminSite):
    """An admin with identities on the pages of accounts."""


console = Site()
console.register(User, WithIdentities)
console.register(JWTIdentity, type(admin.site.get_model_admin(JWTIdentity)))
urlpatterns = [path("admin/", console.urls)]


@pytest.fixture
def ada() -> JWTIdentity:
    """An account with one identity."""
    user = User.objects.create(username="ada", email="ada@example.org")
    return JWTIdentity.objects.create(issuer=ISSUER, subject="u1", user=user)


@contextmanager
def queries() -> Iterator[list[str]]:
    """The statements sent meanwhile."""
    sent: list[str] = []

    def note(execute: Any, sql: str, *args: Any) -> Any:
        sent.append(sql)
        return execute(sql, *args)

    with connection.execute_wrapper(note):
        yield sent


@pytest.mark.parametrize(
    "delete",
    [
        lambda user: user.delete(),
        lambda user: User.objects.filter(pk=user.pk).delete(),
        lambda user: User._base_manager.all().delete(),
    ],
    ids=["an account", "a query", "all"],
)
def test_a_deleted_account_leaves_its_identities_blocked(
    ada: JWTIdentity, delete: Callable[[User], Any]
) -> None:
    """Every way of deletion keeps the identity, without an account, and blocked."""
    delete(ada.user)
    kept = JWTIdentity.objects.get()
    assert (kept.subject, kept.user) == ("u1", None)
    assert kept.blocked_at is not None


def test_many_deleted_accounts_leave_all_their_identities_blocked() -> None:
    """In one statement or, where a database takes no more parameters, in batches."""
    many = User.objects.bulk_create([User(username=f"user{number}") for number in range(2500)])
    JWTIdentity.objects.bulk_create(
        [JWTIdentity(issuer=ISSUER, subject=user.username, user=user) for user in many]
    )
    User.objects.all().delete()
    assert JWTIdentity.objects.filter(user=None).exclude(blocked_at=None).count() == 2500


def test_an_account_deleted_in_the_admin_leaves_its_identities_blocked(ada: JWTIdentity, staff: Any) -> None:
    """By its own page, and from the list; the page that asks does not say that they are deleted."""
    client = staff()
    bob = User.objects.create(username="bob")
    JWTIdentity.objects.create(issuer=ISSUER, subject="u2", user=bob)
    page = client.get(f"/admin/auth/user/{bob.pk}/delete/").content.decode()
    assert "JWT identit" not in page.partition("Are you sure")[2]
    assert client.post(f"/admin/auth/user/{bob.pk}/delete/", {"post": "yes"}).status_code == 302
    chosen_one = {"action": "delete_selected", "_selected_action": [ada.user_id], "post": "yes"}
    assert client.post("/admin/auth/user/", chosen_one).status_code == 302
    assert set(User.objects.values_list("username", flat=True)) == {"staff"}
    assert JWTIdentity.objects.filter(user=None).exclude(blocked_at=None).count() == 2


def test_a_block_keeps_its_date(ada: JWTIdentity) -> None:
    """Deleting the account of a blocked identity does not move the date of its block."""
    JWTIdentity.objects.update(blocked_at=(at := timezone.now()))
    ada.user.delete()
    assert JWTIdentity.objects.get().blocked_at == at


def test_a_row_deleted_by_hand_is_refused_by_the_database(ada: JWTIdentity) -> None:
    """SQL that Django does not see can't take an account from under its identities."""
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM auth_user WHERE id = %s", [ada.user_id])
    assert JWTIdentity.objects.get().user.username == "ada"


@require_jwt
def orders(request: HttpRequest) -> JsonResponse:
    """Say whose they are."""
    return JsonResponse({"user": request.user.pk})


@require_jwt
async def orders_async(request: HttpRequest) -> JsonResponse:
    """Do the same on an event loop."""
    return JsonResponse({"user": (await request.auser()).pk})


class Visitor:
    """Who sends one token after another to a sync and an async view, guarded or behind the middleware."""

    def __init__(self, issuer: FakeIssuer, project: Any, **user: Any) -> None:
        self.issuer, self.project, self.options = issuer, project, user
        project()
        self.old = issuer.headers(sub="u1")

    def statuses(self) -> set[int]:
        """The answers to a token from before and to a new one, in every stack."""
        found = set()
        views = {"/sync": orders, "/async": orders_async}
        for middleware in (site.WITH_MIDDLEWARE, site.WITHOUT_MIDDLEWARE):
            self.project(views, USER={"STORE": "database", **self.options}, MIDDLEWARE=middleware)
            for headers in (self.old, self.issuer.headers(sub="u1", jti="new")):
                found |= {Client().get(route, headers=headers).status_code for route in views}
        return found


def test_a_blocked_identity_is_refused_at_once(project: Any, issuer: FakeIssuer) -> None:
    """With its next request, whatever else is known of it; unblocked, it is let in as at once."""
    visitor = Visitor(issuer, project)
    assert visitor.statuses() == {200}
    JWTIdentity.objects.update(blocked_at=timezone.now())
    assert visitor.statuses() == {401}
    JWTIdentity.objects.update(blocked_at=None)
    assert visitor.statuses() == {200}
    assert User.objects.count() == 1


@pytest.mark.parametrize("services", ["token", "create", "refuse"])
def test_a_blocked_service_does_not_come_in_without_an_account(
    project: Any, issuer: FakeIssuer, services: str
) -> None:
    """A block is asked first, before what services without an account may do."""
    project(USER={"STORE": "database", "SERVICES": services})
    JWTIdentity.objects.create(issuer=ISSUER, subject="app", blocked_at=timezone.now())
    headers = issuer.headers(sub="app", client_id="app")
    project({"/x": orders}, USER={"STORE": "database", "SERVICES": services})
    assert Client().get("/x", headers=headers).status_code == 401
    assert User.objects.count() == 0


@pytest.mark.parametrize("options", [{}, {"MATCH_EMAIL": True}], ids=["new", "matched"])
def test_a_deleted_account_is_not_made_again(
    project: Any, issuer: FakeIssuer, options: dict[str, Any]
) -> None:
    """No token, old or new, brings it back; who unblocks the identity lets its person begin anew."""
    visitor = Visitor(issuer, project, **options)
    assert visitor.statuses() == {200}
    User.objects.get().delete()
    assert visitor.statuses() == {401}
    assert (User.objects.count(), JWTIdentity.objects.count()) == (0, 1)
    JWTIdentity.objects.update(blocked_at=None)
    assert visitor.statuses() == {200}
    assert JWTIdentity.objects.get().user == User.objects.get()


@pytest.fixture
def staff(settings_of: Any) -> Callable[..., Client]:
    """A client signed in as staff with these permissions; as a superuser without any."""

    def signed_in(*codenames: str) -> Client:
        user = User.objects.create(username="staff", is_staff=True, is_superuser=not codenames)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in


@pytest.fixture
def settings_of() -> Iterator[None]:
    """This module's admin."""
    from django.test import override_settings

    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=MIDDLEWARE, TEMPLATES=TEMPLATES):
        yield


def chosen(action: str, *identities: JWTIdentity) -> dict[str, Any]:
    """The list's form with *action* for *identities*."""
    return {"action": action, "_selected_action": [identity.pk for identity in identities]}


def test_block_and_unblock(ada: JWTIdentity, staff: Any) -> None:
    """The actions set and clear the date, tell how many, and are in the log."""
    client = staff()
    page = client.post(LIST, chosen("block", ada), follow=True)
    ada.refresh_from_db()
    assert ada.blocked_at is not None
    assert "1 identity blocked" in page.content.decode()
    page = client.post(LIST, chosen("block", ada), follow=True)
    assert "0 identities blocked" in page.content.decode(), "it was"
    page = client.post(LIST, chosen("unblock", ada), follow=True)
    ada.refresh_from_db()
    assert ada.blocked_at is None
    assert "1 identity unblocked" in page.content.decode()
    assert "Changed Blocked at" in client.get(f"{LIST}{ada.pk}/history/").content.decode()


def test_staff_unblocks_an_account_that_it_may_not_change(ada: JWTIdentity, staff: Any) -> None:
    """A block is a ban: lifting it needs the permission to change the account as well."""
    JWTIdentity.objects.update(blocked_at=timezone.now())
    client = staff("view_jwtidentity", "change_jwtidentity")
    assert client.post(LIST, chosen("unblock", ada)).status_code == 403
    assert JWTIdentity.objects.get().blocked_at is not None


def test_who_may_change_accounts_unblocks_them(ada: JWTIdentity, staff: Any) -> None:
    """The control: with that permission it is unblocked, also without its account."""
    ada.user.delete()
    client = staff("view_jwtidentity", "change_jwtidentity", "change_user")
    assert client.post(LIST, chosen("unblock", ada)).status_code == 302
    assert JWTIdentity.objects.get().blocked_at is None


@pytest.mark.parametrize("sought", ["u1", "ada", "ada@example.org"])
def test_the_list_finds_an_identity_by_its_account(ada: JWTIdentity, staff: Any, sought: str) -> None:
    """By the subject, the user's name or its e-mail address, with one join and no DISTINCT over the table."""
    client = staff()
    other = User.objects.create(username="bob", email="bob@example.org")
    JWTIdentity.objects.create(issuer=ISSUER, subject="u2", user=other)
    with queries() as sent:
        page = client.get(LIST, {"q": sought}).content.decode()
    assert ("u1</a>" in page, "u2</a>" in page) == (True, False)
    assert not [sql for sql in sent if "DISTINCT" in sql]


def test_the_list_costs_no_query_for_each_identity(ada: JWTIdentity, staff: Any) -> None:
    """Accounts come with their identities, and the issuers to filter by from the settings."""
    client = staff()
    with queries() as few:
        assert client.get(LIST).status_code == 200
    for number in range(9):
        user = User.objects.create(username=f"user{number}")
        JWTIdentity.objects.create(issuer=ISSUER, subject=f"other{number}", user=user)
    with queries() as many:
        page = client.get(LIST).content.decode()
    assert len(many) == len(few)
    assert f"?issuer={ISSUER.replace(':', '%3A').replace('/', '%2F')}" in page
    assert not [sql for sql in many if "DISTINCT" in sql]


def test_the_list_is_filtered_by_issuer_and_block(ada: JWTIdentity, staff: Any) -> None:
    """By an issuer that the settings trust; by who is blocked."""
    client = staff()
    JWTIdentity.objects.create(issuer="https://gone.example/", subject="u2", user=ada.user)
    page = client.get(LIST, {"issuer": ISSUER}).content.decode()
    assert ("u1</a>" in page, "u2</a>" in page) == (True, False)
    JWTIdentity.objects.filter(subject="u2").update(blocked_at=timezone.now())
    page = client.get(LIST, {"blocked_at__isempty": "0"}).content.decode()
    assert ("u1</a>" in page, "u2</a>" in page) == (False, True)


def test_the_list_opens_under_wrong_settings(ada: JWTIdentity, staff: Any) -> None:
    """Whatever is wrong with the settings, identities can be looked at and blocked."""
    from django.test import override_settings

    client = staff()
    with override_settings(JWKS_AUTH={}):
        assert client.get(LIST).status_code == 200


def test_the_page_of_an_account_has_its_identities(ada: JWTIdentity, staff: Any) -> None:
    """They are listed there, and may be blocked and linked there."""
    client = staff()
    address = f"/admin/auth/user/{ada.user_id}/change/"
    form = {
        "username": "ada",
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
        "jwt_identities-TOTAL_FORMS": "2",
        "jwt_identities-INITIAL_FORMS": "1",
        "jwt_identities-0-id": ada.pk,
        "jwt_identities-0-user": ada.user_id,
        "jwt_identities-0-issuer": ISSUER,
        "jwt_identities-0-subject": "u1",
        "jwt_identities-0-blocked_at_0": "2026-01-01",
        "jwt_identities-0-blocked_at_1": "00:00:00",
        "jwt_identities-1-user": ada.user_id,
        "jwt_identities-1-issuer": ISSUER,
        "jwt_identities-1-subject": "u2",
    }
    assert 'value="u1"' in client.get(address).content.decode()
    assert client.post(address, form).status_code == 302
    found = ada.user.jwt_identities.order_by("subject")
    assert [(row.subject, row.blocked_at is None) for row in found] == [("u1", False), ("u2", True)]


def test_the_page_of_an_account_is_closed_to_who_may_only_edit_identities(
    ada: JWTIdentity, staff: Any
) -> None:
    """The inline opens no account that its page does not."""
    client = staff("add_jwtidentity", "change_jwtidentity", "view_jwtidentity", "view_user")
    address = f"/admin/auth/user/{ada.user_id}/change/"
    assert client.get(address).status_code == 200
    assert client.post(address, {}).status_code == 403

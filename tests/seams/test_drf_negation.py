"""DRF's ``~`` around what asks a token lets nobody in who has none, wherever the ``~`` stands."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.permissions import AllowAny, BasePermission, IsAdminUser, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from jwks_auth.testing import FakeIssuer
from jwks_auth_django.composition import NegatedToken, TokenPermission
from jwks_auth_django.rest_framework import HasAnyScope, HasRole, HasScopes, IsPerson, JWTAuthentication
from tests.django_site import settings as site

GUEST = HasRole("guest")


class OwnersOnly(BasePermission):
    """Of an object; without one, anybody."""

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        """No object here has an owner."""
        return False


class Base(APIView):
    """Tokens first, then sessions."""

    authentication_classes: Any = [JWTAuthentication, SessionAuthentication]
    required_scopes: Any = {"GET": "orders:read"}

    def get(self, request: Any) -> Response:
        """Past both gates, the view's and the object's."""
        self.check_object_permissions(request, object())
        return Response({})

    post = get


class Guarded(Base):
    """Its own gate only: what DRF negates, it negates of every object too."""

    def get(self, request: Any) -> Response:
        """Past the view's gate."""
        return Response({})


def client_of(project: Any, permissions: list[Any], user: User | None = None, **settings: Any) -> APIClient:
    """A client of a view with these permissions, with a session of *user*."""
    view = type("View", (Base,), {"permission_classes": permissions})
    project({"/x": view.as_view()}, **settings)
    client = APIClient()
    if user is not None:
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


NEGATIONS: list[list[Any]] = [
    [~GUEST],
    [~HasScopes],
    [~HasAnyScope],
    [~HasScopes("x")],
    [~IsPerson],
    [HasScopes("x") | ~GUEST],
    [~GUEST | HasScopes("x")],
    [~(GUEST | HasScopes("x"))],
    [~(GUEST & HasScopes("x"))],
    [~(GUEST | IsAdminUser)],
    [~(IsAdminUser | GUEST)],
    [~(HasScopes | GUEST)],
    [~(AllowAny & HasScopes)],
    [~~(~GUEST)],
    [~~~GUEST],
    [~(IsAdminUser | HasScopes)],
    [~(AllowAny & HasAnyScope)],
    [~(HasScopes("x") | ~~GUEST)],
    [AllowAny, ~GUEST],
    [AllowAny & ~GUEST],
    [~(AllowAny & GUEST)],
    [~(AllowAny & ~HasScopes("x"))],
    [~~(AllowAny & ~GUEST)],
    [OwnersOnly | ~GUEST],
]


def test_an_object_that_is_asked_about_alone(project: Any) -> None:
    """A view that skips its own gate meets the same no at the object's."""
    view = type(
        "View", (Base,), {"permission_classes": [~GUEST], "check_permissions": lambda self, request: None}
    )
    project({"/x": view.as_view()})
    assert APIClient().get("/x").status_code == 401


def test_a_request_without_a_view(project: Any) -> None:
    """Made by hand, it has no permissions that could be negated: nobody sent a token."""
    project()
    assert JWTAuthentication().authenticate(Request(HttpRequest())) is None


def test_a_permission_of_ones_own_says_what_it_can_judge() -> None:
    """The base of those that ask a token leaves it to them."""
    with pytest.raises(NotImplementedError):
        TokenPermission().can_judge(None, None)  # type: ignore[arg-type]
    with pytest.raises(NotImplementedError):
        TokenPermission().policy_for(None, "GET")


STACKS = [[], site.WITHOUT_MIDDLEWARE, site.WITH_MIDDLEWARE]
SHORT: list[Any] = [
    ~(IsAuthenticated & GUEST),
    ~(IsAuthenticated & IsAdminUser & HasScopes("x")),
    ~(IsAuthenticated & ~GUEST) & AllowAny,
    IsAdminUser | ~(IsAuthenticated & GUEST),
    AllowAny & ~(IsAuthenticated & (GUEST | IsAdminUser)),
]


@pytest.mark.parametrize("permission", SHORT)
def test_a_negation_whose_permission_was_never_asked(
    project: Any, issuer: FakeIssuer, permission: Any
) -> None:
    """DRF stops at ``IsAuthenticated``, and the ``~`` around it makes a yes of that; a token is asked all the same."""
    client = client_of(project, [permission])
    assert client.get("/x").status_code == 401
    assert client.get("/x", headers=issuer.headers(roles=["guest"])).status_code in {200, 403}


@pytest.mark.parametrize("classes", [[], [SessionAuthentication], [BasicAuthentication]])
@pytest.mark.parametrize(
    "permission", [*SHORT, ~(IsAuthenticated & IsAdminUser & ~GUEST), ~(~IsAdminUser & GUEST)]
)
def test_a_negation_where_our_authentication_is_not_listed(
    project: Any, issuer: FakeIssuer, permission: Any, classes: list[Any]
) -> None:
    """Nobody has a token there, or the middleware alone knows it: DRF's permission on the left does not decide."""
    view = type("View", (Base,), {"permission_classes": [permission], "authentication_classes": classes})
    for stack in STACKS:
        project({"/x": view.as_view()}, MIDDLEWARE=stack)
        assert APIClient().get("/x").status_code in {401, 403}


@pytest.mark.parametrize(
    "left", [IsAuthenticated, ~IsAdminUser, IsAuthenticated | IsAdminUser, IsAdminUser & AllowAny]
)
def test_what_is_composed_with_ours_is_ours(left: Any) -> None:
    """Whatever of DRF's stands on the left, and however deep: its ``~`` needs a token."""
    for composed in (left & GUEST, left | GUEST, left & (left | GUEST), left | (left & ~GUEST)):
        assert (~composed).operator_class is NegatedToken


def test_another_way_in_beside_such_a_negation(project: Any, database: None, issuer: FakeIssuer) -> None:
    """The control: who needs no token still needs none, and DRF's own negations are left alone."""
    admin = User.objects.create(username="root", is_staff=True)
    assert client_of(project, [IsAdminUser | ~(IsAuthenticated & GUEST)], admin).get("/x").status_code == 200
    negated = ~IsAdminUser | ~(IsAuthenticated & GUEST)
    project(
        {"/x": type("View", (Guarded,), {"permission_classes": [AllowAny, negated, ~IsAdminUser]}).as_view()}
    )
    client = APIClient()
    assert client.get("/x").status_code == 200
    assert client.get("/x", headers=issuer.headers(roles=["member"])).status_code == 200


@pytest.mark.parametrize("stack", STACKS, ids=["bare", "Django's", "with ours"])
@pytest.mark.parametrize("permissions", NEGATIONS)
def test_a_negation_opens_nothing_to_nobody(project: Any, permissions: list[Any], stack: list[str]) -> None:
    """A request without any token is 401, not "no guest"."""
    client = client_of(project, permissions, MIDDLEWARE=stack)
    assert client.get("/x").status_code == 401
    assert client.get("/x", headers={"Authorization": "Basic dXNlcjpwYXNz"}).status_code == 401


@pytest.mark.parametrize("permissions", NEGATIONS)
def test_a_session_is_no_token_that_could_be_negated(
    project: Any, database: None, permissions: list[Any]
) -> None:
    """Neither is a user who is signed in by a session, even with the middleware."""
    client = client_of(project, permissions, User.objects.create(username="ada"))
    assert client.get("/x").status_code == 403


@pytest.mark.parametrize(
    "permission",
    [
        ~GUEST,
        HasScopes("x") | ~GUEST,
        ~(GUEST | HasScopes("x")),
        ~(IsAdminUser | GUEST),
        ~(AllowAny & GUEST),
        ~(IsAuthenticated & GUEST),
        IsAuthenticated & ~GUEST,
        ~~(AllowAny & ~GUEST),
        OwnersOnly & AllowAny | ~GUEST,
    ],
)
def test_a_token_is_negated_as_always(project: Any, issuer: FakeIssuer, permission: Any) -> None:
    """The control: a token without the role gets in, a guest's is 403 with a challenge."""
    client = client_of(project, [permission])
    assert client.get("/x", headers=issuer.headers(roles=["member"])).status_code == 200
    refused = client.get("/x", headers=issuer.headers(roles=["guest"]))
    assert (refused.status_code, "insufficient_scope" in refused["WWW-Authenticate"]) == (403, True)


@pytest.mark.parametrize(
    "permission",
    [~HasScopes, ~HasAnyScope, ~(HasScopes | GUEST), ~(AllowAny & HasScopes), ~~(AllowAny & ~HasScopes)],
)
def test_a_method_that_names_no_scope_is_closed_to_a_negation_too(
    project: Any, issuer: FakeIssuer, permission: Any
) -> None:
    """``required_scopes`` says nothing of POST: neither a scope nor the want of one opens it; GET is named."""
    client = client_of(project, [permission])
    headers = issuer.headers(scope="orders:write")
    assert client.get("/x", headers=headers).status_code == 200
    refused = client.post("/x", headers=headers)
    assert (refused.status_code, "insufficient_scope" in refused["WWW-Authenticate"]) == (403, True)
    assert client.post("/x", headers=issuer.headers(scope="orders:read")).status_code == 403


@pytest.mark.parametrize(
    "permission", [~GUEST | IsAdminUser, IsAdminUser | ~GUEST, HasScopes("x") | IsAdminUser]
)
def test_what_else_opens_a_view_still_does(project: Any, database: None, permission: Any) -> None:
    """An administrator's session needs no token where the composition says so."""
    client = client_of(project, [permission], User.objects.create(username="root", is_staff=True))
    assert client.get("/x").status_code == 200

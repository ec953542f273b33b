"""DRF: what is DRF's own; statuses, challenges and bodies are in the contract."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from rest_framework.authentication import SessionAuthentication
from rest_framework.decorators import api_view, permission_classes
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny, BasePermission, IsAdminUser, IsAuthenticated
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.test import APIClient, APIRequestFactory
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from jwks_auth.testing import FakeIssuer
from jwks_auth_django.rest_framework import (
    HasAnyScope,
    HasAuthentication,
    HasRole,
    HasScopes,
    JWTAuthentication,
)
from jwks_auth_django.signals import token_verified
from jwks_auth_django.test import JWTClientMixin


class Never(BasePermission):
    """Lets nobody in."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """No."""
        return False


class Base(APIView):
    """Says who it is."""

    permission_classes: ClassVar[list[Any]] = [IsAuthenticated]

    def get(self, request: Any) -> Response:
        """Who it is."""
        self.check_object_permissions(request, object())
        return Response({"user": str(request.user), "sub": request.auth and request.auth.subject})


def allowed(project: Any, permission: Any, **headers: str) -> tuple[int, str | None]:
    """Status and challenge of a view with *permission*."""
    project({"/x": type("View", (Base,), {"permission_classes": [permission]}).as_view()}, MIDDLEWARE=[])
    response = APIClient().get("/x", headers=headers)
    return response.status_code, response.headers.get("WWW-Authenticate")


@pytest.mark.parametrize(
    ("permission", "status", "scope"),
    [
        (HasScopes("a"), 200, None),
        (HasScopes("a", "b"), 403, "a b"),
        (HasAnyScope("b", "a"), 200, None),
        (HasAnyScope("b", "c"), 403, "b"),
        (HasScopes("a") & HasRole("admin"), 200, None),
        (HasScopes("a") & HasScopes("b"), 403, "a b"),
        (HasScopes("b") | HasRole("admin"), 200, None),
        (HasScopes("b") | HasScopes("c"), 403, "b"),
        (~HasScopes("b"), 200, None),
        (~HasScopes("a"), 403, None),
        (IsAdminUser | HasScopes("a"), 200, None),
        (IsAdminUser | HasScopes("b") | IsAuthenticated, 200, None),
        (HasScopes("b") | IsAdminUser, 403, "b"),
        (IsAuthenticated & ~HasRole("banned"), 200, None),
        (HasRole("root", "admin"), 200, None),
        (HasRole("root"), 403, None),
    ],
)
def test_permissions_compose(
    project: Any, issuer: FakeIssuer, permission: Any, status: int, scope: str | None
) -> None:
    """With ``& | ~``, with DRF's own and with each other; a refusal names the scope, an admission nothing."""
    answer, challenge = allowed(project, permission, **issuer.headers(scope="a", roles=["admin"]))
    assert answer == status
    named = f'scope="{scope}"' if scope else ""
    assert named in (challenge or "")
    assert (challenge is None) == (status == 200)


def test_without_a_token_the_challenge_names_the_scopes_of_the_view(project: Any) -> None:
    """401 where nobody authenticated."""
    assert allowed(project, HasScopes("a")) == (401, 'Bearer realm="api", scope="a"')
    assert allowed(project, HasRole("a")) == (401, 'Bearer realm="api"')


class Orders(ViewSet):
    """Scopes by action, and by method."""

    permission_classes: ClassVar[list[Any]] = [HasScopes]
    required_scopes: ClassVar[dict[str, Any]] = {
        "list": "orders:read",
        "POST": ["orders:read", "orders:write"],
    }

    def list(self, request: Any) -> Response:
        """GET."""
        return Response([])

    def create(self, request: Any) -> Response:
        """POST."""
        return Response({}, status=201)

    def destroy(self, request: Any, pk: str) -> Response:
        """DELETE, for which nothing is said."""
        return Response(status=204)


def routed() -> Any:
    """The view set's URLs."""
    router = SimpleRouter(trailing_slash=False)
    router.register("orders", Orders, basename="order")
    return include(router.urls)


def test_required_scopes_by_action_and_method(project: Any, issuer: FakeIssuer) -> None:
    """HEAD asks what GET asks; an action for which nothing is said is closed."""
    project({"/": routed()}, MIDDLEWARE=[])
    client = APIClient()
    read, write = issuer.headers(scope="orders:read"), issuer.headers(scope="orders:read orders:write")
    assert client.get("/orders", headers=read).status_code == 200
    assert client.head("/orders", headers=read).status_code == 200
    assert client.post("/orders", headers=read).status_code == 403
    assert client.post("/orders", headers=write).status_code == 201
    assert client.delete("/orders/1", headers=write).status_code == 403


def test_required_scopes_by_method_of_a_plain_view(project: Any, issuer: FakeIssuer) -> None:
    """A view without actions names methods; an empty list asks for any good token."""

    class View(Base):
        permission_classes: ClassVar[list[Any]] = [HasAnyScope]
        required_scopes: ClassVar[dict[str, Any]] = {"GET": ["a", "b"], "OPTIONS": []}

    project({"/x": View.as_view()}, MIDDLEWARE=[])
    assert APIClient().get("/x", headers=issuer.headers(scope="b")).status_code == 200
    assert APIClient().head("/x", headers=issuer.headers(scope="b")).status_code == 200
    assert APIClient().get("/x", headers=issuer.headers()).status_code == 403
    assert APIClient().options("/x", headers=issuer.headers()).status_code == 200


def test_nothing_named_is_a_mistake(project: Any, issuer: FakeIssuer) -> None:
    """HasScopes without names needs required_scopes; HasRole and HasAuthentication always name."""
    with pytest.raises(ImproperlyConfigured, match="no required_scopes"):
        allowed(project, HasScopes, **issuer.headers())
    with pytest.raises(ImproperlyConfigured, match="HasRole"):
        HasRole()
    with pytest.raises(ImproperlyConfigured, match="HasAuthentication needs acr= or max_auth_age="):
        HasAuthentication()


def test_function_views(project: Any, issuer: FakeIssuer) -> None:
    """@permission_classes takes them too."""

    @api_view(["GET"])
    @permission_classes([HasScopes("a")])
    def view(request: Any) -> Response:
        return Response({})

    project({"/x": view}, MIDDLEWARE=[])
    assert APIClient().get("/x", headers=issuer.headers(scope="a")).status_code == 200
    assert APIClient().get("/x", headers=issuer.headers()).status_code == 403


def test_behind_another_authentication_the_challenge_is_still_right(project: Any, issuer: FakeIssuer) -> None:
    """A class before ours that has no challenge turns no 401 into a 403."""

    class View(Base):
        authentication_classes: ClassVar[list[Any]] = [SessionAuthentication, JWTAuthentication]

    project({"/x": View.as_view()}, MIDDLEWARE=[])
    response = APIClient().get("/x", headers={"Authorization": "Bearer nonsense"})
    assert (response.status_code, "invalid_token" in response["WWW-Authenticate"]) == (401, True)
    assert APIClient().get("/x", headers=issuer.headers()).status_code == 200


def test_permissions_behind_session_authentication(project: Any, issuer: FakeIssuer) -> None:
    """With the middleware, DRF's own SessionAuthentication finds the token's user; its scopes count then too."""

    class View(APIView):
        authentication_classes: ClassVar[list[Any]] = [SessionAuthentication]
        permission_classes: ClassVar[list[Any]] = [HasScopes("a")]

        def post(self, request: Any) -> Response:
            return Response({"user": str(request.user)})

    project({"/x": View.as_view()})
    client = APIClient(enforce_csrf_checks=True)
    assert client.post("/x", headers=issuer.headers(sub="u1", scope="a")).json() == {"user": "u1"}
    assert client.post("/x", headers=issuer.headers()).status_code == 403
    assert client.post("/x").status_code == 403
    client.force_authenticate(User(username="ada"))
    assert client.post("/x", headers=issuer.headers(scope="a")).status_code == 403, "a token of somebody else"


def test_outage_is_503_in_drfs_shape(project: Any, issuer: FakeIssuer) -> None:
    """With Retry-After, and no challenge."""
    project({"/x": Base.as_view()}, MIDDLEWARE=[])
    with issuer.outage():
        response = APIClient().get("/x", headers=issuer.headers())
    assert (response.status_code, int(response["Retry-After"]) >= 1) == (503, True)
    assert response.json() == {"detail": "The access token can't be verified at the moment"}


def test_refusals_are_authentication_failures(project: Any) -> None:
    """A project's exception handler knows them by DRF's own class."""
    project()
    request = APIRequestFactory().get("/", headers={"Authorization": "Bearer nonsense"})
    view = Base()
    with pytest.raises(AuthenticationFailed) as refused:
        JWTAuthentication().authenticate(view.initialize_request(request))
    assert refused.value.get_codes() == "malformed"


def test_verified_once_with_the_middleware(project: Any, issuer: FakeIssuer) -> None:
    """DRF uses what the middleware found."""
    told: list[Any] = []

    def listen(**kwargs: Any) -> None:
        told.append(kwargs)

    token_verified.connect(listen)
    project({"/x": Base.as_view()})
    assert APIClient().get("/x", headers=issuer.headers(sub="u1")).json() == {"user": "u1", "sub": "u1"}
    token_verified.disconnect(listen)
    assert len(told) == 1


class InCode(Base):
    """Its permissions are made in code, where DRF expects them to be made already."""

    def get_permissions(self) -> list[Any]:
        """One made, one a class with names, one of these composed."""
        return [HasScopes(), HasScopes("a"), (IsAuthenticated & HasRole("admin"))()]


class Owner(HasRole):
    """A permission with names, and a word, of its own."""

    message = "Owners only"

    def __init__(self, *names: str, also: str = "owner") -> None:
        super().__init__(*names, also)


def test_a_permission_with_names_stands_for_one(project: Any, issuer: FakeIssuer) -> None:
    """In ``get_permissions()`` too; and equal names make equal permissions."""
    project({"/x": type("View", (InCode,), {"required_scopes": "a"}).as_view()})
    client = APIClient()
    assert client.get("/x", headers=issuer.headers(scope="a", roles=["admin"])).status_code == 200
    assert client.get("/x", headers=issuer.headers(scope="b", roles=["admin"])).status_code == 403
    assert client.get("/x", headers=issuer.headers(scope="a", roles=["member"])).status_code == 403
    assert HasScopes("a")().has_object_permission.__func__ is HasScopes("a").has_object_permission.__func__
    assert (HasScopes("a") & IsAuthenticated) == (HasScopes("a") & IsAuthenticated)
    assert HasScopes("a") != HasScopes("b")


@pytest.mark.parametrize(
    "permission", [Owner("x"), Owner, Owner(also="admin"), type("Mine", (Owner("x"),), {})]
)
def test_a_permission_of_ones_own_with_names(project: Any, issuer: FakeIssuer, permission: Any) -> None:
    """Derived from one of ours, or from one with names; its message is what the client reads."""
    project({"/x": type("View", (Base,), {"permission_classes": [permission]}).as_view()})
    client = APIClient()
    role = "admin" if "admin" in permission.__name__ else "owner"
    assert client.get("/x", headers=issuer.headers(roles=[role])).status_code == 200
    refused = client.get("/x", headers=issuer.headers(roles=["member"]))
    assert (refused.status_code, refused.json()) == (403, {"detail": "Owners only"})


def test_force_authenticate(project: Any, issuer: FakeIssuer) -> None:
    """Tests that don't care for tokens keep working."""
    project({"/x": Base.as_view()})
    client = APIClient()
    client.force_authenticate(User(username="ada"))
    assert client.get("/x").json() == {"user": "ada", "sub": None}
    project({"/x": type("View", (Base,), {"permission_classes": [HasScopes("a")]}).as_view()})
    assert client.get("/x").status_code == 403, "a forced user has no scopes"


def test_throttling_counts_users(project: Any, issuer: FakeIssuer) -> None:
    """By issuer and subject: one user's requests are not another's."""

    class Twice(UserRateThrottle):
        rate = "2/hour"

    project({"/x": type("View", (Base,), {"throttle_classes": [Twice]}).as_view()}, MIDDLEWARE=[])
    statuses = [APIClient().get("/x", headers=issuer.headers(sub="throttled")).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert APIClient().get("/x", headers=issuer.headers(sub="another")).status_code == 200


def test_browsable_api(project: Any, issuer: FakeIssuer) -> None:
    """It shows forms only for what the token allows, and leaves no challenge behind when it asks."""

    class View(Orders):
        renderer_classes: ClassVar[list[Any]] = [BrowsableAPIRenderer, JSONRenderer]

    view = View.as_view({"get": "list", "post": "create"})
    project({"/orders": view}, MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"])
    headers = {**issuer.headers(scope="orders:read"), "Accept": "text/html"}
    response = APIClient().get("/orders", headers=headers)
    assert (response.status_code, response.headers.get("WWW-Authenticate")) == (200, None)
    assert b"<html" in response.content
    refused = APIClient().get("/orders", headers={**issuer.headers(), "Accept": "text/html"})
    assert (refused.status_code, 'scope="orders:read"' in refused["WWW-Authenticate"]) == (403, True)


class Client(JWTClientMixin, APIClient):
    """DRF's test client with tokens."""


def test_test_client(project: Any) -> None:
    """with_token() on DRF's client; its own credentials() and formats still work."""
    project({"/": routed()})
    client = Client()
    assert client.with_token(scopes=["orders:read"]).get("/orders").status_code == 200
    reader = client.with_token(scopes=["orders:read", "orders:write"])
    assert reader.post("/orders", {"a": 1}, format="json").status_code == 201
    assert client.get("/orders").status_code == 401


def documented(view: Any) -> tuple[Any, Any]:
    """The security of GET /x, and the scheme."""
    schema = SchemaGenerator(patterns=[path("x", view)]).get_schema(request=None, public=True)
    return schema["paths"]["/x"]["get"]["security"], schema["components"]["securitySchemes"]["jwtAuth"]


@pytest.mark.parametrize(
    ("permission", "scopes"),
    [
        (HasScopes("a", "b"), [["a", "b"]]),
        (HasAnyScope("a", "b"), [["a"], ["b"]]),
        (HasScopes("a") & HasScopes("b"), [["a", "b"]]),
        (HasScopes("a") | HasScopes("b"), [["a"], ["b"]]),
        (IsAuthenticated & HasScopes("a"), [["a"]]),
        (~HasScopes("a"), [[]]),
        (HasRole("admin"), [[]]),
    ],
)
def test_spectacular_names_scopes(project: Any, permission: Any, scopes: list[list[str]]) -> None:
    """Each set of scopes that is enough is one alternative."""
    view = type("View", (Base,), {"permission_classes": [permission]})
    view.get = api_schema(view.get)
    security, scheme = documented(view.as_view())
    assert security == [{"jwtAuth": names} for names in scopes]
    assert scheme == {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


def test_spectacular_names_scopes_of_each_operation(project: Any) -> None:
    """required_scopes by action and method."""
    router = SimpleRouter(trailing_slash=False)
    router.register("orders", DocumentedOrders, basename="order")
    schema = SchemaGenerator(patterns=router.urls).get_schema(request=None, public=True)
    operations = schema["paths"]["/orders"]
    assert operations["get"]["security"] == [{"jwtAuth": ["orders:read"]}]
    assert operations["post"]["security"] == [{"jwtAuth": ["orders:read", "orders:write"]}]


def api_schema(method: Any) -> Any:
    """The method, with answers that need no guessing."""
    from drf_spectacular.utils import extend_schema

    return extend_schema(responses={200: dict}, request=None)(method)


class DocumentedOrders(Orders):
    """As Orders, with answers that need no guessing."""

    list = api_schema(Orders.list)
    create = api_schema(Orders.create)
    destroy = None


class Anybody(Base):
    """Open, but no bad token."""

    permission_classes: ClassVar[list[Any]] = [AllowAny]


def test_a_bad_token_is_never_anonymous(project: Any) -> None:
    """AllowAny lets anybody in but a bad token."""
    project({"/x": Anybody.as_view()}, MIDDLEWARE=[])
    assert APIClient().get("/x").status_code == 200
    assert APIClient().get("/x", headers={"Authorization": "Bearer nonsense"}).status_code == 401


class Other(JWTAuthentication):
    """A second class, which looks at the same header."""


@pytest.mark.parametrize(
    ("view", "vary"),
    [
        ({}, {"Authorization"}),
        ({"authentication_classes": [JWTAuthentication, Other]}, {"Authorization"}),
        ({"renderer_classes": [JSONRenderer, BrowsableAPIRenderer]}, {"Accept", "Authorization"}),
    ],
)
def test_caches_are_told_without_the_middleware(
    project: Any, issuer: FakeIssuer, view: dict[str, Any], vary: set[str]
) -> None:
    """Every answer varies with the header, beside what DRF says itself."""
    view = {"renderer_classes": [JSONRenderer], "permission_classes": [AllowAny], **view}
    project({"/x": type("View", (Base,), view).as_view()}, MIDDLEWARE=[])
    for status, headers in [(200, {}), (200, issuer.headers()), (401, {"Authorization": "Bearer x"})]:
        response = APIClient().get("/x", headers=headers)
        told = response["Vary"].split(", ")
        assert (response.status_code, set(told), len(told)) == (status, vary, len(vary))


def test_a_request_outside_of_a_view(project: Any, issuer: FakeIssuer) -> None:
    """Authentication works on a request made by hand too."""
    project({})
    request = Request(APIRequestFactory().get("/x", headers=issuer.headers(sub="u1")))
    found = JWTAuthentication().authenticate(request)
    assert found is not None
    assert found[1].subject == "u1"

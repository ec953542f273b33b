"""DRF's own ways: forced authentication, codes, sessions beside tokens, and what its documents say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import User
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory, force_authenticate
from rest_framework.views import APIView, exception_handler

from jwks_auth.testing import FakeIssuer
from jwks_auth_django.rest_framework import (
    HasAnyScope,
    HasAuthentication,
    HasRole,
    HasScopes,
    IsPerson,
    JWTAuthentication,
)
from jwks_auth_django.spectacular import JWTScheme
from tests.django_site import settings as site

MFA = "urn:acme:mfa"


class Never(BasePermission):
    """A project's own permission, with a code of its own."""

    code = "closed"

    def has_permission(self, request: Any, view: Any) -> bool:
        """No."""
        return False


class View(APIView):
    """Says who it is, and whose token."""

    permission_classes: ClassVar[list[Any]] = [IsAuthenticated]

    @extend_schema(responses={200: dict}, request=None)
    def get(self, request: Any) -> Response:
        """Who it is."""
        return Response({"user": str(request.user), "sub": request.auth and request.auth.subject})


def view_with(*permissions: Any, **attributes: Any) -> Any:
    """A view with these permissions."""
    return type("Some", (View,), {"permission_classes": list(permissions), **attributes}).as_view()


# -- force_authenticate


@pytest.mark.parametrize(
    ("permission", "enough", "too_little"),
    [
        (HasScopes("a", "b"), {"scopes": ["a", "b"]}, {"scopes": ["a"]}),
        (HasAnyScope("a", "b"), {"scope": "b"}, {"scope": "c"}),
        (HasRole("admin"), {"roles": ["admin"]}, {"roles": ["clerk"]}),
        (~HasRole("guest") & HasScopes("a"), {"scopes": "a"}, {"scopes": "a", "roles": ["guest"]}),
        (IsPerson, {"sub": "u1"}, {"sub": "client", "client_id": "client"}),
        (HasAuthentication(acr=MFA), {"acr": MFA}, {"acr": "urn:acme:password"}),
    ],
    ids=["scopes", "any scope", "role", "composed", "person", "authentication"],
)
def test_forced_authentication_satisfies_our_permissions(
    project: Any, issuer: FakeIssuer, permission: Any, enough: dict[str, Any], too_little: dict[str, Any]
) -> None:
    """With a token that nobody signed; one that is not enough gets the challenge that a signed one gets."""
    project({"/x": view_with(permission)}, MIDDLEWARE=site.WITH_MIDDLEWARE)
    client = APIClient()
    client.force_authenticate(user=User(username="u1"), token=issuer.verified(**enough))
    assert client.get("/x").status_code == 200
    client.force_authenticate(user=User(username="u1"), token=issuer.verified(**too_little))
    refused = client.get("/x")
    signed = APIClient().get("/x", headers=issuer.headers(**too_little))
    assert refused.status_code == signed.status_code in (401, 403)
    assert refused["WWW-Authenticate"] == signed["WWW-Authenticate"]


def test_forced_authentication_without_a_token(project: Any, issuer: FakeIssuer) -> None:
    """The control: a user alone has no scopes; and the request factory's function does the same."""
    project({"/x": view_with(HasScopes("a"))}, MIDDLEWARE=[])
    client = APIClient()
    client.force_authenticate(user=User(username="u1"))
    assert client.get("/x").status_code == 403
    request = APIRequestFactory().get("/x")
    force_authenticate(request, user=User(username="u1"), token=issuer.verified(sub="u7", scopes=["a"]))  # type: ignore[arg-type]
    assert view_with(HasScopes("a"))(request).data == {"user": "u1", "sub": "u7"}


# -- detail.code


def codes(client: Any, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """Status and code of a refusal, as a project's own exception handler sees them."""
    answer = client.get("/x", headers=headers or {})
    return answer.status_code, answer.data["code"]


@pytest.fixture
def with_codes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A project whose exception handler puts codes into bodies."""

    def handler(error: Any, context: Any) -> Any:
        response = exception_handler(error, context)
        response.data = {"code": error.detail.code}
        return response

    monkeypatch.setattr(View, "get_exception_handler", lambda view: handler)
    return


def test_the_code_is_ours(project: Any, issuer: FakeIssuer, with_codes: None) -> None:
    """Of a token's refusal, by authentication or by permission: what logs and signals call it."""
    project({"/x": view_with(IsAuthenticated, HasScopes("a"))}, MIDDLEWARE=[])
    client = APIClient()
    assert codes(client) == (401, "missing_token")
    assert codes(client, {"Authorization": "Bearer nonsense"}) == (401, "malformed")
    assert codes(client, issuer.headers(exp=1)) == (401, "expired")
    assert codes(client, issuer.headers(aud="other")) == (401, "wrong_audience")
    assert codes(client, {"Authorization": "Bearer a b"}) == (400, "invalid_request")
    assert codes(client, issuer.headers()) == (403, "insufficient_scope")
    with issuer.outage():
        project({"/x": view_with()}, MIDDLEWARE=[])
        status, _ = codes(client, issuer.headers())
        assert status == 503


def test_the_code_of_another_permission_stays(project: Any, issuer: FakeIssuer, with_codes: None) -> None:
    """A code that a project's permission gives is the project's."""
    project({"/x": view_with(HasScopes("a"), Never)}, MIDDLEWARE=[])
    assert codes(APIClient(), issuer.headers(scope="a")) == (403, "closed")


# -- sessions first


SESSION_FIRST = {"authentication_classes": [SessionAuthentication, JWTAuthentication]}


def test_the_token_is_there_where_a_session_class_comes_first(project: Any, issuer: FakeIssuer) -> None:
    """The middleware signs its user in, a session class finds that user, and ``request.auth`` is the token."""
    project({"/x": view_with(IsAuthenticated, **SESSION_FIRST)}, MIDDLEWARE=site.WITH_MIDDLEWARE)
    answer = APIClient().get("/x", headers=issuer.headers(sub="u1"))
    assert answer.json() == {"user": "u1", "sub": "u1"}


def test_a_session_s_own_user_has_no_token(project: Any, issuer: FakeIssuer, database: None) -> None:
    """A session without a token; and a session that wins over a token, as the project's order says, has none either."""
    person = User.objects.create_user("of the session")
    project({"/x": view_with(IsAuthenticated, **SESSION_FIRST)}, MIDDLEWARE=site.WITHOUT_MIDDLEWARE)
    client = APIClient()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    for headers in ({}, issuer.headers(sub="u1")):
        assert client.get("/x", headers=headers).json() == {"user": "of the session", "sub": None}


# -- documents


@pytest.fixture
def version() -> Iterator[Any]:
    """``version("3.0.3")``: what drf-spectacular's documents claim."""
    yield lambda number: spectacular_settings.apply_patches({"OAS_VERSION": number})
    spectacular_settings.clear_patches()


def security(view: Any) -> Any:
    """What the document says of GET /x."""
    schema = SchemaGenerator(patterns=[path("x", view)]).get_schema(request=None, public=True)
    return schema["openapi"], schema["paths"]["/x"]["get"]["security"]


def test_scopes_are_named_where_the_version_allows_them(project: Any, version: Any) -> None:
    """OpenAPI 3.0 has them for ``openIdConnect`` and ``oauth2`` alone, 3.1 for any scheme."""
    view = view_with(HasScopes("a") | HasScopes("b"))
    version("3.1.0")
    assert security(view) == ("3.1.0", [{"jwtAuth": ["a"]}, {"jwtAuth": ["b"]}])
    version("3.0.3")
    assert security(view) == ("3.0.3", [{"jwtAuth": []}])


def test_a_scheme_that_has_scopes_names_them_in_every_version(project: Any, version: Any) -> None:
    """A project's own subclass of the extension, for its own subclass of the authentication."""

    class Discovered(JWTAuthentication):
        """An authentication that clients discover."""

    class DiscoveredScheme(JWTScheme):  # type: ignore[no-untyped-call]
        """Its scheme."""

        target_class = Discovered
        match_subclasses = False
        priority = 1
        name = "discovered"

        def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
            """OpenID Connect."""
            return {"type": "openIdConnect", "openIdConnectUrl": "https://issuer.example/oidc"}

    version("3.0.3")
    view = view_with(HasScopes("a"), authentication_classes=[Discovered])
    assert security(view)[1] == [{"discovered": ["a"]}]
    DiscoveredScheme.target_class = None  # other tests make views too


def test_other_classes_stay_as_they_are(project: Any) -> None:
    """Beside ours they are alternatives."""
    view = view_with(HasScopes("a"), authentication_classes=[JWTAuthentication, BasicAuthentication])
    assert security(view)[1] == [{"jwtAuth": ["a"]}, {"basicAuth": []}]

"""An option of policies that a guard does not know: each has to pass on those that are added later, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, override_settings
from django.urls import path
from fastapi import Depends, FastAPI
from flask import Blueprint
from rest_framework.response import Response
from rest_framework.views import APIView
from starlette.testclient import TestClient

from jwks_auth import ConfigurationError, Policy, VerifiedToken
from jwks_auth.adapters import PolicyOptions, RequirementOptions
from jwks_auth.claims import option_names
from jwks_auth.claims.policy_options import RULES
from jwks_auth.claims.policy_rules import Rule
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import RequireJWTMixin
from jwks_auth_django import require_jwt as in_django
from jwks_auth_django.ninja import AsyncJWTBearer
from jwks_auth_django.ninja import JWTBearer as InNinja
from jwks_auth_django.rest_framework import HasAnyScope, HasRole, HasScopes, JWTAuthentication, Requires
from jwks_auth_fastapi import JWTBearer
from jwks_auth_fastapi.starlette import require_jwt as in_starlette
from jwks_auth_flask import JWKSAuth
from jwks_auth_flask import require_jwt as in_flask


def mixin(**options: Any) -> Any:
    """A class of Django's, which is guarded by an attribute."""
    from django.views import View

    return type("Guarded", (RequireJWTMixin, View), {"jwt": options}).as_view()


def blueprint(**options: Any) -> None:
    """A blueprint, and all that is in it."""
    JWKSAuth().protect(Blueprint("orders", __name__), **options)


def bearer() -> JWTBearer[VerifiedToken]:
    """A scheme of FastAPI's."""
    return JWTBearer(FakeIssuer().settings())


GUARDS: dict[str, Callable[..., Any]] = {
    "Policy": Policy,
    "Django's decorator": in_django,
    "Django's mixin": mixin,
    "REST framework": Requires,
    "Ninja": InNinja,
    "Ninja, async": AsyncJWTBearer,
    "Flask's decorator": in_flask,
    "Flask's decorator of an instance": JWKSAuth(name="other").require_jwt,
    "Flask's blueprint": blueprint,
    "FastAPI's dependency": lambda **options: bearer().requires(**options),
    "FastAPI's dependency, optional": lambda **options: bearer().optional.requires(**options),
    "Starlette's decorator": in_starlette,
}
EXAMPLES: PolicyOptions = {
    "scopes": "a b",
    "any_scope": ["a", "b"],
    "roles": "a",
    "any_role": ["a"],
    "permissions": ["a"],
    "claims": {"tier": "gold"},
    "person": True,
    "actor": "gateway",
    "acr": "urn:acme:mfa",
    "max_auth_age": 60,
    "sender": "dpop",
}

every_guard = pytest.mark.parametrize("guard", GUARDS.values(), ids=GUARDS)


@dataclass(frozen=True)
class UnderTheMoon(Rule):
    """The condition of an option that is not there yet."""

    phase: str

    def allows(self, token: VerifiedToken[Any], now: float) -> bool:
        """Allow it by the claim."""
        return token.get("moon") == self.phase

    def describe(self) -> dict[str, Any]:
        """The option."""
        return {"moon": self.phase}


def under_the_moon(asked: Mapping[str, Any]) -> list[Rule]:
    """Refuse an impossible phase."""
    if asked["moon"] not in ("full", "new"):
        raise ConfigurationError(f"moon: found {asked['moon']!r}, expected full or new")
    return [UnderTheMoon(asked["moon"])]


@pytest.fixture
def moon() -> Iterator[None]:
    """One more option, where all others are, and nowhere else."""
    PolicyOptions.__annotations__["moon"] = str
    RULES[("moon",)] = under_the_moon
    yield
    del RULES[("moon",)], PolicyOptions.__annotations__["moon"]


def test_each_option_has_a_type_and_a_condition() -> None:
    """Type checkers read the one, guards the other."""
    assert option_names() == tuple(EXAMPLES) == tuple(name for together in RULES for name in together)
    own = RequirementOptions.__annotations__.keys() - PolicyOptions.__annotations__.keys()
    assert own == {"audience", "issuer", "policy", "optional"}


@every_guard
@pytest.mark.parametrize("name", EXAMPLES)
def test_every_guard_takes_every_option(guard: Callable[..., Any], name: str) -> None:
    """And none takes ``None``, which an unset variable leaves, or what is no option."""
    guard(**{name: EXAMPLES[name]})  # type: ignore[literal-required]
    with pytest.raises(ConfigurationError, match=rf"\b{name}: "):
        guard(**{name: None})
    with pytest.raises(TypeError, match=rf"\b{name}_x\b"):
        guard(**{f"{name}_x": EXAMPLES[name]})  # type: ignore[literal-required]


@every_guard
def test_an_option_that_is_added_later_is_one_of_every_guard(guard: Callable[..., Any], moon: None) -> None:
    """Without a word in any adapter."""
    guard(moon="full")
    with pytest.raises(ConfigurationError, match="moon: found 'half'"):
        guard(moon="half")
    with pytest.raises(TypeError, match="did you mean moon"):
        guard(mooon="full")


@every_guard
@pytest.mark.parametrize("name", ["scopes", "any_scope"])
def test_no_guard_loses_scopes_that_can_be_read_once(guard: Callable[..., Any], name: str) -> None:
    """A generator that was used up by its check asked for nothing, so that every token passed."""
    guard(**{name: (scope for scope in ("a", "b"))})
    policy = Policy(**{name: (scope for scope in ("a", "b"))})  # type: ignore[misc]
    assert policy == Policy(**{name: ["a", "b"]})  # type: ignore[misc]
    assert policy.scopes == ("a", "b")


def test_spaces_separate_scopes_in_rest_framework_too() -> None:
    """As they do in ``require_jwt(scopes="a b")``; a role may hold one."""
    view = type("View", (), {"required_scopes": ["a b", "c"]})()
    for given, asked in (
        (HasScopes("a b", "c"), Policy(scopes=["a", "b", "c"])),
        (HasScopes(["a", "b"], "c"), Policy(scopes=["a", "b", "c"])),
        (HasScopes, Policy(scopes=["a", "b", "c"])),
        (HasAnyScope("a b"), Policy(any_scope=["a", "b"])),
        (HasRole("a b", "c"), Policy(any_role=["a b", "c"])),
        (
            Requires(Policy(roles="a"), claims={"tier": "gold"}),
            Policy(claims={"tier": "gold"}) & Policy(roles="a"),
        ),
    ):
        assert given().policy_for(view, "GET") == asked
    for wrong in ("a,b", "a  b", "", None, 3, ["a", None]):
        with pytest.raises(ConfigurationError, match="scope"):
            HasScopes(wrong)
    assert Requires(policy=Policy(roles="a"))().policy == Policy(roles="a")
    for nothing in ((), (None,)):
        with pytest.raises(ImproperlyConfigured):
            Requires(*nothing)
    with pytest.raises(ConfigurationError, match="policy"):
        Requires("a")


def test_a_route_of_fastapi_names_its_audience_and_takes_none() -> None:
    """``audience=`` replaces the settings', and ``optional=`` admits requests without a token, in a fake's too."""
    issuer = FakeIssuer()
    auth = JWTBearer(issuer.settings(audience="api"))
    app = FastAPI()
    reports = auth.requires(audience=(each for each in ["reports"]), scopes="a")
    app.get("/reports", dependencies=[Depends(reports)])(lambda: "ok")
    app.get("/any", dependencies=[Depends(auth.requires(scopes="a", optional=True))])(lambda: "ok")
    app.get("/sure", dependencies=[Depends(auth.optional.requires(scopes="a", optional=False))])(lambda: "ok")
    client = TestClient(app)

    def statuses(**claims: Any) -> list[int]:
        headers = issuer.headers(**claims) if claims else {}
        return [client.get(path, headers=headers).status_code for path in ("/reports", "/any", "/sure")]

    assert statuses() == [401, 200, 401]
    assert statuses(aud="reports", scope="a") == [200, 401, 401]
    assert statuses(aud="api", scope="a") == [401, 200, 200]
    assert statuses(aud=["api", "reports"], scope="b") == [403, 403, 403]
    app.dependency_overrides[auth] = auth.fake(scopes="a")
    assert statuses() == [200, 200, 200]
    app.dependency_overrides[auth] = auth.fake(scopes="b")
    assert statuses() == [403, 403, 403]


def test_a_view_of_rest_framework_names_its_issuer() -> None:
    """As an attribute of its authentication; another issuer's token is refused there alone."""
    one, other = FakeIssuer(), FakeIssuer("https://other.example/")
    issuers = [{"ISSUER": each.issuer, "JWKS": each.jwks} for each in (one, other)]

    class Ours(JWTAuthentication):
        issuer = one.issuer

    class Index(APIView):
        authentication_classes = (Ours,)
        permission_classes = (HasScopes("a"),)

        def get(self, request: Any) -> Response:
            return Response({})

    given = {"ISSUERS": issuers, "AUDIENCE": "api", "ALLOW_FAKE_ISSUER": True}
    with override_settings(JWKS_AUTH=given, ROOT_URLCONF=(path("", Index.as_view()),), MIDDLEWARE=[]):
        for issuer, status in ((one, 200), (other, 401)):
            assert Client().get("/", headers=issuer.headers(aud="api", scope="a")).status_code == status


def test_a_route_of_fastapi_names_its_issuer() -> None:
    """Another issuer's token is none of that route's, though the service takes it elsewhere."""
    one, other = FakeIssuer(), FakeIssuer("https://other.example/")
    issuers = [{"ISSUER": each.issuer, "JWKS": each.jwks} for each in (one, other)]
    auth = JWTBearer({"ISSUERS": issuers, "AUDIENCE": "api"})
    app = FastAPI()

    @app.get("/", dependencies=[Depends(auth.requires(issuer=one.issuer, scopes="a b"))])
    def index() -> None:
        """Give nothing."""

    client = TestClient(app)
    asked = [(one, "a b", 200), (one, "a", 403), (other, "a b", 401)]
    for issuer, scope, status in asked:
        headers = issuer.headers(sub="u1", aud="api", scope=scope)
        assert client.get("/", headers=headers).status_code == status
    for issuer, status in ((one, 200), (other, 401)):
        app.dependency_overrides[auth] = auth.fake(iss=issuer.issuer, scopes="a b")
        assert client.get("/").status_code == status

"""An option that was meant to ask for something and holds nothing, as an unset variable leaves it: never open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI, Security
from flask import Blueprint, Flask

import tests.django_site  # loads Django  # noqa: F401
from jwks_auth import ConfigurationError, Policy
from jwks_auth.adapters import Requirement, Settings
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import RequireJWTMixin
from jwks_auth_django import require_jwt as django_guard
from jwks_auth_fastapi import JWTBearer
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend
from jwks_auth_fastapi.starlette import require_jwt as starlette_guard
from jwks_auth_flask import JWKSAuth
from jwks_auth_flask import require_jwt as flask_guard

SETTINGS = {"ISSUER": "https://issuer.example/", "AUDIENCE": "api"}

GOOD: dict[str, Any] = {
    "audience": "api",
    "issuer": "https://issuer.example/",
    "scopes": "orders:read",
    "any_scope": ["orders:read"],
    "roles": "ops",
    "any_role": ("ops",),
    "permissions": "orders",
    "claims": {"tier": "gold"},
    "person": True,
    "actor": "gateway",
    "policy": Policy(scopes="orders:read"),
    "optional": True,
}
NOTHING: list[Any] = [None, "", " ", [], (), {}, set(), [""], [None], ["ops", " "]]


def view() -> None:
    """Guarded, or never made."""


class View:
    """What Django's view classes have that the mixin needs."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """A view."""
        return lambda request: None


def mixin(**asked: Any) -> Any:
    """A Django view class guarded by the mixin."""
    return type("Guarded", (RequireJWTMixin, View), {"jwt": asked}).as_view()


def rest_framework(**asked: Any) -> Any:
    """An authentication class with an audience of its own."""
    from jwks_auth_django.rest_framework import JWTAuthentication

    return type("Own", (JWTAuthentication,), asked)


def ninja(**asked: Any) -> Any:
    """Django Ninja's security object."""
    from jwks_auth_django.ninja import JWTBearer as NinjaBearer

    return NinjaBearer(**asked)


GUARDS: dict[str, Callable[..., Any]] = {
    "core": Requirement.of,
    "flask": lambda **asked: flask_guard(**asked)(view),
    "flask blueprint": lambda **asked: JWKSAuth().protect(Blueprint("b", __name__), **asked),
    "flask app": lambda **asked: JWKSAuth().protect(Flask(__name__), **asked),
    "django": lambda **asked: django_guard(**asked)(lambda request: None),
    "django mixin": mixin,
    "ninja": ninja,
    "starlette": lambda **asked: starlette_guard(**asked)(view),
}
POLICY_OPTIONS = ["scopes", "any_scope", "roles", "any_role", "permissions", "claims", "person", "actor"]


@pytest.mark.parametrize("value", [None, "", []], ids=repr)
@pytest.mark.parametrize("option", GOOD)
@pytest.mark.parametrize("guard", GUARDS)
def test_an_unset_option_of_a_guard_opens_nothing(guard: str, option: str, value: Any) -> None:
    """It is an error that names the option, where the route is declared."""
    with pytest.raises(ConfigurationError, match=rf"\A{option}: found"):
        GUARDS[guard](**{option: value})


@pytest.mark.parametrize("option", GOOD)
@pytest.mark.parametrize("guard", GUARDS)
def test_an_option_that_says_something_is_taken(guard: str, option: str) -> None:
    """The control; but for Ninja, which has another word for optional."""
    if (guard, option) != ("ninja", "optional"):
        GUARDS[guard](**{option: GOOD[option]})


@pytest.mark.parametrize("value", ["false", 1], ids=repr)
@pytest.mark.parametrize("guard", GUARDS)
def test_the_text_false_makes_no_token_optional(guard: str, value: Any) -> None:
    """Any text is true in Python, and lets in who has no token."""
    with pytest.raises(ConfigurationError, match=r"\Aoptional: found"):
        GUARDS[guard](optional=value)


@pytest.mark.parametrize("value", NOTHING, ids=repr)
@pytest.mark.parametrize("option", GOOD)
def test_no_shape_of_nothing_is_an_option(option: str, value: Any) -> None:
    """Lists of blanks are no better; what all adapters hand their options to is asked here."""
    with pytest.raises(ConfigurationError, match=rf"\A{option}: found"):
        Requirement.of(**{option: value})


@pytest.mark.parametrize("value", NOTHING, ids=repr)
@pytest.mark.parametrize("option", POLICY_OPTIONS)
def test_an_unset_option_of_a_policy_opens_nothing(option: str, value: Any) -> None:
    """Policies are made anywhere; the control is the option with something in it."""
    with pytest.raises(ConfigurationError, match=rf"\A{option}: found"):
        Policy(**{option: value})
    assert str(Policy(**{option: GOOD[option]}))


def test_a_misspelt_option_of_a_policy_opens_nothing() -> None:
    """``scope`` is not ``scopes``."""
    with pytest.raises(TypeError, match="'scope'"):
        Policy(scope="orders:read")  # type: ignore[call-arg]


@pytest.mark.parametrize("value", NOTHING, ids=repr)
def test_an_unset_audience_of_a_bearer_opens_nothing(value: Any) -> None:
    """FastAPI's scheme and DRF's class take an audience alone; the control says one."""
    for guard in (lambda **asked: JWTBearer(SETTINGS, **asked), rest_framework):
        with pytest.raises(ConfigurationError, match=r"\Aaudience: found"):
            guard(audience=value)
        guard(audience="api")


@pytest.mark.parametrize(
    "option", ["claims", "openapi", "websocket_subprotocol", "require_warm_up", "optional"]
)
def test_no_option_of_a_bearer_is_none(option: str) -> None:
    """Claims that are to be checked, above all; the control leaves the option out."""
    with pytest.raises(ConfigurationError, match=rf"\A{option}: found None"):
        JWTBearer(SETTINGS, **{option: None})
    JWTBearer(SETTINGS)


def test_a_misspelt_option_of_a_bearer_is_refused() -> None:
    """``audiences`` is not ``audience``."""
    with pytest.raises(TypeError, match="'audiences'"):
        JWTBearer(SETTINGS, audiences="api")  # type: ignore[call-overload]


def test_an_unset_backend_of_a_starlette_guard_is_refused() -> None:
    """Else the middleware's would judge, with another audience maybe; the control names a backend."""
    with pytest.raises(ConfigurationError, match=r"\Abackend: found None"):
        starlette_guard(backend=None)  # type: ignore[call-overload]
    starlette_guard(backend=JWTAuthenticationBackend(SETTINGS))(view)


@pytest.mark.parametrize("paths", [None, "", [""], [None], ["health"], [" "], ["/"], 5], ids=repr)
def test_an_empty_exempt_path_exempts_nothing(paths: Any) -> None:
    """Every path begins with the empty one, and with a slash; the control is a path."""
    with pytest.raises(ConfigurationError, match=r"\Aexempt_paths: "):
        JWTAuthenticationBackend(SETTINGS, exempt_paths=paths)
    JWTAuthenticationBackend(SETTINGS, exempt_paths=["/health"])
    JWTAuthenticationBackend(SETTINGS, exempt_paths="/health /ready")


@pytest.mark.parametrize(
    "paths", ["", "/", "/health /", [""], ["/"], ["//"], ["/health", "/"], '["/"]'], ids=repr
)
def test_an_empty_exempt_path_of_djangos_exempts_nothing(paths: Any) -> None:
    """The same for ``EXEMPT_PATHS``; the control is a path."""
    from jwks_auth_django.conf import DJANGO_SETTINGS

    row = next(row for row in DJANGO_SETTINGS if row.name == "EXEMPT_PATHS")
    with pytest.raises(ConfigurationError, match=r"EXEMPT_PATHS: .*(beginnings of paths|list of strings)"):
        row.parsed(paths, "{}")
    assert row.parsed("/health /ready/", "{}") == ("/health", "/ready/")


@pytest.mark.parametrize("asked", [None, "", "scopes", [], False], ids=repr)
def test_what_is_no_options_guards_no_view_class(asked: Any) -> None:
    """``jwt = None`` on a class of Django's, or given to ``as_view``; the control asks for a good token alone."""
    guarded: Any = type("Orders", (RequireJWTMixin, View), {})
    for cls, given in ((type("Unset", (guarded,), {"jwt": asked}), {}), (guarded, {"jwt": asked})):
        with pytest.raises(ConfigurationError, match=r"\Ajwt: found .* on (Unset|Orders), expected options"):
            cls.as_view(**given)
    assert guarded.as_view(jwt={})


@pytest.mark.parametrize("scopes", [None, "", " ", []], ids=repr)
def test_required_scopes_that_name_nothing_open_no_view(scopes: Any) -> None:
    """DRF's views name scopes in an attribute; the control names one, and a dict may name none for a method."""
    from django.core.exceptions import ImproperlyConfigured
    from rest_framework.views import APIView

    from jwks_auth_django.rest_framework import HasScopes

    def asked(scopes: Any) -> str:
        open_to_all = type("Orders", (APIView,), {"required_scopes": scopes})()
        return str(HasScopes().policy_for(open_to_all, "GET"))

    with pytest.raises(ImproperlyConfigured, match="required_scopes"):
        asked(scopes)
    assert asked("orders:read") == asked({"GET": ["orders:read"]}) == "scopes orders:read"
    if isinstance(scopes, str):
        with pytest.raises(ImproperlyConfigured, match="required_scopes"):
            asked({"GET": scopes})


LISTS = [
    "AUDIENCE",
    "ALGORITHMS",
    "REQUIRED_CLAIMS",
    "ALLOWED_CLIENTS",
    "SCOPE_CLAIMS",
    "VALIDATORS",
    "ISSUERS",
]
TEXTS = [
    *(
        "ISSUER",
        "JWKS_URI",
        "JWKS",
        "DISCOVERY_URL",
        "PROFILE",
        "MAX_AGE",
        "ROLES_CLAIM",
        "PERMISSIONS_CLAIM",
    ),
    *("ALLOW_HTTP", "HEADERS", "TIMEOUT", "LEEWAY", "IS_REVOKED", "TENANTS", "REALM", "RESOURCE_METADATA"),
    *("STORE", "STORE_SECRET"),
]


@pytest.mark.parametrize("value", ["", " "], ids=repr)
@pytest.mark.parametrize("name", [*LISTS, *TEXTS])
def test_an_empty_variable_is_no_setting(name: str, value: str) -> None:
    """``JWKS_AUTH_REQUIRED_CLAIMS=`` asks for something; ``None``, the control, is not given."""
    rest = {n: v for n, v in SETTINGS.items() if name != "ISSUERS" or n != "ISSUER"}
    with pytest.raises(ConfigurationError, match=name):
        Settings.from_mapping({**rest, name: value}).verifier()
    if name not in ("ISSUER", "ISSUERS", "AUDIENCE"):
        Settings.from_mapping({**SETTINGS, name: None}).verifier()


@pytest.mark.parametrize("audience", ["", " ", [], [""]], ids=repr)
def test_a_call_for_no_audience_takes_no_token(audience: Any) -> None:
    """An empty audience is none at all; the control names one."""
    issuer = FakeIssuer()
    verifier = Settings.from_mapping(issuer.settings()).verifier()
    with pytest.raises(ConfigurationError, match="audience"):
        verifier.verify(issuer.token(), audience=audience)
    verifier.verify(issuer.token(), audience="api")


def test_a_requirement_for_no_audience_is_never_made() -> None:
    """Whoever makes one by hand is told so too; the control is for the service's own."""
    with pytest.raises(ConfigurationError, match="audience"):
        Requirement(audience=())
    assert Requirement().audience is None


def test_a_scheme_asked_for_scopes_of_an_unset_variable_serves_nothing() -> None:
    """``Security(auth, scopes=[""])`` is found at the start; the control names a scope."""
    from jwks_auth_fastapi import audit

    def problems(scopes: Any) -> list[str]:
        app, auth = FastAPI(), JWTBearer(SETTINGS)
        app.add_api_route("/orders", lambda: None, dependencies=[Security(auth, scopes=scopes)])
        return [problem for route in audit(app) for problem in route.problems]

    assert problems(["orders:read"]) == problems(None) == []
    assert problems([""])
    assert problems("")

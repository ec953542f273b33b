"""Django REST framework: authentication and permissions, with answers in DRF's own form.

``DEFAULT_AUTHENTICATION_CLASSES = ["jwks_auth_django.rest_framework.JWTAuthentication"]``. List it first: DRF takes the
challenge for a request without credentials from the first class. Beside the middleware, a request is still verified
once.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict, Unpack

from django.core.exceptions import ImproperlyConfigured
from rest_framework.authentication import BaseAuthentication, SessionAuthentication

from jwks_auth import MissingTokenError, Policy, Refused, VerifiedToken
from jwks_auth.adapters import PolicyOptions, Requirement, allows_on, several
from jwks_auth_django.authentication import finish, sign_in
from jwks_auth_django.composition import TokenPermission
from jwks_auth_django.csrf import is_left_to_us
from jwks_auth_django.drf_refusals import TokenRefused, challenge_refusals, explain_missing, rejection_for
from jwks_auth_django.guards import Guard, guard
from jwks_auth_django.internals import extend_sessions, replace_method
from jwks_auth_django.senders import sender_of, token_of_user

if TYPE_CHECKING:  # DRF imports this module while it imports these
    from rest_framework.request import Request
    from rest_framework.views import APIView

__all__ = [
    "HasAnyScope",
    "HasAuthentication",
    "HasRole",
    "HasScopes",
    "HasSender",
    "IsPerson",
    "JWTAuthentication",
    "Requires",
    "TokenRefused",
]


class JWTAuthentication(BaseAuthentication):
    """``request.user`` and ``request.auth``, a :class:`~jwks_auth.VerifiedToken`, from a bearer token.

    The next class judges a request without one. Subclass it with an ``audience`` for views with another audience than
    ``JWKS_AUTH["AUDIENCE"]``, and with an ``issuer`` for views of one of several issuers.
    """

    audience: ClassVar[Any]
    issuer: ClassVar[Any]
    api: ClassVar[str]
    requirement: ClassVar[Guard] = Guard(optional=True)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        names = ("audience", "issuer", "api")
        own: dict[str, Any] = {name: getattr(cls, name) for name in names if hasattr(cls, name)}
        cls.requirement = guard(optional=True, **own)

    def authenticate(self, request: Request) -> tuple[Any, VerifiedToken] | None:
        """User and token; ``None`` without a token. Raises :class:`TokenRefused`.

        A token in a cookie is checked for CSRF as a session is.
        """
        _finish_answers(request)
        try:
            token = sign_in(request._request, self.requirement)
        except Refused as error:
            raise TokenRefused(error, rejection_for(request, error)) from error
        if token is None:
            if next(iter(request.authenticators or ()), None) is self:  # whose challenge DRF takes
                explain_missing(request.parser_context.get("view"))
            return None
        if is_left_to_us(request._request):
            SessionAuthentication().enforce_csrf(request)
        return sender_of(request._request).user, token

    def authenticate_header(self, request: Request) -> str:
        """The challenge for a request without credentials."""
        return rejection_for(request, MissingTokenError()).fields["WWW-Authenticate"]


_CLOSED = ~Policy()
"""The policy for methods that ``required_scopes`` does not name: it and its negation refuse everybody."""


class AuthenticationOptions(TypedDict, total=False):
    """Options of :class:`HasAuthentication`."""

    acr: str | Iterable[str]
    max_auth_age: int


class _TokenPermission(TokenPermission):
    """Judges the token; used as a class, or called with names, and composed with ``&``, ``|`` and ``~``.

    Without a verified token it refuses, and so does its negation.
    """

    rule: ClassVar[str]
    example: ClassVar[str | None] = None
    """A name, for a class that needs one."""

    def __init__(self, *names: str) -> None:
        if self.example and not names:
            raise ImproperlyConfigured(f'{type(self).__name__} needs names, such as "{self.example}"')
        self.names = names
        self.policy = _stated(self.rule, names) if names else None

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the token allows this; a refusal gets the challenge with the reason."""
        token = _token_of(request)
        if token is None or not self.can_judge(request, view):
            return False
        return allows_on(request._request.META, token, self.policy_for(view, request.method or ""))

    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        """Return the same for every object, because DRF's ``~`` negates this result too."""
        return self.has_permission(request, view)

    def can_judge(self, request: Request, view: APIView) -> bool:
        """Return whether there is a token, and a policy to judge it by."""
        if _token_of(request) is None:
            return False
        # A refusal by any permission then has the challenge of an insufficient token.
        challenge_refusals(view, _token_of)
        return self.policy_for(view, request.method or "") is not _CLOSED

    def policy_for(self, view: Any, method: str) -> Policy:
        """Return the policy for a view and method: the names given here, or else the view's ``required_scopes``."""
        return self.policy or _stated(self.rule, _required(view, method))


class HasScopes(_TokenPermission):
    """Requires all scopes: ``HasScopes("orders:read")``, or those in the view's ``required_scopes``.

    Spaces separate scopes in a string. ``required_scopes`` is a string, a list, or a dict of these by action
    (``"list"``) or method (``"GET"``).
    """

    rule = "scopes"


class HasAnyScope(_TokenPermission):
    """Requires one of the scopes; otherwise as :class:`HasScopes`."""

    rule = "any_scope"


class HasRole(_TokenPermission):
    """Requires one of the roles: ``HasRole("admin", "owner")``."""

    rule = "any_role"
    example = "admin"


class IsPerson(_TokenPermission):
    """Requires a person's token, not a service's."""

    rule = "person"

    def policy_for(self, view: Any, method: str) -> Policy:
        """Return the same policy for every view."""
        return _PEOPLE


_PEOPLE = Policy(person=True)


class HasAuthentication(_TokenPermission):
    """A user who authenticated well enough: ``HasAuthentication(acr="urn:acme:mfa", max_auth_age=300)``.

    *acr* and *max_auth_age* are those of :class:`~jwks_auth.Policy`. A request that lacks it is answered with 401 and
    what the client is to ask for (RFC 9470).
    """

    def __init__(self, **asked: Unpack[AuthenticationOptions]) -> None:
        if not asked:
            raise ImproperlyConfigured(
                'HasAuthentication needs acr= or max_auth_age=: HasAuthentication(acr="mfa")'
            )
        self.policy = Policy(**asked)


class HasSender(_TokenPermission):
    """A sender who has proved that the token is its own: ``HasSender("dpop")``, or ``"mtls"``, or one of both."""

    rule = "sender"
    example = "dpop"


class Requires(_TokenPermission):
    """Whatever :class:`~jwks_auth.Policy` takes: ``Requires(roles="ops", person=True)``, or ``Requires(policy)``."""

    def __init__(self, policy: Policy | None = None, **asked: Unpack[PolicyOptions]) -> None:
        if policy is None and not asked:
            raise ImproperlyConfigured('Requires needs what to ask: Requires(roles="ops")')
        self.policy = Policy(**asked) if policy is None else Requirement.of(policy=policy, **asked).policy


def _finish_answers(request: Request) -> None:
    """Have the view, which lives as long as the request, finish its answer where no middleware does."""
    view = request.parser_context.get("view")
    if view is not None:
        replace_method(view, "finalize_response", _finalized)


def _finalized(request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
    view: Any = request.parser_context["view"]
    return finish(request._request, type(view).finalize_response(view, request, response, *args, **kwargs))


def _token_of(request: Request) -> VerifiedToken | None:
    """Return the token that DRF, or the middleware, authenticated; SessionAuthentication takes the latter's user."""
    if isinstance(request.auth, VerifiedToken):
        return request.auth
    return token_of_user(request._request, request.user)


def _with_token(request: Request, found: tuple[Any, Any]) -> tuple[Any, Any]:
    """Return the user that a session class found with its token, if that is the one the middleware signed in."""
    user, auth = found
    return user, token_of_user(request._request, user) or auth


extend_sessions(_with_token)


def _required(view: Any, method: str) -> tuple[str, ...] | None:
    """The view's ``required_scopes`` for this action or method; ``None`` where a dict names neither."""
    asked = getattr(view, "required_scopes", None)
    if asked is None:
        raise ImproperlyConfigured(
            f"{type(view).__name__} has HasScopes without names, and no required_scopes"
        )
    if isinstance(asked, Mapping):
        keys = (getattr(view, "action", None), method, "GET" if method == "HEAD" else method)
        asked = next((asked[key] for key in keys if key in asked), None)
    blank = isinstance(asked, str) and not asked.strip()
    if blank or (asked is view.required_scopes and not asked):
        raise ImproperlyConfigured(f"{type(view).__name__}.required_scopes: found {asked!r}, expected scopes")
    return None if asked is None else several(asked, split=True)


@functools.lru_cache(maxsize=1024)
def _stated(rule: str, names: tuple[str, ...] | None) -> Policy:
    if names is None:
        return _CLOSED
    splits = rule in ("scopes", "any_scope")
    asked: dict[str, Any] = {rule: tuple(each for name in names for each in _parts(name, splits))}
    return Policy(**asked) if names else Policy()


def _parts(name: Any, splits: bool) -> Iterable[Any]:
    parts = several(name) if isinstance(name, Iterable) else (name,)
    return [
        each for part in parts for each in (several(part, split=splits) if isinstance(part, str) else (part,))
    ]

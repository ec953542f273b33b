"""TokenUser: an AbstractBaseUser as far as views, templates and permissions look; and the backend's permissions."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import aauthenticate, authenticate
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.template import Context, Engine
from django.test import RequestFactory

from jwks_auth import ForbiddenError, KeySourceError, VerifiedToken
from jwks_auth.testing import FakeIssuer
from jwks_auth_django.backends import JWTAuthenticationBackend
from jwks_auth_django.conf import configuration
from jwks_auth_django.users import TokenUser

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
OURS = "jwks_auth_django.backends.JWTAuthenticationBackend"


@pytest.fixture
def token_of(project: Any, issuer: FakeIssuer) -> Any:
    """A verified token with these claims."""
    project()

    def verified(**claims: Any) -> VerifiedToken:
        return configuration().authenticator.verifier.verify(issuer.token(**claims))

    return verified


def test_what_views_and_templates_look_for(token_of: Any) -> None:
    """Names and flags are there, and say no where a token can say nothing."""
    user = TokenUser(token_of(sub="u1", email="ada@example.org", given_name="Ada", family_name="Lovelace"))
    assert (user.is_authenticated, user.is_anonymous, user.is_active) == (True, False, True)
    assert (user.is_staff, user.is_superuser, user.last_login, user.password) == (False, False, None, "")
    assert (user.username, user.get_username(), user.natural_key(), str(user)) == ("u1", "u1", ("u1",), "u1")
    assert (user.get_full_name(), user.get_short_name(), user.email) == (
        "Ada Lovelace",
        "Ada",
        "ada@example.org",
    )
    assert (list(user.groups.all()), list(user.user_permissions.all())) == ([], [])
    shown = Engine().from_string("{{ user }} {{ user.email }}").render(Context({"user": user}))
    assert shown == "u1 ada@example.org"
    assert "u1" not in repr(user), "no claim in a traceback"


def test_claims_of_wrong_types_are_no_names(token_of: Any) -> None:
    """A claim that is no text is no name."""
    user = TokenUser(token_of(name=7, email=["x"]))
    assert (user.get_full_name(), user.email) == ("", "")


def test_two_issuers_never_share_a_user(project: Any) -> None:
    """The same subject of another issuer is another user: by pk, equality and hash."""
    project()
    users = []
    for name in ("https://a.example/", "https://b.example/"):
        issuer = FakeIssuer(name)
        project(**issuer.settings())
        users.append(TokenUser(configuration().authenticator.verifier.verify(issuer.token(sub="u1"))))
    first, second = users
    assert first != second
    assert first.pk != second.pk
    assert len({first, second, TokenUser(first.token)}) == 2
    assert first != AnonymousUser()


def test_passwords_and_rows_there_are_none(token_of: Any) -> None:
    """No password is right, and nothing can be saved."""
    user = TokenUser(token_of())
    assert not user.check_password("")
    assert not user.has_usable_password()
    for method in (user.save, user.delete, user.set_password):
        with pytest.raises(NotImplementedError, match="no row"):
            method()


async def test_no_password_is_right_async(token_of: Any) -> None:
    """Nor on an event loop."""
    assert not await TokenUser(token_of()).acheck_password("")


def test_services(token_of: Any) -> None:
    """9068-12, 9700-7: a client that speaks for itself is told from a person, by the core's rule."""
    assert TokenUser(token_of(sub="app", client_id="app")).is_service
    assert not TokenUser(token_of(sub="u1", client_id="app")).is_service


def test_services_without_a_subject_share_no_user(token_of: Any) -> None:
    """Nor with an empty one, nor with a person whose subject is a client's name."""
    claims = [
        {"client_id": "a"},
        {"client_id": "b"},
        {"client_id": None, "common_name": "c"},
        {"client_id": None, "role": "d"},
        {"client_id": None, "role": "e"},
    ]
    users = [TokenUser(token_of(sub="", **each)) for each in claims]
    assert len({user.username for user in users}) == len({user.pk for user in users}) == len(set(users)) == 5
    person = TokenUser(token_of(sub="a"))
    assert (person.username, person == users[0]) == (users[0].username, False)


def test_a_machine_without_a_subject_has_its_clients_name(token_of: Any) -> None:
    """Something has to stand in logs."""
    assert TokenUser(token_of(sub=None, client_id="app")).username == "app"


def test_permissions_are_the_tokens(project: Any, issuer: FakeIssuer) -> None:
    """has_perm and its family, without a single query."""
    project()

    def no_query(*args: Any) -> None:
        raise AssertionError(args[1])

    user = JWTAuthenticationBackend().user_of(
        None,
        configuration().authenticator.verifier.verify(issuer.token(permissions=["orders.view_order", "odd"])),
    )
    with connection.execute_wrapper(no_query):
        assert user.has_perm("orders.view_order")
        assert not user.has_perm("orders.view_order", obj=object()), "a token speaks of no single object"
        assert not user.has_perm("orders.add_order")
        assert user.has_perms(["orders.view_order"])
        assert (user.has_module_perms("orders"), user.has_module_perms("auth")) == (True, False)
        assert user.get_all_permissions() == user.get_user_permissions() == {"orders.view_order", "odd"}
        assert user.get_group_permissions() == set()


async def test_permissions_are_the_tokens_async(token_of: Any) -> None:
    """The a-variants."""
    user = await JWTAuthenticationBackend().auser_of(None, token_of(permissions=["orders.view_order"]))
    assert await user.ahas_perm("orders.view_order")
    assert await user.ahas_perms(["orders.view_order"])
    assert await user.ahas_module_perms("orders")
    assert not await user.ahas_module_perms("auth")
    assert await user.aget_all_permissions() == await user.aget_user_permissions() == {"orders.view_order"}
    assert await user.aget_group_permissions() == set()


def test_beside_model_backends_permissions(token_of: Any, database: None) -> None:
    """An account keeps the permissions it has in the database, and gets the token's."""
    user = User.objects.create(username="ada")
    user.user_permissions.add(
        Permission.objects.create(
            codename="x", name="x", content_type=ContentType.objects.get_for_model(User)
        )
    )
    user._jwt = token_of(permissions=["orders.view_order"])
    assert user.get_all_permissions() == {"auth.x", "orders.view_order"}
    user.is_active = False
    assert user.get_all_permissions() == set()


def test_authenticate(project: Any, issuer: FakeIssuer) -> None:
    """django.contrib.auth.authenticate() takes a bearer token; a bad one is nobody's."""
    project()
    request = RequestFactory().get("/")
    assert str(authenticate(request, bearer_token=issuer.token(sub="u1"))) == "u1"
    assert authenticate(None, bearer_token=issuer.token(aud="elsewhere")) is None
    assert authenticate(None, bearer_token="nonsense") is None
    assert JWTAuthenticationBackend().authenticate(request) is None
    assert not hasattr(request, "session"), "nobody was logged in"


async def test_aauthenticate(project: Any, issuer: FakeIssuer) -> None:
    """And its twin."""
    project()
    assert str(await aauthenticate(bearer_token=issuer.token(sub="u1"))) == "u1"
    assert await aauthenticate(bearer_token="nonsense") is None
    assert await JWTAuthenticationBackend().aauthenticate(None) is None


def nobody(request: object, token: VerifiedToken) -> None:
    """A resolver that knows nobody."""


async def test_permission_denied_stops_other_backends(project: Any, issuer: FakeIssuer) -> None:
    """A good token whose user may not sign in is for no other backend to decide."""
    project(USER={"STORE": f"{__name__}.nobody"})
    backend = JWTAuthenticationBackend()
    with pytest.raises(PermissionDenied):
        backend.authenticate(None, bearer_token=issuer.token())
    with pytest.raises(PermissionDenied):
        await backend.aauthenticate(None, bearer_token=issuer.token())
    assert await aauthenticate(bearer_token=issuer.token()) is None


def not_on_sundays(token: VerifiedToken, now: float) -> None:
    """A validator that says no to a good token."""
    raise ForbiddenError("closed", "Closed on Sundays")


async def test_a_validator_s_no_is_permission_denied(project: Any, issuer: FakeIssuer) -> None:
    """A good token that the service refuses is no bad one: no other backend is asked."""
    project(VALIDATORS=[not_on_sundays])
    backend = JWTAuthenticationBackend()
    with pytest.raises(PermissionDenied, match="Closed on Sundays"):
        backend.authenticate(None, bearer_token=issuer.token())
    with pytest.raises(PermissionDenied, match="Closed on Sundays"):
        await backend.aauthenticate(None, bearer_token=issuer.token())
    assert authenticate(None, bearer_token="nonsense") is None


async def test_an_outage_is_not_a_wrong_token(project: Any, issuer: FakeIssuer) -> None:
    """When a token can't be judged, authenticate() says neither yes nor no."""
    project()
    with issuer.outage():
        with pytest.raises(KeySourceError):
            JWTAuthenticationBackend().authenticate(None, bearer_token=issuer.token())
        with pytest.raises(KeySourceError):
            await JWTAuthenticationBackend().aauthenticate(None, bearer_token=issuer.token())


def test_get_user(database: None) -> None:
    """For sessions that a project starts itself."""
    user = User.objects.create(username="ada")
    backend = JWTAuthenticationBackend()
    assert backend.get_user(user.pk) == user
    assert backend.get_user("no number") is backend.get_user(0) is None
    User.objects.update(is_active=False)
    assert backend.get_user(user.pk) is None


async def test_aget_user(database: None) -> None:
    """And its twin."""
    user = await User.objects.acreate(username="ada")
    backend = JWTAuthenticationBackend()
    assert await backend.aget_user(user.pk) == user
    assert await backend.aget_user("no number") is None
    await User.objects.aupdate(is_active=False)
    assert await backend.aget_user(user.pk) is None


class Choosy(JWTAuthenticationBackend):
    """A project's own backend."""

    def user_can_authenticate(self, user: Any) -> bool:
        """Only Ada may."""
        return str(user) == "ada"


def test_a_subclass_decides(project: Any, issuer: FakeIssuer) -> None:
    """The middleware uses the backend that is listed."""
    from django.test import Client

    project({}, AUTHENTICATION_BACKENDS=[f"{__name__}.Choosy", MODEL_BACKEND])
    assert Client().get("/x", headers=issuer.headers(sub="ada")).status_code == 404
    response = Client().get("/x", headers=issuer.headers(sub="eve"))
    assert response.json()["error_description"] == "The access token's user may not sign in"

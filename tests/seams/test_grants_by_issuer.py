"""A partner's provider makes no superusers: powers come from the issuers that are named for them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.checks import Error
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path

from jwks_auth import Issuer, TokenVerifier
from jwks_auth.testing import FakeIssuer
from jwks_auth.verifier.tenants import Tenants
from jwks_auth_django import require_jwt
from jwks_auth_django.checks import check_settings
from jwks_auth_django.conf import configuration
from jwks_auth_django.models import JWTIdentity

pytestmark = pytest.mark.usefixtures("database")

OURS = FakeIssuer("https://ours.example/")
PARTNER = FakeIssuer("https://partner.example/")
EVERYTHING = {"roles": ["root"], "boss": True, "groups": ["ops"]}

FLAGS = {"FLAGS": {"is_superuser": "root", "is_staff": "root"}}
CLAIMED = {"CLAIM_MAP": {"is_superuser": "boss", "is_staff": "boss"}}
GROUPS = {"GROUPS_CLAIM": "groups", "GROUPS": "mirror"}
FROM_US = {"FLAGS_FROM": [OURS.issuer], "GROUPS_FROM": OURS.issuer}


def find(issuer: str) -> None:
    """A directory of tenants that knows none."""


def nobody(request: Any, token: Any) -> None:
    """A store of nobody."""


DIRECTORY = Tenants(find, hosts=["login.example"])


def settings(*issuers: FakeIssuer, **options: Any) -> Any:
    """These issuers, and these options of the database store."""
    listed = [{"ISSUER": each.issuer, "JWKS": each.settings()["JWKS"]} for each in issuers]
    given = {"ISSUERS": listed, "AUDIENCE": "api", "USER": {"STORE": "database", **options}}
    return override_settings(JWKS_AUTH=given)


def user_of(issuer: FakeIssuer, **claims: Any) -> User:
    """The account of a token of *issuer*, as it is in the database."""
    token = configuration().authenticator.verifier.verify(issuer.token(**claims))
    found: User = User.objects.get(pk=configuration().backend.user_of(None, token).pk)
    return found


def powers(user: User) -> tuple[bool, bool, set[str]]:
    """What an account may do."""
    return user.is_superuser, user.is_staff, set(user.groups.values_list("name", flat=True))


@pytest.mark.parametrize("flags", [FLAGS, CLAIMED], ids=["FLAGS", "CLAIM_MAP"])
def test_a_partner_makes_superusers(flags: dict[str, Any]) -> None:
    """Its roles, claims and groups change nothing; ours do, and only ours take away again."""
    with settings(OURS, PARTNER, **flags, **GROUPS, **FROM_US):
        assert powers(user_of(PARTNER, sub="eve", **EVERYTHING)) == (False, False, set())
        assert not Group.objects.exists()
        ada = user_of(OURS, sub="ada", **EVERYTHING)
        assert powers(ada) == (True, True, {"ops"})
        JWTIdentity.objects.create(issuer=PARTNER.issuer, subject="ada-of-partner", user=ada)
        nothing = {"roles": [], "boss": False, "groups": []}
        assert powers(user_of(PARTNER, sub="ada-of-partner", **nothing)) == (True, True, {"ops"})
        assert powers(user_of(OURS, sub="ada", **nothing)) == (False, False, set())


async def test_a_partner_makes_superusers_async() -> None:
    """The same on an event loop."""
    with settings(OURS, PARTNER, **FLAGS, **GROUPS, **FROM_US):
        for issuer, expected in ((PARTNER, False), (OURS, True)):
            for _ in range(2):
                token = configuration().authenticator.verifier.verify(issuer.token(sub="u", **EVERYTHING))
                user = await configuration().backend.auser_of(None, token)
                assert (user.is_superuser, await user.groups.aexists()) == (expected, expected)


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({**FLAGS, "GROUPS_FROM": [OURS.issuer]}, "FLAGS_FROM"),
        (CLAIMED, "FLAGS_FROM"),
        ({**GROUPS, "FLAGS_FROM": [OURS.issuer]}, "GROUPS_FROM"),
        ({"GROUPS_CLAIM": "groups"}, "GROUPS_FROM"),
    ],
)
def test_with_several_issuers_or_tenants_they_are_named(options: dict[str, Any], missing: str) -> None:
    """Else a check's error, and no request is served; one issuer needs no naming."""
    tenants = {"TENANTS": DIRECTORY, "AUDIENCE": "api", "USER": {"STORE": "database", **options}}
    for wrong in (settings(OURS, PARTNER, **options), override_settings(JWKS_AUTH=tenants)):
        with wrong:
            (found,) = [message for message in check_settings() if isinstance(message, Error)]
            assert (found.id, missing in found.msg) == ("jwks_auth_django.E005", True)
            with pytest.raises(ImproperlyConfigured, match=missing):
                configuration()
    given = {name: value for name, value in options.items() if not name.endswith("_FROM")}
    with settings(OURS, **given):
        assert [message for message in check_settings() if isinstance(message, Error)] == []
        assert configuration()


def test_what_grants_nothing_needs_no_naming() -> None:
    """Several issuers, and neither flags nor groups."""
    harmless = {"CLAIM_MAP": {"email": "email"}, "GROUPS_CLAIM": "groups", "GROUPS": "off"}
    with settings(OURS, PARTNER, **harmless):
        assert [message for message in check_settings() if isinstance(message, Error)] == []


@pytest.mark.parametrize("named", [["https://ours.example"], [], "", 7, [7]])
@pytest.mark.parametrize("setting", ["FLAGS_FROM", "GROUPS_FROM"])
def test_who_is_named_is_trusted(setting: str, named: Any) -> None:
    """An issuer that nobody trusts, as one without its slash, or none at all, is an error that names the setting."""
    with settings(OURS, PARTNER, **{**FLAGS, **GROUPS, **FROM_US, setting: named}):
        (found,) = [message for message in check_settings() if isinstance(message, Error)]
        assert f'["{setting}"]' in found.msg


def test_the_issuer_of_a_tenant_may_be_named() -> None:
    """Tenants come and go, so any may be."""
    options = {"STORE": "database", **FLAGS, "FLAGS_FROM": "https://login.example/a https://login.example/b"}
    with override_settings(JWKS_AUTH={"TENANTS": DIRECTORY, "AUDIENCE": "api", "USER": options}):
        assert [message for message in check_settings() if isinstance(message, Error)] == []
        assert configuration().users.profile.flags_from == {
            "https://login.example/a",
            "https://login.example/b",
        }


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"STORE": "databse", "CREATE": False}, "'databse': did you mean 'database'?"),
        ({"STORE": "Token"}, "did you mean 'token'?"),
        ({"STORE": "no.such.store", "CREATE": False}, "found 'no.such.store' ("),
        ({"CREATE": False}, '["CREATE"] is not a setting of this store, but of "STORE": "database"'),
        (
            {"STORE": f"{__name__}.nobody", "SERVICES": "token"},
            '["SERVICES"] is not a setting of this store',
        ),
        ({"STORE": "database", "CREAT": False}, 'did you mean JWKS_AUTH["USER"]["CREATE"]?'),
    ],
)
def test_a_misspelt_store_is_what_is_told(options: dict[str, Any], told: str) -> None:
    """The wrong setting is accused, and not another that is right in the store meant."""
    with override_settings(JWKS_AUTH={**OURS.settings(), "USER": options}):
        (found,) = [message for message in check_settings() if isinstance(message, Error)]
        assert told in found.msg
        with pytest.raises(ImproperlyConfigured) as raised:
            configuration()
        assert told in str(raised.value)


def test_an_alias_is_the_same_account_with_the_same_powers() -> None:
    """Whichever name a token has: the identity and FLAGS_FROM know the canonical one."""
    alias = "ours.example"
    entry = {"ISSUER": OURS.issuer, "ISSUER_ALIASES": alias, "JWKS": OURS.settings()["JWKS"]}
    users = {"STORE": "database", **FLAGS, "FLAGS_FROM": OURS.issuer}
    given = {
        "ISSUERS": [entry, {"ISSUER": PARTNER.issuer, "JWKS": PARTNER.settings()["JWKS"]}],
        "AUDIENCE": "api",
    }
    with override_settings(JWKS_AUTH={**given, "USER": users}):
        one, other = user_of(OURS, sub="u1"), user_of(OURS, sub="u1", iss=alias, roles=["root"])
        assert (one.pk, other.is_superuser) == (other.pk, True)
        assert user_of(OURS, sub="u1").is_superuser is False
        assert list(JWTIdentity.objects.values_list("issuer", "subject")) == [(OURS.issuer, "u1")]
    refused = pytest.raises(ImproperlyConfigured, match=f"'{alias}' is no issuer of JWKS_AUTH, expected of")
    with override_settings(JWKS_AUTH={**given, "USER": {**users, "FLAGS_FROM": alias}}), refused:
        configuration()


def own_tokens(credential: str) -> dict[str, Any]:
    """API keys, whose claims say more than they may."""
    return {**({} if credential == "nameless" else {"iss": "keys"}), "sub": "eve", **EVERYTHING}


def with_own_tokens(**options: Any) -> Any:
    """One issuer, and tokens of the service's own."""
    given = {**OURS.settings("api"), "OTHER_TOKENS": own_tokens, "USER": {"STORE": "database", **options}}
    return override_settings(JWKS_AUTH=given)


@pytest.mark.parametrize("options", [{**FLAGS}, CLAIMED, {"GROUPS_CLAIM": "groups"}], ids=str)
def test_beside_tokens_of_the_service_s_own_issuers_are_named(options: dict[str, Any]) -> None:
    """They are another issuer's: with one issuer listed, an API key would make superusers."""
    with with_own_tokens(**options):
        [found] = [message for message in check_settings() if isinstance(message, Error)]
        assert found.id == "jwks_auth_django.E005"
        with pytest.raises(ImproperlyConfigured, match="_FROM"):
            configuration()
    verifier = TokenVerifier(
        Issuer(OURS.issuer, jwks=OURS.jwks()), "api", other_tokens=own_tokens, allow_fake_issuer=True
    )
    with override_settings(JWKS_AUTH={"VERIFIER": verifier, "USER": {"STORE": "database", **options}}):
        assert [message.id for message in check_settings() if isinstance(message, Error)] == [found.id]


def test_an_api_key_makes_superusers() -> None:
    """Only where its own issuer is named for that."""
    for named, expected in ((OURS.issuer, (False, False, set())), ("keys", (True, True, {"ops"}))):
        with with_own_tokens(**FLAGS, **GROUPS, FLAGS_FROM=named, GROUPS_FROM=named):
            token = configuration().authenticator.verifier.verify("ak_1")
            user = configuration().backend.user_of(None, token)
            assert powers(User.objects.get(pk=user.pk)) == expected


def test_an_account_needs_the_issuer_of_a_token_of_the_service_s_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The function left it out, so no client is to blame: 503, and an error in the log."""
    view = require_jwt(lambda request: HttpResponse(request.user.username))
    with with_own_tokens(), override_settings(ROOT_URLCONF=(path("me", view),)):
        nameless = Client().get("/me", headers={"Authorization": "Bearer nameless"})
        assert (nameless.status_code, User.objects.exists()) == (503, False)
        assert int(nameless["Retry-After"]) >= 1
        assert Client().get("/me", headers={"Authorization": "Bearer ak_1"}).status_code == 200
    [told] = [
        each.getMessage() for each in caplog.records if (each.name, each.levelname) == ("jwks_auth", "ERROR")
    ]
    assert "users: the token names no issuer" in told

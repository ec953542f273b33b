"""User models of a project's own: what they need, what claims may fill, and what does not fit."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from jwks_auth import InvalidTokenError, KeySourceError
from jwks_auth.testing import FakeIssuer
from jwks_auth_django.checks import check_settings
from jwks_auth_django.conf import configuration
from jwks_auth_django.users import DatabaseUsers, twins
from jwks_auth_django.users.twins import refuse_twin

pytestmark = pytest.mark.usefixtures("database")

MEMBER = {"email": "email", "birthday": "birthdate"}
CLAIMS = {"email": "ada@example.org", "birthdate": "1815-12-10"}


@pytest.fixture
def people(issuer: FakeIssuer, schema: None) -> Iterator[Callable[..., Any]]:
    """``people("Member", CLAIM_MAP=...)``: this user model of the app, and these options."""
    with contextlib.ExitStack() as stack:
        installed = [*settings.INSTALLED_APPS, "tests.adapters.django.people"]
        stack.enter_context(override_settings(INSTALLED_APPS=installed))
        models = list(apps.get_app_config("people").get_models())
        with connection.schema_editor() as editor:
            for model in models:
                editor.create_model(model)

        def use(model: str, store: str = "database", **options: Any) -> DatabaseUsers:
            jwks = {**issuer.settings(), "USER": {"STORE": store, **options}}
            stack.enter_context(override_settings(AUTH_USER_MODEL=f"people.{model}", JWKS_AUTH=jwks))
            return configuration().users  # type: ignore[no-any-return]

        yield use
        with connection.schema_editor() as editor:
            for model in reversed(models):
                editor.delete_model(model)


@pytest.fixture
def token(issuer: FakeIssuer) -> Callable[..., Any]:
    """A verified token with these claims."""
    return lambda **claims: configuration().authenticator.verifier.verify(issuer.token(**claims))


def errors() -> list[str]:
    """The errors of ``manage.py check`` about required fields."""
    return [message.msg for message in check_settings() if message.id == "jwks_auth_django.E015"]


def test_an_account_of_a_custom_model(people: Any, token: Any) -> None:
    """It is made by its manager, which normalises; nothing is written back raw, and there is no usable password."""
    users = people("Member", CLAIM_MAP={**MEMBER, "nick": "nickname"})
    assert errors() == []
    made = token(**{**CLAIMS, "email": "Ada@EXAMPLE.org"}, nickname="ada")
    member = users.create_user(None, made)
    assert (member.email, member.nick, member.has_usable_password()) == ("ada@example.org", "ada", False)
    assert member.birthday == datetime.date(1815, 12, 10)
    assert not get_user_model()._default_manager.get(pk=member.pk).has_usable_password()


def test_a_manager_that_asks_for_a_row(people: Any, token: Any) -> None:
    """Where the claim names the key of a required row, ``create_user`` gets the row."""
    users = people("Worker", CLAIM_MAP={"email": "email", "team_id": "team"})
    team = apps.get_model("people", "Team")._default_manager.create(name="ops")
    assert errors() == []
    worker = users.create_user(None, token(email="ada@example.org", team=team.pk))
    assert (worker.team, worker.desk, worker.has_usable_password()) == (team, "ops", False)
    with pytest.raises(InvalidTokenError):
        users.create_user(None, token(email="eve@example.org", team=team.pk + 1))


def test_a_manager_that_asks_for_what_is_no_field(
    people: Any, token: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """It is found before the first request; newcomers are answered with 503, and a store of one's own can do it."""
    users = people("Invited", CLAIM_MAP={"email": "email"})
    assert errors() == [
        'JWKS_AUTH["USER"]: create_user() of the manager of people.Invited asks for code, which is no field'
    ]
    with pytest.raises(KeySourceError):
        users.create_user(None, token(email="ada@example.org"))
    assert "create_user() of the user model's manager asks for code" in caplog.text
    with override("de"):
        assert errors() == [
            'JWKS_AUTH["USER"]: create_user() des Managers von people.Invited verlangt code, das kein Feld ist'
        ]
    people("Invited", f"{__name__}.Filling", CLAIM_MAP={"email": "email"})
    assert errors() == []


def test_a_number_is_not_made_up(people: Any, token: Any) -> None:
    """Nor is a user name of another kind; a subject that is no number is no such account's."""
    users = people("Numbered")
    assert errors() == ['JWKS_AUTH["USER"]: people.Numbered.number is required, and no setting fills it']
    with pytest.raises(KeySourceError):
        users.create_user(None, token())
    with CaptureQueriesContext(connection) as sent:
        refuse_twin(token(sub="u1"), {}, "default")
    assert len(sent) == 0
    compared = [(field.name, claim) for field, claim in twins._compared({"number": "nr"})]
    assert compared == [
        *(("number", claim) for claim in ("sub", "preferred_username", "email", "nr")),
        ("key", "sub"),
    ]


@pytest.mark.parametrize("model", ["Member", "Strict"])
def test_an_address_is_not_made_up(
    people: Any, token: Any, caplog: pytest.LogCaptureFixture, model: str
) -> None:
    """Where the user name is an address and no claim gives it: an error of the check, and 503."""
    users = people(model, CLAIM_MAP={"nick": "nickname"})
    assert f'JWKS_AUTH["USER"]: people.{model}.email is required, and no setting fills it' in errors()
    with pytest.raises(KeySourceError):
        users.create_user(None, token(nickname="ada"))
    assert "no setting fills the required field email" in caplog.text


@pytest.mark.parametrize("sent", [{}, {"email": None}, {"email": ""}])
def test_an_address_that_this_token_lacks(
    people: Any, token: Any, caplog: pytest.LogCaptureFixture, sent: Any
) -> None:
    """The settings fill it, and the token does not: 401, and the log names the claim."""
    users = people("Member", CLAIM_MAP={**MEMBER, "email": "mail"})
    with pytest.raises(InvalidTokenError, match="may not sign in"):
        users.create_user(None, token(birthdate="1815-12-10", mail=sent.get("email")))
    assert "the token has no claim 'mail' that fits the required field email" in caplog.text


def test_a_required_field_that_this_token_lacks(
    people: Any, token: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Missing, or a misfit that is skipped: 401, and the log names the claim."""
    users = people("Member", CLAIM_MAP=MEMBER)
    for birthdate in ({}, {"birthdate": "long ago"}):
        with pytest.raises(InvalidTokenError, match="may not sign in"):
            users.create_user(None, token(email="ada@example.org", **birthdate))
        assert "the token has no claim 'birthdate' that fits the required field birthday" in caplog.text
        caplog.clear()


def test_a_required_field_that_no_setting_fills(
    people: Any, token: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """An error of the check; at run time 503, and the log names the field."""
    users = people("Member", CLAIM_MAP={"email": "email"})
    assert errors() == ['JWKS_AUTH["USER"]: people.Member.birthday is required, and no setting fills it']
    with pytest.raises(KeySourceError):
        users.create_user(None, token(**CLAIMS))
    assert "no account can be created: no setting fills the required field birthday" in caplog.text


class Filling(DatabaseUsers):
    """Makes accounts in its own way."""

    def create_user(self, request: Any, token: Any) -> Any:
        """A member."""
        return get_user_model()._default_manager.create_user(email="x@example.org", birthday="1815-12-10")


class Naming(DatabaseUsers):
    """Makes up names in its own way."""

    def username_for(self, token: Any) -> str:
        """An address of the project's own."""
        return f"{token.subject}@people.example"


def test_who_creates_users_fills_their_fields(people: Any, token: Any) -> None:
    """A store of the project's own is believed, and so is CREATE=False."""
    people("Member", CREATE=False)
    assert errors() == []
    assert people("Member", f"{__name__}.Filling").create_user(None, token()).pk
    assert errors() == []
    users = people("Member", f"{__name__}.Naming", CLAIM_MAP={"birthday": "birthdate"})
    assert errors() == []
    assert users.create_user(None, token(sub="u1", **CLAIMS)).email == "u1@people.example"


def test_a_model_that_fills_its_own_fields(people: Any, token: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Its manager makes nobody, so it is saved; what ``save`` fills is filled, what it does not is told."""
    users = people("Guest", CLAIM_MAP={"login": "preferred_username"})
    guest = users.create_user(None, token(preferred_username="ada"))
    assert (guest.login, guest.slug, guest.has_usable_password()) == ("ada", "ada", False)
    with pytest.raises(KeySourceError):
        users.create_user(None, token(preferred_username="unwelcome"))
    assert "no setting fills the required field slug" in caplog.text


def test_a_strict_manager(people: Any, token: Any) -> None:
    """It gets what it takes, defaults for what an account may lack, and the rest is written after it."""
    users = people("Strict", CLAIM_MAP={"email": "email", "phone": "phone_number"})
    one = users.create_user(None, token(email="ada@example.org", phone_number="123"))
    stored = get_user_model()._default_manager.get(pk=one.pk)
    assert (stored.nick, stored.phone, stored.has_usable_password()) == ("anon", "123", False)


def test_a_manager_that_says_no(people: Any, token: Any, caplog: pytest.LogCaptureFixture) -> None:
    """It raises what Django's guide raises: 401, and no text of its own, which may quote the claim."""
    users = people("Member", CLAIM_MAP=MEMBER)
    with pytest.raises(InvalidTokenError):
        users.create_user(None, token(**{**CLAIMS, "email": "root@example.org"}))
    assert "the user model's manager creates no such account: ValueError" in caplog.text
    assert "nobody is called so" not in caplog.text


def test_a_foreign_key_by_its_column(people: Any, token: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A claim names a row that exists; only what differs is looked up. By the field's name it is refused."""
    with pytest.raises(ImproperlyConfigured, match="'team' is a foreign key, so map 'team_id'"):
        people("Member", CLAIM_MAP={**MEMBER, "team": "team"})
    users = people("Member", CLAIM_MAP={**MEMBER, "team_id": "team"})
    team = apps.get_model("people", "Team").objects.create(name="red")
    member = users.create_user(None, token(**CLAIMS, team=team.pk))
    assert member.team == team
    with CaptureQueriesContext(connection) as sent:
        assert users.profile.changes(member, token(**CLAIMS, team=team.pk)) == {}
    assert len(sent) == 0
    blue = apps.get_model("people", "Team").objects.create(name="blue")
    assert users.update_user(None, member, token(**CLAIMS, team=blue.pk)).team == blue
    for wrong in (0, "1", True, [1], 10**30):
        with pytest.raises(InvalidTokenError):
            users.update_user(None, member, token(**CLAIMS, team=wrong))
    assert "the claim 'team' does not fit the field team_id" in caplog.text


MISFITS = [
    ("nick", "n" * 11),
    ("nick", 7),
    ("nick", ["a", "list"]),
    ("nick", True),
    ("nick", {"a": 1}),
    ("nick", "a\0"),
    ("height", "180"),
    ("height", 180.5),
    ("height", True),
    ("height", 10**30),
    ("score", "1.5"),
    ("score", True),
    ("price", "many"),
    ("price", 12345678),
    ("price", [1]),
    ("news", 1),
    ("news", "true"),
    ("key", "no key"),
    ("key", 7),
    ("extra", {"a": ["b\0"]}),
    ("extra", {"\0": 1}),
    ("shift", "9999999999999 00:00:00"),
    ("shift", 7),
    ("met", 1700000000),
    ("met", "yesterday"),
    ("met", "2023-02-30T00:00:00Z"),
    ("met", "0001-01-01T00:00:00+14:00"),
    ("met", "9999-12-31T23:59:59-14:00"),
    ("shift", "999999999 00:00:00"),
    ("shift", "-999999999 00:00:00"),
    ("price", "NaN"),
    ("price", "sNaN"),
    ("price", "1E+50"),
    ("price", "-Infinity"),
]


@pytest.mark.parametrize(("field", "value"), MISFITS, ids=[f"{f}: {v!r:.20}" for f, v in MISFITS])
def test_display_data_that_does_not_fit(
    people: Any, token: Any, caplog: pytest.LogCaptureFixture, field: str, value: Any
) -> None:
    """It is skipped and logged, and the rest is written; with ON_MISFIT="refuse" it refuses."""
    mapped = {"CLAIM_MAP": {**MEMBER, field: "said"}}
    users = people("Member", **mapped)
    member = users.create_user(None, token(**CLAIMS, said=value))
    assert getattr(member, field) == get_user_model()._meta.get_field(field).get_default()
    assert f"the claim 'said' does not fit the field {field}: it is " in caplog.text.replace(
        "it has", "it is"
    )
    assert "so it is skipped" in caplog.text
    with pytest.raises(InvalidTokenError):
        people("Member", **mapped, ON_MISFIT="refuse").update_user(None, member, token(**CLAIMS, said=value))


def test_a_save_that_judges(people: Any, token: Any, caplog: pytest.LogCaptureFixture) -> None:
    """What the model's own ``save()`` refuses refuses the token, and is told without the claim."""
    users = people("Guest", CLAIM_MAP={"login": "preferred_username"})
    guest = users.create_user(None, token(preferred_username="ada"))
    users.create_user(None, token(preferred_username="grace"))
    assert users.update_user(None, guest, token(preferred_username="augusta")).login == "augusta"
    with pytest.raises(InvalidTokenError):
        users.update_user(None, guest, token(preferred_username="grace"))
    assert ("can't be saved: ValidationError" in caplog.text, "grace" in caplog.text) == (True, False)


@pytest.mark.parametrize("time", ["2023-11-14T22:13:20+00:00", "2023-11-14T22:13:20"])
def test_times_without_time_zones(people: Any, token: Any, time: str) -> None:
    """In a project without them, a claim's time is stored in the project's own."""
    with override_settings(USE_TZ=False, TIME_ZONE="UTC"):
        users = people("Member", CLAIM_MAP={**MEMBER, "met": "said"})
        member = users.create_user(None, token(**CLAIMS, said=time))
        member.refresh_from_db()
        assert member.met == datetime.datetime.fromisoformat("2023-11-14T22:13:20")
        assert users.profile.changes(member, token(**CLAIMS, said=time)) == {}


FITS = [
    ("nick", "ada", "ada"),
    ("height", 180, 180),
    ("score", 1, 1.0),
    ("price", "9.50", 9.5),
    ("news", True, True),
    ("met", "2023-11-14T22:13:20", datetime.datetime(2023, 11, 14, 22, 13, 20, tzinfo=datetime.UTC)),
    ("extra", {"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
    ("extra", ["a"], ["a"]),
]


@pytest.mark.parametrize(("field", "value", "stored"), FITS, ids=[f"{f}: {v!r:.20}" for f, v, _ in FITS])
def test_what_fits_is_written_once(people: Any, token: Any, field: str, value: Any, stored: Any) -> None:
    """And read back, it does not differ."""
    users = people("Member", CLAIM_MAP={**MEMBER, field: "said"})
    member = users.create_user(None, token(**CLAIMS, said=value))
    member.refresh_from_db()
    assert getattr(member, field) == stored
    assert users.profile.changes(member, token(**CLAIMS, said=value)) == {}


@pytest.mark.parametrize("field", ["badge", "email", "is_active"])
@pytest.mark.parametrize("value", [["x"], 7, "x" * 300, {}])
def test_what_identifies_refuses(people: Any, token: Any, field: str, value: Any) -> None:
    """A name, what is unique and what opens the account are never left as they were."""
    users = people("Member", CLAIM_MAP={**MEMBER, field: "said"})
    member = get_user_model()._default_manager.create_user("ada@example.org", "1815-12-10")
    with pytest.raises(InvalidTokenError):
        users.update_user(None, member, token(**CLAIMS, said=value))


@pytest.mark.parametrize(
    ("model", "options", "told"),
    [
        ("Member", {"CLAIM_MAP": {"password": "pw"}}, "'password' is no field that a claim can fill"),
        ("Member", {"FLAGS": {"nick": "boss"}}, "FLAGS: 'nick' is not boolean"),
        ("Member", {"GROUPS_CLAIM": "groups"}, "people.Member has no groups"),
        ("Member", {"ON_MISFIT": "ignore"}, "expected one of skip, refuse"),
        ("Guest", {"MATCH_EMAIL": True}, "MATCH_EMAIL: people.Guest has no e-mail address"),
    ],
)
def test_settings_that_do_not_fit_the_model(people: Any, model: str, options: Any, told: str) -> None:
    """Each says what is wrong, before the first request."""
    with pytest.raises(ImproperlyConfigured, match="JWKS_AUTH") as wrong:
        people(model, **options)
    assert told in str(wrong.value)

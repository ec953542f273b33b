"""``JWKSAuthSettings``: the environment, arguments, ``.env`` files and what is wrong with them."""

from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel
from pydantic_settings import SettingsConfigDict

from jwks_auth import ANY_AUDIENCE, ConfigurationError
from jwks_auth.adapters import ROWS, SETTING_NAMES, Authenticator
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWKSAuthSettings, JWTBearer, VerifiedToken
from tests import tenant_directory

ISSUER = "https://issuer.example/"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The two variables that every service sets."""
    monkeypatch.setenv("JWKS_AUTH_ISSUER", ISSUER)
    monkeypatch.setenv("JWKS_AUTH_AUDIENCE", "api")
    return monkeypatch


def test_worker_processes_share_a_sealed_store(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By two variables: who has the secret starts with the keys that another has fetched, and others do not."""
    with FakeIssuer.serve() as issuer:
        environment.setenv("JWKS_AUTH_ISSUER", issuer.issuer)
        environment.setenv("JWKS_AUTH_STORE", f"file:{tmp_path}/keys")
        for secret, fetched in (
            ("of the orders team", 1),
            ("of the orders team", 1),
            ("of the billing team", 2),
        ):
            environment.setenv("JWKS_AUTH_STORE_SECRET", secret)
            Authenticator(JWKSAuthSettings().core).warm_up()
            assert issuer.requests[issuer.jwks_path] == fetched


def test_every_setting_of_the_core_is_a_field() -> None:
    """One vocabulary."""
    assert {name.upper() for name in JWKSAuthSettings.model_fields} == SETTING_NAMES | {"OPENAPI"}
    for name, row in ROWS.items():
        assert JWKSAuthSettings.model_fields[name.lower()].description == row.doc


def test_the_environment_is_read(environment: pytest.MonkeyPatch) -> None:
    """Lists are JSON or separated by spaces, objects JSON, numbers and flags as one writes them."""
    environment.setenv("JWKS_AUTH_AUDIENCE", "api reports")
    environment.setenv("JWKS_AUTH_ALGORITHMS", '["RS256", "ES256"]')
    environment.setenv("JWKS_AUTH_LEEWAY", "10")
    environment.setenv("JWKS_AUTH_CACHE_KEYS", "yes")
    environment.setenv("JWKS_AUTH_HEADERS", '{"X-Api-Key": "s3cret"}')
    settings = JWKSAuthSettings()
    assert settings.issuer == ISSUER
    assert settings.audience == ("api", "reports")
    assert settings.algorithms == ("RS256", "ES256")
    assert (settings.leeway, settings.cache_keys, settings.wait) == (10.0, True, None)
    assert settings.headers == {"X-Api-Key": "s3cret"}
    assert [issuer.issuer for issuer in Authenticator(settings.core).issuers] == [ISSUER]


def test_arguments_win_over_the_environment() -> None:
    """As with any pydantic settings."""
    assert JWKSAuthSettings(audience=ANY_AUDIENCE).audience is ANY_AUDIENCE
    assert JWKSAuthSettings(audience=["a", "b"]).audience == ("a", "b")


def test_a_fake_issuers_settings_fit(environment: pytest.MonkeyPatch) -> None:
    """Tests may hand its mapping over, in lower case."""
    issuer = FakeIssuer()
    settings = JWKSAuthSettings(**{name.lower(): value for name, value in issuer.settings().items()})
    assert JWTBearer(settings).authenticator.authenticate  # constructed without I/O
    assert issuer.requests.total() == 0


@pytest.mark.parametrize("nested", [True, False])
def test_issuers_are_nested(environment: pytest.MonkeyPatch, nested: bool) -> None:
    """Variable by variable, or all as JSON."""
    environment.delenv("JWKS_AUTH_ISSUER")
    if nested:
        environment.setenv("JWKS_AUTH_ISSUERS__ACME__ISSUER", "https://acme.example/")
        environment.setenv("JWKS_AUTH_ISSUERS__ACME__ALGORITHMS", "ES256 PS256")
        environment.setenv("JWKS_AUTH_ISSUERS__BOLT__ISSUER", "https://bolt.example/")
    else:
        text = '[{"issuer": "https://acme.example/", "algorithms": ["ES256"]}, "https://bolt.example/"]'
        environment.setenv("JWKS_AUTH_ISSUERS", text)
    auth = JWTBearer(JWKSAuthSettings())
    found = {issuer.issuer: issuer.algorithms for issuer in auth.authenticator.issuers}
    assert set(found) == {"https://acme.example/", "https://bolt.example/"}
    assert "ES256" in (found["https://acme.example/"] or ())


def test_a_dotenv_file_is_read_only_when_named(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not because it happens to lie there."""
    environment.chdir(tmp_path)
    Path(".env").write_text("JWKS_AUTH_REALM=orders\nOTHER=1\n")
    assert JWKSAuthSettings().realm is None
    assert JWKSAuthSettings(_env_file=".env").realm == "orders"


def test_secrets_are_not_in_the_repr(environment: pytest.MonkeyPatch) -> None:
    """Headers, the store's URL and key documents stay out of it, and out of the core's."""
    environment.setenv("JWKS_AUTH_HEADERS", '{"X-Api-Key": "s3cret"}')
    environment.setenv("JWKS_AUTH_STORE_SECRET", "s3cret" * 3)
    settings = JWKSAuthSettings(jwks=FakeIssuer().jwks, store="file:/nowhere")
    assert "s3cret" not in f"{settings!r} {settings} {settings.core!r}"
    assert ISSUER in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEEWAY", "soon"),
        ("ALGORITHMS", "HS256"),
        ("ALGORITHMS", '["RS256"'),
        ("ALLOW_HTTP", "perhaps"),
        ("HEADERS", '{"X-Api-Key": ["s3cret"]}'),
        ("HEADERS", "s3cret"),
        ("ISSUER", "ftp://issuer.example"),
        ("AUDIENCE", ""),
        ("MAX_CACHED_KEYS", "-1"),
        ("REALM", 'a"b'),
        ("PROFILE", "strictest"),
        ("IS_REVOKED", "nowhere.to_be_found"),
        ("JWKS", '{"keys": "s3cret"}'),
        ("STORE", "redis//:s3cret@host"),
        ("STORE_SECRET", "s3cret"),
        ("STORE_SECRET", "s3cret and no store"),
        ("OPENAPI", "{"),
        ("OPENAPI__SCOPES", "{"),
        ("OPENAPI__CLIENTID", "swagger"),
    ],
)
def test_errors_name_the_variable(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    """A wrong variable fails when the bearer is made at the latest, under its own name, without secrets."""
    environment.setenv(f"JWKS_AUTH_{name}", value)
    with pytest.raises(ConfigurationError, match=rf"(?i)(JWKS_AUTH_)?{name}") as caught:
        JWTBearer(JWKSAuthSettings())
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None or "s3cret" not in str(caught.value.__cause__)


def test_a_missing_issuer_is_named(environment: pytest.MonkeyPatch) -> None:
    """The variable that is missing is what the message begins with."""
    environment.delenv("JWKS_AUTH_ISSUER")
    with pytest.raises(ConfigurationError, match="JWKS_AUTH_ISSUER is missing"):
        JWKSAuthSettings()


def test_an_unknown_variable_is_a_warning(environment: pytest.MonkeyPatch) -> None:
    """Others may share the prefix; the nearest name is suggested."""
    environment.setenv("JWKS_AUTH_AUDIENSE", "api")
    with pytest.warns(UserWarning, match=r"JWKS_AUTH_AUDIENSE .*JWKS_AUTH_AUDIENCE") as caught:
        JWKSAuthSettings()
    assert caught[0].filename == __file__


def test_a_misspelt_variable_is_told_before_the_missing_one(environment: pytest.MonkeyPatch) -> None:
    """The error names what is missing, the warning above it why."""
    environment.delenv("JWKS_AUTH_AUDIENCE")
    environment.setenv("JWKS_AUTH_AUDIENSE", "api")
    with (
        pytest.warns(UserWarning, match=r"JWKS_AUTH_AUDIENSE .*JWKS_AUTH_AUDIENCE"),
        pytest.raises(ConfigurationError, match="JWKS_AUTH_AUDIENCE is missing"),
    ):
        JWKSAuthSettings()


def test_an_unknown_argument_is_an_error() -> None:
    """Nobody else passes arguments."""
    with pytest.raises(ConfigurationError, match=r"AUDIENSE .*AUDIENCE"):
        JWKSAuthSettings(audiense="api")


def test_openapi_settings_are_nested(environment: pytest.MonkeyPatch) -> None:
    """``JWKS_AUTH_OPENAPI__*``."""
    environment.setenv("JWKS_AUTH_OPENAPI__KIND", "oauth2")
    environment.setenv("JWKS_AUTH_OPENAPI__AUTHORIZATION_URL", "https://issuer.example/authorize")
    environment.setenv("JWKS_AUTH_OPENAPI__TOKEN_URL", "https://issuer.example/token")
    environment.setenv("JWKS_AUTH_OPENAPI__SCOPES", '{"orders:read": "Read orders"}')
    auth = JWTBearer(JWKSAuthSettings())
    assert auth.model.type_.value == "oauth2"
    assert auth.openapi.scopes == {"orders:read": "Read orders"}


@pytest.mark.parametrize(("kind", "message"), [("oauth3", "KIND"), ("oauth2", "authorization_url")])
def test_wrong_openapi_settings_are_named(environment: pytest.MonkeyPatch, kind: str, message: str) -> None:
    """They fail at construction like all others."""
    environment.setenv("JWKS_AUTH_OPENAPI__KIND", kind)
    with pytest.raises(ConfigurationError, match=message):
        JWKSAuthSettings()


def test_a_service_can_have_its_own_prefix_and_fields(environment: pytest.MonkeyPatch) -> None:
    """A subclass is a service's settings; messages use its prefix, the core sees only what is its own."""

    class Settings(JWKSAuthSettings):
        model_config = SettingsConfigDict(env_prefix="ORDERS_")
        database_url: str = "sqlite://"

    environment.setenv("ORDERS_ISSUER", "https://orders.example/")
    environment.setenv("ORDERS_AUDIENCE", "orders")
    environment.setenv("ORDERS_DATABASE_URL", "postgres://")
    settings = Settings()
    assert (settings.issuer, settings.database_url) == ("https://orders.example/", "postgres://")
    assert [issuer.issuer for issuer in JWTBearer(settings).authenticator.issuers] == [
        "https://orders.example/"
    ]
    environment.setenv("ORDERS_LEEWAY", "soon")
    with pytest.raises(ConfigurationError, match="ORDERS_LEEWAY"):
        Settings()


def test_no_instance_is_shared() -> None:
    """Two settings objects are two; nothing is kept between them."""
    first: Any = JWKSAuthSettings()
    assert first is not JWKSAuthSettings()
    assert first.core is not JWKSAuthSettings().core


def test_tenants_by_their_path(environment: pytest.MonkeyPatch) -> None:
    """``JWKS_AUTH_TENANTS`` and an audience are enough: no issuer is listed. Overrides work as ever."""
    environment.delenv("JWKS_AUTH_ISSUER")
    environment.setenv("JWKS_AUTH_TENANTS", tenant_directory.PATH)
    auth, app = JWTBearer(JWKSAuthSettings()), FastAPI()

    @app.get("/me")
    def me(token: Annotated[VerifiedToken[Any], Depends(auth)]) -> list[Any]:
        return [token.issuer, token.audience]

    client = TestClient(app)
    for raw, status in tenant_directory.tokens().items():
        assert client.get("/me", headers={"Authorization": f"Bearer {raw}"}).status_code == status
    app.dependency_overrides[auth] = auth.fake(iss=tenant_directory.ACME.issuer)
    assert client.get("/me").json() == [tenant_directory.ACME.issuer, ["api"]]
    with pytest.raises(ConfigurationError, match="openid_connect_url"):
        JWTBearer(JWKSAuthSettings(), openapi="openIdConnect")


def test_settings_may_be_arguments_of_the_bearer(environment: pytest.MonkeyPatch) -> None:
    """What everyone tries first: names in lower case, and what is left out is the environment's."""
    fake = FakeIssuer("https://other.example/")
    environment.setenv("JWKS_AUTH_REALM", "orders")
    auth = JWTBearer(issuer=fake.issuer, audience=["stated"], jwks=fake.jwks(), openapi="openIdConnect")
    assert auth.authenticator.realm == "orders"
    assert auth.authenticator.verifier.verify(fake.token(aud="stated")).issuer == fake.issuer  # type: ignore[attr-defined]
    assert auth.openapi.kind == "openIdConnect"
    assert auth.requirement(()).audience is None, "here it is a setting, and no route's"
    environment.delenv("JWKS_AUTH_ISSUER")
    with pytest.raises(ConfigurationError, match="JWKS_AUTH_ISSUER is missing"):
        JWTBearer(audience="api")
    with pytest.raises(ConfigurationError, match="JWKS_AUTH_LEEWAY: expected a number of seconds"):
        JWTBearer(issuer=ISSUER, audience="api", leeway="soon")  # type: ignore[call-overload]


def test_an_argument_that_is_neither_setting_nor_option_is_named() -> None:
    """With the nearest that is one; a setting beside settings belongs into them."""
    with pytest.raises(TypeError, match="'isuer': did you mean issuer"):
        JWTBearer(isuer=ISSUER)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="'optinal': did you mean optional"):
        JWTBearer(JWKSAuthSettings(), optinal=True)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="'clams': did you mean claims"):
        JWTBearer(JWKSAuthSettings(), clams=dict)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="'issuer': say it in the settings"):
        JWTBearer(JWKSAuthSettings(), issuer=ISSUER)  # type: ignore[call-overload]
    with pytest.raises(ConfigurationError, match="openapi: found None"):
        JWTBearer(issuer=ISSUER, audience="api", openapi=None)  # type: ignore[call-overload]
    assert JWTBearer(JWKSAuthSettings(), audience="reports").requirement(()).audience == ("reports",)


def test_a_provider_needs_fewer_variables(environment: pytest.MonkeyPatch) -> None:
    """By variables and by arguments; what it lacks is said by the variable's name."""
    environment.delenv("JWKS_AUTH_ISSUER")
    environment.setenv("JWKS_AUTH_PROVIDER", "github-actions")
    with pytest.raises(
        ConfigurationError, match=r"^JWKS_AUTH_REQUIRED_CLAIMS is missing: .*repository_owner"
    ):
        JWKSAuthSettings()
    environment.setenv("JWKS_AUTH_REQUIRED_CLAIMS", '{"repository_owner": "acme"}')
    assert JWKSAuthSettings().core.issuers == ("https://token.actions.githubusercontent.com",)
    environment.setenv("JWKS_AUTH_PROVIDER", "entra-multitenant")
    environment.setenv("JWKS_AUTH_TENANTS", "aaaabbbb-0000-cccc-1111-dddd2222eeee")
    tenant = "https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0"
    assert JWKSAuthSettings().core.issuers == (tenant,)
    environment.delenv("JWKS_AUTH_TENANTS")
    bearer = JWTBearer(provider="google", audience="client.apps.googleusercontent.com")
    assert [issuer.issuer for issuer in bearer.authenticator.issuers] == ["https://accounts.google.com"]


@pytest.mark.parametrize("name", sorted(each.lower() for each in ROWS))
def test_every_setting_is_an_option_without_settings_and_none_beside_them(name: str) -> None:
    """But ``audience``, which is then the route's."""
    given = {"issuer": ISSUER, "audience": "api"}
    if name not in given:
        JWTBearer(**{**given, name: None})  # type: ignore[call-overload]
    beside = {name: ISSUER}
    if name == "audience":
        assert JWTBearer(JWKSAuthSettings(**given), **beside).requirement(()).audience == (ISSUER,)
    else:
        with pytest.raises(TypeError, match=f"'{name}': say it in the settings"):
            JWTBearer(JWKSAuthSettings(**given), **beside)


@pytest.mark.parametrize("settings", [(), ({"ISSUER": ISSUER, "AUDIENCE": "api"},)], ids=["stated", "given"])
def test_the_bearers_own_options_are_its_own_in_both_forms(settings: tuple[Any, ...]) -> None:
    """And take what they can be alone: the text "false" would count as true."""
    stated: dict[str, Any] = {} if settings else {"issuer": ISSUER, "audience": "api"}

    class Model(BaseModel):
        tier: str

    for own in (
        {"claims": Model},
        {"optional": True},
        {"openapi": "bearer"},
        {"websocket_subprotocol": True},
        {"require_warm_up": True},
    ):
        [name] = own
        JWTBearer(*settings, **stated, **own)
        for wrong in (None, "false"):
            with pytest.raises(ConfigurationError, match=name):
                JWTBearer(*settings, **stated, **{name: wrong})


@pytest.mark.parametrize("settings", [None, ISSUER])
def test_settings_that_are_none_are_refused_with_what_to_write(settings: Any) -> None:
    """An unset variable, and an issuer where the settings stand."""
    with pytest.raises(
        ConfigurationError, match=r"settings: found .*JWTBearer\(issuer=\.\.\., audience=\.\.\.\)"
    ):
        JWTBearer(settings)

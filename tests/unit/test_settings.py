"""Settings: one vocabulary, and messages that name the setting, what was found and what is expected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jwks_auth import ConfigurationError, InvalidTokenError, Issuer, TokenVerifier
from jwks_auth.settings.sources import named_as_settings
from jwks_auth.settings.vocabulary import Settings
from jwks_auth.stores.protocol import MemoryStore
from jwks_auth.testing import FakeIssuer
from tests import tenant_directory

ONE = {"ISSUER": "https://issuer.example/", "AUDIENCE": "api"}


def test_issuer_and_audience_are_enough() -> None:
    """Two settings make a verifier."""
    verifier = Settings.from_mapping(ONE).verifier()
    assert [issuer.issuer for issuer in verifier.issuers] == ["https://issuer.example/"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ISSUER": None}, r'JWKS_AUTH\["ISSUER"\] is missing'),
        ({"AUDIENCE": None}, r'JWKS_AUTH\["AUDIENCE"\] is missing'),
        ({"ISSUER": 3}, r'JWKS_AUTH\["ISSUER"\]: expected a string, found 3'),
        (
            {"LEEWAY": "soon"},
            r'JWKS_AUTH\["LEEWAY"\]: expected a number of seconds, 0 or more, found \'soon\'',
        ),
        (
            {"AUDIENSE": "api"},
            r'JWKS_AUTH\["AUDIENSE"\] is not a setting: did you mean JWKS_AUTH\["AUDIENCE"\]',
        ),
        ({"audience": "api"}, r'did you mean JWKS_AUTH\["AUDIENCE"\]'),
        ({"QQQQQQQ": 1}, "known are"),
        ({"ISSUERS": ["https://a.example/"]}, "exclude each other"),
        (
            {"ISSUER": None, "ISSUERS": [{"AUDIENCE": "x"}]},
            r'JWKS_AUTH\["ISSUERS"\]\[0\]\["ISSUER"\] is missing',
        ),
        (
            {"ISSUER": None, "ISSUERS": [{"ISSUER": "https://a/", "LEEWAY": 3}]},
            r"\[0\].*LEEWAY.* is not a setting",
        ),
        ({"ISSUER": None, "ISSUERS": 3}, r'JWKS_AUTH\["ISSUERS"\]: expected a list of issuer URLs'),
        ({"ALGORITHMS": ["HS256"]}, "HS256"),
        ({"ALGORITHMS": ["none"]}, "none"),
        ({"ISSUER": "http://issuer.example/"}, "https"),
        ({"ROLES_CLAIM": "groups,roles"}, r'found a comma in .*as a list: \["realm_access.roles"'),
        ({"PERMISSIONS_CLAIM": "a roles"}, r'found a space in .*as a list: \["realm_access.roles"'),
        ({"SCOPE_CLAIMS": '"scp"'}, "without quotation marks"),
    ],
)
def test_a_wrong_setting_names_itself(change: dict[str, Any], message: str) -> None:
    """At construction, never on a request."""
    with pytest.raises(ConfigurationError, match=message):
        Settings.from_mapping({**ONE, **change}, label='JWKS_AUTH["{}"]').verifier()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALGORITHMS", ["HS256"]),
        ("ALGORITHMS", []),
        ("PROFILE", "rfc9086"),
        ("STORE", "postgres://host"),
        ("STORE_SECRET", "short"),
        ("STORE_SECRET", "sixteen letters, but no store"),
        ("ISSUER", "ftp://issuer.example/"),
        ("ISSUER", "http://issuer.example/"),
        ("ISSUER", "https://issuer.example/?x"),
        ("JWKS", {"keys": []}),
        ("JWKS_URI", "issuer.example/keys"),
        ("DISCOVERY_URL", "nowhere"),
        ("TIMEOUT", 0),
    ],
)
def test_what_an_issuer_or_a_verifier_refuses_is_named_as_the_setting_it_was(name: str, value: Any) -> None:
    """In Flask's words as in Django's, not as an argument that nobody wrote."""
    mapping = {f"JWKS_AUTH_{key}": each for key, each in {**ONE, name: value}.items()}
    with pytest.raises(ConfigurationError, match=rf"\AJWKS_AUTH_{name}\b"):
        Settings.from_prefixed(mapping).verifier()
    with pytest.raises(ConfigurationError, match=rf'\AJWKS_AUTH\["{name}"\]'):
        Settings.from_mapping({**ONE, name: value}, label='JWKS_AUTH["{}"]').verifier()


@pytest.mark.parametrize(
    ("shared", "own", "named"),
    [
        ({}, {"algorithms": ["none"]}, r'JWKS_AUTH_ISSUERS\[1\]\["ALGORITHMS"\]: found none'),
        ({"JWKS_AUTH_ALGORITHMS": ["none"]}, {}, r"JWKS_AUTH_ALGORITHMS: found none"),
        ({}, {"profile": "rfc9086"}, r'JWKS_AUTH_ISSUERS\[1\]\["PROFILE"\]: found'),
        ({}, {"issuer": "https://a.example/"}, r"JWKS_AUTH_ISSUERS: 'https://a.example/' is listed twice"),
        ({}, {"jwks": {"keys": []}, "jwks_uri": "https://b.example/"}, r"expected one place"),
    ],
)
def test_of_several_issuers_the_one_at_fault_is_named(shared: dict[str, Any], own: Any, named: str) -> None:
    """By its place in the list; but a setting that all share by its own name."""
    issuers = ["https://a.example/", {"issuer": "https://b.example/", **own}]
    mapping = {"JWKS_AUTH_AUDIENCE": "api", "JWKS_AUTH_ISSUERS": issuers, **shared}
    with pytest.raises(ConfigurationError, match=named):
        Settings.from_prefixed(mapping).verifier()


def test_a_store_is_sealed_with_the_secret_of_the_settings(tmp_path: Path) -> None:
    """Whoever lacks it, or has another, gives this service no keys; who has it shares its fetch."""
    with FakeIssuer.serve() as issuer:
        shared = {"ISSUER": issuer.issuer, "AUDIENCE": "api", "STORE": f"file:{tmp_path}/keys"}
        for secret, fetched in (
            ("the secret of the fleet", 1),
            ("the secret of the fleet", 1),
            ("another secret altogether", 2),
            (None, 3),
            ("the secret of the fleet", 4),
        ):
            verifier = Settings.from_mapping({**shared, "STORE_SECRET": secret}).verifier()
            assert verifier.verify(issuer.token()).issuer == issuer.issuer
            assert issuer.requests[issuer.jwks_path] == fetched


def test_each_issuer_may_have_a_store_and_a_secret_of_its_own() -> None:
    """The secret of all is for the stores of all."""
    own = {"ISSUER": "https://b.example/", "STORE": MemoryStore()}
    mapping = {"ISSUERS": ["https://a.example/", own], "AUDIENCE": "api", "STORE_SECRET": "sixteen letters."}
    assert Settings.from_mapping({**mapping, "STORE": MemoryStore()}).verifier()
    with pytest.raises(ConfigurationError, match=r"^STORE_SECRET: found no STORE that it could seal"):
        Settings.from_mapping(mapping).verifier()


def test_settings_are_a_mapping() -> None:
    """The issuer alone, in its place, says what was expected."""
    with pytest.raises(ConfigurationError, match="found a str, expected"):
        Settings.from_mapping("https://issuer.example/")  # type: ignore[arg-type]


def test_an_audience_may_be_said_for_each_issuer() -> None:
    """Or for all; but for every one of them it is said."""
    first = {"ISSUER": "https://a.example/", "AUDIENCE": "a"}
    assert len(Settings.from_mapping({"ISSUERS": [first]}).sources) == 1
    with pytest.raises(ConfigurationError, match="AUDIENCE is missing"):
        Settings.from_mapping({"ISSUERS": [first, "https://b.example/"]})


def test_none_is_not_given() -> None:
    """A framework's default of None leaves our default alone."""
    settings = Settings.from_mapping({**ONE, "LEEWAY": None, "REALM": None})
    assert set(settings.shared) == {"AUDIENCE"}


def test_an_adapters_own_names_are_left_to_it() -> None:
    """*extra* names are neither parsed nor refused."""
    settings = Settings.from_mapping({**ONE, "USER": {"STORE": "database"}}, extra=["USER"])
    assert "USER" not in settings.shared


def test_several_issuers_share_what_is_not_their_own() -> None:
    """An entry is a URL or a mapping in either case; its own value replaces the shared one."""
    settings = Settings.from_mapping(
        {
            "AUDIENCE": "api",
            "ALGORITHMS": "RS256 ES256",
            "ISSUERS": ["https://a.example/", {"issuer": "https://b.example/", "audience": "b-api"}],
        }
    )
    first, second = settings.verifier().issuers
    assert (first.issuer, first.audience) == ("https://a.example/", ("api",))
    assert (second.issuer, second.audience) == ("https://b.example/", ("b-api",))
    assert first.algorithms == second.algorithms == frozenset({"RS256", "ES256"})


def test_each_issuer_may_have_rules_of_its_own() -> None:
    """Entra's tokens are no RFC 9068 tokens, one's own provider's are; each has its own clients."""
    own, other = FakeIssuer("https://own.example/"), FakeIssuer("https://other.example/")
    entries = [
        {**own.settings(), "PROFILE": "rfc9068", "ALLOWED_CLIENTS": "web app", "MAX_AGE": "3600"},
        {**other.settings(), "REQUIRED_CLAIMS": ["tid"]},
    ]
    verifier = Settings.from_mapping({"ALLOWED_CLIENTS": ["daemon"], "ISSUERS": entries}).verifier()
    assert verifier.verify(own.token(client_id="app")).client_id == "app"
    assert (
        verifier.verify(other.token(client_id="daemon", tid="t", header={"typ": None})).client_id == "daemon"
    )
    for raw in (
        own.token(client_id="daemon"),
        own.token(client_id="web", header={"typ": "JWT"}),
        own.token(client_id="web", iat=1),
        other.token(client_id="web", tid="t"),
        other.token(client_id="daemon"),
    ):
        with pytest.raises(InvalidTokenError):
            verifier.verify(raw)


@pytest.mark.parametrize("tenants", [tenant_directory.TENANTS, tenant_directory.PATH])
def test_tenants_are_found_beside_issuers_or_without_any(tenants: Any) -> None:
    """Given as an object or by its path; what is expected of tokens holds for theirs."""
    fake, acme = FakeIssuer("https://issuer.example/"), tenant_directory.ACME
    shared = {"AUDIENCE": "api", "TENANTS": tenants, "ROLES_CLAIM": "groups", "ALLOWED_CLIENTS": ["client"]}
    alone = Settings.from_mapping(shared).verifier()
    beside = Settings.from_mapping({**shared, **fake.settings()}).verifier()
    for verifier in (alone, beside):
        assert verifier.verify(acme.token(groups=["ops"])).roles == {"ops"}
        for bad in (acme.token(aud="x"), acme.token(client_id="x")):
            with pytest.raises(InvalidTokenError):
                verifier.verify(bad)
    assert beside.verify(fake.token()).subject == "user"
    with pytest.raises(InvalidTokenError):
        alone.verify(fake.token())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"TENANTS": "tests.nowhere.TENANTS"}, "TENANTS: can't import"),
        ({"TENANTS": tenant_directory.find}, "TENANTS: found .* expected a jwks_auth.Tenants"),
        ({"TENANTS": f"{tenant_directory.__name__}.find"}, "TENANTS: found .* expected a jwks_auth.Tenants"),
        ({"AUDIENCE": None}, "AUDIENCE is missing"),
        ({"AUDIENCE": None, "ISSUERS": [{**ONE}]}, "AUDIENCE is missing"),
        ({"JWKS_URI": "https://issuer.example/keys"}, "ISSUER is missing"),
    ],
)
def test_wrong_tenants_are_found_at_construction(change: dict[str, Any], message: str) -> None:
    """A callback alone does not say which hosts it may be asked about; an audience holds for every tenant."""
    with pytest.raises(ConfigurationError, match=message):
        Settings.from_mapping({"AUDIENCE": "api", "TENANTS": tenant_directory.PATH, **change}).verifier()


def test_prefixed_names_are_picked_out() -> None:
    """Flask's configuration holds much else."""
    mapping = {"JWKS_AUTH_ISSUER": "https://a.example/", "JWKS_AUTH_AUDIENCE": "api", "DEBUG": True}
    assert Settings.from_prefixed(mapping).verifier().issuers[0].issuer == "https://a.example/"
    with pytest.raises(
        ConfigurationError, match="JWKS_AUTH_LEEWEY is not a setting: did you mean JWKS_AUTH_LEEWAY"
    ):
        Settings.from_prefixed({**mapping, "JWKS_AUTH_LEEWEY": 3})


def test_an_unknown_name_in_the_environment_is_a_warning() -> None:
    """Others share that space."""
    environment = {
        "JWKS_AUTH_ISSUER": "https://a.example/",
        "JWKS_AUTH_AUDIENCE": "api",
        "JWKS_AUTH_LEEWEY": "3",
    }
    with pytest.warns(UserWarning, match="did you mean JWKS_AUTH_LEEWAY"):
        Settings.from_environment(environment)


def test_the_repr_holds_no_secret() -> None:
    """Headers and store URLs stay out of logs."""
    settings = Settings.from_mapping(
        {
            **ONE,
            "HEADERS": {"X-Key": "hunter2"},
            "STORE": "redis://:hunter2@localhost",
            "STORE_SECRET": "hunter2" * 3,
        }
    )
    assert "hunter2" not in repr(settings)
    assert "https://issuer.example/" in repr(settings)


@pytest.mark.parametrize("name", ["REALM", "RESOURCE_METADATA"])
def test_header_injection_through_settings_is_refused(name: str) -> None:
    """What a challenge will carry is judged at start-up, so that no refusal becomes a 500."""
    with pytest.raises(ConfigurationError, match=name):
        Settings.from_mapping({**ONE, name: "a\r\nSet-Cookie: b"})


def test_a_complaint_about_no_setting_is_left_as_it_is() -> None:
    """Only the name of an argument that is a setting is replaced."""
    with pytest.raises(ConfigurationError, match=r"^two clocks disagree$"), named_as_settings(str.lower):
        raise ConfigurationError("two clocks disagree")


def test_issuers_may_be_objects_beside_urls_and_mappings() -> None:
    """An ``Issuer`` is taken as it was made; what it says nothing of is what all share."""
    fake, named = FakeIssuer("https://a.example/"), FakeIssuer("ansible-issuer")
    made = Issuer(fake.issuer, jwks=fake.jwks(), audience="orders")
    entries = [made, "https://b.example/", {"ISSUER": named.issuer, "JWKS": named.jwks()}]
    settings = Settings.from_mapping({"ISSUERS": entries, "AUDIENCE": "api", "REQUIRED_CLAIMS": "tid"})
    verifier = settings.verifier()
    assert verifier.issuers[0] is made
    assert settings.issuers == ("https://a.example/", "https://b.example/", "ansible-issuer")
    assert repr(settings) == "<Settings 'https://a.example/', 'https://b.example/', 'ansible-issuer'>"
    assert verifier.verify(fake.token(aud="orders", tid="1")).issuer == fake.issuer
    for token, code in (
        (fake.token(aud="api", tid="1"), "wrong_audience"),
        (fake.token(aud="orders"), "missing_claim"),
    ):
        with pytest.raises(InvalidTokenError) as caught:
            verifier.verify(token)
        assert caught.value.code == code
    assert Settings.from_mapping({"ISSUERS": [made]}), "each has an audience of its own"


@pytest.mark.parametrize("entry", [3, None, TokenVerifier, ("https://a.example/",)])
def test_an_entry_that_is_no_issuer_is_told_by_its_place(entry: Any) -> None:
    """A string there is a URL or a name, and never a path to import."""
    with pytest.raises(
        ConfigurationError, match=r"JWKS_AUTH_ISSUERS\[1\]: found a .* expected a URL, a mapping"
    ):
        Settings.from_prefixed(
            {"JWKS_AUTH_AUDIENCE": "api", "JWKS_AUTH_ISSUERS": ["https://a.example/", entry]}
        )
    [named] = (
        Settings.from_mapping(
            {"AUDIENCE": "api", "ISSUERS": [{"ISSUER": "os.path", "JWKS_URI": "https://a.example/keys"}]}
        )
        .verifier()
        .issuers
    )
    assert named.issuer == "os.path"


VERIFIER = TokenVerifier(Issuer("https://made.example/", jwks_uri="https://made.example/keys"), "api")


@pytest.mark.parametrize("given", [VERIFIER, f"{__name__}.VERIFIER"], ids=["object", "path"])
def test_a_verifier_that_code_has_made_is_a_setting(given: Any) -> None:
    """With it go only settings of the answer."""
    settings = Settings.from_mapping({"VERIFIER": given, "REALM": "orders", "LEEWAY": None})
    assert settings.verifier() is VERIFIER
    assert settings.issuers == ("https://made.example/",)
    assert settings.shared["REALM"] == "orders"


@pytest.mark.parametrize(
    "beside",
    [{"ISSUER": "https://a.example/"}, {"AUDIENCE": "api"}, {"LEEWAY": 3}, {"ISSUERS": ["https://a"]}],
)
def test_beside_a_verifier_nothing_is_said_that_it_would_not_hear(beside: dict[str, Any]) -> None:
    """It was made with its own, so another would do nothing."""
    [name] = beside
    with pytest.raises(
        ConfigurationError, match=rf"JWKS_AUTH_VERIFIER and JWKS_AUTH_{name} exclude .* REALM"
    ):
        Settings.from_prefixed({"JWKS_AUTH_VERIFIER": VERIFIER, f"JWKS_AUTH_{name}": beside[name]})


def test_of_some_verifiers_nobody_knows_all_issuers() -> None:
    """Those with tenants, and those of one's own: who grants powers has to be named then."""

    class Own(TokenVerifier):
        """May take more than it lists."""

    issuer = VERIFIER.issuers[0]
    for verifier in (Own(issuer, "api"), TokenVerifier(issuer, "api", tenants=tenant_directory.TENANTS)):
        assert Settings.from_mapping({"VERIFIER": verifier}).issuers is None
    assert Settings.from_mapping({"AUDIENCE": "api", "TENANTS": tenant_directory.TENANTS}).issuers is None


PLACES = ["realm_access.roles", ["resource_access", "my.client", "roles"]]


@pytest.mark.parametrize("place", [PLACES, json.dumps(PLACES)], ids=["python", "json"])
def test_places_of_claims_are_lists_everywhere(place: Any) -> None:
    """In code, settings and environment alike, shared or an issuer's own; of a list each place counts."""
    issuer = FakeIssuer()
    access = {"realm_access": {"roles": ["a"]}, "resource_access": {"my.client": {"roles": ["b"]}}}
    raw = issuer.token(aud="api", **access)
    source: dict[str, Any] = {"ISSUER": issuer.issuer, "JWKS": issuer.jwks()}
    for settings in (
        Settings.from_mapping({**source, "AUDIENCE": "api", "ROLES_CLAIM": place, "ALLOW_FAKE_ISSUER": True}),
        Settings.from_mapping(
            {"ISSUERS": [{**source, "ROLES_CLAIM": place}], "AUDIENCE": "api", "ALLOW_FAKE_ISSUER": "true"}
        ),
        Settings.from_environment(
            {
                "JWKS_AUTH_ISSUER": issuer.issuer,
                "JWKS_AUTH_JWKS": json.dumps(issuer.jwks()),
                "JWKS_AUTH_AUDIENCE": "api",
                "JWKS_AUTH_ROLES_CLAIM": json.dumps(PLACES),
                "JWKS_AUTH_ALLOW_FAKE_ISSUER": "true",
            }
        ),
    ):
        assert settings.verifier().verify(raw).roles == {"a", "b"}


@pytest.mark.parametrize("name", ["ROLES_CLAIM", "PERMISSIONS_CLAIM"])
@pytest.mark.parametrize(
    "place", ["roles groups", "roles,groups", "", [], ["a b"], [[]], {"a": 1}, 5, '["a"', "a..b"]
)
def test_a_place_that_cannot_be_meant_names_its_setting(name: str, place: Any) -> None:
    """Before any token is read; a string with spaces is no longer silently nothing."""
    with pytest.raises(ConfigurationError, match=name):
        Settings.from_mapping({"ISSUER": "https://a.example/", "AUDIENCE": "api", name: place}).verifier()


def test_the_length_of_tokens_is_a_setting() -> None:
    """A whole number, also from an environment; what no token can have is named."""
    mapping = {"ISSUER": "https://a.example/", "AUDIENCE": "api"}
    assert Settings.from_mapping({**mapping, "MAX_TOKEN_LENGTH": "32768"}).verifier() is not None
    for wrong in ("many", 0, 2_000_000):
        with pytest.raises(ConfigurationError, match="MAX_TOKEN_LENGTH"):
            Settings.from_mapping({**mapping, "MAX_TOKEN_LENGTH": wrong}).verifier()

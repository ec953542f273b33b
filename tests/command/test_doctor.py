"""``doctor``: each package's settings as ours, from wherever a project keeps them, and never a secret."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jwks_auth import cli
from jwks_auth.adapters import Settings
from jwks_auth.cli.peers import PEERS
from tests.command.programs import called, started

TENANT = "11111111-2222-3333-4444-555555555555"
SECRET = "hunter2-hunter2"

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], set[str]]] = {
    "djangorestframework-simplejwt": (
        {
            "SIMPLE_JWT": {
                "ISSUER": "https://id.example/",
                "AUDIENCE": "api",
                "JWK_URL": "https://id.example/keys",
                "ALGORITHM": "RS256",
                "LEEWAY": timedelta(seconds=5),
                "SIGNING_KEY": SECRET,
                "VERIFYING_KEY": SECRET,
                "AUTH_HEADER_TYPES": ("JWT", "Bearer"),
                "USER_ID_CLAIM": "uid",
                "ACCESS_TOKEN_LIFETIME": timedelta(minutes=5),
                "SOMETHING\x1b[31m": SECRET,
            }
        },
        {
            "ISSUER": "https://id.example/",
            "AUDIENCE": ["api"],
            "JWKS_URI": "https://id.example/keys",
            "ALGORITHMS": ["RS256"],
            "LEEWAY": 5,
            "AUTH_SCHEMES": ["JWT", "Bearer"],
        },
        {"SIGNING_KEY", "VERIFYING_KEY", "USER_ID_CLAIM", "ACCESS_TOKEN_LIFETIME", "SOMETHING"},
    ),
    "drf-oidc-auth": (
        {
            "OIDC_AUTH": {
                "OIDC_ENDPOINT": "https://id.example/",
                "OIDC_CLAIMS_OPTIONS": {"aud": {"values": ["api", "other"], "essential": True}},
                "JWT_ALGORITHMS": ("RS256", "HS256"),
                "OIDC_JWKS_EXPIRATION_TIME": 3600,
                "JWT_AUTH_HEADER_PREFIX": "Bearer",
                "OIDC_RESOLVE_USER_FUNCTION": "x.y",
            }
        },
        {
            "ISSUER": "https://id.example/",
            "AUDIENCE": ["api", "other"],
            "ALGORITHMS": ["RS256"],
            "LIFESPAN": 3600,
        },
        {"JWT_AUTH_HEADER_PREFIX", "OIDC_RESOLVE_USER_FUNCTION"},
    ),
    "flask-jwt-extended": (
        {
            "JWT_DECODE_ISSUER": "https://id.example/",
            "JWT_DECODE_AUDIENCE": ["api"],
            "JWT_ALGORITHM": "HS256",
            "JWT_SECRET_KEY": SECRET,
            "JWT_TOKEN_LOCATION": ["headers", "cookies"],
            "JWT_DECODE_LEEWAY": SECRET,
        },
        {"ISSUER": "https://id.example/", "AUDIENCE": ["api"]},
        {"JWT_ALGORITHM", "JWT_SECRET_KEY", "JWT_TOKEN_LOCATION", "JWT_DECODE_LEEWAY"},
    ),
    "Auth0's quickstarts": (
        {
            "AUTH0_DOMAIN": "acme.eu.auth0.com",
            "AUTH0_AUDIENCE": "https://api.acme.dev",
            "AUTH0_ALGORITHMS": '["RS256"]',
            "AUTH0_CLIENT_SECRET": SECRET,
        },
        {
            "ISSUER": "https://acme.eu.auth0.com/",
            "AUDIENCE": ["https://api.acme.dev"],
            "ALGORITHMS": ["RS256"],
            "PROVIDER": "auth0",
        },
        {"AUTH0_CLIENT_SECRET"},
    ),
    "mozilla-django-oidc": (
        {
            "OIDC_RP_CLIENT_ID": "spa",
            "OIDC_RP_CLIENT_SECRET": SECRET,
            "OIDC_RP_SIGN_ALGO": "RS256",
            "OIDC_OP_JWKS_ENDPOINT": "https://id.example/keys",
            "OIDC_OP_TOKEN_ENDPOINT": "https://id.example/token",
            "OIDC_TIMEOUT": 2.5,
        },
        {"JWKS_URI": "https://id.example/keys", "ALGORITHMS": ["RS256"], "TIMEOUT": 2.5},
        {"OIDC_RP_CLIENT_ID", "OIDC_RP_CLIENT_SECRET", "OIDC_OP_TOKEN_ENDPOINT"},
    ),
    "fastapi-azure-auth": (
        {"TENANT_ID": TENANT, "APP_CLIENT_ID": "app", "OPENAPI_CLIENT_ID": "docs"},
        {
            "ISSUER": f"https://login.microsoftonline.com/{TENANT}/v2.0",
            "AUDIENCE": ["app", "api://app"],
            "PROVIDER": "entra",
        },
        {"OPENAPI_CLIENT_ID"},
    ),
    "PyJWT's PyJWKClient": (
        {
            "JWKS_URL": "https://id.example/keys",
            "JWT_ISSUER": "https://id.example/",
            "JWT_AUDIENCE": "api other",
            "JWKS_LIFESPAN": "600",
            "JWKS_URI": f"https://user:{SECRET}@id.example/keys",
            "JWKS_CACHE_KEYS": "true",
        },
        {
            "JWKS_URI": "https://id.example/keys",
            "ISSUER": "https://id.example/",
            "AUDIENCE": ["api", "other"],
            "LIFESPAN": 600,
        },
        {"JWKS_URI", "JWKS_CACHE_KEYS"},
    ),
}


def test_every_package_has_a_case() -> None:
    """So that none is added without one."""
    assert [peer.package for peer in PEERS] == list(CASES)


@pytest.mark.parametrize("package", CASES)
def test_the_settings_of_a_package_become_ours(package: str) -> None:
    """Ours can be read as they are; everything else is named, with the reason; no secret is shown."""
    given, expected, notes = CASES[package]
    report = cli.doctor({**given, "UNRELATED": SECRET})
    assert report.facts["found"] == [package]
    values = {name: value for name, value in report.facts["values"].items() if not str(value).startswith("<")}
    assert values == expected
    ours = {"ISSUER": "https://id.example/", "AUDIENCE": "api", **values}
    Settings.from_mapping(ours).verifier()
    told = {note["name"] for note in report.facts["notes"]}
    assert {name for name in notes if not any(name in each for each in told)} == set()
    assert len(told) == len(notes)
    everything = "\n".join((*report.lines, report.as_json()))
    assert SECRET not in everything
    assert "\x1b" not in everything


def test_where_everything_has_a_counterpart_there_is_nothing_to_do_by_hand() -> None:
    """The report ends with the settings to paste."""
    report = cli.doctor({"AUTH0_DOMAIN": "acme.eu.auth0.com", "AUTH0_AUDIENCE": "https://api.acme.dev"})
    assert report.facts["notes"] == []
    assert not [line for line in report.lines if "by hand" in line]
    assert report.lines[-1] == "  JWKS_AUTH_PROVIDER=auth0"


def test_a_value_that_is_said_twice_is_told() -> None:
    """The first is kept, as nobody can tell which one counts."""
    report = cli.doctor({"JWT_ISSUER": "https://a.example/", "OIDC_ISSUER": "https://b.example/"})
    assert report.facts["values"]["ISSUER"] == "https://a.example/"
    assert [note["name"] for note in report.facts["notes"]] == ["OIDC_ISSUER"]


@pytest.mark.parametrize(
    "given",
    [
        {"AUTH0_DOMAIN": "not a domain/x", "AUTH0_AUDIENCE": 7},
        {"AUTH0_DOMAIN": ["acme"], "AUTH0_AUDIENCE": "["},
        {"TENANT_ID": "common", "APP_CLIENT_ID": object()},
        {"OIDC_AUTH": {"OIDC_CLAIMS_OPTIONS": {"aud": {"essential": True}}}},
        {"OIDC_AUTH": {"OIDC_CLAIMS_OPTIONS": ["aud"]}},
        {"OIDC_AUTH": {"OIDC_JWKS_EXPIRATION_TIME": "inf"}},
        {"SIMPLE_JWT": {"AUDIENCE": {"b", "a"}, 7: 8}},
        {"SIMPLE_JWT": {"LEEWAY": float("nan")}},
    ],
    ids=range(8),
)
def test_a_value_of_another_kind_is_left_to_the_reader(given: dict[str, Any]) -> None:
    """It is named among the notes, and nothing is raised."""
    assert cli.doctor(given).ok


@pytest.mark.parametrize(
    ("file", "source", "text"),
    [
        (".env", ".env", "# of us\n\nexport AUTH0_DOMAIN='acme.eu.auth0.com' \nAUTH0_AUDIENCE=api # ours\n"),
        ("live.env", "live.env", 'AUTH0_DOMAIN="acme.eu.auth0.com"\nAUTH0_AUDIENCE="api"\n'),
        ("config.py", "config.py", "AUTH0_DOMAIN = 'acme.eu.auth0.com'\nAUTH0_AUDIENCE = 'api'\n"),
        ("shop.py", "shop", "AUTH0_DOMAIN = 'acme.eu.auth0.com'\nAUTH0_AUDIENCE = 'api'\n"),
        (
            "shop.py",
            "shop:Live",
            "class Live:\n    AUTH0_DOMAIN = 'acme.eu.auth0.com'\n    AUTH0_AUDIENCE = 'api'\n",
        ),
    ],
)
def test_a_module_an_object_or_a_file_is_read(tmp_path: Path, file: str, source: str, text: str) -> None:
    """Whichever a project has."""
    (tmp_path / file).write_text(text)
    done = started("doctor", source, "--json", cwd=tmp_path)
    values = json.loads(done.out)["values"]
    assert values == {"ISSUER": "https://acme.eu.auth0.com/", "AUDIENCE": ["api"], "PROVIDER": "auth0"}


def test_without_a_source_the_environment_is_read() -> None:
    """And a file that is named; where nothing is found, that is a finding."""
    done = started("doctor", env={"AUTH0_DOMAIN": "acme.eu.auth0.com"})
    assert done.status == 0
    assert "'ISSUER': 'https://acme.eu.auth0.com/'" in done.out
    done = started("doctor")
    assert done.status == 1
    assert "found no settings of" in done.out


@pytest.mark.parametrize(
    ("source", "text", "said"),
    [
        ("nowhere.env", None, "nowhere.env: can't be read: no such file or directory"),
        ("./", None, "can't be read: is a directory"),
        ("bad.env", "a line\n", "bad.env, line 1: expected NAME=value"),
        ("bad.env", "\xff", "bad.env: can't be read: no text in UTF-8"),
        ("bad.py", "1 +", "SyntaxError in bad.py, line 1"),
        ("nowhere.py", None, "no such file or directory"),
        ("bad.py", "{}['hunter2']", "running bad.py: KeyError, at bad.py, line 1"),
        ("bad.py", "import nothing_of_that_name", "imports nothing_of_that_name, which is not installed"),
        ("no.module.here", None, "there is no module no.module.here here"),
        ("json:Nothing", None, "json has no Nothing"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, text: str | None, said: str
) -> None:
    """Exit status 2, and none of the file's own words."""
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / source).write_bytes(text.encode("latin-1"))
    done = called("doctor", source)
    assert (done.status, done.out) == (2, "")
    assert said in done.err
    assert "hunter2" not in done.err
    assert done.err.count("\n") == 1


def test_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    """A megabyte is more than anybody writes."""
    path = tmp_path / "large.env"
    path.write_text("A=" + "x" * 1_048_576)
    done = called("doctor", str(path))
    assert done.status == 2
    assert "more than a megabyte" in done.err

"""Words of other packages: who writes their names for settings is told ours."""

from __future__ import annotations

import re

import pytest

from jwks_auth import ConfigurationError
from jwks_auth.settings import SETTING_NAMES, Settings
from jwks_auth.settings.peers import PEERS

GOOD = {"ISSUER": "https://id.example/", "AUDIENCE": "api"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("JWT_PUBLIC_KEY", 'a key in PEM, or several, is JWKS_AUTH["JWKS"]'),
        ("TOKEN_LOCATION", 'is named in JWKS_AUTH["TOKEN_SOURCES"]'),
        ("JWT_TOKEN_LOCATION", 'is named in JWKS_AUTH["TOKEN_SOURCES"]'),
        ("HEADER", 'is named in JWKS_AUTH["TOKEN_SOURCES"]'),
        ("JWT_AUTH_COOKIE", 'is named in JWKS_AUTH["TOKEN_SOURCES"]'),
        ("AUTH_HEADER_TYPES", 'is one of JWKS_AUTH["AUTH_SCHEMES"]'),
        ("JWT_QUERY_STRING_NAME", "no token is read from the query"),
        ("JWT_COOKIE_CSRF_PROTECT", 'from the pages of JWKS_AUTH["COOKIE_ORIGINS"]'),
        ("DOMAIN", 'a domain makes JWKS_AUTH["ISSUER"], as in https://<domain>/'),
        ("VERIFY_SSL", 'name its file in JWKS_AUTH["CA_FILE"]'),
        ("JWT_SECRET_KEY", "never with a shared secret"),
        ("client_id", 'JWKS_AUTH["allowed_clients"]'),
        ("OIDC_CLIENT_ID", 'the API\'s own identifier is JWKS_AUTH["AUDIENCE"]'),
        ("JWT_ALGORITHM", 'that is JWKS_AUTH["ALGORITHMS"]'),
        ("AUDIENC", 'did you mean JWKS_AUTH["AUDIENCE"]?'),
        ("ZEBRA", "known are "),
    ],
)
def test_a_peers_name_is_answered_with_ours(name: str, said: str) -> None:
    """In the message of the error; any other name with the nearest."""
    with pytest.raises(ConfigurationError, match="is not a setting: ") as caught:
        Settings.from_mapping({**GOOD, name: "x"}, label='JWKS_AUTH["{}"]')
    assert said in str(caught.value)


def test_only_settings_that_exist_are_named() -> None:
    """And no peer's name is one of ours."""
    named = {found for text in PEERS.values() for found in re.findall(r"\{([A-Z_]+)\}", text)}
    assert named <= SETTING_NAMES
    assert not PEERS.keys() & SETTING_NAMES

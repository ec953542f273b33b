"""Services told from people, by what providers write; and what to call a service that has no subject."""

from __future__ import annotations

from typing import Any

import pytest

from jwks_auth.claims.services import is_surely_service, name_of_service
from tests.unit.test_tokens import token

GOOGLE = "https://accounts.google.com"
ROBOT = "app@project.iam.gserviceaccount.com"

SURELY, LIKELY, PERSON = (True, True), (False, True), (False, False)


@pytest.mark.parametrize(
    ("claims", "found"),
    [
        ({"sub": "u1", "client_id": "app"}, PERSON),
        ({"sub": "u1"}, PERSON),
        ({"client_id": "app"}, SURELY),
        ({"sub": ""}, SURELY),
        ({"sub": None, "email": "ada@example.org"}, SURELY),
        *[({"sub": "app", name: "app"}, SURELY) for name in ("client_id", "azp", "appid", "cid")],
        ({"sub": "app", "client_id": "app", "scope": "a", "auth_time": 1}, SURELY),
        ({"sub": "app", "client_id": "app", "email": "ada@example.org"}, PERSON),
        ({"sub": "app", "client_id": "app", "preferred_username": "ada"}, PERSON),
        ({"sub": "app", "client_id": "app", "given_name": "Ada"}, PERSON),
        ({"sub": "app", "client_id": "app", "username": "ada"}, PERSON),
        ({"sub": "app", "client_id": "app", "uid": "00u1"}, PERSON),
        ({"sub": "app", "client_id": "app", "email": ""}, SURELY),
        ({"sub": "app@clients", "azp": "app", "gty": "client-credentials"}, SURELY),
        ({"sub": "auth0|1", "azp": "app", "gty": "password"}, PERSON),
        ({"sub": "e1", "gty": ["client_credentials"]}, SURELY),
        ({"sub": "e1", "gty": ["authorization_code", {"client_credentials": 1}]}, PERSON),
        ({"sub": "x", "idtyp": "app"}, SURELY),
        ({"sub": "u1", "idtyp": "user", "oid": "o1"}, PERSON),
        ({"sub": "o1", "oid": "o1", "azp": "app"}, SURELY),
        ({"sub": "o1", "oid": "o1", "azp": "app", "scp": "read"}, PERSON),
        ({"sub": "o1", "oid": "o1", "azp": "app", "tfp": "B2C_1_sign_in"}, PERSON),
        ({"sub": "o1", "oid": "o1", "azp": "app", "name": "Ada"}, PERSON),
        ({"iss": GOOGLE, "sub": "1", "azp": "1", "email": ROBOT}, SURELY),
        ({"iss": GOOGLE, "sub": "1", "azp": "2", "email": "ada@gmail.com"}, PERSON),
        ({"iss": "https://id.example/", "sub": "1", "azp": "2", "email": ROBOT}, PERSON),
        ({"iss": GOOGLE, "sub": "1", "azp": "2", "email": [ROBOT]}, PERSON),
        ({"sub": "f:1", "azp": "Shop", "preferred_username": "service-account-shop"}, LIKELY),
        ({"sub": "f:1", "azp": "Shop", "preferred_username": "service-account-other"}, PERSON),
        ({"sub": "f:1", "preferred_username": "service-account-none"}, PERSON),
    ],
)
def test_9700_7_services_and_people(claims: dict[str, Any], found: tuple[bool, bool]) -> None:
    """9068-12: some tokens are surely a service's; a person may choose Keycloak's name for one."""
    assert (is_surely_service(claims), token(**claims).is_service) == found


def test_an_empty_subject_is_none() -> None:
    """It would be one subject that many tokens share."""
    assert (token(sub="").subject, token(sub="u1").subject) == (None, "u1")


def test_services_without_a_subject_share_no_name() -> None:
    """The client's name, Cloudflare's ``common_name``, or a digest of what does not change from token to token."""
    assert name_of_service({"sub": "", "azp": "app"}) == "app"
    assert name_of_service({"sub": "", "common_name": "a.access"}) == "a.access"
    one = name_of_service({"sub": "", "role": "a", "iat": 1, "jti": "x"})
    assert one == name_of_service({"jti": "y", "role": "a", "sub": "", "exp": 2})
    assert one != name_of_service({"sub": "", "role": "b"})
    assert name_of_service({"common_name": ["a"]}) != name_of_service({"common_name": ["b"]})

"""Files of people: read, and refused with one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from jwks_auth import ConfigurationError
from jwks_auth.devissuer import DevServer, Options
from tests.devissuer.client import Client

FILE = """
[[users]]
sub = "u1"
name = "Uma"
email = "uma@example.com"
roles = ["ops", "dev"]
[users.claims]
tier = "gold"
limits = { day = 5 }

[[users]]
sub = "u2"
"""


def test_people_of_a_file_sign_in(tmp_path: Path) -> None:
    """They alone, with all that the file says of them."""
    (tmp_path / "users.toml").write_text(FILE)
    with DevServer(Options(port=0, users=tmp_path / "users.toml")) as server:
        client = Client(server)
        page = client.page()
        assert "Ada" not in page.text
        code = client.back(client.answer(page, person="sub:u1"))["code"]
        claims = server.issuer.read(client.redeem(code).json()["access_token"])
        assert claims is not None
        assert (claims["name"], claims["roles"], claims["tier"]) == ("Uma", ["ops", "dev"], "gold")
        assert claims["limits"] == {"day": 5}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[", "is no TOML"),
        ("a = " + "[" * 10_000, "is no TOML"),
        ("\xff", "is no TOML"),
        ("", r"has no \[\[users\]\]"),
        ("users = []", r"has no \[\[users\]\]"),
        ("users = 5", r"has no \[\[users\]\]"),
        ("title = 'x'\n[[users]]\nsub = 'a'", "something beside"),
        ("users = [5]", "expected a table"),
        ("[[users]]\nname = 'x'", "sub is missing"),
        ("[[users]]\nsub = 5", "sub: expected"),
        ('[[users]]\nsub = "a\\u0007"', "sub: expected"),
        ("[[users]]\nsub = 'a'\nrole = ['x']", "role is unknown: did you mean roles"),
        ("[[users]]\nsub = 'a'\nroles = 'x'", "roles: expected a list"),
        ("[[users]]\nsub = 'a'\nroles = [1]", "roles: expected a list"),
        ("[[users]]\nsub = 'a'\nclaims = 'x'", "claims: expected a table"),
        ("[[users]]\nsub = 'a'\nclaims = {aud = 'x'}", "aud is the issuer's own"),
        ("[[users]]\nsub = 'a'\nclaims = {born = 2000-01-01}", "claims of 'a'"),
        ("[[users]]\nsub = 'a'\nclaims = {n = nan}", "claims of 'a'"),
        ("[[users]]\nsub = 'a'\n[[users]]\nsub = 'a'", "two have the same sub"),
    ],
)
def test_bad_files(text: str, told: str, tmp_path: Path) -> None:
    """A sentence that names the place."""
    (tmp_path / "users.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigurationError, match=told):
        DevServer(Options(port=0, users=tmp_path / "users.toml")).__enter__()


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    """None, and a directory."""
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(ConfigurationError, match="can't be read"):
            DevServer(Options(port=0, users=path)).__enter__()

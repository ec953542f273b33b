"""What survives a restart of a dev issuer, who can read it, and directories that can't be used."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from jwks_auth import ConfigurationError
from jwks_auth.devissuer import DevServer, Options
from jwks_auth.devissuer.state import State
from jwks_auth.testing import SigningKey
from tests.devissuer.client import Client


def test_everything_survives_a_restart(tmp_path: Path) -> None:
    """Keys, withdrawn ones too, people, opaque and revoked tokens, refresh tokens, and what is over."""
    kept = Options(port=0, state=tmp_path / "new" / "state", issuer_url="http://127.0.0.1:8999")
    with DevServer(kept) as server:
        client = Client(server)
        old = server.issuer.kid
        client.control("rotate", alg="ES256")
        client.control("rotate", alg="EdDSA")
        client.control("withdraw", kid=old)
        invented = client.page()
        client.answer(invented, person="new", sub="zoe", roles="ops", claims='{"tier": "gold"}')
        got, over, revoked = client.tokens(), client.tokens(), client.tokens()
        client.post("/revoke", {"token": over["refresh_token"], "client_id": "web"})
        client.post("/revoke", {"token": revoked["access_token"], "client_id": "web"})
        client.control("tokens", lifetime="300", opaque="on")
        opaque = client.tokens()["access_token"]
        before = server.issuer.jwks()
    with DevServer(kept) as server:
        again = Client(server)
        again.verifier = client.verifier
        assert server.issuer.jwks() == before
        assert old in {key.kid for key, published in server.issuer.all_keys() if not published}
        assert server.issuer.person("zoe").own_claims == {"roles": ["ops"], "tier": "gold"}
        assert again.refresh(got["refresh_token"]).status_code == 200
        assert again.refresh(over["refresh_token"]).status_code == 400
        assert again.introspected(opaque)["sub"] == "ada"
        assert again.introspected(got["access_token"])["active"]
        assert not again.introspected(over["access_token"])["active"]
        assert not again.introspected(revoked["access_token"])["active"]


def test_without_a_directory_nothing_is_kept() -> None:
    """Two runs have different keys."""
    with DevServer(Options(port=0)) as one, DevServer(Options(port=0)) as two:
        assert one.issuer.kid != two.issuer.kid


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    """Whatever the umask says, and what was there before; no refresh token and no code is in it."""
    folder = tmp_path / "state"
    before = os.umask(0)
    try:
        with DevServer(Options(port=0, state=folder)) as server:
            got = Client(server).tokens()
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name for path in folder.iterdir()} == {"lock", "state.json"}
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = (folder / "state.json").read_text()
    assert got["refresh_token"].partition(".")[2] not in text
    assert got["access_token"] not in text
    (folder / "state.json").chmod(0o644)
    with DevServer(Options(port=0, state=folder)):
        assert stat.S_IMODE((folder / "state.json").stat().st_mode) == 0o600


def test_a_failed_write_keeps_what_was_there(tmp_path: Path) -> None:
    """The file is replaced as a whole or not at all, and no half of one stays."""
    state = State(tmp_path)
    state.save({"keys": 1})
    (tmp_path / "state.json").unlink()
    (tmp_path / "state.json").mkdir()
    with pytest.raises(OSError, match="directory"):
        state.save({"keys": 2})
    assert {path.name for path in tmp_path.iterdir()} == {"lock", "state.json"}
    state.close()


def test_no_two_share_a_directory(tmp_path: Path) -> None:
    """The second would undo what the first keeps; once the first is gone, it may."""
    second = DevServer(Options(port=0, state=tmp_path))
    with (
        DevServer(Options(port=0, state=tmp_path)),
        pytest.raises(ConfigurationError, match="another dev issuer uses it"),
    ):
        second.__enter__()
    with DevServer(Options(port=0, state=tmp_path)) as server:
        assert server.issuer.kid


GOOD: dict[str, Any] = {
    "version": 1, "keys": [], "withdrawn": [], "people": [], "opaque": {}, "revoked": [], "families": {}, "ended": []
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", "null", '{"version": 2}', '{"version": 1}', "[" * 100_000,
     *(json.dumps({**GOOD, **bad}) for bad in (
         {"keys": [["k", "RS256", "no PEM"]]},
         {"keys": [["k", "HS256", "x"]]},
         {"keys": 5},
         {"keys": []},
         {"people": [{"sub": ""}]},
         {"families": {"x": {"grant": {}}}},
         {"families": {"x": 1}},
     ))],
    ids=range(14),
)  # fmt: skip
def test_a_file_that_is_not_ours(text: str, tmp_path: Path) -> None:
    """One sentence that says what to do, and the file stays as it is."""
    (tmp_path / "state.json").write_text(text)
    with pytest.raises(ConfigurationError, match="found no state of a dev issuer"):
        DevServer(Options(port=0, state=tmp_path)).__enter__()
    assert (tmp_path / "state.json").read_text() == text


def test_directories_that_can_not_be_used(tmp_path: Path) -> None:
    """A file, a file below which it should be, a state that is a directory: one sentence each."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "odd" / "state.json").mkdir(parents=True)
    (tmp_path / "taken" / "lock").mkdir(parents=True)
    for path in ("file", "file/below", "odd", "taken"):
        with pytest.raises(ConfigurationError, match=r"^--state '"):
            DevServer(Options(port=0, state=tmp_path / path)).__enter__()


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "ES384", "EdDSA"])
def test_a_key_comes_back_from_its_pem(alg: str) -> None:
    """It signs as before; another algorithm's key, or junk, is refused."""
    key = SigningKey.generate(alg, kid="k")
    again = SigningKey.from_pem("k", alg, key.private_pem().decode())
    assert again.jwk() == key.jwk()
    for pem in (SigningKey.generate("ES512").private_pem().decode(), "junk"):
        with pytest.raises(ValueError, match=r"key|PEM"):
            SigningKey.from_pem("k", alg, pem)


def test_very_many_keys_push_out_the_oldest() -> None:
    """Whoever rotates all day has a key set of a size that services take."""
    with DevServer(Options(port=0)) as server:
        first = server.issuer.kid
        for _ in range(20):
            server.issuer.renew("ES256")
        assert first not in {key.kid for key, _ in server.issuer.all_keys()}
        assert len(server.issuer.jwks()["keys"]) == 20

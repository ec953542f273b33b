"""Providers, tokens, proxies and arguments of an attacker: nothing is shown as it is, and no secret at all."""

from __future__ import annotations

import json
import socket
import string
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from jwks_auth.testing import FakeIssuer
from tests.certificates import Authority
from tests.command.programs import Outcome, called, started
from tests.fault_server import FaultServer
from tests.key_fakes import jwk

ESCAPES = "\x1b[31mok\x1b[0m\x1b]0;owned\x07\r\nok   accepted\u202e\x9b31m"
SECRET = "hunter2-hunter2"


def is_tame(done: Outcome) -> bool:
    """Whether nothing was printed but printable characters and ends of lines."""
    return all(char.isprintable() or char == "\n" for char in done.out + done.err)


def metadata(server: FaultServer, **members: Any) -> dict[str, Any]:
    """Metadata of an issuer that is *server*, and its keys: both in one document, as it answers everything alike."""
    keys = [jwk("a"), {**jwk("b"), "kid": f"b{ESCAPES}"}, {"kty": f"x{ESCAPES}", "kid": ESCAPES}]
    base = server.url.removesuffix("/keys")
    return {"issuer": base, "jwks_uri": f"{base}/keys", "keys": keys, **members}


@contextmanager
def hostile(**members: Any) -> Iterator[FaultServer]:
    """A provider whose metadata and keys are full of escapes."""
    with FaultServer({}) as server:
        server.document = metadata(server, **members)
        yield server


def test_metadata_and_keys_drive_no_terminal() -> None:
    """Names, endpoints, key ids and reasons are shown, escaped, on one line each."""
    members = {
        "token_endpoint": f"https://x/{ESCAPES}",
        "scopes_supported": [ESCAPES] * 999,
        "id_token_signing_alg_values_supported": {"a": ESCAPES},
        "userinfo_endpoint": "x" * 100_000,
        "grant_types_supported": [1, None],
    }
    with hostile(**members) as server:
        issuer = server.document["issuer"]
        done = called("check", issuer)
        assert done.status == 0, done
        assert is_tame(done)
        assert "key a: " in done.out
        assert "\\x1b[31mok" in done.out
        assert max(map(len, done.out.splitlines())) < 20_000
        for command in ("check", "show", "refresh"):
            done = called(command, "--issuer", issuer, "--audience", "api", "--json")
            assert json.loads(done.out)["ok"] is True
            assert set(done.out) <= set(string.printable)


def test_an_issuer_with_another_name_drives_no_terminal() -> None:
    """The name that the metadata gives instead is shown escaped; the outcome is a finding."""
    with hostile(issuer=f"https://evil.example/{ESCAPES}") as server:
        done = called("check", server.url.removesuffix("/keys"))
    assert done.status == 1
    assert is_tame(done)
    assert "the metadata is not that of" in done.out


def test_claims_drive_no_terminal() -> None:
    """Of a signed token and of a forged one, in lines and in JSON."""
    with FakeIssuer.serve() as issuer:
        forged = f"{ESCAPES}.{ESCAPES}.x"
        signed = issuer.token(**{"aud": ESCAPES, "sub": ESCAPES, ESCAPES: 1})
        for raw, code in ((signed, "wrong_audience"), (forged, "malformed")):
            done = called("verify", "--issuer", issuer.issuer, "--audience", "api", typed=raw)
            assert done.status == 1
            assert is_tame(done)
            done = called("verify", "--issuer", issuer.issuer, "--audience", "api", "--json", typed=raw)
            told = json.loads(done.out)
            assert (told["ok"], told["code"]) == (False, code)
            assert is_tame(Outcome(0, "".join(map(str, told.values())), ""))


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "Bearer", SECRET),
        (SECRET,),
        ("check", f"--tokne={SECRET}"),
        ("verify", "--route"),
        ("check", "--watch", SECRET, "--issuer", "https://id.example/"),
        (f"verify{ESCAPES}", SECRET),
        ("check", f"--{ESCAPES}"),
        ("check", "--app", f"{ESCAPES}:{ESCAPES}"),
        ("check", "--app", f"os:{ESCAPES}"),
        ("doctor", f"{ESCAPES}"),
        ("check", f"https://user:{SECRET}@id.example/"),
        ("check", "--issuer", f"https://user:{SECRET}@id.example/{ESCAPES}", "--audience", "api"),
        ("check", "--issuer", "https://id.example/", "--provider", ESCAPES),
        ("check", "--app", "main:app", "--issuer", "https://id.example/"),
        ("check", "--issuer", "https://id.example/", "https://id.example/"),
        ("check", "--env-file", f"nowhere{ESCAPES}"),
        ("routes",),
        ("verify", "--route", "/x"),
        ("completion", ESCAPES),
    ],
    ids=range(19),
)
def test_an_argument_is_never_quoted_as_it_is(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A mistake is one sentence and exit status 2; a token that was typed in the wrong place is not in it."""
    monkeypatch.chdir(tmp_path)
    for variable in ("JWKS_AUTH_ISSUER", "JWKS_AUTH_AUDIENCE"):
        monkeypatch.setenv(variable, "https://id.example/")
    for extra in ((), ("--json",)):
        done = called(*arguments, *extra)
        assert done.status == 2, done
        assert SECRET not in done.out + done.err
        assert is_tame(done)
        assert (done.out + done.err).count("\n") == 1 + (not extra and done.err.count("history"))


def test_a_variable_of_somebody_else_is_named_and_not_shown() -> None:
    """An unknown name is told, its value never; a wrong value of a known one is a mistake."""
    with FakeIssuer.serve() as issuer:
        env = {"JWKS_AUTH_ISSUER": issuer.issuer, "JWKS_AUTH_AUDIENCE": "api"}
        done = started("show", env={**env, "JWKS_AUTH_ISUER": SECRET, "JWKS_AUTH_OPENAPI__KIND": "bearer"})
        assert done.status == 0
        assert "JWKS_AUTH_ISUER is not a setting: did you mean JWKS_AUTH_ISSUER?" in done.err
        assert SECRET not in done.err + done.out
        assert "OPENAPI" not in done.err
        done = started("show", env={**env, "JWKS_AUTH_JWKS": SECRET})
        assert done.status == 2
        assert SECRET not in done.err + done.out


def test_tls_with_an_unknown_authority_is_explained(tmp_path: Path) -> None:
    """The control: the authority named in ``CA_FILE``, for an issuer on the command line too."""
    authority = Authority(tmp_path)
    with FaultServer({}, tls=authority.server()) as server:
        server.document = metadata(server)
        issuer = server.document["issuer"]
        done = started("check", issuer)
        assert done.status == 1
        assert "tls: " in done.out
        assert "(CA_FILE or SSL_CERT_FILE name an authority)" in done.out
        done = started("check", issuer, env={"JWKS_AUTH_CA_FILE": str(authority.file)})
        assert done.status == 0, done


def test_a_proxy_that_refuses_is_named_without_its_password() -> None:
    """Its host and port, and the reason."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = f"127.0.0.1:{listener.getsockname()[1]}"
    env = {"HTTPS_PROXY": f"http://user:{SECRET}@{host}", "NO_PROXY": "", "no_proxy": ""}
    done = started("check", "https://id.example/", env=env)
    assert done.status == 1
    assert f"the proxy {host}: connection refused" in done.out
    assert SECRET not in done.out + done.err


def test_a_provider_that_never_answers_ends_in_time() -> None:
    """``TIMEOUT`` bounds the command, too."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"
        done = started("check", issuer, "--json", env={"JWKS_AUTH_TIMEOUT": "0.5"})
    assert done.status == 1
    assert json.loads(done.out)["issuers"][0]["error"]["kind"] == "timeout"

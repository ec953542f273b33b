"""Forged lines and driven terminals: nothing that a token or a provider says is shown as it is, names included."""

from __future__ import annotations

import asyncio
import json
import logging
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwks_auth import Issuer, TokenVerifier, cli
from jwks_auth.adapters import Authenticator, Credentials
from jwks_auth.challenge import escaped, named, shown
from jwks_auth.client.client import PyJWKClient
from jwks_auth.errors import AuthError, KeySourceError
from jwks_auth.http.answer import Answer
from jwks_auth.http.discovery import Discovery
from jwks_auth.jose.jwk import RefusedKey, parse_jwk, shown_kid
from jwks_auth.keys.events import KeyEvent
from jwks_auth.testing import FakeIssuer
from tests.attacks.forge import AUDIENCE, ISSUER, KEY_SET, claims, header, token

HOSTILE = {
    "newline": "x\nINFO request accepted",
    "carriage return": "x\rok   accepted",
    "ANSI colour": "\x1b[32mok\x1b[0m",
    "ANSI title": "\x1b]0;owned\x07",
    "C1 control": "\x9b31m\x85",
    "delete": "a\x7f\x08b",
    "bidi override": "user\u202enimda",
    "bidi isolate": "\u2066a\u2069",
    "line separator": "x\u2028accepted",
    "paragraph separator": "x\u2029accepted",
    "zero width": "ad\u200bmin\ufeff",
    "other letters": "\u05d0\u05d1\u05d2",
    "quote": "a'b\"c",
    "equals": "sub='root', iss",
    "nothing": "",
    "spaces": "sub ok",
}
ANY_TEXT = st.text(st.characters(), max_size=12) | st.sampled_from(list(HOSTILE.values()))
FORMS = [
    "claim name",
    "claim value",
    "nested name",
    "iss",
    "aud",
    "kid",
    "typ",
    "alg",
    "header name",
    "client",
]


def is_one_plain_line(text: str) -> bool:
    """Printable ASCII: no terminal does anything with it, no log has a second line of it."""
    return text.isascii() and text.isprintable()


def forged(form: str, text: str) -> str:
    """A token that carries *text*, signed as if nothing were wrong."""
    heads = {
        "kid": {"kid": text},
        "typ": {"typ": text},
        "alg": {"alg": text},
        "header name": {f"x{text}": text},
    }
    bodies = {
        "claim name": {f"x{text}": 1},
        "claim value": {"x": text},
        "nested name": {"x": [{text: text}]},
        "iss": {"iss": text},
        "aud": {"aud": text},
        "client": {"client_id": text},
    }
    return token(json.dumps(header(**heads.get(form, {}))), json.dumps(claims(**bodies.get(form, {}))))


def outcome(judge: Authenticator, raw: str) -> Any:
    """The token, or why it is refused."""
    try:
        return judge.authenticate(Credentials([f"Bearer {raw}"]))
    except AuthError as error:
        return error


def authenticator(**settings: Any) -> Authenticator:
    """One that trusts the forged issuer."""
    return Authenticator({"ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "JWKS": KEY_SET, **settings})


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("form", FORMS)
def test_what_a_token_says_drives_no_terminal(form: str, text: str, caplog: pytest.LogCaptureFixture) -> None:
    """``explain``, ``jwks verify``, ``repr`` and the log show each step on one plain line, and no more lines."""
    caplog.set_level(logging.DEBUG)
    raw = forged(form, text)
    for judge in (authenticator(), authenticator(ALLOWED_CLIENTS=["web"]), authenticator(AUDIENCE="other")):
        explanation = judge.verifier.explain(raw)
        lines = str(explanation).split("\n")
        assert len(lines) == len(explanation.steps) + 1 + bool(explanation.hint)
        for line in (*lines, *(step.found for step in explanation.steps), explanation.hint or ""):
            assert is_one_plain_line(line), line
        report = cli.verify(judge, raw)
        assert len(report.lines) == len(lines)
        assert all(map(is_one_plain_line, report.lines))
        assert is_one_plain_line(repr(outcome(judge, raw)))
    assert all(is_one_plain_line(record.getMessage()) for record in caplog.records)


@given(name=ANY_TEXT, value=st.recursive(ANY_TEXT | st.integers() | st.none(), lambda inner: st.dictionaries(
    ANY_TEXT, inner, max_size=2) | st.lists(inner, max_size=2), max_leaves=4))  # fmt: skip
def test_any_name_and_value_of_a_claim_is_one_plain_line(name: str, value: Any) -> None:
    """Whatever Unicode holds, lone halves of surrogate pairs included."""
    for text in (shown(value), shown(name), named(name), shown({name: value})):
        assert is_one_plain_line(text)
    assert escaped(name).isprintable()
    assert escaped(escaped(name)) == escaped(name)
    body = {**claims(), f"x{name}": value}
    try:
        raw = token(payload=json.dumps(body))
    except UnicodeEncodeError:  # pragma: no cover - json escapes what UTF-8 can't hold
        return
    report = cli.verify(authenticator(), raw)
    assert all(is_one_plain_line(line) for line in report.lines)


@given(name=ANY_TEXT)
def test_a_quoted_name_can_be_told_from_a_plain_one(name: str) -> None:
    """Two names never look alike, so no claim passes for another."""
    plain = bool(name) and all(char in string.ascii_letters + string.digits + "_.:/@+~-" for char in name)
    assert (named(name) == name) == (plain and name[0] not in ".:/@+~-")
    if named(name) != name:
        assert named(name)[0] in "'\""


def test_what_is_too_large_to_show_is_said_to_be() -> None:
    """Python refuses to write out an integer of thousands of digits, and lists as deep as that."""
    assert shown(10**5000) == "a int too large to show"
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert shown(deep) == "a list too large to show"
    while deep:  # one by one: freed at once, it would be as deep
        deep = deep[0]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_a_key_set_says_drives_no_terminal(text: str) -> None:
    """``jwks check`` and ``show``: a kid, a type, the names and values of a member."""
    good = KEY_SET["keys"][0]
    members: list[Any] = [
        {**good, "kid": text},
        {**good, "kid": f"b{text}", "alg": text},
        {**good, "kty": text},
    ]
    members += [
        {**good, text: text, "kid": f"c{text}", "n": text},
        {"kty": "EC", "crv": text, "x": text},
        text,
    ]
    members += [{**good, "kid": f"d{text}", "use": text}, {**good, "kid": f"e{text}", "key_ops": [text]}]
    judge = authenticator(JWKS={"keys": [*members, {**good, "kid": "good"}]})
    for report in (cli.check(judge), cli.show(judge), cli.refresh(judge)):
        assert all(is_one_plain_line(line) for line in report.lines)
    assert is_one_plain_line(shown_kid(text))
    for member in members:
        read = parse_jwk(member)
        assert not isinstance(read, RefusedKey) or is_one_plain_line(read.reason)


@pytest.mark.parametrize("text", [*HOSTILE.values(), "\ud800"], ids=[*HOSTILE, "half a pair"])
def test_what_a_provider_says_drives_no_terminal(text: str, caplog: pytest.LogCaptureFixture) -> None:
    """Metadata of another issuer, an odd ``jwks_uri``, and what a subclass of the client raises of it."""
    address = f"https://keys.example/{text}"
    for document in (
        {"issuer": text},
        {"issuer": ISSUER, "jwks_uri": text},
        {"issuer": ISSUER, "jwks_uri": f"http://{text}"},
    ):
        discovery = Discovery(ISSUER)
        with pytest.raises(KeySourceError) as caught:
            discovery.address(lambda url, document=document: Answer(document))  # type: ignore[misc]
        assert str(caught.value).isprintable()

    class Client(PyJWKClient):
        def fetch_data(self) -> Any:
            raise KeySourceError(f"{address} says {text}")

    client = Client("https://keys.example/")
    client.source.cache.uri = address  # as an issuer's metadata may have it
    judge = Authenticator({"ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "JWKS": KEY_SET})
    judge.verifier = TokenVerifier(Issuer(ISSUER, client=client), AUDIENCE)
    assert all(line.isprintable() for line in cli.check(judge).lines)
    assert all(line.isprintable() for line in cli.verify(judge, token()).lines)
    with pytest.raises(KeySourceError) as failed:
        asyncio.run(judge.aauthenticate(Credentials([f"Bearer {token()}"])))
    assert str(failed.value).isprintable()
    for name in ("refresh_failed", "store_failed"):
        client.source.tell(KeyEvent(name, address, kind="status"))
    assert len(caplog.records) >= 2
    assert all(record.getMessage().isprintable() for record in caplog.records)


def test_a_route_is_shown_on_one_line() -> None:
    """A path with a newline in it is one row."""
    rows = [cli.RouteRow("/a\nb  GET  public", "GET", None)]
    report = cli.routes(rows)
    assert len(report.lines) == 2
    assert report.lines[0].startswith("/a\\nb")


def test_plain_words_are_shown_as_they_are() -> None:
    """Control: what people look for stays readable."""
    issuer = FakeIssuer()
    token = TokenVerifier(Issuer(issuer.issuer, jwks=issuer.jwks()), "api").verify(
        issuer.token(aud="api", **{"https://acme.dev/roles": ["a"], "email_verified": True})
    )
    assert "https://acme.dev/roles" in repr(token)
    assert ", email_verified," in repr(token)
    assert escaped("Größe, naïve") == "Größe, naïve"

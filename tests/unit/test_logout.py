"""Back-channel logout: the tokens that count, what they end, and the endpoint's answers."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from jwks_auth import ConfigurationError, InvalidTokenError, Issuer, Tenants, TokenVerifier
from jwks_auth.adapters import LONGEST_LOGOUT, Answer, Authenticator, RawToken
from jwks_auth.stores import MemoryRevocations
from jwks_auth.testing import FakeIssuer
from jwks_auth.testing.keys import SigningKey
from jwks_auth.testing.logout import EVENT
from jwks_auth.verifier import LogoutTokenVerifier
from jwks_auth.verifier.trusted import TrustedIssuer

NOW = 1_800_000_000.0
PATH = "/oidc/logout"
FORM = "application/x-www-form-urlencoded"


def now() -> float:
    """The time of all."""
    return NOW


class Service:
    """A service whose provider tells it of logouts."""

    def __init__(self, store: Any = None, **settings: Any) -> None:
        self.issuer = FakeIssuer("https://id.example/", clock=now)
        self.store = MemoryRevocations(clock=now) if store is None else store
        given = {"REVOCATION": self.store, "LOGOUT_PATH": PATH, "LOGOUT_CLIENT": "web", **settings}
        verifier = TokenVerifier(
            Issuer(self.issuer.issuer, jwks=self.issuer.jwks), "api", revocation=self.store, clock=now
        )
        beside = {name: value for name, value in given.items() if name.startswith("LOGOUT")}
        self.authenticator = Authenticator({"VERIFIER": verifier, **beside}, clock=now)
        self.verifier = verifier

    def post(self, body: bytes, content_type: str | None = FORM, method: str = "POST") -> Answer:
        """One request; the async twin is asked with the same later, in tests of its own."""
        return self.authenticator.log_out(method, content_type, RawToken(body))

    def apost(self, body: bytes) -> Answer:
        """The same on an event loop."""
        return asyncio.run(self.authenticator.alog_out("POST", FORM, RawToken(body)))

    def takes(self, **claims: Any) -> bool:
        """Whether an access token with *claims* is good."""
        try:
            self.verifier.verify(self.issuer.token(**claims))
        except InvalidTokenError as error:
            assert error.code == "revoked"  # noqa: PT017
            return False
        return True


@pytest.fixture
def service() -> Service:
    """One service."""
    return Service()


def form(raw: str) -> bytes:
    """As a provider posts it."""
    return b"logout_token=" + raw.encode()


@pytest.mark.parametrize("typ", ["logout+jwt", "application/logout+jwt", "LOGOUT+JWT", "JWT", None])
def test_a_logout_ends_the_users_tokens(service: Service, typ: str | None) -> None:
    """200, never stored; other users' tokens, and those issued later, are good."""
    assert service.takes(sub="u1")
    answer = service.post(service.issuer.logout("web", sub="u1", header={"typ": typ}))
    assert (answer.status, answer.body) == (200, b"")
    assert dict(answer.headers)["Cache-Control"] == "no-store"
    assert not service.takes(sub="u1")
    assert service.takes(sub="u2")
    assert service.takes(sub="u1", iat=NOW + 1)


def test_a_logout_of_a_session_leaves_the_users_others(service: Service) -> None:
    """Tokens that name no session can't be told apart, and end too."""
    assert service.apost(service.issuer.logout("web", sub="u1", sid="s1")).status == 200
    assert not service.takes(sub="u1", sid="s1", iat=NOW + 1)
    assert service.takes(sub="u1", sid="s2")
    assert not service.takes(sub="u1")
    assert service.takes(sub="u1", iat=NOW + 1)
    assert service.takes(sub="u2")


def test_a_logout_may_name_the_session_alone(service: Service) -> None:
    """The specification lets a provider do so."""
    assert service.post(service.issuer.logout("web", sub=None, sid="s1")).status == 200
    assert not service.takes(sub="u1", sid="s1")
    assert service.takes(sub="u1")


ATTACKS: dict[str, dict[str, Any]] = {
    "an access token": {"events": None, "header": {"typ": "at+jwt"}},
    "an access token with events": {"header": {"typ": "at+jwt"}},
    "an id token": {"events": None, "header": {"typ": "JWT"}},
    "an id token with events": {"nonce": "n"},
    "a nonce that is empty": {"nonce": ""},
    "another kind": {"header": {"typ": "secevent+jwt"}},
    "another event": {"events": {"https://schemas.openid.net/secevent/risc/event-type/account-disabled": {}}},
    "an event that is no object": {"events": {EVENT: None}},
    "an event that is text": {"events": {EVENT: "yes"}},
    "events that are a list": {"events": [EVENT]},
    "an event in a list": {"events": {EVENT: [{}]}},
    "no events": {"events": {}},
    "events that are text": {"events": EVENT},
    "another client's": {"aud": "other"},
    "the api's": {"aud": "api"},
    "ours and another's": {"aud": ["web", "other"]},
    "nobody's": {"aud": []},
    "no audience": {"aud": None},
    "an audience that is an object": {"aud": {"web": 1}},
    "another issuer's": {"iss": "https://else.example/"},
    "no issuer": {"iss": None},
    "an issuer that is a list": {"iss": ["https://id.example/"]},
    "an issuer with one slash more": {"iss": "https://id.example//"},
    "an issuer of another case": {"iss": "https://ID.example/"},
    "an audience of lists": {"aud": [["web"]]},
    "no session and no user": {"sub": None},
    "a user and a session that are objects": {"sub": {}, "sid": {}},
    "an empty user": {"sub": ""},
    "an empty session": {"sid": ""},
    "a user that is a number": {"sub": 7},
    "a session that is a list": {"sid": ["s1"]},
    "no id": {"jti": None},
    "an empty id": {"jti": ""},
    "an id that is a number": {"jti": 7},
    "no time": {"iat": None},
    "a time that is text": {"iat": "now"},
    "a time that is true": {"iat": True},
    "an old one": {"iat": NOW - 151, "exp": NOW + 60},
    "a time without end": {"iat": 1e400},
    "a time of 400 digits": {"iat": 10**400},
    "a time in a list": {"iat": [NOW]},
    "a time below zero": {"iat": -NOW},
    "an expiry without end": {"exp": 1e400},
    "an expiry that is true": {"exp": True},
    "one of tomorrow": {"iat": NOW + 86_400, "exp": NOW + 90_000},
    "an expired one": {"exp": NOW - 31},
    "an expiry that is text": {"exp": "later"},
    "a later beginning": {"nbf": NOW + 60},
    "no signature": {"alg": "none"},
    "a signature by a secret": {"header": {"alg": "HS256"}},
    "a type that is a list": {"header": {"typ": ["logout+jwt"]}},
    "an empty type": {"header": {"typ": ""}},
    "a critical extension": {"header": {"crit": ["x"], "x": 1}},
    "an unknown key": {"kid": "k9"},
    "another's signature": {"key": SigningKey.generate("RS256", kid="x")},
    "a critical header": {"header": {"crit": ["b64"], "b64": False}},
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_a_logout_token_that_is_refused(
    service: Service, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """400 whatever is wrong, sync and async, with a constant text; it ends nothing, and the right one still counts."""
    body = service.issuer.logout("web", **{"jti": "j1", "sub": "u1", **ATTACKS[name]})
    caplog.set_level(logging.WARNING, "jwks_auth.request.logout")
    for answer in (service.post(body), service.apost(body)):
        assert (answer.status, dict(answer.headers)["Cache-Control"]) == (400, "no-store")
        assert json.loads(answer.body) == {
            "error": "invalid_request",
            "error_description": "The logout token is refused",
        }
    assert len([line for line in caplog.messages if line.startswith("logout refused: ")]) == 2
    assert service.takes(sub="u1")
    assert service.post(service.issuer.logout("web", jti="j1", sub="u1")).status == 200
    assert not service.takes(sub="u1")


@pytest.mark.parametrize("alias", ["https://id.example/", "https://else.example/"])
def test_attack_an_issuer_that_loses_a_name_ends_nothing_under_it(service: Service, alias: str) -> None:
    """Metadata may withdraw it between the choice of the issuer and the judgement of the token."""
    issuer = service.verifier.trust.under("https://id.example/")

    class Before:
        def under(self, name: str) -> TrustedIssuer:
            return issuer

        async def aunder(self, name: str) -> TrustedIssuer:
            return issuer

    raw = RawToken(service.issuer.logout_token("web", iss=alias, sub="u1"))
    tokens = LogoutTokenVerifier(Before(), ["web"])
    if alias == issuer.name:
        assert tokens.verify(raw) == asyncio.run(tokens.averify(raw))
        return
    for verify in (tokens.verify, lambda sent: asyncio.run(tokens.averify(sent))):
        with pytest.raises(InvalidTokenError) as caught:
            verify(raw)
        assert caught.value.code == "wrong_issuer"


def test_attack_a_logout_token_counts_once(service: Service) -> None:
    """The user may have signed in again since; another token of the same time counts."""
    body = service.issuer.logout("web", jti="j1", sub="u1")
    assert [service.post(body).status, service.post(body).status, service.apost(body).status] == [
        200,
        400,
        400,
    ]
    assert service.post(service.issuer.logout("web", jti="j2", sub="u1")).status == 200


def test_attack_a_logout_token_is_no_access_token(service: Service) -> None:
    """By its type, and by its events where it has none, under every profile."""
    for typ in ("logout+jwt", "JWT", None, "at+jwt"):
        raw = service.issuer.logout_token("api", header={"typ": typ}, scope="orders:read", client_id="web")
        for profile in ("default", "rfc9068", "id_token"):
            verifier = TokenVerifier(
                Issuer(service.issuer.issuer, jwks=service.issuer.jwks), "api", profile=profile, clock=now
            )
            with pytest.raises(InvalidTokenError) as caught:
                verifier.verify(raw)
            assert caught.value.code == "wrong_type"


def test_drafts_had_no_expiry(service: Service) -> None:
    """A token's age is limited anyway."""
    assert service.post(service.issuer.logout("web", exp=None, iat=NOW - 149)).status == 200
    assert service.post(service.issuer.logout("web", exp=None, iat=NOW - 151)).status == 400


@pytest.mark.parametrize(
    ("change", "content_type"),
    [
        (lambda body: body, None),
        (lambda body: body, "application/json"),
        (lambda body: body, "multipart/form-data; boundary=x"),
        (lambda body: b"", FORM),
        (lambda body: b"logout_token=", FORM),
        (lambda body: b"logout_token=a.b.c", FORM),
        (lambda body: body + b"&" + body, FORM),
        (lambda body: body + b"&logout_token=", FORM),
        (lambda body: body.replace(b"logout_token", b"Logout_Token"), FORM),
        (lambda body: body.replace(b"logout_token", b"token"), FORM),
        (lambda body: body + b"&a=b" * 20, FORM),
        (lambda body: body + b"&a=" + b"x" * LONGEST_LOGOUT, FORM),
        (lambda body: body + b"\xff", FORM),
        (lambda body: body + b"%FF", FORM),
        (lambda body: b"logout_token=" + b"." * 20_000, FORM),
        (lambda body: b"\x00" * 100, FORM),
    ],
    ids=range(16),
)
def test_attack_a_form_that_is_refused(
    service: Service, change: Callable[[bytes], bytes], content_type: str | None
) -> None:
    """Exactly one token, in a form of bounded length."""
    body = service.issuer.logout("web", sub="u1")
    assert service.post(change(body), content_type).status == 400
    assert service.takes(sub="u1")
    assert service.post(b"state=1&" + body + b"&a=", f"{FORM.upper()}; charset=utf-8").status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "post"])
def test_only_a_post_logs_out(service: Service, method: str) -> None:
    """A link on a page does not."""
    answer = service.post(service.issuer.logout("web"), method=method)
    assert (answer.status, dict(answer.headers)["Allow"]) == (405, "POST")
    again = asyncio.run(service.authenticator.alog_out(method, FORM, RawToken(b"")))
    assert again == answer


class Failing(MemoryRevocations):
    """A store that fails, or that hangs."""

    def revoke(self, *args: Any, **named: Any) -> None:
        """Fail."""
        raise OSError("redis://user:secret@host")


def test_a_logout_that_fails_is_400_and_an_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """As the specification has it; nothing of the store is told."""
    service = Service(Failing())
    for answer in (service.post(service.issuer.logout("web")), service.apost(service.issuer.logout("web"))):
        assert (answer.status, json.loads(answer.body)["error"]) == (400, "temporarily_unavailable")
    assert "secret" not in caplog.text
    errors = [each for each in caplog.records if each.levelname == "ERROR"]
    told = [(each.__dict__["code"], each.__dict__["issuer"], each.__dict__["kind"]) for each in errors]
    assert told == [("logout_failed", "https://id.example/", "OSError")] * 2


def test_a_logouts_line_names_a_configured_issuer(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """In its fields; a tenant's name came with a token, and is left out of them."""
    caplog.set_level(logging.INFO, "jwks_auth.request.logout")
    assert service.post(service.issuer.logout("web")).status == 200
    assert caplog.records[-1].__dict__["issuer"] == "https://id.example/"
    endpoint: Any = service.authenticator._logout
    endpoint._listed = frozenset[str]()
    assert service.post(service.issuer.logout("web")).status == 200
    assert (caplog.records[-1].__dict__["code"], caplog.records[-1].__dict__["issuer"]) == ("logout", None)


def test_a_provider_without_keys_is_400_too() -> None:
    """The logout has failed, and may be tried again."""
    service = Service()
    with service.issuer.outage():
        down = Authenticator(
            {
                **service.issuer.settings(),
                "REVOCATION": service.store,
                "LOGOUT_PATH": PATH,
                "LOGOUT_CLIENT": ["web", "app"],
            }
        )
        answer = down.log_out(
            "POST", FORM, RawToken(form(FakeIssuer(service.issuer.issuer).logout_token("web")))
        )
    assert (answer.status, json.loads(answer.body)["error"]) == (400, "temporarily_unavailable")


def test_tenants_log_out_too() -> None:
    """By their own keys; an issuer that nobody knows is refused."""
    issuer, store = FakeIssuer("https://t1.example/", clock=now), MemoryRevocations(clock=now)
    found = Issuer(issuer.issuer, jwks=issuer.jwks)
    tenants = Tenants(lambda name: found if name == issuer.issuer else None, hosts=["t1.example"])
    verifier = TokenVerifier([], "api", tenants=tenants, revocation=store, clock=now)
    authenticator = Authenticator({"VERIFIER": verifier, "LOGOUT_PATH": PATH, "LOGOUT_CLIENT": "web"})
    for status, made in ((200, issuer), (400, FakeIssuer("https://t2.example/", clock=now))):
        assert authenticator.log_out("POST", FORM, RawToken(made.logout("web"))).status == status
        again = authenticator.alog_out("POST", FORM, RawToken(made.logout("web", jti="other")))
        assert asyncio.run(again).status == status


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"LOGOUT_PATH": PATH}, "LOGOUT_CLIENT is missing beside LOGOUT_PATH"),
        ({"LOGOUT_CLIENT": "web"}, "LOGOUT_PATH is missing beside LOGOUT_CLIENT"),
        ({"LOGOUT_TTL": 5}, "LOGOUT_PATH is missing beside LOGOUT_TTL"),
        ({"LOGOUT_PATH": PATH, "LOGOUT_CLIENT": "web"}, "set REVOCATION"),
        ({"LOGOUT_PATH": "oidc/logout"}, "LOGOUT_PATH: expected a path"),
        ({"LOGOUT_PATH": "/a//b"}, "LOGOUT_PATH: expected a path"),
        ({"LOGOUT_PATH": "/a/../b"}, "LOGOUT_PATH: expected a path"),
        ({"LOGOUT_PATH": "/a?b"}, "LOGOUT_PATH: expected a path"),
        ({"LOGOUT_PATH": "/{a}"}, "LOGOUT_PATH: expected a path"),
        ({"LOGOUT_PATH": "/"}, "LOGOUT_PATH: expected a path"),
        ({"LOGOUT_PATH": 7}, "LOGOUT_PATH: expected a path"),
        ({"LOGOUT_CLIENT": []}, "LOGOUT_CLIENT: expected the id of a client"),
        ({"LOGOUT_TTL": 0}, "LOGOUT_TTL: expected a number of seconds"),
        ({"LOGOUT_TTL": 1e9}, "LOGOUT_TTL: expected a number of seconds"),
    ],
    ids=range(14),
)
def test_settings_that_stop_the_start(settings: dict[str, Any], told: str) -> None:
    """Each names the setting."""
    with pytest.raises(ConfigurationError, match=told):
        Authenticator({**FakeIssuer().settings(), **settings})


def test_without_a_path_nobody_logs_out() -> None:
    """An adapter that asks anyway hears of the setting."""
    authenticator = Authenticator(FakeIssuer().settings())
    assert authenticator.logout_path is None
    with pytest.raises(ConfigurationError, match="LOGOUT_PATH is missing"):
        authenticator.log_out("POST", FORM, RawToken(b""))


def test_a_logout_lasts_as_long_as_it_is_told() -> None:
    """A day unless told otherwise."""
    for settings, ttl in (({}, 86_400), ({"LOGOUT_TTL": 60}, 60)):
        service = Service(**settings)
        service.post(service.issuer.logout("web"))
        assert [each.until for each in service.store.read(None)[0]] == [NOW + ttl]

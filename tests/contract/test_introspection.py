"""Opaque tokens, and tokens of the service's own: every framework takes and refuses them alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from jwks_auth import InvalidTokenError
from jwks_auth.testing import FakeIssuer
from jwks_auth.testing.server import Answer, Form
from tests.contract.cases import SETTINGS, U1
from tests.contract.runner import App, Headers, refusals_logged
from tests.contract.test_certificates import EVERY

Sent = Callable[[FakeIssuer], str]


def api_key(credential: str) -> dict[str, Any] | None:
    """Know the service's own keys."""
    if credential.startswith("ak_fails"):
        raise RuntimeError("the database is away")
    if credential.startswith("ak_gone"):
        raise InvalidTokenError("revoked")
    if credential.startswith("ak_claims_to_be"):
        name = credential.rpartition(".")[2]
        return {"iss": bytes.fromhex(name).decode() if name else 7, "sub": "u1"}
    if credential == "ak_nameless":
        return {"sub": "u1"}
    named = {"aud": "reports"} if credential.endswith("reports") else {}
    return (
        {"iss": "keys", "sub": "u1", "scope": "orders:read", **named}
        if credential.startswith("ak_")
        else None
    )


@dataclass(frozen=True, slots=True)
class Settled:
    """An issuer that is asked about opaque tokens."""

    issuer: FakeIssuer

    def settings(self) -> dict[str, Any]:
        """All of them."""
        own = {"OTHER_TOKENS": api_key, "TIMEOUT": 30, "WAIT": 30}
        return {**self.issuer.settings(introspection="opaque"), **SETTINGS, **own}


@dataclass(frozen=True, slots=True)
class Case:
    """A request, its status, and what its challenge says or the body of its answer is."""

    name: str
    sent: Sent
    status: int = 401
    told: str = ""
    path: str = "/me"
    body: Mapping[str, Any] | None = None
    logged: str = ""


def opaque(**claims: Any) -> Sent:
    """A token that only its issuer can read."""
    return lambda issuer: issuer.opaque(sub="u1", **claims)


def text(raw: str) -> Sent:
    """A credential as it is."""
    return lambda issuer: raw


def revoked(issuer: FakeIssuer) -> str:
    """An opaque token that was revoked."""
    raw = issuer.opaque(sub="u1")
    issuer.revoke(raw)
    return raw


def named_as_the_issuer(issuer: FakeIssuer) -> str:
    """A key that the service's function calls one of the issuer's."""
    return f"ak_claims_to_be.{issuer.issuer.encode().hex()}"


CASES = [
    Case("an opaque token", opaque(), 200, body=U1),
    Case("the same, where optional", opaque(), 200, path="/optional", body=U1),
    Case("a JWT beside", lambda issuer: issuer.token(sub="u1"), 200, body=U1),
    Case("an opaque token with its scope", opaque(scope="orders:read"), 200, path="/orders", body={"orders": []}),
    Case("an opaque token without", opaque(), 403, "insufficient_scope", "/orders"),
    Case("an opaque token for the route", opaque(aud="reports"), 200, path="/reports", body=U1),
    Case("an opaque token for another route", opaque(), told="another audience", path="/reports"),
    Case("an opaque token for another service", opaque(aud="elsewhere"), told="another audience"),
    Case("an opaque token without aud", opaque(aud=None), told="another audience"),
    Case("an opaque token from another issuer", opaque(iss="https://x.example/"), told="another issuer"),
    Case("an expired opaque token", opaque(expires_in=-90), told="is not active"),
    Case("a revoked one", revoked, told='error="invalid_token", error_description="The access token is not active'),
    Case("one that nobody knows, where optional", text("junk"), told="is not active", path="/optional"),
    Case("a bound one", opaque(cnf={"jkt": "x"}), told="plain bearer token"),
    Case("a refresh token", opaque(token_type="refresh_token"), told="not an access token"),
    Case("no token68", text("a,b"), 400, "malformed"),
    Case("quotes", text('"abc"'), 400, "malformed"),
    Case("more than 4 KiB", text("x" * 4097), told="too large"),
    Case("a broken JWT", text("eyJhbGciOiJSUzI1NiJ9.x.y"), told="malformed"),
    Case("another issuer's JWT", lambda issuer: FakeIssuer("https://x.example/").token(), told="invalid_token"),
    Case("a key of the service's own", text("ak_1"), 200, body=U1),
    Case("the same, with its scope", text("ak_1"), 200, path="/orders", body={"orders": []}),
    Case("the same, without a role", text("ak_1"), 403, "insufficient_scope", "/admin"),
    Case("a key where the route names its audience", text("ak_1"), told="another audience", path="/reports"),
    Case("a key that names it too", text("ak_reports"), 200, path="/reports", body=U1),
    Case("a key that was withdrawn", text("ak_gone"), told="has been revoked"),
    Case("a function that fails", text("ak_fails"), 503, logged="a callback"),
    Case("a function that fails, where optional", text("ak_fails"), 503, path="/optional", logged="a callback"),
    Case("a function's claims of the wrong type", text("ak_claims_to_be."), 503, logged="other_tokens: found an iss"),
    Case("a key that is said to be the issuer's", named_as_the_issuer, 503, logged="other_tokens: found the iss"),
    Case("a key without an issuer, where revocations need one", text("ak_nameless"), 503, logged="revocation: the"),
]  # fmt: skip


def run(app: App, case: Case, issuer: FakeIssuer) -> None:
    """Send *case* to *app*, and compare."""
    headers: Headers = [("Authorization", f"Bearer {case.sent(issuer)}")]
    with refusals_logged() as lines:
        answer = app.request("GET", case.path, headers)
    challenge = ", ".join(answer.values("www-authenticate"))
    assert (answer.status, case.told in challenge) == (case.status, True), (challenge, answer.body)
    if case.status == 503:
        assert int(answer.values("retry-after")[0]) >= 1
    if case.logged:  # the error itself, where a mere refusal has its code
        assert [line.startswith(f"request refused: {case.logged}") for line in lines] == [True], lines
    if case.body is not None:
        assert json.loads(answer.body) == case.body


@pytest.fixture(scope="module", params=EVERY)
def asking_app(request: pytest.FixtureRequest) -> Iterator[tuple[App, FakeIssuer]]:
    """Every framework, with an issuer that is asked."""
    with FakeIssuer.serve() as issuer, EVERY[request.param](Settled(issuer)) as app:
        yield app, issuer


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_tokens_that_are_no_jwts(asking_app: tuple[App, FakeIssuer], case: Case) -> None:
    """Judged as JWTs are; a fault of the service's own is a 503, never a 401 or a 500."""
    app, issuer = asking_app
    run(app, case, issuer)


FAULTS: Sequence[tuple[str, str]] = [("outage", "503"), ("credentials", "503")]


@pytest.mark.parametrize("site", EVERY)
@pytest.mark.parametrize("fault", [name for name, _ in FAULTS])
def test_an_issuer_that_cannot_tell_is_a_503(site: str, fault: str) -> None:
    """Away, or refusing our own credentials: no client can help it."""
    with FakeIssuer.serve() as issuer, EVERY[site](Settled(issuer)) as app:
        raw = issuer.opaque(sub="u1")
        if fault == "outage":
            issuer.outage("drop")
        else:
            issuer.client_secret = "changed"
        run(app, Case(fault, text(raw), 503), issuer)


HOSTILE: Mapping[str, tuple[Answer, int]] = {
    "a list": (Answer({}, text="[]"), 503),
    "a list of answers": (Answer({}, text='[{"active": true, "aud": "api"}]'), 503),
    "a word": (Answer({}, text='"active"'), 503),
    "nothing": (Answer({}, text=""), 503),
    "no active": (Answer({"aud": "api", "sub": "root"}), 503),
    "active: 'false'": (Answer({"active": "false"}), 503),
    "active: 'true'": (Answer({"active": "true", "aud": "api", "sub": "root"}), 503),
    "active: 1": (Answer({"active": 1, "aud": "api", "sub": "root"}), 503),
    "active twice": (Answer({}, text='{"active": false, "active": true, "aud": "api", "sub": "root"}'), 503),
    "no number": (Answer({}, text='{"active": true, "aud": "api", "exp": NaN}'), 503),
    "nested": (Answer({}, text='{"a":' * 9000 + "1" + "}" * 9000), 503),
    "many members": (Answer({}, text='{"active": true' + ',"a":1' * 25_000 + "}"), 503),
    "HTML": (Answer({}, text="<html><body>Sign in</body></html>", media_type="text/html"), 503),
    "signed, unasked": (Answer({"active": True, "aud": "api"}, media_type="application/token-introspection+jwt"), 503),
    "another issuer's": (Answer({"active": True, "aud": "api", "iss": "https://evil.example/"}), 401),
    "another issuer's, in a list": (Answer({"active": True, "aud": "api", "iss": ["https://evil.example/"]}), 401),
    "aud of another kind": (Answer({"active": True, "aud": {"api": "api"}}), 401),
    "aud: 7": (Answer({"active": True, "aud": 7}), 401),
    "aud: none": (Answer({"active": True, "aud": []}), 401),
    "aud within another": (Answer({"active": True, "aud": ["api reports", "apis"]}), 401),
    "sub of another kind": (Answer({"active": True, "aud": "api", "sub": {"a": 1}}), 401),
    "exp: huge": (Answer({"active": True, "aud": "api", "exp": 10**400}), 401),
    "a logout token's claims": (Answer({"active": True, "aud": "api", "events": {}}), 401),
    "an ID token's claims": (Answer({"active": True, "aud": "api", "nonce": "n", "at_hash": "x"}), 401),
    "10 MiB": (Answer({"active": True, "aud": "api", "x": "x" * (10 << 20)}), 503),
    "a redirect": (Answer({}, status=302), 503),
    "an error": (Answer({"active": True, "aud": "api"}, status=500), 503),
}  # fmt: skip
"""What an endpoint may answer, and the status that the client gets; those after which it has a rest come last."""


class Hostile(FakeIssuer):
    """Answers a question with whatever its token is the name of, in hexadecimal."""

    def _answer(self, path: str, form: Form | None = None) -> Answer:
        if form is None:
            return super()._answer(path)
        return HOSTILE[bytes.fromhex(form.fields["token"]).decode()][0]


@pytest.mark.parametrize("site", EVERY)
def test_an_answer_of_any_shape_is_a_refusal_or_a_503(site: str) -> None:
    """Never 200 and never 500, in whichever framework."""
    with Hostile.serve() as issuer, EVERY[site](Settled(issuer)) as app:
        for name, (_, status) in HOSTILE.items():
            run(app, Case(name, text(name.encode().hex()), status), issuer)


def test_the_hostile_endpoint_can_be_asked_for_a_good_token() -> None:
    """The control: of the same answer in its right form the token is good."""
    with FakeIssuer.serve() as issuer, EVERY["flask"](Settled(issuer)) as app:
        issuer.tell_of("good", {"aud": "api", "sub": "u1"})
        run(app, Case("good", text("good"), 200, body=U1), issuer)


def signed_answer(issuer: FakeIssuer) -> str:
    """A signed answer about a good token, with everything else that an access token has (RFC 9701)."""
    return issuer.token(
        sub="u1", header={"typ": "token-introspection+jwt"}, token_introspection={"active": True}
    )


OTHER_JWTS = [
    Case("a signed answer", signed_answer, told="not an access token"),
    Case("a logout token", lambda issuer: issuer.logout_token("api", sub="u1"), told="not an access token"),
    Case("a logout token of no type", lambda issuer: issuer.logout_token("api", sub="u1", header={"typ": None}),
         told="not an access token"),
]  # fmt: skip


@pytest.mark.parametrize("case", OTHER_JWTS, ids=lambda case: case.name)
def test_other_jwts_of_the_issuer_are_no_access_tokens(
    asking_app: tuple[App, FakeIssuer], case: Case
) -> None:
    """And nobody is asked about them."""
    app, issuer = asking_app
    before = issuer.requests[issuer.introspection_path]
    run(app, case, issuer)
    assert issuer.requests[issuer.introspection_path] == before

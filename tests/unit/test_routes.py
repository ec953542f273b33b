"""The way of a token where there are several: kept JWTs, tokens in cookies, and issuers that refuse to tell."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from jwks_auth import Introspection, InvalidTokenError, Issuer, KeySourceError, Refused, TokenVerifier
from jwks_auth.adapters import Authenticator, Credentials, Requirement
from jwks_auth.testing import FakeIssuer
from jwks_auth.testing.server import Answer, Form
from tests.introspecting import API, asking, introspection
from tests.key_fakes import Clock
from tests.patience import PATIENCE


async def both(verifier: TokenVerifier, raw: str) -> list[str]:
    """What an event loop and a thread say of a token, in this order."""
    first = await verifier.averify(raw)
    return [str(first.kind), str((await asyncio.to_thread(verifier.verify, raw)).kind)]


def test_jwts_are_verified_in_an_event_loop_as_if_they_were_the_only_tokens() -> None:
    """An opaque token may begin as they do."""
    with asking() as service:
        looks_alike = service.issuer.opaque(prefix="eyJ")
        assert asyncio.run(both(service.verifier, service.issuer.token())) == ["jwt", "jwt"]
        assert service.asked == 0
        assert asyncio.run(both(service.verifier, looks_alike)) == ["opaque", "opaque"]
        with pytest.raises(InvalidTokenError, match="malformed"):
            asyncio.run(service.verifier.averify("eyJ.with space"))


def test_a_jwt_that_was_verified_before_is_known_beside_tokens_of_the_service_s_own() -> None:
    """Sync and async; the function hears nothing of it."""
    asked = list[str]()
    with asking(rest={"other_tokens": asked.append, "token_cache": 8}) as service:
        raw = service.issuer.token()
        assert asyncio.run(both(service.verifier, raw)) == ["jwt", "jwt"]
        assert asyncio.run(both(service.verifier, raw)) == ["jwt", "jwt"]
        service.clock.advance(10_000)
        assert service.code(raw) == "401 expired"
    assert asked == []


def test_a_jwt_is_confirmed_in_an_event_loop_too() -> None:
    """The first question is asked there."""
    with asking(mode="always") as service:
        raw = service.issuer.token()
        assert asyncio.run(both(service.verifier, raw)) == ["jwt", "jwt"]
        assert service.asked == 1
        service.issuer.revoke(raw)
        service.verifier.forget(raw)
        with pytest.raises(InvalidTokenError, match="active"):
            asyncio.run(service.verifier.averify(raw))


@pytest.mark.parametrize(
    ("prefix", "sent", "outcome"),
    [
        ("x_", "x_", "opaque"),
        ("x_", "", "malformed"),
        (None, "", "malformed"),
    ],
    ids=["fits", "other", "no prefix"],
)
def test_a_cookie_s_token_is_sent_only_where_the_prefix_fits(
    prefix: str | None, sent: str, outcome: str
) -> None:
    """Browsers send cookies unasked: one of another application's is nobody's business."""
    with FakeIssuer.serve() as issuer:
        own = {"TOKEN_SOURCES": ["header", "cookie:t"], "WAIT": PATIENCE, "TIMEOUT": PATIENCE}
        own |= {} if prefix is None else {"TOKEN_PREFIX": prefix}
        auth = Authenticator({**issuer.settings(API, introspection="opaque"), **own}, in_tests=True)
        raw = issuer.opaque(prefix=sent)
        assert outcome_of(auth, {"HTTP_COOKIE": f"t={raw}", "HTTP_SEC_FETCH_SITE": "same-origin"}) == outcome
        assert issuer.requests[issuer.introspection_path] == (outcome == "opaque")
        in_header = outcome_of(auth, {"HTTP_AUTHORIZATION": f"Bearer {raw}"})
        assert in_header == ("malformed" if prefix != (sent or None) else "opaque")


def test_an_answer_that_is_kept_opens_no_cookie() -> None:
    """A token that came in a header before is as good in a cookie as one that nobody has asked about."""
    with FakeIssuer.serve() as issuer:
        own = {"TOKEN_SOURCES": ["header", "cookie:t"], "WAIT": PATIENCE, "TIMEOUT": PATIENCE}
        auth = Authenticator({**issuer.settings(API, introspection="opaque"), **own}, in_tests=True)
        raw = issuer.opaque()
        for _ in range(2):
            assert outcome_of(auth, {"HTTP_AUTHORIZATION": f"Bearer {raw}"}) == "opaque"
        cookie = {"HTTP_COOKIE": f"t={raw}", "HTTP_SEC_FETCH_SITE": "same-origin"}
        assert outcome_of(auth, cookie) == "malformed"
        assert issuer.requests[issuer.introspection_path] == 1


def test_an_answer_that_is_kept_comes_after_the_service_s_own_function() -> None:
    """A key that the function knows by now is its own, whatever the issuer said of it before."""
    answers: list[Any] = [None, {"sub": "p7"}]
    with asking(rest={"other_tokens": lambda raw: answers[0]}) as service:
        raw = service.issuer.opaque()
        assert service.verifier.verify(raw).kind == "opaque"
        answers.pop(0)
        assert asyncio.run(both(service.verifier, raw)) == ["other", "other"]
        assert service.asked == 1


def test_an_answer_that_is_kept_stands_for_no_signature() -> None:
    """A JWT that was confirmed is verified each time: by its own claims it is over, and the answer names no end."""
    with asking(mode="always", cache=1e6) as service:
        raw = service.issuer.token()
        service.issuer.tell_of(raw, {"aud": API})
        assert asyncio.run(both(service.verifier, raw)) == ["jwt", "jwt"]
        service.clock.advance(10_000)
        assert (service.code(raw), service.asked) == ("401 expired", 1)


@pytest.mark.parametrize("entries", [0, 64], ids=["no cache of JWTs", "a cache of JWTs"])
def test_an_answer_that_is_kept_is_found_sync_and_async(entries: int) -> None:
    """Without another question, and not once it is over by its own words."""
    with asking(cache=1e6, rest={"token_cache": entries}) as service:
        for prefix in ("", "eyJ"):
            raw = service.issuer.opaque(prefix=prefix)
            for _ in range(2):
                assert asyncio.run(both(service.verifier, raw)) == ["opaque", "opaque"]
        assert service.asked == 2
        service.clock.advance(10_000)
        assert (service.code(raw), service.asked) == ("401 expired", 2)


def test_a_place_of_one_issuer_leads_to_no_other() -> None:
    """What is in a partner's header is not sent to the issuer that is asked about opaque tokens."""
    with FakeIssuer.serve() as issuer:
        partner = FakeIssuer("https://partner.example/")
        asked = issuer.settings(API, introspection="opaque")
        entry = {name: value for name, value in asked.items() if name != "AUDIENCE"}
        other = {"ISSUER": partner.issuer, "JWKS": partner.jwks, "TOKEN_SOURCES": ["header:X-Partner"]}
        shared = {"AUDIENCE": API, "WAIT": PATIENCE, "TIMEOUT": PATIENCE}
        auth = Authenticator({"ISSUERS": [entry, other], **shared}, in_tests=True)
        raw = issuer.opaque()
        assert outcome_of(auth, {"HTTP_X_PARTNER": raw}) == "malformed"
        assert issuer.requests[issuer.introspection_path] == 0
        assert outcome_of(auth, {"HTTP_AUTHORIZATION": f"Bearer {raw}"}) == "opaque"


def outcome_of(auth: Authenticator, headers: dict[str, str], requirement: Requirement | None = None) -> str:
    """What becomes of a request: the token's kind, or why it is refused."""
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_HOST": "api.example", **headers}
    credentials = Credentials.from_wsgi(environ)
    try:
        token = auth.authenticate(credentials, *([] if requirement is None else [requirement]))
    except Refused as error:
        return error.code
    return "none" if token is None else str(token.kind)


@pytest.mark.parametrize("claims", [{"sub": "x"}, {"sub": "x", "aud": API}], ids=["silent", "named"])
@pytest.mark.parametrize("sender", ["dpop", "mtls"])
def test_a_token_of_the_service_s_own_passes_no_route_that_asks_for_a_proof(
    claims: dict[str, Any], sender: str
) -> None:
    """It is bound to no key; a route without ``sender=`` takes it."""
    settings = {
        **FakeIssuer().settings(API),
        "OTHER_TOKENS": lambda raw: claims,
        "PUBLIC_URL": "https://api.example",
        "DPOP": "accept",
        "MTLS": "accept",
        "CLIENT_CERTIFICATE": "tls",
    }
    auth = Authenticator(settings, in_tests=True)
    headers = {"HTTP_AUTHORIZATION": "Bearer ak_1"}
    assert outcome_of(auth, headers, Requirement.of(sender=sender)) == "unbound_token"
    assert outcome_of(auth, headers) == "other"


class Refusing(FakeIssuer):
    """Answers a question about ``bad`` tokens with an error."""

    status = 400

    def _answer(self, path: str, form: Form | None = None) -> Answer:
        if form is not None and form.fields["token"].startswith("bad"):
            self._count(path)
            return Answer({"error": "invalid_request"}, status=self.status)
        return super()._answer(path, form)


@pytest.mark.parametrize(
    ("status", "kind", "next_one"), [(400, "introspection", True), (401, "credentials", False)]
)
def test_a_refusal_that_may_be_about_one_token_stops_no_other(status: int, kind: str, next_one: bool) -> None:
    """HTTP 400 may; after 401 or 403 the issuer rests, as every question has the same credentials."""
    clock = Clock()
    with Refusing.serve(clock=clock) as issuer:
        issuer.status = status
        asked = Issuer(issuer.issuer, introspection=introspection(issuer), timeout=PATIENCE, wait=PATIENCE)
        verifier = TokenVerifier(asked, API, clock=clock)
        with pytest.raises(KeySourceError) as caught:
            verifier.verify("bad")
        assert caught.value.kind == kind
        good = issuer.opaque()
        if next_one:
            assert verifier.verify(good).kind == "opaque"
        else:
            with pytest.raises(KeySourceError, match="failed just now"):
                verifier.verify(good)


def test_a_private_key_that_went_bad_is_ours_to_mend(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """503, and an error in the log that shows neither the file's text nor the token."""
    from tests.unit.test_introspection import KEYS, pem_of

    file = tmp_path / "key.pem"
    file.write_text(pem_of(KEYS["ES256"]))
    with FakeIssuer.serve() as issuer:
        options = Introspection(client_id="a", client_secret=f"file:{file}", method="private_key_jwt")
        verifier = TokenVerifier(
            Issuer(issuer.issuer, introspection=options, timeout=PATIENCE, wait=PATIENCE), API
        )
        file.write_text("hush hush")
        with pytest.raises(KeySourceError) as caught:
            verifier.verify("opaque-token")
    assert caught.value.kind == "credentials"
    assert "INTROSPECTION_CLIENT" in caplog.text
    assert not {"hush", "opaque-token"} & set(caplog.text.replace("'", " ").split())


def test_localhost_inside_a_container_is_mended_by_the_endpoint_s_own_setting() -> None:
    """``JWKS_URI`` would change nothing for an endpoint that refuses connections."""
    url = "http://127.0.0.1:9/introspect"
    with (
        asking(url=url) as service,
        pytest.raises(KeySourceError, match="set INTROSPECTION_URL to an address"),
    ):
        service.verifier.verify("opaque")
    named = {**FakeIssuer().discovery(), "introspection_endpoint": url}
    with asking() as service:
        service.issuer.discovery = lambda: {**named, "issuer": service.issuer.issuer}  # type: ignore[method-assign]
        with pytest.raises(
            KeySourceError, match=r"`introspection_endpoint` names .* set INTROSPECTION_URL to"
        ):
            service.verifier.verify("opaque")

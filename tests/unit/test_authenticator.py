"""The face adapters speak to: sync and async answer alike, a request is verified once."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from jwks_auth import (
    AuthError,
    ConfigurationError,
    InsufficientScopeError,
    InvalidTokenError,
    KeySourceError,
    MissingTokenError,
    Tenants,
)
from jwks_auth.adapters import Authenticator, Credentials, Requirement, finished_headers, stand_for, token_on
from jwks_auth.claims.token import VerifiedToken
from jwks_auth.runtime import RawToken
from jwks_auth.testing import FakeIssuer

Authenticate = Callable[..., VerifiedToken | None]


@pytest.fixture
def issuer() -> FakeIssuer:
    """An issuer in this process."""
    return FakeIssuer()


def sync(authenticator: Authenticator) -> Authenticate:
    """The blocking face."""
    return authenticator.authenticate


def on_a_loop(authenticator: Authenticator) -> Authenticate:
    """The async face, a new loop each time."""
    return lambda *args, **kwargs: asyncio.run(authenticator.aauthenticate(*args, **kwargs))


FACES = pytest.mark.parametrize("face", [sync, on_a_loop])


def credentials(issuer: FakeIssuer, **claims: Any) -> Credentials:
    """A request with a good token."""
    return Credentials([issuer.headers(**claims)["Authorization"]])


@pytest.mark.parametrize(
    ("status", "found"), [(401, "Bearer realm="), (403, None), (404, None), (None, None)], ids=str
)
def test_what_a_handler_left_out_of_a_refusal_is_added(
    issuer: FakeIssuer, status: int | None, found: str | None
) -> None:
    """The first challenge of the status that the answer has; of another status it is the handler's affair."""
    authenticator = Authenticator(issuer.settings(audience="api"))
    environ: dict[str, Any] = {}
    sent = Credentials.from_wsgi(environ)
    authenticator.rejection(MissingTokenError(), sent)
    authenticator.rejection(InvalidTokenError("expired"), sent)
    headers = dict(finished_headers(environ, [("Content-Type", "text/plain")], status))
    assert headers["Vary"] == "Authorization"
    assert (headers.get("WWW-Authenticate") or "")[:13] == (found or "")
    own = finished_headers(environ, [("www-authenticate", "Basic")], status)
    assert [value for name, value in own if name.lower() == "www-authenticate"] == ["Basic"]


@FACES
def test_a_good_token_is_given_back(
    issuer: FakeIssuer, face: Callable[[Authenticator], Authenticate]
) -> None:
    """Header values in, token out."""
    authenticate = face(Authenticator(issuer.settings(audience="api")))
    token = authenticate(credentials(issuer, sub="u1"))
    assert token is not None
    assert token.subject == "u1"


@FACES
def test_optional_lets_a_missing_token_through_never_a_bad_one(
    issuer: FakeIssuer, face: Callable[[Authenticator], Authenticate]
) -> None:
    """A bad token is never anonymous."""
    authenticate = face(Authenticator(issuer.settings(audience="api")))
    optional = Requirement.of(optional=True)
    assert authenticate(Credentials([]), optional) is None
    with pytest.raises(InvalidTokenError):
        authenticate(Credentials(["Bearer a.b.c"]), optional)
    with pytest.raises(MissingTokenError):
        authenticate(Credentials([]))


@FACES
def test_a_request_is_verified_once(
    issuer: FakeIssuer, face: Callable[[Authenticator], Authenticate]
) -> None:
    """The memo holds the verification up to audience; audience and policy are judged for each requirement."""
    asked: list[VerifiedToken] = []
    seen: list[VerifiedToken] = []
    settings = {**issuer.settings(audience=["api", "reports"]), "IS_REVOKED": lambda t: asked.append(t)}
    authenticate = face(Authenticator(settings, on_verified=seen.append))
    sent = credentials(issuer, aud="api", scope="a")
    first = authenticate(sent, Requirement.of())
    assert authenticate(sent, Requirement.of(scopes="a")) is first
    with pytest.raises(AuthError) as caught:
        authenticate(sent, Requirement.of(audience="reports"))
    assert caught.value.code == "wrong_audience"
    with pytest.raises(AuthError) as caught:
        authenticate(sent, Requirement.of(scopes="b"))
    assert caught.value.status == 403
    assert asked == seen == [first]


@FACES
def test_a_memo_never_answers_for_another_token(
    issuer: FakeIssuer, face: Callable[[Authenticator], Authenticate]
) -> None:
    """Even if an adapter kept one across requests."""
    authenticate = face(Authenticator(issuer.settings(audience="api")))
    kept: dict[str, Any] = {}
    for sub in ("u1", "u2"):
        sent = Credentials([issuer.headers(sub=sub)["Authorization"]], kept=kept)
        token = authenticate(sent, Requirement.of())
        assert token is not None
        assert token.subject == sub


@FACES
def test_a_wrong_audience_is_not_remembered_as_admitted(
    issuer: FakeIssuer, face: Callable[[Authenticator], Authenticate]
) -> None:
    """A refusal leaves the memo unadmitted: the next requirement asks all over."""
    authenticate = face(Authenticator(issuer.settings(audience="api")))
    sent = credentials(issuer, aud="reports")
    for _ in range(2):
        with pytest.raises(InvalidTokenError):
            authenticate(sent, Requirement.of())
    assert authenticate(sent, Requirement.of(audience="reports")) is not None


@FACES
def test_a_refusal_stays_one_where_on_rejected_fails(
    issuer: FakeIssuer, face: Callable[[Authenticator], Authenticate], caplog: pytest.LogCaptureFixture
) -> None:
    """The client reads why it was refused, and the log holds the callback's failure, without the token."""

    def broken(error: Exception) -> None:
        raise RuntimeError("boom")

    sent = credentials(issuer, aud="elsewhere")
    with pytest.raises(InvalidTokenError, match="another audience"):
        face(Authenticator(issuer.settings(audience="api"), on_rejected=broken))(sent)
    assert "on_rejected failed" in caplog.text
    assert "boom" in caplog.text
    assert sent.authorization[0] not in caplog.text


@FACES
def test_refusals_are_told_and_logged_without_the_token(
    issuer: FakeIssuer, face: Callable[[Authenticator], Authenticate], caplog: pytest.LogCaptureFixture
) -> None:
    """6750-11: one DEBUG line with the code; a missing token is no refusal."""
    told: list[Exception] = []
    authenticate = face(Authenticator(issuer.settings(audience="api"), on_rejected=told.append))
    sent = credentials(issuer, aud="elsewhere", sub="secret-subject")
    with caplog.at_level(logging.DEBUG, "jwks_auth"), pytest.raises(InvalidTokenError):
        authenticate(sent)
    with pytest.raises(MissingTokenError):
        authenticate(Credentials([]))
    assert [getattr(error, "code", None) for error in told] == ["wrong_audience"]
    lines = [record.getMessage() for record in caplog.records if record.name == "jwks_auth"]
    assert lines == ["request refused: wrong_audience; aud: expected api, found 'elsewhere'; GET"]
    assert "secret-subject" not in caplog.text
    assert sent.authorization[0] not in caplog.text
    assert "secret-subject" not in caplog.text


def test_a_refusal_is_told_once_for_its_request(issuer: FakeIssuer) -> None:
    """Whoever refuses first: the answer tells too, and another request is another refusal."""
    told: list[Exception] = []
    authenticator = Authenticator(issuer.settings(audience="api"), on_rejected=told.append)
    sent, refused, later = Credentials([]), InvalidTokenError("user_refused"), InvalidTokenError("expired")
    assert authenticator.rejection(refused, sent) == authenticator.rejection(refused, sent)
    authenticator.rejection(later, sent)
    assert told == [refused]
    authenticator.rejection(refused, Credentials([]))
    assert told == [refused, refused]


def test_what_was_told_is_remembered(issuer: FakeIssuer) -> None:
    """``authenticate`` has told of what it raises."""
    told: list[Exception] = []
    authenticator = Authenticator(issuer.settings(audience="api"), on_rejected=told.append)
    sent = credentials(issuer, aud="elsewhere")
    with pytest.raises(InvalidTokenError) as caught:
        authenticator.authenticate(sent)
    authenticator.rejection(caught.value, sent)
    assert told == [caught.value]


def test_tokens_of_another_header_are_read_there_and_answers_say_so(issuer: FakeIssuer) -> None:
    """An adapter that reads tokens elsewhere names the place; ``Authorization`` then holds none."""
    authenticator = Authenticator({**issuer.settings(audience="api"), "TOKEN_SOURCES": ["header:X-Token"]})
    environ = {"HTTP_X_TOKEN": issuer.headers(sub="u1")["Authorization"]}
    token = authenticator.authenticate(Credentials.from_wsgi(environ))
    assert token is not None
    assert finished_headers(environ, [("Vary", "cookie")]) == [("Vary", "cookie, X-Token")]
    with pytest.raises(MissingTokenError) as caught:
        authenticator.authenticate(credentials(issuer))
    assert authenticator.rejection(caught.value, credentials(issuer)).fields["Vary"] == "X-Token"


@FACES
def test_a_callback_that_fails_is_logged_with_its_traceback(
    issuer: FakeIssuer, face: Callable[[Authenticator], Authenticate], caplog: pytest.LogCaptureFixture
) -> None:
    """The client reads 503 and no more; the mistake is the service's, so its log says where it is."""

    def revoked(token: VerifiedToken) -> bool:
        raise LookupError("no such table")

    sent = credentials(issuer, sub="secret-subject")
    with pytest.raises(KeySourceError):
        face(Authenticator({**issuer.settings(audience="api"), "IS_REVOKED": revoked}))(sent)
    [record] = [record for record in caplog.records if record.name == "jwks_auth"]
    assert record.levelname == "ERROR"
    assert "in revoked" in caplog.text
    assert "LookupError: no such table" in caplog.text
    assert "secret-subject" not in caplog.text


def test_a_rejection_is_a_finished_answer(issuer: FakeIssuer) -> None:
    """Status, headers and body; nothing is left for the adapter to decide."""
    settings = {**issuer.settings(audience="api"), "REALM": "orders", "RESOURCE_METADATA": "https://a/meta"}
    answer = Authenticator(settings).rejection(InvalidTokenError("expired"), Credentials([]))
    assert answer.status == 401
    assert answer.headers == (
        (
            "WWW-Authenticate",
            'Bearer realm="orders", error="invalid_token", error_description="The access token has expired", '
            'resource_metadata="https://a/meta"',
        ),
        ("Vary", "Authorization"),
    )
    assert json.loads(answer.body) == {
        "error": "invalid_token",
        "error_description": "The access token has expired",
    }


@pytest.mark.parametrize(("status", "title"), [(401, "Unauthorized"), (418, "I'm a Teapot"), (499, "")])
def test_problem_details_of_any_status(issuer: FakeIssuer, status: int, title: str) -> None:
    """A custom error may have a status that nobody knows; RFC 6750's document is there, too."""
    error = InvalidTokenError("expired")
    error.status = status  # type: ignore[misc]
    settings = {**issuer.settings(audience="api"), "ERROR_BODY": "problem+json"}
    answer = Authenticator(settings).rejection(error, Credentials([]))
    assert answer.media_type == "application/problem+json"
    assert json.loads(answer.body) == {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": "The access token has expired",
        "error": "invalid_token",
    }
    assert answer.document == {"error": "invalid_token", "error_description": "The access token has expired"}


@pytest.mark.parametrize(("seconds", "header"), [(0.0, "1"), (2.1, "3"), (300.0, "300")])
def test_an_outage_is_503_with_retry_after(issuer: FakeIssuer, seconds: float, header: str) -> None:
    """Whole seconds, at least one; no challenge, as the client is not at fault."""
    answer = Authenticator(issuer.settings(audience="api")).rejection(
        KeySourceError(retry_after=seconds), Credentials([])
    )
    assert (answer.status, answer.headers) == (503, (("Retry-After", header), ("Vary", "Authorization")))


def test_a_cold_outage_is_a_key_source_error(issuer: FakeIssuer) -> None:
    """Never a 401: the token can't be judged."""
    authenticator = Authenticator(issuer.settings(audience="api"))
    sent = credentials(issuer)
    issuer.outage()
    with pytest.raises(KeySourceError):
        authenticator.authenticate(sent)


def test_warm_up_and_health(issuer: FakeIssuer) -> None:
    """Keys can be had before the first request, and their state asked for."""
    authenticator = Authenticator(issuer.settings(audience="api"))
    authenticator.warm_up()
    asyncio.run(authenticator.awarm_up())
    assert list(authenticator.health()) == [issuer.issuer]


@pytest.mark.parametrize("on_a_loop", [False, True])
def test_an_issuer_that_is_away_does_not_keep_others_from_warming_up(on_a_loop: bool) -> None:
    """All are asked, then the one that has no keys is raised."""
    with FakeIssuer.serve() as away, FakeIssuer.serve() as there, away.outage():
        authenticator = Authenticator({"ISSUERS": [away.issuer, there.issuer], "AUDIENCE": "api"})
        with pytest.raises(KeySourceError):
            asyncio.run(authenticator.awarm_up()) if on_a_loop else authenticator.warm_up()
        assert {issuer: health.keys for issuer, health in authenticator.health().items()} == {
            away.issuer: 0,
            there.issuer: 1,
        }


@pytest.mark.parametrize("on_a_loop", [False, True])
def test_readiness_is_a_matter_of_keys_that_can_be_had(on_a_loop: bool) -> None:
    """It tries to fetch while there are none; one issuer of several is enough, and keys in the settings are at hand."""

    def ready(settings: dict[str, Any]) -> bool:
        authenticator = Authenticator({"AUDIENCE": "api", **settings})
        return asyncio.run(authenticator.aready()) if on_a_loop else authenticator.ready()

    with FakeIssuer.serve() as away, FakeIssuer.serve() as there, away.outage():
        assert not ready({"ISSUER": away.issuer})
        assert ready({"ISSUERS": [away.issuer, there.issuer]})
        assert ready({"ISSUER": there.issuer})
        before = there.requests.total()
        assert ready({"ISSUER": there.issuer, "JWKS": there.jwks()})
        assert there.requests.total() == before


def test_keys_at_hand_are_not_fetched_again_for_readiness() -> None:
    """A prober that asks every second costs the issuer nothing."""
    with FakeIssuer.serve() as issuer:
        authenticator = Authenticator({"ISSUER": issuer.issuer, "AUDIENCE": "api"})
        assert [authenticator.ready() for _ in range(3)] == [True] * 3
        assert issuer.requests[issuer.jwks_path] == 1


def test_tenants_alone_are_ready() -> None:
    """Whose keys will be asked for is not known before their tokens come."""
    assert Authenticator(
        {"AUDIENCE": "api", "TENANTS": Tenants(lambda name: None, hosts=["id.example"])}
    ).ready()


def test_settings_are_judged_at_construction() -> None:
    """A mapping is parsed by the core's settings."""
    with pytest.raises(ConfigurationError, match="ISSUER is missing"):
        Authenticator({})


@FACES
def test_step_4_a_bad_token_is_not_told_to_step_up(
    issuer: FakeIssuer, face: Callable[[Authenticator], Authenticate]
) -> None:
    """The policy of a route is told to holders of good tokens alone; an audience counts before it, too."""
    authenticate = face(Authenticator(issuer.settings(audience="api")))
    strong = Requirement.of(acr="mfa", max_auth_age=60)
    for sent, code in (
        (credentials(issuer, exp=1), "expired"),
        (credentials(issuer, aud="other"), "wrong_audience"),
        (credentials(issuer, sub="u1"), "insufficient_user_authentication"),
    ):
        with pytest.raises(AuthError) as caught:
            authenticate(sent, strong)
        assert caught.value.code == code


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_token_without_a_request_is_for_the_service_s_own_audience(
    issuer: FakeIssuer, is_async: bool
) -> None:
    """As one from a queue; one that is bound to a key can't be proved there, and is refused."""
    authenticator = Authenticator(issuer.settings(audience="api"))

    def verified(**claims: Any) -> VerifiedToken:
        raw = RawToken(issuer.token(**claims))
        return asyncio.run(authenticator.averify(raw)) if is_async else authenticator.verify(raw)

    assert verified(sub="u1").subject == "u1"
    for claims, code in (({"aud": "other"}, "wrong_audience"), ({"cnf": {"jkt": "x" * 43}}, "bound_token")):
        with pytest.raises(AuthError) as caught:
            verified(**claims)
        assert caught.value.code == code


def test_one_more_requirement_judges_an_admitted_token(issuer: FakeIssuer) -> None:
    """Its scopes are then named in the challenge, beside those that were asked for before."""
    authenticator = Authenticator(issuer.settings(audience="api"))
    sent = credentials(issuer, scopes=["a"])
    token = authenticator.authenticate(sent, Requirement.of(scopes="a"))
    assert token is not None
    authenticator.judge(token, Requirement.of(scopes="a"), sent)
    with pytest.raises(InsufficientScopeError) as caught:
        authenticator.judge(token, Requirement.of(scopes="b"), sent)
    challenge = authenticator.rejection(caught.value, sent).fields["WWW-Authenticate"]
    assert challenge.endswith('scope="a b"')


def test_the_token_of_a_request_is_the_one_that_admitted_it_last(issuer: FakeIssuer) -> None:
    """None before, and none of a request that was refused."""
    kept: dict[str, Any] = {}
    assert token_on(kept) is None
    assert finished_headers(kept, [("Vary", "Cookie")]) == [("Vary", "Cookie")]
    for service, found in (("other", None), ("api", "u1")):
        sent = Credentials([issuer.headers(sub="u1", aud="api")["Authorization"]], kept=kept)
        with suppress(InvalidTokenError):
            Authenticator(issuer.settings(audience=service)).authenticate(sent)
        token = token_on(kept)
        assert (token and token.subject) == found


def test_a_framework_s_exception_gets_the_attributes_of_a_refusal(issuer: FakeIssuer) -> None:
    """Those that all adapters' exceptions share."""
    error, exception = InvalidTokenError("expired"), LookupError()
    rejection = Authenticator(issuer.settings()).rejection(error, Credentials([]))
    stand_for(exception, error, rejection)
    assert vars(exception) == {"status": 401, "reason": "expired", "error": error, "rejection": rejection}


def test_a_service_has_advice_until_its_settings_are_complete(issuer: FakeIssuer) -> None:
    """In words, which name the setting; one that takes no proofs needs none."""
    assert Authenticator(issuer.settings()).advice == ()
    assert "PUBLIC_URL" in str(Authenticator({**issuer.settings(), "DPOP": "accept"}).advice)


def test_a_stranger_who_asks_for_readiness_does_not_make_the_service_hammer_its_issuer() -> None:
    """After a failure the next fetch waits, however often a public route is asked; the control finds its keys."""
    with FakeIssuer.serve() as issuer:
        authenticator = Authenticator({"ISSUER": issuer.issuer, "AUDIENCE": "api"})
        with issuer.outage():
            assert not any(authenticator.ready() for _ in range(50))
        assert issuer.requests.total() < 50  # two for each fetch
    with FakeIssuer.serve() as issuer:
        assert Authenticator({"ISSUER": issuer.issuer, "AUDIENCE": "api"}).ready()

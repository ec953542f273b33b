"""What is counted, timed and told of requests."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.metrics import NoOpMeter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from jwks_auth import ForbiddenError, InvalidTokenError, Policy, Refused, TokenVerifier
from jwks_auth.adapters import Authenticator, Credentials, Requirement, allows_on
from jwks_auth.errors import ConfigurationError
from jwks_auth.runtime import RawToken
from jwks_auth.telemetry import Telemetry
from jwks_auth.telemetry.cells import MOST_WAITING
from jwks_auth.telemetry.instruments import INSTRUMENTS, Instruments
from jwks_auth.telemetry.taken import Taken
from jwks_auth.testing import FakeIssuer
from tests.otel import Seen, opentelemetry, point
from tests.patience import eventually

NAME = "https://issuer.example/"
SUCCESS = point(result="success", scheme="bearer", issuer=NAME)
ANY = Requirement()
READS = Requirement.of(scopes="orders:read")


def made(issuer: FakeIssuer, **settings: Any) -> Authenticator:
    """An authenticator of tokens of *issuer*."""
    return Authenticator({**issuer.settings(audience="api"), **settings}, in_tests=True)


def sent(issuer: FakeIssuer, **claims: Any) -> Credentials:
    """A request with a token."""
    return Credentials([issuer.headers(**claims)["Authorization"]])


def refused(auth: Authenticator, credentials: Credentials, requirement: Requirement = ANY) -> str:
    """The code of the refusal, which is answered as adapters do."""
    with pytest.raises(Refused) as caught:
        auth.authenticate(credentials, requirement)
    auth.rejection(caught.value, credentials)
    return str(caught.value.code)


async def test_a_token_is_counted_once_a_request(seen: Seen, issuer: FakeIssuer) -> None:
    """However many guards ask about it, sync or async, and its duration is recorded once too."""
    auth, credentials = made(issuer), sent(issuer, scope="orders:read")
    auth.authenticate(credentials)
    auth.authenticate(credentials, READS)
    auth.judge(auth.authenticate(credentials), READS, credentials)  # type: ignore[arg-type]
    await auth.aauthenticate(sent(issuer))
    assert seen.counts() == {SUCCESS: 2}
    assert seen.counts("authorizations") == {point(result="allowed", issuer=NAME): 2}
    [(attributes, duration)] = seen.metrics()["jwks_auth.authentication.duration"].items()
    assert attributes == point(result="success", issuer=NAME)
    assert duration.count == 2
    assert 0 < duration.sum < 60
    assert duration.explicit_bounds[0] == 0.0001


def test_each_refusal_has_its_result_and_code(seen: Seen, issuer: FakeIssuer) -> None:
    """Missing, failures with their codes, and what is unavailable; each once, though it is told of twice."""
    auth = made(issuer)
    codes = [
        refused(auth, Credentials(["Bearer x"])),
        refused(auth, sent(issuer, exp=1)),
        refused(auth, sent(issuer, aud="elsewhere")),
        refused(auth, Credentials(["Basic dXNlcjpwYXNz"])),
    ]
    assert codes == ["malformed", "expired", "wrong_audience", "missing_token"]
    assert seen.counts() == {
        point(result="failure", error="malformed", scheme="bearer"): 1,
        point(result="failure", error="expired", scheme="bearer"): 1,
        point(result="failure", error="wrong_audience", scheme="bearer", issuer=NAME): 1,
        point(result="missing", error="missing_token"): 1,
    }


def test_keys_that_cannot_be_had_are_unavailable(seen: Seen, issuer: FakeIssuer) -> None:
    """A 503 is no failure of the client's."""
    auth = Authenticator({"ISSUER": NAME, "AUDIENCE": "api", "JWKS": issuer_down})
    assert refused(auth, sent(issuer)) == "key_source_unavailable"
    assert seen.counts() == {point(result="unavailable", error="key_source_unavailable", scheme="bearer"): 1}


def issuer_down() -> Any:
    """Keys that fail."""
    raise OSError


def test_policies_are_counted_apart(seen: Seen, issuer: FakeIssuer) -> None:
    """A 403 is an authentication that succeeded, and an authorization that was denied."""
    auth = made(issuer)
    assert refused(auth, sent(issuer), READS) == "insufficient_scope"
    assert refused(auth, sent(issuer), Requirement.of(acr="mfa")) == "insufficient_user_authentication"
    assert seen.counts() == {SUCCESS: 2}
    assert seen.counts("authorizations") == {
        point(result="denied", error="insufficient_scope", issuer=NAME): 1,
        point(result="denied", error="insufficient_user_authentication", issuer=NAME): 1,
    }


def test_an_adapters_own_refusal_of_an_admitted_token_is_an_authorization(
    seen: Seen, issuer: FakeIssuer
) -> None:
    """As of a user who may not sign in; one that nobody asked the authenticator about first is an authentication."""
    auth, credentials = made(issuer), sent(issuer)
    auth.authenticate(credentials)
    auth.rejection(ForbiddenError("closed"), credentials)
    auth.rejection(ForbiddenError("closed"), sent(issuer))
    assert seen.counts("authorizations") == {point(result="denied", error="closed", issuer=NAME): 1}
    assert seen.counts() == {SUCCESS: 1, point(result="failure", error="closed", scheme="bearer"): 1}


def test_keys_that_fail_for_a_route_are_unavailable_there(seen: Seen, issuer: FakeIssuer) -> None:
    """A service's own fault after the token was admitted is no denial."""
    from jwks_auth import KeySourceError

    auth, credentials = made(issuer), sent(issuer)
    auth.authenticate(credentials)
    auth.rejection(KeySourceError(), credentials)
    expected = point(result="unavailable", error="key_source_unavailable", issuer=NAME)
    assert seen.counts("authorizations") == {expected: 1}


def test_no_token_where_none_is_needed_is_not_counted(seen: Seen, issuer: FakeIssuer) -> None:
    """Nobody was judged."""
    assert made(issuer).authenticate(Credentials([]), Requirement(optional=True)) is None
    assert seen.counts() == {}


async def test_tokens_without_a_request_are_counted_too(seen: Seen, issuer: FakeIssuer) -> None:
    """As those that MCP's servers and Django's ``authenticate(token=...)`` hand over."""
    auth = made(issuer)
    auth.verify(RawToken(issuer.token()))
    await auth.averify(RawToken(issuer.token()))
    for raw in ("x", issuer.token(aud="elsewhere")):
        with pytest.raises(InvalidTokenError):
            await auth.averify(RawToken(raw))
    assert seen.counts() == {
        point(result="success", issuer=NAME): 2,
        point(result="failure", error="malformed"): 1,
        point(result="failure", error="wrong_audience", issuer=NAME): 1,
    }


def test_a_busy_service_hands_durations_over_before_a_reader_comes(seen: Seen, issuer: FakeIssuer) -> None:
    """So many requests come in a second that they would otherwise wait long."""
    auth, header = made(issuer, TOKEN_CACHE=10), issuer.headers()["Authorization"]
    cell = INSTRUMENTS.authentications.cell(("success", None, "bearer", NAME))
    for _ in range(MOST_WAITING + 1):
        auth.authenticate(Credentials([header]))
    assert eventually(lambda: len(cell) < MOST_WAITING)
    assert seen.counts() == {SUCCESS: MOST_WAITING + 1}


def test_a_policy_that_a_framework_asks_is_counted_by_who_admitted_the_token(
    seen: Seen, issuer: FakeIssuer
) -> None:
    """Not by another service that refused the same request."""
    credentials = sent(issuer, scope="a")
    with pytest.raises(InvalidTokenError):
        made(FakeIssuer("https://other.example/")).authenticate(credentials)
    token = made(issuer).authenticate(credentials)
    assert token is not None
    before = seen.counts("authorizations")
    assert allows_on(credentials.kept, token, Policy(scopes="a"))
    assert not allows_on(credentials.kept, token, Policy(scopes="b"))
    told = {key: count - before.get(key, 0) for key, count in seen.counts("authorizations").items()}
    assert told == {point(result="allowed", issuer=NAME): 1}


def test_a_fault_of_a_verifier_of_ones_own_is_no_result(seen: Seen, issuer: FakeIssuer) -> None:
    """It leaves as it is, and nothing was judged."""

    class Faulty(TokenVerifier):
        def verify_any_audience(self, token: Any) -> Any:
            raise LookupError("a fault of the project's")

    auth = Authenticator(Faulty(issuer.issuer, "api"))
    with pytest.raises(LookupError, match="a fault of the project's"):
        auth.verify(RawToken(issuer.token()))
    assert seen.counts() == {}


def test_a_proof_that_is_sent_twice_is_a_replay(seen: Seen, issuer: FakeIssuer) -> None:
    """It is counted among the failures and for itself; the proof's first use is a success."""
    url = "https://api.example/orders"
    auth = made(issuer, DPOP="require", DPOP_REPLAY="memory", PUBLIC_URL="https://api.example")
    headers = issuer.client(dpop=True).headers("GET", url)
    first, second = (Credentials.from_headers(headers.items(), method="GET", url=url) for _ in range(2))
    assert auth.authenticate(first) is not None
    assert refused(auth, second) == "proof_replayed"
    assert sum(seen.counts().values()) == 2
    assert list(seen.counts("replays").values()) == [1]


def test_the_servers_span_has_the_result(seen: Seen, issuer: FakeIssuer) -> None:
    """And the code of a refusal; nothing of the token, and there is no span of ours."""
    auth = made(issuer)
    with seen.server():
        auth.authenticate(sent(issuer, sub="ada", email="ada@example.org"))
    with seen.server():
        refused(auth, sent(issuer, exp=1))
    with seen.server():
        refused(auth, sent(issuer), READS)
    assert [dict(span.attributes or {}) for span in seen.spans()] == [
        {"jwks_auth.result": "success"},
        {"jwks_auth.result": "failure", "error.type": "expired"},
        {"jwks_auth.result": "denied", "error.type": "insufficient_scope"},
    ]


def test_a_span_that_is_no_servers_is_left_alone(seen: Seen, issuer: FakeIssuer) -> None:
    """As one that the service begins for a part of its work."""
    with seen.tracers.get_tracer("own").start_as_current_span("part"):
        made(issuer).authenticate(sent(issuer))
    assert [dict(span.attributes or {}) for span in seen.spans()] == [{}]


@pytest.mark.parametrize("subject", ["ada", "a\u202e\nb", "x" * 10_000], ids=["plain", "hostile", "long"])
def test_the_user_is_named_only_where_that_is_asked(seen: Seen, issuer: FakeIssuer, subject: str) -> None:
    """As a hash that is the same in all processes and another for another issuer's, or plainly, on one line, cut."""
    told = []
    for form in (
        {},
        {"TELEMETRY_SUBJECT": "off"},
        {"TELEMETRY_SUBJECT": "hash"},
        {"TELEMETRY_SUBJECT": "plain"},
    ):
        with seen.server() as span:
            made(issuer, **form).authenticate(sent(issuer, sub=subject))
        told.append(span.attributes.get("user.id"))
    assert told[:2] == [None, None]
    assert len(told[2]) == 32
    assert subject not in told[2]
    assert told[3].isprintable()
    assert len(told[3]) <= 270
    assert not any(subject in key for points in seen.metrics().values() for key in points)


def test_a_token_without_a_subject_names_nobody(seen: Seen, issuer: FakeIssuer) -> None:
    """Its span has the result alone."""
    with seen.server() as span:
        made(issuer, TELEMETRY_SUBJECT="hash").authenticate(sent(issuer, sub=None))
    assert dict(span.attributes) == {"jwks_auth.result": "success"}


def test_off_is_off(seen: Seen, issuer: FakeIssuer) -> None:
    """Nothing is counted, timed or told."""
    with seen.server() as span:
        auth = made(issuer, TELEMETRY="off")
        auth.authenticate(sent(issuer))
        assert refused(auth, Credentials(["Bearer x"])) == "malformed"
        assert auth.verify(RawToken(issuer.token(sub="u1"))).subject == "u1"
    assert seen.metrics() == {}
    assert dict(span.attributes) == {}


@pytest.mark.parametrize("wrong", [{"TELEMETRY": "yes"}, {"TELEMETRY_SUBJECT": "sub"}, {"TELEMETRY": ""}])
def test_a_wrong_setting_names_itself(issuer: FakeIssuer, wrong: dict[str, str]) -> None:
    """With the words that are expected."""
    with pytest.raises(ConfigurationError, match=f"{next(iter(wrong))}: expected one of"):
        made(issuer, **wrong)


def test_the_cache_of_tokens_is_counted(seen: Seen, issuer: FakeIssuer) -> None:
    """Its hits and misses, where there is one."""
    made(issuer).authenticate(sent(issuer))
    assert seen.counts("token_cache.hits") == {}
    auth, header = made(issuer, TOKEN_CACHE=10), issuer.headers()["Authorization"]
    for _ in range(4):
        auth.authenticate(Credentials([header]))
    assert seen.counts("token_cache.hits") == {(): 2}
    assert seen.counts("token_cache.misses") == {(): 2}


def test_a_handed_over_verifier_is_seen_too(seen: Seen, issuer: FakeIssuer) -> None:
    """Its listed issuers are configured ones."""
    auth = Authenticator(made(issuer).verifier)
    auth.authenticate(sent(issuer), Requirement.of(policy=Policy(any_scope=["a"]) | ~Policy(scopes="b")))
    assert seen.counts() == {SUCCESS: 1}
    assert seen.counts("authorizations") == {point(result="allowed", issuer=NAME): 1}


def test_an_sdk_that_comes_later_sees_all_from_the_beginning(issuer: FakeIssuer) -> None:
    """The application may be built before it."""
    with opentelemetry() as seen:
        auth = made(issuer)
        auth.authenticate(sent(issuer))
        assert seen.counts() == {SUCCESS: 1}


def test_a_proof_that_is_replayed_is_counted(seen: Seen, issuer: FakeIssuer) -> None:
    """By its issuer, apart from other failures; the first use is none."""
    url = "https://api.acme.dev/orders"
    auth = made(issuer, DPOP="accept", DPOP_REPLAY="memory", PUBLIC_URL="https://api.acme.dev")
    headers = issuer.client(dpop=True).headers("GET", url, aud="api")

    def request() -> Credentials:
        return Credentials.from_headers(headers.items(), method="GET", url=url)

    auth.authenticate(request())
    assert seen.counts("replays") == {}
    for _ in range(2):
        assert refused(auth, request()) == "proof_replayed"
    assert seen.counts("replays") == {point(issuer=NAME): 2}
    assert seen.counts() == {
        point(result="success", scheme="dpop", issuer=NAME): 1,
        point(result="failure", error="proof_replayed", scheme="dpop", issuer=NAME): 2,
    }


def test_the_span_around_a_token_without_a_request_has_the_result_too(seen: Seen, issuer: FakeIssuer) -> None:
    """As that of an MCP server's request."""
    auth = made(issuer, TELEMETRY_SUBJECT="plain")
    with seen.server() as span:
        auth.verify(RawToken(issuer.token(sub="ada")))
    assert dict(span.attributes) == {"jwks_auth.result": "success", "user.id": "ada"}
    with seen.server() as span, pytest.raises(InvalidTokenError):
        auth.verify(RawToken("x"))
    assert dict(span.attributes) == {"jwks_auth.result": "failure", "error.type": "malformed"}


@pytest.mark.parametrize(
    "given", [{"AUTH_SCHEMES": ["Bearer", "Token"]}, {"TOKEN_SOURCES": ["header:X-Token"]}]
)
def test_schemes_are_told_apart(seen: Seen, issuer: FakeIssuer, given: dict[str, Any]) -> None:
    """Where several are taken, and where a token needs none."""
    auth = made(issuer, **given)
    for scheme in ("Bearer", "Token"):
        for _ in range(2):
            header = "X-Token" if "TOKEN_SOURCES" in given else "Authorization"
            value = issuer.token() if header == "X-Token" else f"{scheme} {issuer.token()}"
            auth.authenticate(Credentials.from_headers([(header, value)]))
    if "TOKEN_SOURCES" in given:
        assert seen.counts() == {point(result="success", issuer=NAME): 4}
    else:
        assert seen.counts() == {
            point(result="success", scheme=scheme, issuer=NAME): 2 for scheme in ("bearer", "token")
        }


def test_authenticators_of_one_process_may_differ(seen: Seen, issuer: FakeIssuer) -> None:
    """One is off, another names users, and two that count share a series."""
    off, plain, on = (made(issuer, **given) for given in (
        {"TELEMETRY": "off"}, {"TELEMETRY_SUBJECT": "plain"}, {"TELEMETRY": "on"}))  # fmt: skip
    told = []
    for auth in (off, plain, on):
        with seen.server() as span:
            auth.authenticate(sent(issuer, sub="ada"))
        told.append(dict(span.attributes))
    named = {"jwks_auth.result": "success", "user.id": "ada"}
    assert told == [{}, named, {"jwks_auth.result": "success"}]
    assert seen.counts() == {SUCCESS: 2}


class Unread:
    """Instruments of their own, of which nobody reads."""

    def __init__(self, issuer: FakeIssuer) -> None:
        self.instruments, self.looks = Instruments(), 0
        self.instruments.begin(lambda name: NoOpMeter(name))
        verifier = made(issuer, TELEMETRY="off").verifier
        self.telemetry = Telemetry(
            verifier, schemes=["Bearer"], instruments=self.instruments, clock=self.look
        )
        self.auth = made(issuer, TELEMETRY="off")
        self.auth._telemetry = self.telemetry
        self.auth._refusals = self.auth._refusing(self.auth.settings.shared, None)

    def look(self) -> float:
        """The time, and one more look at it."""
        self.looks += 1
        return float(self.looks)


def test_without_an_sdk_nothing_is_counted_and_no_clock_is_read(seen: Seen, issuer: FakeIssuer) -> None:
    """Neither for good tokens nor for refusals; a server's span is told all the same."""
    unread = Unread(issuer)
    auth, own = unread.auth, unread.instruments
    auth.authenticate(sent(issuer, scope="orders:read"), READS)
    refused(auth, sent(issuer), READS)
    refused(auth, Credentials(["Bearer x"]))
    assert (unread.looks, own.watched) == (0, False)
    assert [*own.authentications._cells, *own.authorizations._tallies] == []
    with seen.server() as span:
        auth.authenticate(sent(issuer))
    assert dict(span.attributes) == {"jwks_auth.result": "success"}


def test_an_sdk_that_comes_amid_a_request_counts_its_refusal(issuer: FakeIssuer) -> None:
    """Whose beginning nobody noted; a success without one is not counted."""
    unread = Unread(issuer)
    [*Taken(lambda: [], unread.instruments._note_reader)]
    assert unread.instruments.watched
    unread.auth.rejection(ForbiddenError("closed"), sent(issuer))
    [(count, attributes)] = unread.instruments.authentications.all()
    assert (count, attributes["error.type"]) == (1, "closed")


def test_a_meter_that_does_nothing_takes_no_callback() -> None:
    """One of an SDK has to, and so tells of itself."""
    own = Instruments()
    own.begin(lambda name: NoOpMeter(name))
    assert not own.watched
    real = Instruments()
    real.begin(MeterProvider([InMemoryMetricReader()]).get_meter)
    assert real.watched
    assert len(Taken(lambda: [], lambda: None)) == 1

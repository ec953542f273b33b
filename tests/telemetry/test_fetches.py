"""Fetches are counted, timed, and have spans of their own that are linked to requests."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, Thread
from typing import Any

import pytest

from jwks_auth import Issuer, PyJWKClient, Refused, Tenants, TokenVerifier
from jwks_auth.adapters import Authenticator, Credentials
from jwks_auth.testing import FakeIssuer
from tests.key_fakes import Clock
from tests.otel import Seen, point
from tests.patience import PATIENCE, eventually


@pytest.fixture
def served() -> Iterator[FakeIssuer]:
    """An issuer on loopback."""
    with FakeIssuer.serve() as issuer:
        yield issuer


def sent(issuer: FakeIssuer, **claims: Any) -> Credentials:
    """A request with a token."""
    return Credentials([issuer.headers(**claims)["Authorization"]])


def ended(seen: Seen, name: str) -> list[Any]:
    """The spans of this name, once there are some."""
    eventually(lambda: any(span.name == name for span in seen.spans()))
    return [span for span in seen.spans() if span.name == name]


def test_a_fetch_is_counted_and_timed_by_its_kind(seen: Seen, served: FakeIssuer) -> None:
    """Keys and metadata apart, with the configured issuer."""
    name = served.issuer
    auth = Authenticator({"ISSUER": name, "AUDIENCE": "api"})
    auth.authenticate(sent(served))
    ended(seen, "jwks_auth.fetch keys")
    assert seen.counts("key_fetches") == {
        point(result="success", kind="keys", issuer=name): 1,
        point(result="success", kind="metadata", issuer=name): 1,
    }
    durations = seen.metrics()["jwks_auth.key_fetch.duration"]
    assert durations.keys() == {point(kind="keys", issuer=name), point(kind="metadata", issuer=name)}
    [(attributes, age)] = seen.counts("keys.age").items()
    assert attributes == point(issuer=name)
    assert 0 <= age < PATIENCE


def test_its_span_is_linked_to_the_request_and_no_child_of_it(seen: Seen, served: FakeIssuer) -> None:
    """The fetch outlives the request that starts it, and serves others; that of metadata is a part of it."""
    auth = Authenticator({"ISSUER": served.issuer, "AUDIENCE": "api"})
    with seen.server() as request:
        auth.authenticate(sent(served))
    [keys], [metadata] = ended(seen, "jwks_auth.fetch keys"), ended(seen, "jwks_auth.fetch metadata")
    assert keys.parent is None
    assert keys.context.trace_id != request.get_span_context().trace_id
    assert [link.context.span_id for link in keys.links] == [request.get_span_context().span_id]
    assert metadata.parent.span_id == keys.context.span_id
    assert dict(keys.attributes) == {
        "jwks_auth.fetch.kind": "keys",
        "jwks_auth.issuer": served.issuer,
        "jwks_auth.result": "success",
    }
    assert [span.name for span in seen.spans() if span.parent is None] == ["jwks_auth.fetch keys", "GET /"]


class Slow(PyJWKClient):
    """A client whose provider waits for a sign."""

    answers = Event()
    asked = Event()

    def fetch_data(self) -> Any:
        """Answer when told to."""
        self.asked.set()
        assert self.answers.wait(PATIENCE)
        return super().fetch_data()


def test_requests_that_join_a_fetch_are_linked_too(seen: Seen, served: FakeIssuer) -> None:
    """Whoever waits for it, and each once."""
    client = Slow(jwks_uri(served))
    client.answers, client.asked = Event(), Event()
    auth = Authenticator(TokenVerifier(Issuer(served.issuer, client=client), "api"))
    requests: list[int] = []

    def request() -> None:
        with seen.server() as span:
            requests.append(span.get_span_context().span_id)
            try:
                auth.authenticate(sent(served))
            except Refused:
                requests.clear()

    first = Thread(target=request)
    first.start()
    assert client.asked.wait(PATIENCE)
    second = Thread(target=request)
    second.start()
    eventually(lambda: len(getattr(client.source.voice.observer, "_links", ())) == 2)
    client.answers.set()
    first.join(PATIENCE)
    second.join(PATIENCE)
    [keys] = ended(seen, "jwks_auth.fetch keys")
    assert sorted(link.context.span_id for link in keys.links) == sorted(requests)
    assert len(requests) == 2


@pytest.mark.parametrize(("mode", "kind"), [("error", "status"), ("drop", "connection")])
def test_a_fetch_that_fails_has_the_kind_of_its_failure(
    seen: Seen, served: FakeIssuer, mode: str, kind: str
) -> None:
    """As ``error.type``, in the counts and on its span."""
    auth = Authenticator({"ISSUER": served.issuer, "AUDIENCE": "api", "JWKS_URI": jwks_uri(served)})
    with served.outage(mode), pytest.raises(Refused):
        auth.authenticate(sent(served))
    [span] = ended(seen, "jwks_auth.fetch keys")
    assert span.attributes["error.type"] == kind
    assert not span.status.is_ok
    expected = point(result="failure", error=kind, kind="keys", issuer=served.issuer)
    assert seen.counts("key_fetches") == {expected: 1}


def jwks_uri(issuer: FakeIssuer) -> str:
    """Its keys' address."""
    return str(issuer.discovery()["jwks_uri"])


def test_stale_keys_are_counted_when_they_serve(seen: Seen, issuer: FakeIssuer) -> None:
    """Each time that one past its lifespan is used, with nobody else listening."""
    clock, failing = Clock(), False

    class Client(PyJWKClient):
        def fetch_data(self) -> Any:
            if failing:
                raise OSError
            return issuer.jwks()

    client = Client("https://issuer.example/keys")
    client.source.clock = client.source.refresher.clock = clock
    auth = Authenticator(TokenVerifier(Issuer("https://issuer.example/", client=client), "api"))
    auth.authenticate(sent(issuer))
    failing = True
    clock.advance(301)
    auth.authenticate(sent(issuer))
    assert seen.counts("keys.stale_served") == {point(issuer="https://issuer.example/"): 1}
    assert seen.counts("keys.age") == {point(issuer="https://issuer.example/"): 301}
    expected = point(result="failure", error="callback", kind="keys", issuer="https://issuer.example/")
    assert seen.counts("key_fetches")[expected] == 1


def test_tenants_fetches_have_no_issuer(seen: Seen, served: FakeIssuer) -> None:
    """Their names come with tokens."""
    tenants = Tenants(
        lambda name: Issuer(name, jwks_uri=jwks_uri(served)), hosts=[served.issuer.split("/")[2]]
    )
    auth = Authenticator({"TENANTS": tenants, "AUDIENCE": "api"})
    token = auth.authenticate(sent(served))
    assert token is not None
    assert token.issuer == served.issuer
    ended(seen, "jwks_auth.fetch keys")
    assert seen.counts() == {point(result="success", scheme="bearer"): 1}
    assert seen.counts("key_fetches") == {point(result="success", kind="keys"): 1}
    assert seen.counts("keys.age") == {}


def test_questions_about_tokens_are_counted_and_timed(seen: Seen, served: FakeIssuer) -> None:
    """Active or not, or without an answer; linked to the request that asks."""
    auth = Authenticator(served.settings(audience="api", introspection="opaque"))
    good = served.opaque(sub="ada", aud="api")
    with seen.server() as request:
        auth.authenticate(Credentials([f"Bearer {good}"]))
    with pytest.raises(Refused):
        auth.authenticate(Credentials(["Bearer no-such-token"]))
    with served.outage(), pytest.raises(Refused):
        auth.authenticate(Credentials(["Bearer another-token"]))
    spans = ended(seen, "jwks_auth.fetch introspection")
    assert [[link.context.span_id for link in span.links] for span in spans] == [
        [request.get_span_context().span_id],
        [],
        [],
    ]
    assert all(span.parent is None for span in spans)
    name = served.issuer
    assert seen.counts("introspections") == {
        point(result="active", issuer=name): 1,
        point(result="inactive", issuer=name): 1,
        point(result="failure", error="status", issuer=name): 1,
    }
    durations = seen.metrics()["jwks_auth.introspection.duration"]
    assert durations[point(issuer=name)].count == 3


def test_a_clients_first_observer_stays(seen: Seen, served: FakeIssuer) -> None:
    """Authenticators that share a client count its fetches once."""
    verifier = TokenVerifier(Issuer(served.issuer, jwks_uri=jwks_uri(served)), "api")
    first, second = Authenticator(verifier), Authenticator(verifier)
    first.authenticate(sent(served))
    second.authenticate(sent(served))
    ended(seen, "jwks_auth.fetch keys")
    assert seen.counts("key_fetches") == {point(result="success", kind="keys", issuer=served.issuer): 1}
    assert len(seen.counts("keys.age")) == 1

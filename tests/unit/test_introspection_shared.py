"""Answers that processes share: one asks, the others read; only in a sealed store, and only with the token."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import pytest

from jwks_auth import Issuer, Refused, TokenVerifier
from jwks_auth.adapters import RawToken, Settings
from jwks_auth.jose import decrypted_with, encrypted_with
from jwks_auth.stores import MemoryStore, SealedStore
from jwks_auth.testing import FakeIssuer
from jwks_auth.verifier.introspection.shared import SharedAnswer, SharedAnswers
from tests.introspecting import API, introspection
from tests.key_fakes import Clock
from tests.patience import PATIENCE, eventually

SECRET = "at least sixteen bytes"


class Shelf(MemoryStore):
    """A store that a test looks into; *fails* when it is told so."""

    fails: Exception | None = None

    def get(self, name: str) -> bytes | None:
        """Return the record."""
        if self.fails is not None:
            raise self.fails
        return super().get(name)

    def put(self, name: str, value: bytes, ttl: float) -> None:
        """Keep the record, and note for how long."""
        if self.fails is not None:
            raise self.fails
        self.ttls = {**getattr(self, "ttls", {}), name: ttl}
        super().put(name, value, ttl)

    @property
    def answers(self) -> dict[str, bytes]:
        """The records that are no keys."""
        return {name: each for name, each in self._values.items() if "answer" in name}


class Fleet:
    """Services of one issuer, each with a verifier of its own, around one store."""

    def __init__(self, issuer: FakeIssuer, clock: Clock, shelf: Shelf) -> None:
        self.issuer, self.clock, self.shelf = issuer, clock, shelf

    def worker(self, *, store: Any = None, audience: str = API, **options: Any) -> TokenVerifier:
        """One more."""
        own = {"timeout": PATIENCE, "wait": PATIENCE, "store": store or SealedStore(self.shelf, SECRET)}
        asked = Issuer(self.issuer.issuer, introspection=introspection(self.issuer, **options), **own)
        return TokenVerifier(asked, audience, clock=self.clock)

    def shared(self, verifier: TokenVerifier, **claims: Any) -> str:
        """A token whose answer *verifier* has shared by now."""
        raw = self.issuer.opaque(**claims)
        before = len(self.shelf.answers)
        assert verifier.verify(raw).kind == "opaque"
        assert eventually(lambda: len(self.shelf.answers) == before + 1)
        return raw

    @property
    def asked(self) -> int:
        """How often the issuer was."""
        return self.issuer.requests[self.issuer.introspection_path]


@contextmanager
def fleet() -> Iterator[Fleet]:
    """A served issuer, and an empty store."""
    clock = Clock()
    with FakeIssuer.serve(clock=clock) as issuer:
        yield Fleet(issuer, clock, Shelf())


def code_of(verifier: TokenVerifier, raw: str) -> str:
    """What becomes of a token."""
    try:
        return str(verifier.verify(raw).kind)
    except Refused as error:
        return f"{error.status} {error.code}"


def test_one_process_asks_and_the_others_read() -> None:
    """Sync and async; the answer is as old as it is: nobody has it for longer than the one who asked."""
    with fleet() as services:
        raw = services.shared(services.worker(), roles=["ops"])
        for _ in range(2):
            other = services.worker()
            assert asyncio.run(other.averify(raw)).roles == {"ops"}
        assert services.asked == 1
        assert list(services.shelf.ttls.values())[-1] == 30
        services.clock.advance(20)
        late = services.worker()
        assert late.verify(raw).roles == {"ops"}
        services.issuer.revoke(raw)
        services.clock.advance(11)
        assert (code_of(late, raw), services.asked) == ("401 inactive", 2)


def test_what_is_kept_can_be_read_with_the_token_alone() -> None:
    """Neither token nor claims are in the store, nor in the names (7662-8)."""
    with fleet() as services:
        raw = services.shared(services.worker(), sub="ada@acme.dev")
        [(name, kept)] = services.shelf.answers.items()
        for text in (raw, "ada@acme.dev", "active", sha256(raw.encode()).hexdigest()):
            assert text not in name
            assert text.encode() not in kept


def test_a_stranger_writes_an_answer() -> None:
    """Without the secret it is none, even if it is encrypted with the token and has the right name (7662-8)."""
    with fleet() as services:
        raw = services.shared(services.worker())
        [name] = services.shelf.answers
        told = {"active": True, "aud": API, "sub": "root"}
        forged = encrypted_with(raw, json.dumps({"told": told, "at": services.clock.now}).encode(), name)
        for each in (forged, b"\0" * 32 + forged, b"", b"x"):
            services.shelf.put(name, each, 30)
            assert services.worker().verify(raw).subject == "user"
            assert eventually(lambda junk=each: services.shelf.answers[name] != junk)
        SealedStore(services.shelf, SECRET).put(name, forged, 30)  # the control
        assert services.worker().verify(raw).subject == "root"


def test_another_token_s_answer_is_moved_here() -> None:
    """Each is bound to its name and its token."""
    with fleet() as services:
        first = services.worker()
        root, user = services.shared(first, sub="root"), services.shared(first, sub="ada")
        (of_root, kept), (of_user, _) = services.shelf.answers.items()
        sealed = SealedStore(services.shelf, SECRET)
        for put in (services.shelf.put, lambda *given: sealed.put(given[0], sealed.get(of_root) or b"", 30)):
            put(of_user, kept, 30)
            moved = services.shelf.answers[of_user]
            assert services.worker().verify(user).subject == "ada"
            assert eventually(lambda moved=moved: services.shelf.answers[of_user] != moved)
        assert services.worker().verify(root).subject == "root"


@pytest.mark.parametrize(
    "record", [b"[]", b"{}", b"{", b'{"told": [], "at": 1}', b'{"told": {}, "at": "now"}']
)
def test_a_record_of_any_shape_is_an_answer_or_none(record: bytes) -> None:
    """The issuer is asked, as without a store."""
    with fleet() as services:
        raw = services.shared(services.worker())
        [name] = services.shelf.answers
        SealedStore(services.shelf, SECRET).put(name, encrypted_with(raw, record, name), 30)
        assert code_of(services.worker(), raw) == "opaque"
        assert services.asked == 2


def test_an_answer_is_judged_by_each_service_for_itself() -> None:
    """Another audience, another client's answer: neither is taken over."""
    with fleet() as services:
        raw = services.shared(services.worker())
        assert code_of(services.worker(audience="other"), raw) == "401 wrong_audience"
        asked = services.asked
        services.worker(client_id=services.issuer.client_id, url=services.issuer.introspection_url).verify(
            raw
        )
        assert services.asked == asked + 1  # at an address of its own


def test_what_is_not_active_is_not_shared() -> None:
    """Junk fills no store."""
    with fleet() as services:
        assert code_of(services.worker(), "junk") == "401 inactive"
        services.shared(services.worker())
        assert len(services.shelf.answers) == 1


def test_a_forgotten_token_is_forgotten_by_the_store() -> None:
    """Whoever asks next asks the issuer."""
    with fleet() as services:
        first = services.worker()
        raw = services.shared(first)
        services.issuer.revoke(raw)
        first.forget(raw)
        assert [code_of(each, raw) for each in (first, services.worker())] == ["401 inactive"] * 2


def test_a_late_answer_does_not_undo_a_forgetting() -> None:
    """It was asked for before; one that was asked for afterwards is shared again."""
    with fleet() as services:
        raw, first = services.issuer.opaque(), services.worker()
        [endpoint] = [each.endpoint for each in first.issuers]
        assert endpoint is not None
        shared, sent = endpoint.shared, RawToken(raw)
        assert shared is not None
        now = services.clock.now
        first.forget(raw)
        for at, is_shared in ((now - 1, False), (now - 40, True), (now, True)):
            shared.forget(sent, now)
            shared._keep(sent, SharedAnswer({"active": True}, at))
            assert (shared.find(sent, max(at, now - 40)) is not None) is is_shared


def test_an_answer_is_as_old_as_the_question() -> None:
    """The token may be revoked while the answer is on its way."""
    with fleet() as services:
        asked_at, slow = services.clock.now, services.worker()
        [endpoint] = [each.endpoint for each in slow.issuers]
        assert endpoint is not None
        ask = endpoint.ask

        def late(sent: RawToken) -> Any:
            answer = ask(sent)
            services.clock.advance(20)
            return answer

        endpoint.ask = late  # type: ignore[method-assign]
        raw = services.shared(slow)
        assert services.clock.now == asked_at + 20
        services.clock.advance(11)
        services.issuer.revoke(raw)
        assert [code_of(each, raw) for each in (slow, services.worker())] == ["401 inactive"] * 2


def test_a_client_without_a_name_shares_nothing() -> None:
    """Two services with bearer tokens of their own may be told different things."""
    with fleet() as services:
        options = introspection(services.issuer, method="bearer", client_id=None, client_secret="t")
        assert SharedAnswers.of(SealedStore(services.shelf, SECRET), "https://id.example/", options) is None
        named = introspection(services.issuer, method="bearer", client_secret="t")
        assert SharedAnswers.of(SealedStore(services.shelf, SECRET), "https://id.example/", named)


def test_forgetting_never_blocks_an_event_loop() -> None:
    """The store is asked in another thread."""
    with fleet() as services:
        worker, threads = services.worker(), set[int]()
        raw = services.shared(worker)
        services.issuer.revoke(raw)

        async def forget() -> None:
            threads.add(threading.get_ident())
            [endpoint] = [each.endpoint for each in worker.issuers]
            assert endpoint is not None
            shared = endpoint.shared
            assert shared is not None
            done = shared.forget

            def seen(sent: RawToken, now: float) -> None:
                assert threading.get_ident() not in threads
                done(sent, now)

            shared.forget = seen  # type: ignore[method-assign]
            await worker.aforget(raw)

        asyncio.run(forget())
        assert [code_of(each, raw) for each in (worker, services.worker())] == ["401 inactive"] * 2
    asyncio.run(TokenVerifier("https://issuer.example/", "api").aforget(raw))  # nothing to forget


def unsealed(shelf: Shelf) -> Any:
    """The store as it is."""
    return shelf


@pytest.mark.parametrize("options", [{"store": unsealed}, {"cache": 0}], ids=["unsealed", "no cache"])
def test_without_a_seal_nothing_is_shared(options: dict[str, Any]) -> None:
    """Whoever can write to the store could make tokens; the same where answers are kept for nobody (7662-8)."""
    with fleet() as services:
        given = {name: each(services.shelf) if callable(each) else each for name, each in options.items()}
        raw = services.issuer.opaque()
        for _ in range(3):
            assert code_of(services.worker(**given), raw) == "opaque"
        assert services.asked == 3
        assert services.shelf.answers == {}


def test_a_store_that_fails_costs_a_question(caplog: pytest.LogCaptureFixture) -> None:
    """And one line in the log, without what it said."""
    with fleet() as services, caplog.at_level(logging.WARNING, "jwks_auth"):
        services.shelf.fails = OSError("redis://:password@host")
        worker = services.worker()
        for raw in (services.issuer.opaque(), services.issuer.opaque()):
            assert code_of(worker, raw) == "opaque"
            worker.forget(raw)
        assert services.asked == 2
    told = [each.getMessage() for each in caplog.records if "shared store is of no use" in each.getMessage()]
    assert told == ["introspection: the shared store is of no use (OSError)"]
    assert "password" not in caplog.text


def test_the_settings_seal_a_store_for_answers_too(tmp_path: Any) -> None:
    """``STORE`` with ``STORE_SECRET``: the same as for keys."""
    with FakeIssuer.serve() as issuer:
        given = {**issuer.settings(API, introspection="opaque"), "WAIT": PATIENCE, "TIMEOUT": PATIENCE}
        given |= {"STORE": f"file:{tmp_path}", "STORE_SECRET": SECRET}
        given = {name: each for name, each in given.items() if name != "JWKS"}
        raw, asked = issuer.opaque(), issuer.introspection_path
        Settings.from_mapping(given).verifier().verify(raw)

        def is_read() -> bool:
            before = issuer.requests[asked]
            Settings.from_mapping(given).verifier().verify(raw)
            return issuer.requests[asked] == before

        assert eventually(is_read)


@pytest.mark.parametrize("change", [lambda text: text + "x", lambda text: ""], ids=["another", "none"])
def test_octets_are_read_with_their_text_alone(change: Callable[[str], str]) -> None:
    """And under their name alone; each time they look different."""
    kept = encrypted_with("text", b"plain", "name")
    assert decrypted_with("text", kept, "name") == b"plain"
    assert kept != encrypted_with("text", b"plain", "name")
    for text, octets, name in (
        (change("text"), kept, "name"),
        ("text", kept, "n"),
        ("text", kept[:-1], "name"),
    ):
        with pytest.raises(ValueError, match="another text"):
            decrypted_with(text, octets, name)

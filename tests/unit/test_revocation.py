"""A worker's copy of revocations: which tokens it refuses, when it is renewed, and who waits for that."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from jwks_auth import (
    ConfigurationError,
    InvalidTokenError,
    Issuer,
    KeySourceError,
    TokenVerifier,
    VerifiedToken,
)
from jwks_auth.adapters import Authenticator, Settings
from jwks_auth.claims import DEFAULT_MAPPING
from jwks_auth.stores import MemoryRevocations, Revocation, StoreError, short
from jwks_auth.testing import FakeIssuer
from jwks_auth.verifier import revoked as revoked_tokens
from jwks_auth.verifier.revocation import RevocationCopy, _after_fork_in_child, revocation_copy
from jwks_auth.verifier.revoked import Revoked
from tests.key_fakes import Clock
from tests.patience import soon

NOW = 1_800_000_000.0


class Store:
    """A store that the test makes fail, and that counts how often it is read. It tells nobody by itself."""

    def __init__(self) -> None:
        self.added: list[Revocation] = []
        self.reads = 0
        self.error: Exception | None = None

    def revoke(self, issuer: str, *, ttl: float, **names: Any) -> None:
        """Not used here."""

    def add(self, kind: str, value: str, before: float | None = None, ttl: float = 1e6) -> None:
        """As another process does."""
        self.added.append(Revocation(ISSUER.issuer, kind, value, before, NOW + ttl))

    def read(self, since: Any) -> tuple[list[Revocation], int]:
        """Answer, or fail as ordered."""
        self.reads += 1
        if self.error is not None:
            raise self.error
        return self.added[since or 0 :], len(self.added)

    def once(self, name: str, ttl: float) -> bool:
        """Not used here."""
        return True


ISSUER = FakeIssuer("https://id.example/", clock=lambda: NOW)


class Worker:
    """A copy with a clock and threads in the test's hands."""

    def __init__(self, store: Any, *, at_once: bool = True, **options: Any) -> None:
        self.age, self.held, self.at_once = Clock(), list[Callable[[], None]](), at_once
        self.copy = RevocationCopy(store, clock=lambda: NOW, age_clock=self.age, spawn=self._spawn, **options)

    def _spawn(self, run: Callable[[], None]) -> None:
        run() if self.at_once else self.held.append(run)

    def code(self, token: VerifiedToken) -> str | None:
        """The code of the refusal, sync and async alike."""
        codes = []
        for ask in (self.copy.check, lambda token: asyncio.run(self.copy.acheck(token))):
            try:
                ask(token)
            except (InvalidTokenError, KeySourceError) as error:
                codes.append(error.code)
            else:
                codes.append(None)
        assert codes[0] == codes[1]
        return codes[0]


UNAVAILABLE = "key_source_unavailable"


def token(**claims: Any) -> VerifiedToken:
    """A token that was issued a minute ago."""
    return ISSUER.verified(**{"iat": int(NOW) - 60, "jti": "t1", "sub": "u1", **claims})


REVOKED: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "its id": (("jti", "t1"), {"jti": "t2"}),
    "its session": (("sid", "s1"), {"sid": "s2"}),
    "its user": (("sub", "u1"), {"sub": "u2"}),
    "its user until then": (("sub", "u1", NOW - 60), {"iat": NOW - 59}),
    "all until then": (("all", "", NOW - 60), {"iat": NOW - 59}),
    "a user without a session": (("sub without sid", "u1"), {"sid": "s2"}),
}


@pytest.mark.parametrize("name", REVOKED)
def test_a_token_is_refused_by(name: str) -> None:
    """Beside another that differs in this alone."""
    revocation, other = REVOKED[name]
    store = Store()
    store.add(*revocation)
    worker = Worker(store)
    own = {} if "without" in name else {"sid": "s1"}
    assert worker.code(token(**own)) == "revoked"
    assert worker.code(token(**{**own, **other})) is None


def test_a_token_is_refused_by_its_key() -> None:
    """Before the provider withdraws it."""
    store = Store()
    store.add("kid", "k1")
    found = [
        VerifiedToken(payload := ISSUER.claims(), {"kid": kid}, payload, DEFAULT_MAPPING)
        for kid in ("k1", "k2")
    ]
    assert [Worker(store).code(each) for each in found] == ["revoked", None]


def test_other_issuers_tokens_are_not_refused() -> None:
    """A user or a key of the same name is another's."""
    store = Store()
    store.add("sub", "u1")
    assert Worker(store).code(FakeIssuer("https://else.example/").verified(sub="u1")) is None


def test_an_alias_is_refused_too() -> None:
    """A token is known by its issuer's name, and by the one that it carries."""
    revoked = Revoked()
    revoked.add(Revocation("https://alias.example", "jti", "t1", None, NOW + 1))
    payload = {"iss": "https://alias.example", "jti": "t1"}
    mapping = replace(DEFAULT_MAPPING, issuer="https://id.example/")
    assert revoked.cover(VerifiedToken(payload, {}, payload, mapping))


def test_attack_a_session_of_another_type_hides_no_user() -> None:
    """A ``sid`` that is no string counts as none; a long name is found by its digest."""
    store = Store()
    store.add("sub without sid", "u1")
    store.add("jti", short("x" * 300))
    worker = Worker(store)
    for sid in (7, [], {}, True, ""):
        assert worker.code(token(sid=sid)) == "revoked"
    assert worker.code(token(sub="u2", jti="x" * 300)) == "revoked"


@pytest.mark.parametrize("issued", [None, "yesterday", True, []], ids=["none", "text", "true", "list"])
def test_attack_a_token_that_hides_its_age_is_refused(issued: Any) -> None:
    """It counts as issued before."""
    store = Store()
    store.add("sub", "u1", NOW - 1e6)
    assert Worker(store).code(token(iat=issued)) == "revoked"


def test_a_token_without_issuer_is_not_judged() -> None:
    """A custom verifier's: nobody could revoke it."""
    assert Worker(Store()).code(VerifiedToken({}, {}, {}, DEFAULT_MAPPING)) == UNAVAILABLE


def test_a_young_copy_reads_nothing() -> None:
    """One read for any number of requests within a second."""
    store, good = Store(), token()
    worker = Worker(store)
    for _ in range(5):
        assert worker.code(good) is None
    assert store.reads == 1
    worker.age.advance(1.1)
    assert worker.code(good) is None
    assert store.reads == 2


def test_a_copy_of_some_seconds_is_renewed_behind_the_requests_back() -> None:
    """By one thread for all requests; they are judged by the copy that there is, and the next ones by the new."""
    store, old = Store(), token()
    worker = Worker(store)
    assert worker.code(old) is None
    worker.at_once = False
    store.add("jti", "t1")
    worker.age.advance(9)
    assert worker.code(old) is None
    assert len(worker.held) == 1
    worker.held.pop()()
    assert worker.code(old) == "revoked"


def test_an_old_copy_is_awaited_but_not_for_long() -> None:
    """A thawed process judges by what is true now; a store that hangs makes it wait a quarter of a second."""
    store, old = Store(), token()
    worker = Worker(store)
    assert worker.code(old) is None
    store.add("jti", "t1")
    worker.age.advance(11)
    assert worker.code(old) == "revoked"
    worker.at_once = False
    worker.age.advance(11)
    assert soon(lambda: worker.code(token(jti="t2")), at_least=0.45) == UNAVAILABLE
    assert len(worker.held) == 1


async def test_awaiting_blocks_no_event_loop() -> None:
    """Another task ends the renewal that a request awaits."""
    store, loop = Store(), asyncio.get_running_loop()
    worker = Worker(store, at_once=False)
    loop.call_soon(lambda: worker.held[0]())
    await worker.copy.acheck(token())
    assert store.reads == 1


def test_while_two_renewals_hang_no_other_begins_and_nobody_waits() -> None:
    """Until half a minute later: a lost thread keeps nobody out for ever."""
    worker = Worker(Store(), at_once=False)
    for hanging in (1, 2, 2, 2):
        worker.code(token())
        assert len(worker.held) == hanging
        worker.age.advance(2)
    worker.age.advance(30)
    worker.at_once = True
    assert worker.code(token()) is None


def test_a_renewal_that_was_late_does_not_turn_back_time() -> None:
    """The younger copy counts, whichever ends last."""
    store = Store()
    worker = Worker(store, at_once=False)
    worker.code(token())
    worker.age.advance(2)
    worker.code(token())
    late, current = worker.held
    current()
    late()
    assert worker.copy._read_at == worker.age()


def test_a_store_that_fails_is_closed_after_ten_seconds(caplog: pytest.LogCaptureFixture) -> None:
    """503, at most one attempt in a second, one line in the log; it comes back by itself. The text is not logged."""
    store, good = Store(), token()
    worker = Worker(store)
    assert worker.code(good) is None
    store.error = OSError("redis://user:secret@host")
    worker.age.advance(5)
    assert worker.code(good) is None
    worker.age.advance(6)
    reads = store.reads
    assert worker.code(good) == UNAVAILABLE
    assert store.reads == reads + 1
    for _ in range(9):
        assert worker.code(good) == UNAVAILABLE
    assert store.reads == reads + 1
    store.error = None
    worker.age.advance(1.1)
    assert worker.code(good) is None
    lines = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert lines == ["the store of revocations can't be read: OSError"]


def test_it_fails_open_only_where_that_is_said() -> None:
    """Then by the last copy, which still refuses what it knows."""
    store = Store()
    store.add("jti", "t1")
    worker = Worker(store, fails_open=True)
    assert worker.code(token()) == "revoked"
    store.error = OSError()
    worker.age.advance(3600)
    assert worker.code(token()) == "revoked"
    assert worker.code(token(jti="t2")) is None
    assert revocation_copy(None, "closed", lambda: NOW) is None
    with pytest.raises(ConfigurationError, match="expected 'closed' or 'open'"):
        revocation_copy(store, "maybe", lambda: NOW)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="no revocation"):
        revocation_copy(None, "open", lambda: NOW)


def test_a_process_without_another_thread_is_closed() -> None:
    """As if the store had failed."""

    def spawn(run: Callable[[], None]) -> None:
        raise RuntimeError("can't start new thread")

    copy = RevocationCopy(Store(), clock=lambda: NOW, spawn=spawn)  # type: ignore[arg-type]
    with pytest.raises(KeySourceError):
        copy.check(token())


def test_only_one_of_many_threads_renews() -> None:
    """The others take its renewal."""
    worker = Worker(Store(), at_once=False)
    with worker.copy._lock:
        assert worker.copy._renew() is None
    first = worker.copy._renew()
    assert worker.copy._renew() is first


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_renews_by_itself() -> None:
    """Its parent's thread is not there, nor whoever held a lock."""
    store = Store()
    worker = Worker(store, at_once=False)
    worker.code(token())
    worker.copy._renewal._process = -1  # type: ignore[union-attr]
    worker.copy._lock.acquire()
    worker.copy._revoked._lock.acquire()
    _after_fork_in_child()
    revoked_tokens._after_fork_in_child()
    worker.at_once = True
    assert worker.code(token()) is None


def test_a_revocation_of_this_process_counts_at_once() -> None:
    """In every verifier that shares the store."""
    store = MemoryRevocations(clock=lambda: NOW)
    verifiers = [
        TokenVerifier(Issuer(ISSUER.issuer, jwks=ISSUER.jwks), "api", revocation=store, clock=lambda: NOW)
        for _ in range(2)
    ]
    raw = ISSUER.token(jti="t1")
    for verifier in verifiers:
        assert verifier.verify(raw).subject
    store.revoke(ISSUER.issuer, jti="t1", ttl=60)
    for verifier in verifiers:
        with pytest.raises(InvalidTokenError) as caught:
            verifier.verify(raw)
        assert caught.value.code == "revoked"


@pytest.mark.parametrize("cached", [0, 10])
async def test_it_is_asked_of_cached_tokens_beside_is_revoked(cached: int) -> None:
    """Either refuses; ``is_revoked`` is asked last."""
    store, asked = MemoryRevocations(clock=lambda: NOW), list[str]()

    def is_revoked(found: VerifiedToken) -> bool:
        asked.append(found["jti"])
        return bool(found["jti"] == "t2")

    options: dict[str, Any] = {"revocation": store, "is_revoked": is_revoked, "token_cache": cached}
    issuer = Issuer(ISSUER.issuer, jwks=ISSUER.jwks)
    verifier = TokenVerifier(issuer, "api", clock=lambda: NOW, **options)
    tokens = {name: ISSUER.token(jti=name) for name in ("t1", "t2", "t3")}
    for raw in tokens.values():
        for _ in range(3):
            try:
                verifier.verify(raw)
            except InvalidTokenError as error:
                assert error.code == "revoked"  # noqa: PT017
    asked.clear()
    store.revoke(ISSUER.issuer, jti="t1", ttl=60)
    for name in ("t1", "t2"):
        with pytest.raises(InvalidTokenError):
            await verifier.averify(tokens[name])
    assert (await verifier.averify(tokens["t3"])).subject
    assert asked == ["t2", "t3"]


def test_a_copy_forgets_in_time() -> None:
    """Unless the same was revoked again for longer; of two limits the later counts."""
    revoked, good = Revoked(), token()
    revoked.add(Revocation(ISSUER.issuer, "sub", "u1", NOW - 100, NOW + 10))
    assert not revoked.cover(good)
    revoked.add(Revocation(ISSUER.issuer, "sub", "u1", NOW, NOW + 5))
    revoked.add(Revocation(ISSUER.issuer, "jti", "t9", None, NOW + 10))
    revoked.add(Revocation(ISSUER.issuer, "jti", "t9", None, NOW + 20))
    assert (len(revoked), revoked.cover(good)) == (2, True)
    revoked.purge(NOW + 10)
    assert (len(revoked), revoked.cover(good)) == (1, False)
    revoked.purge(NOW + 20)
    assert len(revoked) == 0


def test_a_copy_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that holds more than it may is one that can't be read."""
    monkeypatch.setattr("jwks_auth.verifier.revoked._MOST", 2)
    revoked = Revoked()
    for name in "ab":
        revoked.add(Revocation(ISSUER.issuer, "jti", name, None, NOW))
        revoked.add(Revocation(ISSUER.issuer, "jti", name, None, NOW))
    with pytest.raises(StoreError, match="full"):
        revoked.add(Revocation(ISSUER.issuer, "jti", "c", None, NOW))
    revoked.purge(NOW)
    revoked.add(Revocation(ISSUER.issuer, "jti", "c", None, NOW + 1))


def test_threads_of_its_own_are_short_lived() -> None:
    """The real one ends with its read."""
    copy = RevocationCopy(Store(), clock=lambda: NOW)  # type: ignore[arg-type]
    copy.check(token())
    assert not [each for each in threading.enumerate() if each.name == "jwks-auth-fetch" and not each.daemon]


REVOKED_IN_SETTINGS = MemoryRevocations(clock=lambda: NOW)


@pytest.mark.parametrize(
    "given", [REVOKED_IN_SETTINGS, f"{__name__}.REVOKED_IN_SETTINGS"], ids=["object", "path"]
)
def test_a_setting_names_the_store(given: Any) -> None:
    """The object or its dotted path; anything else is an error that names the setting, and shows no password."""
    settings = {**ISSUER.settings(), "REVOCATION": given, "REVOCATION_FAILS": "open"}
    assert Settings.from_mapping(settings).verifier().revocation.store is REVOKED_IN_SETTINGS
    for wrong in ("nowhere.to_be_found", "ftp://user:secret@host", MemoryRevocations, 7):
        with pytest.raises(ConfigurationError, match=r"^REVOCATION: ") as caught:
            Settings.from_mapping({**ISSUER.settings(), "REVOCATION": wrong}).verifier()
        assert "secret" not in str(caught.value)
    with pytest.raises(ConfigurationError, match=r"^REVOCATION_FAILS: expected one of closed, open"):
        Settings.from_mapping({**settings, "REVOCATION_FAILS": "sometimes"})
    with pytest.raises(ConfigurationError, match=r"^REVOCATION_FAILS: found no revocation"):
        Settings.from_mapping({**ISSUER.settings(), "REVOCATION_FAILS": "open"}).verifier()


def test_a_warm_copy_is_judged_by_without_a_wait() -> None:
    """Sync and async: the first request reads nothing, and knows what was revoked."""
    for warm in (lambda copy: copy.warm_up(), lambda copy: asyncio.run(copy.awarm_up())):
        store = Store()
        worker = Worker(store)
        store.add("jti", "t1")
        warm(worker.copy)
        assert store.reads == 1
        assert (worker.code(token()), worker.code(token(jti="t2")), store.reads) == ("revoked", None, 1)


def test_a_store_that_fails_fails_the_warm_up() -> None:
    """Unless tokens pass without it."""
    store = Store()
    store.error = OSError("away")
    with pytest.raises(KeySourceError, match="the store can't be read"):
        Worker(store).copy.warm_up()
    Worker(store, fails_open=True).copy.warm_up()


def test_a_second_warm_up_soon_after_asks_a_failed_store_no_more() -> None:
    """As an early probe may begin one, and the next."""
    store = Store()
    store.error = OSError("away")
    worker = Worker(store)
    for _ in range(2):
        with pytest.raises(KeySourceError, match="the store can't be read"):
            worker.copy.warm_up()
    assert store.reads == 1


@pytest.mark.parametrize("fails", [False, True], ids=["works", "fails"])
def test_a_service_s_warm_up_reads_the_revocations_too(fails: bool) -> None:
    """Beside the keys, and also after an issuer fails; a service without revocations has none to read."""
    store = Store()
    settings = {**ISSUER.settings(), "REVOCATION": store}
    if fails:
        settings = {"ISSUER": "https://127.0.0.1:1/", "AUDIENCE": "api", "REVOCATION": store}
    auth = Authenticator(settings, in_tests=True)
    for warm in (auth.warm_up, lambda: asyncio.run(auth.awarm_up())):
        with pytest.raises(KeySourceError, match="connection refused") if fails else nullcontext():
            warm()
    assert store.reads >= 1
    Authenticator(ISSUER.settings(), in_tests=True).warm_up()

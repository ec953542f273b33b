"""Tokens with made-up kids, sent to hold every worker at a slow key endpoint, or to spend the budget of new keys."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from itertools import islice
from typing import Any

import pytest

from jwks_auth import InvalidTokenError, Issuer, KeySourceError, PyJWKClient, Tenants, TokenVerifier
from jwks_auth.keys.lookup import Lookup
from jwks_auth.keys.waiters import Waiters, _after_fork_in_child
from jwks_auth.testing import FakeIssuer
from tests.key_fakes import ALG, Provider, source_of
from tests.seams.sites import EVERY_SITE, Site

WORKERS = 8


class SlowClient(PyJWKClient):
    """Fetches *issuer*'s keys; once ``slow`` is set, each fetch takes until ``over``."""

    def __init__(self, issuer: FakeIssuer, **options: Any) -> None:
        self.slow, self.over, self.fetches = False, threading.Event(), 0
        self._issuer = issuer
        super().__init__("https://issuer.example/keys", **options)

    def fetch_data(self) -> Any:
        """The key set document."""
        self.fetches += 1
        if self.slow:
            assert self.over.wait(60)
        return self._issuer.jwks()


def junk(issuer: FakeIssuer, number: int) -> str:
    """A token that nobody signed, with a kid of its own, and all else in request."""
    return FakeIssuer(issuer.issuer).token(aud="api", kid=f"made-up-{number}")


@pytest.fixture
def client() -> SlowClient:
    """A client that waits for a minute, with the keys in hand."""
    client = SlowClient(FakeIssuer(), wait=60)
    client.source.waiters.grace = 0.01
    client.warm_up()
    client.slow = True
    return client


def test_junk_with_made_up_kids_holds_two_workers_at_most(client: SlowClient) -> None:
    """The others are told to come back, and a good token passes while two wait."""
    issuer = client._issuer
    verifier = TokenVerifier(Issuer(issuer.issuer, client=client), "api")
    tokens = [junk(issuer, number) for number in range(2 * WORKERS)]
    with ThreadPoolExecutor(WORKERS) as pool, ExitStack() as release:
        release.callback(client.over.set)
        sent = [pool.submit(verifier.verify, raw) for raw in tokens]
        answered = [future.exception() for future in islice(as_completed(sent, 60), len(tokens) - 2)]
        assert {type(error) for error in answered} == {KeySourceError}
        assert {
            (error.kind, error.retry_after) for error in answered if isinstance(error, KeySourceError)
        } == {("busy", 1.0)}
        assert pool.submit(verifier.verify, issuer.token(aud="api")).result(60).subject == "user"
        assert sum(not future.done() for future in sent) == 2
    assert client.fetches <= 3


def test_a_rotation_turns_nobody_away(client: SlowClient) -> None:
    """A provider that answers within a fetch's first moments is waited for, however many tokens have the new key."""
    issuer = client._issuer
    issuer.rotate()
    client.source.waiters.grace = 60.0
    verifier = TokenVerifier(Issuer(issuer.issuer, client=client), "api")
    with ThreadPoolExecutor(WORKERS) as pool, ExitStack() as release:
        release.callback(client.over.set)
        sent = [pool.submit(verifier.verify, issuer.token(aud="api")) for _ in range(WORKERS)]
        while client.fetches < 2:
            pass
        client.over.set()
        assert [future.result(60).subject for future in sent] == ["user"] * WORKERS
    assert client.fetches <= 3


async def test_junk_holds_two_tasks_of_an_event_loop_at_most(client: SlowClient) -> None:
    """The same rule, and one count with the threads; a task that is cancelled makes room."""
    issuer = client._issuer
    verifier = TokenVerifier(Issuer(issuer.issuer, client=client), "api")
    waiting = [asyncio.ensure_future(verifier.averify(junk(issuer, number))) for number in range(2)]
    await asyncio.sleep(0)
    for attempt in (
        lambda: verifier.averify(junk(issuer, 2)),
        lambda: asyncio.to_thread(verifier.verify, junk(issuer, 3)),
    ):
        with pytest.raises(KeySourceError, match="others wait"):
            await attempt()
    assert (await verifier.averify(issuer.token(aud="api"))).subject == "user"
    waiting[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    next_one = asyncio.ensure_future(verifier.averify(junk(issuer, 4)))
    await asyncio.sleep(0)
    assert not next_one.done()
    client.over.set()
    for task in (waiting[1], next_one):
        with pytest.raises(InvalidTokenError):
            await task
    assert client.source.waiters._here == 0


def test_junk_for_many_issuers_holds_four_workers_of_a_process() -> None:
    """However many tenants there are, and however slow the provider of each is."""
    waiters = [source_of().source.waiters for _ in range(5)]
    entered = [waiters for waiters in waiters for _ in range(3) if waiters.enter()]
    try:
        assert entered == [waiters[0], waiters[0], waiters[1], waiters[1]]
    finally:
        for waiters in entered:
            waiters.leave()
    assert Waiters._anywhere == 0


def test_a_forked_child_counts_nobody() -> None:
    """Those who waited did so in threads of the parent."""
    waiters = source_of().source.waiters
    assert waiters.enter()
    assert waiters.enter()
    _after_fork_in_child()
    assert Waiters._anywhere == 0
    assert waiters.enter()
    waiters.leave()


def test_a_cold_start_is_no_crowd() -> None:
    """Where there are no keys every caller waits for the one fetch, as nobody could be served meanwhile."""
    client = SlowClient(FakeIssuer(), wait=60)
    client.slow = True
    issuer = client._issuer
    verifier = TokenVerifier(Issuer(issuer.issuer, client=client), "api")
    with ThreadPoolExecutor(WORKERS) as pool, ExitStack() as release:
        release.callback(client.over.set)
        sent = [pool.submit(verifier.verify, issuer.token(aud="api")) for _ in range(WORKERS)]
        while client.fetches == 0:
            pass
        client.over.set()
        assert [future.result(60).subject for future in sent] == ["user"] * WORKERS
    assert client.fetches == 1


def test_two_strays_with_one_kid_leave_budget_for_a_good_key() -> None:
    """The second joins the first one's fetch, and is answered by it: a key published then is accepted on first use."""
    bench = source_of(Provider({"a"}), wait=60.0)
    assert bench.seek("a")
    bench.threads.held, bench.threads.depart = True, bench.provider.as_of_now
    stray: Lookup[Any] = Lookup(lambda snapshot: snapshot.keys.select("stray", ALG), "stray")
    steps = [bench.source._steps(stray, force=False) for _ in range(2)]
    refreshes: list[Any] = []
    for lookup in steps:
        refreshes.append(next(lookup))
        bench.clock.advance(0.1)
    assert refreshes[0][0] is refreshes[1][0]
    bench.threads.held = False
    bench.threads.run()
    bench.provider.kids.add("good")
    assert [next(lookup).value for lookup in steps] == [None, None]  # type: ignore[union-attr]
    assert (bench.provider.asked, bench.source.health().budget) == (2, pytest.approx(1, abs=0.01))
    for lookup in steps:
        lookup.close()
    for _ in range(5):
        assert bench.seek("stray") is None
    assert bench.source.resolve("good", ALG)


def test_a_stray_may_be_a_good_key_a_cooldown_later() -> None:
    """The memory of a missed kid ends with the time in which the budget is refilled."""
    bench = source_of(Provider({"a"}))
    assert bench.seek("a")
    assert bench.seek("b") is None
    bench.provider.kids.add("b")
    bench.clock.advance(29)
    assert bench.seek("b") is None
    bench.clock.advance(1)
    assert bench.seek("b")


def test_a_failed_search_is_not_remembered() -> None:
    """Its token is given back, and so is the kid's turn: when the provider is back the key is found on first use."""
    bench = source_of(Provider({"a"}))
    assert bench.seek("a")
    bench.provider.failing = "status"
    assert bench.seek("b") is None
    bench.provider.failing, bench.provider.kids = None, {"a", "b"}
    bench.clock.advance(2)
    assert bench.seek("b")


@pytest.mark.parametrize("site", EVERY_SITE.values(), ids=EVERY_SITE)
def test_junk_does_not_hold_the_workers_of_any_framework(site: Site) -> None:
    """While two lookups wait, the next one is 503 with ``Retry-After``; a known key is served."""
    client = SlowClient(FakeIssuer())
    client.warm_up()
    client.slow = True
    issuer, waiters = client._issuer, client.source.waiters
    waiters.grace = 0.0
    ours = Issuer(issuer.issuer, client=client)
    tenants = Tenants(lambda name: ours, hosts=["issuer.example"])
    with site({"AUDIENCE": "api", "TENANTS": tenants}) as app:

        def get(raw: str) -> Any:
            return app.request("GET", "/me", [("Authorization", f"Bearer {raw}")])

        assert waiters.enter()
        assert waiters.enter()
        try:
            good, bad = get(issuer.token(aud="api")), get(junk(issuer, 0))
        finally:
            waiters.leave()
            waiters.leave()
            client.over.set()
        after = get(junk(issuer, 0))
    assert (good.status, bad.status, after.status) == (200, 503, 401)
    assert (bad.values("retry-after"), bad.values("www-authenticate")) == (["1"], [])

"""A tenant that left, and goes on calling: what the directory no longer says is believed no longer."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from jwks_auth import (
    ConfigurationError,
    ForbiddenError,
    InvalidTokenError,
    Issuer,
    JWKSAuthError,
    KeySourceError,
    PyJWKClient,
    Tenants,
    TokenVerifier,
    VerifiedToken,
)
from jwks_auth.testing import FakeIssuer
from tests.seams.sites import EVERY_SITE, Site

NAME = "https://login.example/acme"
DAY = 86_400.0


class Directory:
    """Knows ``acme``, or nobody, or fails; counts how often it is asked."""

    def __init__(self) -> None:
        self.acme = FakeIssuer(NAME)
        self.says: Any = "ours"
        self.asked = 0
        self.options: dict[str, Any] = {}

    def __call__(self, name: str) -> Issuer | None:
        """The tenant."""
        self.asked += 1
        if isinstance(self.says, Exception):
            raise self.says
        return Issuer(name, jwks=self.acme.jwks, **self.options) if self.says else None

    async def later(self, name: str) -> Issuer | None:
        """The same, on an event loop."""
        await asyncio.sleep(0)
        return self(name)

    def token(self) -> str:
        """A token that lasts longer than any answer."""
        return self.acme.token(sub="u1", expires_in=9 * DAY)


class Service:
    """A verifier of tenants whose clock and background are the test's."""

    def __init__(self, resolve: Any, **options: Any) -> None:
        self.now, self.background = time.time(), list[Callable[[], None]]()
        tenants = Tenants(resolve, hosts=["login.example"], **options)
        self.verifier = TokenVerifier([], "api", tenants=tenants, clock=lambda: self.now)
        self.verifier._tenants._spawn = self.background.append

    def run(self) -> None:
        """Do what was left to the background."""
        while self.background:
            self.background.pop()()


async def verified(service: Service, raw: str, *, is_async: bool) -> VerifiedToken:
    """Through either method; what is left to a loop's background is done."""
    if not is_async:
        return service.verifier.verify(raw)
    token = await service.verifier.averify(raw)
    await asyncio.gather(*service.verifier._tenants._tasks)
    return token


async def code_of(attempt: Awaitable[object]) -> str:
    """Why it fails."""
    with pytest.raises(JWKSAuthError) as caught:
        await attempt
    return str(getattr(caught.value, "code", None))


both = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
either_find = pytest.mark.parametrize("find_is_async", [False, True], ids=["find", "async find"])


@both
@either_find
async def test_a_tenant_that_left_is_refused(is_async: bool, find_is_async: bool) -> None:
    """With the first answer that says so, in the background, and in any case once the old answer's time is over."""
    directory = Directory()
    service = Service(directory.later if find_is_async else directory)
    raw = directory.token()
    for later in (0, 100, 139):
        service.now += later
        assert (await verified(service, raw, is_async=is_async)).subject == "u1"
    assert directory.asked == 1
    directory.says = None
    service.now += 2  # past four fifths of the answer's time
    assert (await verified(service, raw, is_async=is_async)).subject == "u1"
    await asyncio.to_thread(service.run)
    assert directory.asked == 2
    assert await code_of(verified(service, raw, is_async=is_async)) == "wrong_issuer"


@both
async def test_a_tenant_that_was_silent_for_a_day_is_asked_about_first(is_async: bool) -> None:
    """As nobody has asked meanwhile; one that stayed is served, with the keys it had."""
    directory = Directory()
    service, raw = Service(directory), directory.token()
    await verified(service, raw, is_async=is_async)
    trust = service.verifier._tenants.resolve(NAME)
    service.now += DAY
    assert (await verified(service, raw, is_async=is_async)).subject == "u1"
    assert service.verifier._tenants.resolve(NAME) is trust
    directory.says = None
    service.now += DAY
    assert await code_of(verified(service, raw, is_async=is_async)) == "wrong_issuer"
    assert (directory.asked, service.background) == (3, [])


@both
async def test_a_clock_set_back_does_not_keep_a_tenant(is_async: bool) -> None:
    """An answer from the future counts for nothing."""
    directory = Directory()
    service, raw = Service(directory), directory.token()
    await verified(service, raw, is_async=is_async)
    directory.says = None
    service.now -= 20
    assert await code_of(verified(service, raw, is_async=is_async)) == "wrong_issuer"


@both
@either_find
async def test_a_directory_that_fails_keeps_nobody_for_ever(is_async: bool, find_is_async: bool) -> None:
    """Ahead of time it is asked once a second; after it the tenant is 503, until the directory is back."""
    directory = Directory()
    service = Service(directory.later if find_is_async else directory)
    raw = directory.token()
    await verified(service, raw, is_async=is_async)
    directory.says = OSError("the directory is down")
    service.now += 250
    for asked in (2, 2, 2):
        assert (await verified(service, raw, is_async=is_async)).subject == "u1"
        await asyncio.to_thread(service.run)
        assert directory.asked == asked
    service.now += 1
    await verified(service, raw, is_async=is_async)
    await asyncio.to_thread(service.run)
    assert directory.asked == 3
    service.now += 60
    for asked in (4, 5):
        assert await code_of(verified(service, raw, is_async=is_async)) == "key_source_unavailable"
        assert directory.asked == asked
    directory.says = "ours"
    assert (await verified(service, raw, is_async=is_async)).subject == "u1"


async def test_a_directory_may_say_no_in_its_own_words() -> None:
    """A verdict is no failure: it counts at once."""
    directory = Directory()
    service, raw = Service(directory), directory.token()
    service.verifier.verify(raw)
    directory.says = ForbiddenError("suspended", "Your plan has ended")
    service.now += 250
    service.verifier.verify(raw)
    service.run()
    assert await code_of(verified(service, raw, is_async=False)) == "suspended"


def test_an_issuer_made_as_before_keeps_its_keys() -> None:
    """A callback that makes a new one each time causes no fetch; one that changed its mind is heard."""
    directory = Directory()
    service, raw = Service(directory), directory.token()
    service.verifier.verify(raw)
    first = service.verifier._tenants.resolve(NAME)
    for same, options in ((True, {}), (False, {"audience": "other"}), (True, {"audience": "other"})):
        directory.options = options
        service.now += 250
        service.verifier._tenants.resolve(NAME)
        service.run()
        found = service.verifier._tenants.resolve(NAME)
        assert (found is first) is same
        first = found
    with pytest.raises(InvalidTokenError, match="audience"):
        service.verifier.verify(raw)
    plain, client = made_of(), PyJWKClient("https://login.example/keys")
    assert plain == made_of()
    assert plain != made_of(client=client)
    assert plain != made_of(timeout=1)


def made_of(**options: Any) -> object:
    """Return what tells two issuers of one name apart."""
    verifier = TokenVerifier(
        [], "api", tenants=Tenants(lambda name: Issuer(name, **options), hosts=["login.example"])
    )
    return verifier._tenants.resolve(NAME).made_of


def test_many_requests_ask_once() -> None:
    """While one asks, the others wait for its answer, or are served if there is one."""
    directory, waiting, go = Directory(), threading.Barrier(5), threading.Event()

    def resolve(name: str) -> Issuer | None:
        assert go.wait(60)
        return directory(name)

    service, raw = Service(resolve), directory.token()

    def request() -> str | None:
        waiting.wait(60)
        return service.verifier.verify(raw).subject

    for later in (0.0, DAY):
        service.now += later
        go.clear()
        with ThreadPoolExecutor(4) as pool:
            sent = [pool.submit(request) for _ in range(4)]
            waiting.wait(60)
            go.set()
            assert [future.result(60) for future in sent] == ["u1"] * 4
    assert directory.asked <= 2 * 4
    service.now += 250
    for _ in range(9):
        service.verifier.verify(raw)
    assert len(service.background) == 1


async def test_a_question_is_its_followers_too() -> None:
    """They get its answer or its failure; where its asker goes away one of them asks; what is lost is asked anew."""
    directory, gates = Directory(), list[asyncio.Future[None]]()

    async def resolve(name: str) -> Issuer | None:
        gates.append(asyncio.get_running_loop().create_future())
        await gates[-1]
        return directory(name)

    service, raw = Service(resolve), directory.token()

    async def started(count: int) -> list[asyncio.Task[VerifiedToken]]:
        tasks = [asyncio.ensure_future(service.verifier.averify(raw)) for _ in range(count)]
        for _ in range(3):
            await asyncio.sleep(0)
        return tasks

    directory.says = OSError("down")
    tasks = await started(3)
    assert len(gates) == 1
    gates[0].set_result(None)
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(error) for error in found] == [KeySourceError] * 3
    assert len({id(error) for error in found}) == 3

    directory.says = "ours"
    first, *others = await started(3)
    first.cancel()
    for _ in range(9):
        await asyncio.sleep(0)
    assert len(gates) == 3
    service.verifier._tenants._asking[NAME]._process = 0
    [anew] = await started(1)
    assert len(gates) == 4
    for gate in gates[2:]:
        gate.set_result(None)
    assert {(await task).subject for task in [*others, anew]} == {"u1"}


def test_a_question_without_an_answer_holds_nobody_for_long() -> None:
    """Who waits for another's question gives up, with 503; the service is at fault."""
    directory, go = Directory(), threading.Event()

    def resolve(name: str) -> Issuer | None:
        assert go.wait(60)
        return directory(name)

    service, raw = Service(resolve), directory.token()
    service.verifier._tenants._patience = 0.01
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(service.verifier.verify, raw)
        while not service.verifier._tenants._asking:
            pass
        for attempt in (lambda: service.verifier.verify(raw), lambda: asyncio.run(_await(service, raw))):
            with pytest.raises(KeySourceError) as caught:
                attempt()
            assert caught.value.kind == "callback"
        go.set()
        assert asking.result(60).subject == "u1"


async def _await(service: Service, raw: str) -> VerifiedToken:
    return await service.verifier.averify(raw)


def test_a_forgotten_tenant_is_not_kept_by_an_older_question() -> None:
    """Whatever that brings when it comes back: an issuer, nobody or a failure."""
    for says in ("ours", None, OSError("down")):
        directory = Directory()
        service, raw = Service(directory), directory.token()
        service.verifier.verify(raw)
        service.now += 250
        service.verifier.verify(raw)
        service.verifier.forget_tenant(NAME)
        directory.says = says
        service.run()
        assert NAME not in service.verifier._tenants._known
        directory.says = "ours"
        assert service.verifier.verify(raw).subject == "u1"


def test_without_a_thread_to_ask_in_the_tenant_is_served_meanwhile() -> None:
    """The next request tries again."""
    directory = Directory()
    service, raw = Service(directory), directory.token()

    def spawn(run: Callable[[], None]) -> None:
        raise RuntimeError

    service.verifier.verify(raw)
    service.verifier._tenants._spawn = spawn
    service.now += 250
    assert service.verifier.verify(raw).subject == "u1"
    assert not service.verifier._tenants._asking


@pytest.mark.parametrize("max_age", [0, -1, float("inf"), float("nan")])
def test_no_answer_counts_for_ever(max_age: float) -> None:
    """Nor is there a setting that makes it."""
    with pytest.raises(ConfigurationError, match="max_age"):
        Tenants(lambda name: None, hosts=["login.example"], max_age=max_age)


@pytest.mark.parametrize("site", EVERY_SITE.values(), ids=EVERY_SITE)
def test_a_tenant_that_left_is_refused_in_every_framework(site: Site) -> None:
    """Settings name the directory; with an answer that is over the next request is 401, with one that stands 200."""
    directory = Directory()
    tenants = Tenants(directory, hosts=["login.example"], max_age=0.001)
    with site({"AUDIENCE": "api", "TENANTS": tenants}) as app:

        def get() -> int:
            return app.request("GET", "/me", [("Authorization", f"Bearer {directory.token()}")]).status

        assert get() == 200
        assert get() == 200
        directory.says = None
        assert 401 in (get() for _ in range(50))

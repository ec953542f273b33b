"""Telemetry that raises, is missing, comes late, or is forked costs no request anything."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from opentelemetry.trace import INVALID_SPAN, use_span

from jwks_auth.adapters import Authenticator, Credentials
from jwks_auth.errors import ConfigurationError
from jwks_auth.telemetry import instruments, words
from jwks_auth.telemetry.cells import MOST_WAITING, Cells
from jwks_auth.telemetry.fetches import Fetches
from jwks_auth.telemetry.instruments import INSTRUMENTS, Instruments
from jwks_auth.telemetry.tallies import Tallies
from jwks_auth.testing import FakeIssuer
from tests.needs import need_module
from tests.otel import Seen, opentelemetry, point
from tests.unit.test_starts import loaded


class Broken(Exception):
    """An exporter's own."""


def broken(*args: Any, **kwargs: Any) -> Any:
    """Fail, as code of somebody else's."""
    raise Broken


class BrokenSpan(type(INVALID_SPAN)):  # type: ignore[misc]
    """A span of which nothing works."""

    is_recording = set_attributes = set_attribute = set_status = get_span_context = add_link = end = broken

    def __init__(self) -> None:
        super().__init__(INVALID_SPAN.get_span_context())


class BrokenAttributes(BrokenSpan):
    """A span that can only be found."""

    def is_recording(self) -> bool:
        """As if all were well."""
        return True


class BrokenMeters:
    """Meters whose histograms raise."""

    def __init__(self, real: Any) -> None:
        self.get_meter = lambda name: _BrokenMeter(real.get_meter(name))


class _BrokenMeter:
    def __init__(self, real: Any) -> None:
        self._real = real

    def create_histogram(self, *args: Any, **kwargs: Any) -> Any:
        class Histogram:
            record = broken

        return Histogram()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def admitted(issuer: FakeIssuer, **settings: Any) -> bool:
    """Whether a good token is accepted."""
    auth = Authenticator({**issuer.settings(audience="api"), **settings}, in_tests=True)
    return auth.authenticate(Credentials([issuer.headers()["Authorization"]])) is not None


@pytest.mark.parametrize("span", [BrokenSpan(), BrokenAttributes()], ids=["wholly", "attributes"])
def test_a_broken_span_costs_no_request(seen: Seen, issuer: FakeIssuer, span: Any) -> None:
    """The request is judged and counted as ever."""
    with use_span(span, record_exception=False, set_status_on_exception=False):
        assert admitted(issuer, TELEMETRY_SUBJECT="plain")
    assert sum(seen.counts().values()) == 1


def test_a_framework_that_cannot_find_its_span_costs_no_request(seen: Seen, issuer: FakeIssuer) -> None:
    """The adapter's own part is no better than a provider's."""
    auth = Authenticator(issuer.settings(audience="api"), in_tests=True, server_span=broken)
    assert auth.authenticate(Credentials([issuer.headers()["Authorization"]]))


def test_broken_histograms_cost_nothing(issuer: FakeIssuer) -> None:
    """Neither a request nor the counts that are read at the same time."""
    with opentelemetry(wrap=BrokenMeters) as seen:
        assert admitted(issuer)
        assert sum(seen.counts().values()) == 1


def test_a_broken_tracer_costs_no_fetch(seen: Seen, caplog: pytest.LogCaptureFixture) -> None:
    """Its faults are told once for each type, without their text."""
    instruments._told.clear()
    fetches = Fetches(INSTRUMENTS, "https://issuer.example/")
    with use_span(BrokenSpan(), record_exception=False, set_status_on_exception=False):
        fetches.started()
        assert fetches.asking(lambda: "answer")() == "answer"
        with fetches.fetching("keys") as fetching:
            fetching._span = BrokenSpan()
            fetches._span = BrokenSpan()
        with fetches.fetching("metadata") as fetching:
            fetching._current, fetching._span = None, None
    assert [record.getMessage() for record in caplog.records] == ["telemetry failed: Broken"]
    assert seen.counts("introspections") == {point(result="active", issuer="https://issuer.example/"): 1}


def test_an_answer_that_another_process_was_told_is_shared(seen: Seen) -> None:
    """The issuer was not asked."""

    class Told:
        is_news = False

    Fetches(INSTRUMENTS, None).asking(Told)()
    assert seen.counts("introspections") == {point(result="shared"): 1}


def test_links_to_requests_are_few(seen: Seen) -> None:
    """However many wait for one fetch."""
    fetches = Fetches(INSTRUMENTS, None)
    for _ in range(50):
        with seen.server():
            fetches.joined()
    with fetches.fetching("keys"):
        pass
    [span] = [span for span in seen.spans() if span.name == "jwks_auth.fetch keys"]
    assert len(span.links) == 32


def test_a_meter_provider_that_raises_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    """And nothing else happens, though counts go on."""
    instruments._told.clear()
    own = Instruments()

    class Meter:
        create_histogram = broken

    own.begin(lambda name: Meter())  # type: ignore[arg-type, return-value]
    own.record("jwks_auth.authentication.duration", 1.0, {})
    assert [record.getMessage() for record in caplog.records] == ["telemetry failed: Broken"]
    assert caplog.records[0].__dict__["code"] == "telemetry_failed"


def test_faults_of_many_types_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Ten are told of."""
    instruments._told.clear()
    for at in range(20):
        instruments.note_fault(type(f"Fault{at}", (Exception,), {})())
    assert len(caplog.records) == 10


def test_threads_lose_no_counts() -> None:
    """Though none of them takes a lock, and readers look meanwhile."""
    tallies = Tallies("name")

    def add() -> None:
        for _ in range(5000):
            tallies.add(("a",))
            if _ % 1000 == 0:
                list(tallies.all())

    threads = [Thread(target=add) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert list(tallies.all()) == [(40_000, {"name": "a"})]
    assert list(tallies.all()) == [(40_000, {"name": "a"})]


class Recorded:
    """Cells of which nothing is left out, whose threads are begun by hand."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.begun: list[Callable[[], None]] = []
        self.cells = Cells(
            lambda seconds, attributes: self.seconds.append(seconds),
            ("name", "issuer"),
            ("name",),
            spawn=self.begun.append,
        )

    def add(self, count: int, key: tuple[str | None, ...] = ("a", None)) -> None:
        """Leave so many durations."""
        for at in range(count):
            self.cells.add(key, float(at))


def test_durations_go_by_themselves_when_many_wait() -> None:
    """In another thread, which is begun once, however many requests come before it runs."""
    own = Recorded()
    own.add(MOST_WAITING - 1)
    assert own.begun == []
    own.add(500)
    assert (own.seconds, len(own.begun)) == ([], 1)
    own.begun.pop()()
    assert len(own.seconds) == MOST_WAITING + 499
    assert list(own.cells.all()) == [(MOST_WAITING + 499, {"name": "a"})]
    own.add(MOST_WAITING)
    assert len(own.begun) == 1


def test_an_sdk_that_hangs_fills_no_memory() -> None:
    """What no thread comes for is bounded, and counted all the same."""
    own = Recorded()
    own.add(40 * MOST_WAITING)
    own.begun.pop()()
    assert own.seconds == [float(at) for at in range(24 * MOST_WAITING, 40 * MOST_WAITING)]
    assert own.begun == []
    assert list(own.cells.all()) == [(40 * MOST_WAITING, {"name": "a"})]
    assert list(own.cells.all()) == [(40 * MOST_WAITING, {"name": "a"})]
    own.cells.reset()
    assert list(own.cells.all()) == []


def test_a_duration_that_was_dropped_meanwhile_is_not_waited_for() -> None:
    """Whoever records finds fewer than there were."""
    own = Recorded()
    own.add(3)
    cell = own.cells.cell(("a", None))
    own.cells._record = lambda seconds, attributes: cell.clear()
    own.cells.hand_over()
    assert list(own.cells.all()) == [(1, {"name": "a"})]


def test_a_thread_that_is_asked_as_another_ends_is_not_the_last() -> None:
    """It finds the lock held, and leaves; the next that is asked does not."""
    own = Recorded()
    own.cells._spawn = lambda run: run()

    class Late:
        def __init__(self) -> None:
            self.real = own.cells._lock
            self.acquire = self.real.acquire

        def release(self) -> None:
            own.cells._lock = self.real
            own.add(MOST_WAITING)
            self.real.release()

    own.cells._lock = Late()  # type: ignore[assignment]
    own.cells.hand_over()
    assert own.seconds == []
    own.add(1)
    assert len(own.seconds) == MOST_WAITING + 1


def test_without_threads_durations_are_dropped_and_counts_are_kept() -> None:
    """As at the end of the interpreter."""
    own = Recorded()

    def no_threads(run: Callable[[], None]) -> None:
        raise RuntimeError

    own.cells._spawn = no_threads
    own.add(MOST_WAITING, ("a", "b"))
    assert own.seconds == []
    assert list(own.cells.all()) == [(MOST_WAITING, {"name": "a", "issuer": "b"})]


def test_one_thread_at_a_time_records() -> None:
    """Another does not wait for it; the count that a reader sees never falls."""
    own = Recorded()
    own.add(3)
    with own.cells._lock:
        own.cells.hand_over()
    assert own.seconds == []
    assert list(own.cells.all()) == [(3, {"name": "a"})]
    own.cells.reset()
    assert list(own.cells.all()) == []


def test_readers_and_threads_lose_no_authentications() -> None:
    """Counts rise alone, and end at the truth."""
    own, looks = Recorded(), list[int]()
    own.cells._spawn = lambda run: run()

    def look() -> None:
        for _ in range(50):
            looks.append(sum(count for count, _ in own.cells.all()))

    threads = [Thread(target=own.add, args=(5000,)) for _ in range(6)] + [Thread(target=look)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert list(own.cells.all()) == [(30_000, {"name": "a"})]
    assert own.cells.cell(("a", None)).counted == len(
        own.seconds
    )  # the others lagged behind, and were dropped
    assert looks == sorted(looks)


def test_a_forked_worker_counts_for_itself(seen: Seen, issuer: FakeIssuer) -> None:
    """What its parent counted is its parent's."""
    assert admitted(issuer)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            before = len(list(INSTRUMENTS.authentications.all()))
            admitted(issuer)
            after = [count for count, _ in INSTRUMENTS.authentications.all()]
            os.write(writing, f"{before} {after}".encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 100) == b"0 [1]"
    assert sum(seen.counts().values()) == 1
    os.close(reading)
    os.close(writing)


WITHOUT_API = """
import sys
sys.modules["opentelemetry"] = None
from jwks_auth.adapters import Authenticator
from jwks_auth.testing import FakeIssuer
given = {**FakeIssuer().settings(audience="api")}
Authenticator(given, in_tests=True)
Authenticator({**given, "TELEMETRY": "off"}, in_tests=True)
try:
    Authenticator({**given, "TELEMETRY": "on"}, in_tests=True)
except ValueError as error:
    print("ERROR", type(error).__name__, error)
"""


def test_on_without_the_api_is_a_configuration_error_that_names_the_extra() -> None:
    """``auto`` does without it."""
    told = subprocess.run(
        [sys.executable, "-c", WITHOUT_API], capture_output=True, text=True, check=True
    ).stdout
    assert told == (
        "ERROR ConfigurationError TELEMETRY: found on, but opentelemetry-api can't be imported; "
        "install jwks-auth[otel]\n"
    )


def test_telemetry_that_cannot_be_imported_is_off_unless_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, issuer: FakeIssuer
) -> None:
    """Whatever has become of it since the process began."""
    monkeypatch.setitem(sys.modules, "jwks_auth.telemetry.telemetry", None)
    given = issuer.settings(audience="api")
    request = Credentials([issuer.headers()["Authorization"]])
    assert Authenticator(given, in_tests=True).authenticate(request) is not None
    with pytest.raises(ConfigurationError, match=r"^TELEMETRY: found on, .* install jwks-auth\[otel\]$"):
        Authenticator({**given, "TELEMETRY": "on"}, in_tests=True)


@pytest.mark.parametrize(("value", "expected"), [("off", False), ("auto", True), ("on", True)])
def test_the_api_is_imported_when_an_authenticator_is_built(value: str, expected: bool) -> None:
    """And not before, and not where it is off."""
    program = (
        "from jwks_auth.adapters import Authenticator\nfrom jwks_auth import KeySet, Issuer\nimport sys\n"
        "assert 'opentelemetry' not in sys.modules\nfrom jwks_auth.testing import FakeIssuer\n"
        f"Authenticator({{**FakeIssuer().settings(audience='api'), 'TELEMETRY': {value!r}}}, in_tests=True)"
    )
    found = loaded(program)
    assert ("opentelemetry" in found) is expected
    assert ("jwks_auth.telemetry.instruments" in found) is expected
    assert not any(name.startswith("opentelemetry.sdk") for name in found)


LATE = """
from opentelemetry import metrics, trace
from jwks_auth.adapters import Authenticator, Credentials
from jwks_auth.testing import FakeIssuer
issuer = FakeIssuer()
auth = Authenticator({**issuer.settings(audience="api"), "TELEMETRY": "on"}, in_tests=True)
auth.authenticate(Credentials([issuer.headers()["Authorization"]]))
from jwks_auth.telemetry.instruments import INSTRUMENTS
assert not INSTRUMENTS.watched and not INSTRUMENTS.authentications._cells
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider([reader]))
auth.authenticate(Credentials([issuer.headers()["Authorization"]]))
found = {metric.name: [getattr(each, "value", None) or each.count for each in metric.data.data_points]
         for metric in reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics}
print("FOUND", found)
"""


def test_a_real_sdk_set_up_after_the_app_sees_every_request_from_then_on() -> None:
    """The first one too; what came before it was neither counted nor timed."""
    told = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=True).stdout
    assert told == ("FOUND {'jwks_auth.authentication.duration': [1], 'jwks_auth.authentications': [1]}\n")


GEVENT = """
from gevent import monkey
monkey.patch_all()
import gevent
""" + LATE.replace("auth.authenticate(Credentials", "ask(Credentials").replace(
    "auth = ",
    """
def ask(credentials):
    gevent.joinall([gevent.spawn(auth.authenticate, Credentials(credentials.authorization)) for _ in range(1500)],
                   raise_error=True)

auth = """,
)


def test_under_gevent_every_request_is_seen() -> None:
    """Its greenlets leave more durations than may wait, and one of them records."""
    need_module("gevent")
    told = subprocess.run([sys.executable, "-c", GEVENT], capture_output=True, text=True, check=True).stdout
    assert told == (
        "FOUND {'jwks_auth.authentication.duration': [1500], 'jwks_auth.authentications': [1500]}\n"
    )


def test_words_are_few() -> None:
    """The known ones, ten others of the form of ours, and one for all that come after."""
    known = words.codes()
    made = [f"made_up_{'abcdefghijklmnopqrstuvwxyz'[at % 26]}{'x' * at}" for at in range(100)]
    assert {known(each) for each in made} == {*made[:10], "_OTHER"}
    assert [known(each) for each in ("expired", "proof_replayed", made[3])] == [
        "expired",
        "proof_replayed",
        made[3],
    ]
    for strange in (None, 7, "", "A", "a b", "a\n", "\ud800", "x" * 65, ["expired"]):
        assert known(strange) == "_OTHER"

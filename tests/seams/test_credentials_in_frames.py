"""Stolen from a traceback: no frame, log record, exception, repr or pickle of the core's holds a credential."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import pickle
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import pytest

from jwks_auth import Issuer, KeySet, PyJWKClient, TokenVerifier, verify_jws
from jwks_auth.adapters import Authenticator, Credentials, Memo, RawToken, Requirement
from jwks_auth.errors import AuthError, InvalidTokenError, KeySourceError
from jwks_auth.jose.jws import parse_jws
from jwks_auth.testing import FakeIssuer
from jwks_auth.verifier.tenants import Tenants
from tests.attacks.attack import Attack
from tests.attacks.forge import AUDIENCE, ISSUER, token
from tests.attacks.table import ATTACKS
from tests.seams.captured import leaks, stack, trace

Call = Callable[[], Any]


class Interrupt(BaseException):
    """What a signal handler or a timeout raises, wherever the program is."""


@lru_cache
def verifier(keys: str, *others: str) -> TokenVerifier:
    """A verifier of the forged issuer's tokens; with *others*, claims are read before the signature."""
    return TokenVerifier([Issuer(name, jwks=json.loads(keys)) for name in (*others, ISSUER)], AUDIENCE)


def raised(call: Call) -> BaseException:
    """What *call* raises."""
    try:
        call()
    except BaseException as error:  # noqa: BLE001 - interruptions too
        return error
    raise AssertionError("nothing was raised")


def run(coroutine: Any) -> Any:
    """The result of a coroutine that has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waits")


class Seen:
    """A hook that keeps what a report would hold in the moment that it is called."""

    def __init__(self, *, answer: Any = None, failure: BaseException | None = None) -> None:
        self.answer, self.failure, self.told = answer, failure, ""

    def __call__(self, *args: Any) -> Any:
        """Look at the stack, and at the error if it gets one; then answer or fail."""
        self.told += stack() + "".join(trace(each) for each in args if isinstance(each, BaseException))
        self.told += repr(args)
        if self.failure is not None:
            raise self.failure
        return self.answer


def test_the_detector_sees_a_token_in_a_frame() -> None:
    """Control: a frame that is no test's and holds a token, or an error that does, is found."""
    raw = token()
    error = raised(lambda: json.loads(raw))
    assert leaks(trace(error), raw)
    assert leaks(f"x = {raw[:60]!r}", raw)
    assert leaks(repr(raw.encode()), raw)
    assert not leaks(trace(ValueError("a")), raw)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_a_refused_token_is_in_no_frame(attack: Attack, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is wrong with a token, its refusal shows none of it, whoever prints the locals of its frames."""
    caplog.set_level(logging.DEBUG)
    forged, keys = attack.forged(), json.dumps(attack.keys)
    for others in ((), ("https://else.example/",)):
        for call in refusing_calls(verifier(keys, *others), attack, forged):
            try:
                call()
            except (AuthError, KeySourceError) as error:
                found = leaks(trace(error), forged, public=keys)
                assert not found, (call, found)
    assert not leaks(caplog.text, forged, public=keys)
    assert not leaks(repr([vars(record) for record in caplog.records]), forged)


def refusing_calls(judge: TokenVerifier, attack: Attack, forged: Any) -> Iterator[Call]:
    """Every face of the core that takes a raw token."""
    yield lambda: judge.verify(forged)
    yield lambda: run(judge.averify(forged))
    yield lambda: judge.verify_any_audience(forged)
    yield lambda: verify_jws(forged, KeySet.from_dict(attack.keys))
    yield lambda: verify_jws(forged, KeySet.from_dict({"keys": []}))
    client = HandedOver("https://id.example/keys", attack.keys)
    yield lambda: client.get_signing_key_from_jwt(forged)
    yield lambda: asyncio.run(client.aget_signing_key_from_jwt(forged))
    for value in (f"Bearer {forged}", f"Basic {forged}", f"{forged}", f"Bearer {forged}, Bearer {forged}"):
        yield lambda value=value: authenticator(judge).authenticate(Credentials([value]))  # type: ignore[misc]
        yield lambda value=value: run(authenticator(judge).aauthenticate(Credentials([value])))  # type: ignore[misc]


def authenticator(judge: TokenVerifier, **hooks: Any) -> Authenticator:
    """An authenticator that asks *judge*."""
    made = Authenticator({"ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "JWKS": token_keys()}, **hooks)
    made.verifier = judge
    return made


@lru_cache
def token_keys() -> dict[str, Any]:
    """A key set that settings accept; it is not asked."""
    return FakeIssuer(ISSUER).jwks()


class HandedOver(PyJWKClient):
    """A client whose keys need no network."""

    def __init__(self, uri: str, document: dict[str, Any]) -> None:
        super().__init__(uri)
        self.document = document

    def fetch_data(self) -> Any:
        """The document."""
        return self.document


@pytest.mark.parametrize("attack", ATTACKS[::5], ids=lambda attack: attack.name)
def test_on_rejected_is_shown_no_token(attack: Attack) -> None:
    """``capture_exception(error)`` in ``on_rejected`` sees the stack and the error: neither has the token."""
    forged, hook = attack.forged(), Seen()
    judge = authenticator(verifier(json.dumps(attack.keys)), on_rejected=hook)
    for authenticate in (judge.authenticate, lambda *args: run(judge.aauthenticate(*args))):
        for sent in ([f"Bearer {forged}"], [f"Bearer {forged}"] * 2):
            try:
                authenticate(Credentials(sent, f"access_token={forged}"))
            except AuthError:
                assert hook.told
    assert not leaks(hook.told, forged, public=json.dumps(attack.keys))


FAILURES = [RuntimeError("boom"), InvalidTokenError("revoked"), KeyboardInterrupt(), asyncio.CancelledError()]


@pytest.fixture
def issuer() -> FakeIssuer:
    """A provider in this process."""
    return FakeIssuer()


def hooked(issuer: FakeIssuer, place: str, hook: Seen) -> Authenticator:
    """An authenticator whose callback at *place* is *hook*."""
    settings: dict[str, Any] = issuer.settings(audience="api")

    async def awaited(*args: Any) -> Any:
        return hook(*args)

    if place == "tenants" or place == "async tenants":
        find = hook if place == "tenants" else awaited
        settings = {"AUDIENCE": "api", "TENANTS": Tenants(find, hosts=["issuer.example"])}  # type: ignore[arg-type]
    elif place in ("on_verified", "on_rejected", "on_event"):
        return Authenticator(settings, **{place: hook})
    elif place in ("fetch_data", "match_kid"):
        override = {"fetch_data": lambda self: hook()} if place == "fetch_data" else {
            "fetch_data": lambda self: issuer.jwks(), "match_kid": staticmethod(hook)}  # fmt: skip
        client = type("Client", (PyJWKClient,), override)("https://issuer.example/keys")
        made = Authenticator(settings)
        made.verifier = TokenVerifier(Issuer(issuer.issuer, client=client), "api")
        return made
    else:
        values = {"validators": ("VALIDATORS", [hook]), "is_revoked": ("IS_REVOKED", hook),
                  "async is_revoked": ("IS_REVOKED", awaited), "jwks": ("JWKS", hook)}  # fmt: skip
        name, value = values[place]
        settings[name] = value
    return Authenticator(settings)


PLACES = ["validators", "is_revoked", "async is_revoked", "jwks", "tenants", "async tenants", "on_verified",
          "fetch_data", "match_kid"]  # fmt: skip
# fetch_data runs in a thread, where nobody interrupts it.
FAILING = [(place, failure) for place in PLACES for failure in FAILURES
           if place != "fetch_data" or isinstance(failure, Exception)]  # fmt: skip


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(
    ("place", "failure"), FAILING, ids=lambda each: each if isinstance(each, str) else type(each).__name__
)
def test_a_failing_callback_is_shown_no_token(
    place: str, failure: BaseException, issuer: FakeIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    """A callback that fails, refuses or is interrupted: neither it, nor ``on_rejected``, nor the log gets the token."""
    caplog.set_level(logging.DEBUG)
    for face in ("authenticate", "aauthenticate"):
        hook = Seen(failure=failure)
        judge = hooked(issuer, place, hook)
        raw = issuer.token(aud="api")
        told = Seen()
        judge._on_rejected = told

        def call(judge: Authenticator = judge, raw: str = raw, face: str = face) -> Any:
            answer = getattr(judge, face)(Credentials([f"Bearer {raw}"]))
            return asyncio.run(answer) if face.startswith("a") and face != "authenticate" else answer

        error = raised(call)
        assert hook.told
        for text in (hook.told, told.told, trace(error), caplog.text):
            assert not leaks(text, raw)
        for record in caplog.records:
            if record.exc_info and record.exc_info[1]:
                assert not leaks(trace(record.exc_info[1]), raw)


def test_hooks_that_fail_are_shown_no_token(issuer: FakeIssuer, caplog: pytest.LogCaptureFixture) -> None:
    """``on_event`` and ``on_rejected``: both are logged, and change nothing for the caller."""
    caplog.set_level(logging.DEBUG)
    event, rejected = Seen(failure=RuntimeError("event")), Seen(failure=RuntimeError("rejected"))

    class Down(PyJWKClient):
        def fetch_data(self) -> Any:
            raise KeySourceError("down")

    raw = issuer.token(aud="api")
    judge = Authenticator(issuer.settings(audience="api"), on_rejected=rejected)
    judge.verifier = TokenVerifier(
        Issuer(issuer.issuer, client=Down("https://a.example/", on_event=event)), "api"
    )
    for call in (
        lambda: judge.authenticate(Credentials([f"Bearer {raw}"])),
        lambda: asyncio.run(judge.aauthenticate(Credentials([f"Bearer {raw}"]))),
    ):
        error = raised(call)
        assert isinstance(error, KeySourceError)
        assert event.told
        logged = [str(r.exc_info[1]) for r in caplog.records if r.exc_info]
        assert {"event", "rejected"} <= set(logged)
        traces = [trace(r.exc_info[1]) for r in caplog.records if r.exc_info and r.exc_info[1]]
        for text in (trace(error), event.told, rejected.told, caplog.text, *traces):
            assert not leaks(text, raw)


def test_the_frames_of_a_failing_callback_are_kept(issuer: FakeIssuer) -> None:
    """Control: developers still see where their own code failed."""

    def broken(token: Any, now: float) -> None:
        {}["missing"]

    judge = Authenticator({**issuer.settings(audience="api"), "VALIDATORS": [broken]})
    error = raised(lambda: judge.authenticate(Credentials([issuer.headers(aud="api")["Authorization"]])))
    assert isinstance(error.__cause__, KeyError)
    frames = []
    trail = error.__cause__.__traceback__
    while trail is not None:
        frames.append(trail.tb_frame.f_code.co_name)
        trail = trail.tb_next
    assert frames[-1] == "broken"


def interrupted_everywhere(call: Call) -> Iterator[BaseException]:
    """What *call* raises if it is interrupted at each line and at the entry of each function of ours, one by one."""
    for at in range(10_000):
        left = at

        def tracer(frame: Any, event: str, arg: Any) -> Any:
            nonlocal left
            if "jwks_auth/" not in frame.f_code.co_filename or event not in ("call", "line"):
                return tracer
            left -= 1
            if left < 0:
                raise Interrupt
            return tracer

        before = sys.gettrace()
        sys.settrace(tracer)
        try:
            call()
        except Interrupt as error:
            sys.settrace(before)
            yield error
        else:
            return
        finally:
            sys.settrace(before)
    raise AssertionError("endless")


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
@pytest.mark.parametrize("order", ["signature first", "claims first"])
def test_an_interruption_anywhere_shows_no_token(alg: str, order: str) -> None:
    """SIGTERM, a worker's timeout or Ctrl-C may strike between any two lines: what it unwinds holds no token."""
    raw = token(alg=alg, head={"alg": alg, "kid": alg, "typ": "at+jwt"})
    others = () if order == "signature first" else ("https://else.example/",)
    judge = authenticator(verifier(json.dumps(ATTACKS[0].keys), *others))
    credentials = Credentials([f"Bearer {raw}"])
    assert judge.authenticate(credentials)
    for call in (lambda: judge.authenticate(credentials), lambda: run(judge.aauthenticate(credentials))):
        count = 0
        for error in interrupted_everywhere(call):
            count += 1
            assert not leaks(trace(error), raw)
        assert count > 50


def test_what_holds_a_credential_is_never_pickled_and_copied_as_itself(issuer: FakeIssuer) -> None:
    """A queue, a cache or a copy of a request takes no token along."""
    raw = issuer.token()
    memo = Memo()
    memo.keep(RawToken(raw), TokenVerifier(Issuer(issuer.issuer, jwks=issuer.jwks()), "api").verify(raw))
    for holder in (RawToken(raw), Credentials([f"Bearer {raw}"]), parse_jws(raw), memo):
        assert copy.copy(holder) is holder or holder is memo
        assert copy.deepcopy(holder) is holder if holder is not memo else True
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(
                TypeError, match=r"never pickled|cannot pickle|a class that defines __slots__"
            ):
                pickle.dumps(holder, protocol)
        assert not leaks(repr(holder) + str(holder) + f"{holder}", raw)
        assert not isinstance(holder, str | bytes | tuple | list | dict)
        with pytest.raises(TypeError):
            iter(holder)  # type: ignore[call-overload]


def test_concealed_tokens_are_equal_as_their_texts_are(issuer: FakeIssuer) -> None:
    """The memo compares them."""
    raw = issuer.token()
    assert RawToken(raw) == RawToken(str(raw))
    assert len({RawToken(raw), RawToken(raw), RawToken("a")}) == 2
    assert RawToken(raw) != raw
    assert RawToken.of(RawToken(raw)) == RawToken(raw)


def test_one_request_is_verified_once(issuer: FakeIssuer) -> None:
    """Control: a memo that conceals the token still knows it."""
    seen: list[Any] = []
    judge = Authenticator(issuer.settings(audience="api"), on_verified=seen.append)
    environ = {"HTTP_AUTHORIZATION": issuer.headers(aud="api")["Authorization"]}
    first = judge.authenticate(Credentials.from_wsgi(environ), Requirement())
    assert judge.authenticate(Credentials.from_wsgi(environ), Requirement()) is first
    environ["HTTP_AUTHORIZATION"] = issuer.headers(aud="api", sub="other")["Authorization"]
    assert judge.authenticate(Credentials.from_wsgi(environ), Requirement()) is not first
    assert len(seen) == 2


def test_a_key_that_fails_to_verify_leaves_no_frame() -> None:
    """An interruption while the signature is verified shows neither the signature nor what was signed."""
    raw = FakeIssuer().token(sub="u1")
    unverified = parse_jws(raw)

    def interrupted(alg: str, signature: bytes, signing_input: bytes) -> bool:
        raise Interrupt

    error = raised(lambda: unverified.is_signed(interrupted))
    assert isinstance(error, Interrupt)
    assert leaks(trace(error), raw) == []

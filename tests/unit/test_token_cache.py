"""The cache of verified tokens: one verdict, whether a token is in it or not."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from jwks_auth import (
    ConfigurationError,
    InvalidTokenError,
    Issuer,
    KeySet,
    Tenants,
    TokenVerifier,
    VerifiedToken,
)
from jwks_auth.testing import FakeIssuer
from jwks_auth.verifier import token_cache
from tests.attacks.attack import Attack
from tests.attacks.forge import AUDIENCE, ISSUER
from tests.attacks.table import ATTACKS

API = "api"


class Service:
    """A verifier with a cache, its issuer, and how many signatures it has checked."""

    def __init__(self, **options: Any) -> None:
        self.now = 1_700_000_000.0
        self.issuer = FakeIssuer("https://issuer.example/", clock=lambda: self.now)
        self.document: Any = self.issuer.jwks()
        self.lookups = 0
        self.verifier = TokenVerifier(
            Issuer(self.issuer.issuer, jwks=self.keys),
            **{
                "audience": API,
                "token_cache": 64,
                "clock": lambda: self.now,
                "allow_fake_issuer": True,
                **options,
            },
        )

    def keys(self) -> Any:
        """What the program supplies."""
        self.lookups += 1
        return self.document

    def token(self, **claims: Any) -> str:
        """A good one."""
        return self.issuer.token(**{"aud": API, **claims})

    @property
    def hits(self) -> int:
        """How many tokens were not verified again."""
        hits: int = cache_of(self.verifier).hits
        return hits


def cache_of(verifier: TokenVerifier) -> Any:
    """Its health."""
    return verifier.health().token_cache


def used(verifier: TokenVerifier, token: str, times: int = 3) -> VerifiedToken:
    """The token, after it was verified so often."""
    for _ in range(times - 1):
        verifier.verify(token)
    return verifier.verify(token)


def code_of(verify: Callable[[], object]) -> str:
    """Why the token is refused."""
    with pytest.raises(InvalidTokenError) as caught:
        verify()
    return caught.value.code


def test_it_is_off_unless_it_is_asked_for() -> None:
    """A verifier without the option remembers nothing."""
    issuer = FakeIssuer()
    assert TokenVerifier(Issuer(issuer.issuer, jwks=issuer.jwks()), API).health().token_cache is None


def test_a_token_is_remembered_from_its_second_use_on() -> None:
    """The first use leaves a digest, the second an entry, the third finds it."""
    service = Service()
    token, found = service.token(sub="u1"), []
    for _ in range(4):
        assert service.verifier.verify(token).subject == "u1"
        found.append((cache_of(service.verifier).entries, service.hits))
    assert found == [(0, 0), (1, 0), (1, 1), (1, 2)]
    assert cache_of(service.verifier).misses == 2
    assert cache_of(service.verifier).octets == len(token)


async def test_both_ways_share_it() -> None:
    """What a thread has verified an event loop need not verify again."""
    service = Service()
    token = service.token()
    used(service.verifier, token, 2)
    assert (await service.verifier.averify(token)).subject
    assert service.hits == 1


def test_a_flood_of_tokens_used_once_evicts_nothing() -> None:
    """Good tokens that nobody uses again take no place."""
    service = Service(token_cache=8)
    token = service.token()
    used(service.verifier, token, 2)
    for _ in range(100):
        service.verifier.verify(service.token())
    before = service.hits
    service.verifier.verify(token)
    assert service.hits == before + 1
    assert cache_of(service.verifier).entries == 1


def test_entries_are_bounded() -> None:
    """Whatever clients use twice."""
    service = Service(token_cache=8)
    for _ in range(50):
        used(service.verifier, service.token(), 2)
        assert cache_of(service.verifier).entries <= 8
    assert cache_of(service.verifier).octets <= 8 * 4096


def test_octets_are_bounded() -> None:
    """Long tokens take the place of several."""
    service = Service(token_cache=64)
    for number in range(64):
        used(service.verifier, service.token(pad="x" * 2400, number=number), 2)
        assert cache_of(service.verifier).octets <= 64 * 2048 + 4096
    assert 0 < cache_of(service.verifier).entries < 64


def test_a_long_token_is_not_remembered() -> None:
    """Its signature is a small part of its cost."""
    service = Service()
    used(service.verifier, service.token(pad="x" * 4096), 4)
    assert (service.hits, cache_of(service.verifier).entries) == (0, 0)


def test_what_is_used_outlives_a_generation() -> None:
    """An entry of the older half that is found again moves to the younger."""
    service = Service(token_cache=8)
    token = service.token()
    used(service.verifier, token, 2)
    for _ in range(20):
        used(service.verifier, service.token(), 2)
        service.verifier.verify(token)
    assert service.hits == 20


@pytest.mark.parametrize("entries", [-1, 1, 1.0, "64", True, 10_000_000])
def test_a_size_that_can_not_be_is_named(entries: Any) -> None:
    """At start-up."""
    issuer = FakeIssuer()
    with pytest.raises(ConfigurationError, match="token_cache"):
        TokenVerifier(Issuer(issuer.issuer, jwks=issuer.jwks()), API, token_cache=entries)


# --- the published bypasses of other caches


def test_a_withdrawn_key_takes_its_tokens_with_it() -> None:
    """At once, as without a cache."""
    service = Service()
    token = service.token()
    used(service.verifier, token)
    kid = service.document["keys"][0]["kid"]
    service.issuer.rotate()
    service.issuer.withdraw(kid)
    service.document = service.issuer.jwks()
    assert code_of(lambda: service.verifier.verify(token)) == "unknown_key"
    assert service.verifier.verify(service.token()).subject


def test_another_key_under_the_same_kid_is_another_key() -> None:
    """An entry is bound to the key, not to its name."""
    service = Service()
    token = service.token()
    used(service.verifier, token)
    mallory = FakeIssuer("https://mallory.example/")
    kid = service.document["keys"][0]["kid"]
    service.document = {"keys": [{**mallory.jwks()["keys"][0], "kid": kid}]}
    assert code_of(lambda: service.verifier.verify(token)) == "bad_signature"


def test_a_refresh_that_brings_the_same_key_keeps_its_tokens() -> None:
    """The control: an equal key is another object after a refresh."""
    service = Service()
    token = service.token()
    used(service.verifier, token, 2)
    service.document = json.loads(json.dumps({**service.document, "more": 1}))
    used(service.verifier, token, 2)
    assert service.hits == 2


def test_it_expires_on_time() -> None:
    """And in the words of a token that was never seen."""
    service = Service(leeway=0)
    token = service.token(exp=service.now + 10)
    used(service.verifier, token)
    service.now += 10
    assert code_of(lambda: service.verifier.verify(token)) == "expired"


def test_max_age_counts_on_every_request() -> None:
    """It is no property of the signature."""
    service = Service(leeway=0, max_age=60)
    token = service.token(exp=service.now + 3600)
    used(service.verifier, token)
    service.now += 61
    assert code_of(lambda: service.verifier.verify(token)) == "too_old"


@pytest.mark.parametrize("leeway", [0, 0.1, 30])
@pytest.mark.parametrize("max_age", [None, 150])
@pytest.mark.parametrize("not_before", [None, 0, 100.1])
def test_on_every_edge_of_a_token_s_time_the_verdict_is_that_without_a_cache(
    leeway: float, max_age: float | None, not_before: float | None
) -> None:
    """Attack: a time at which sums and differences round to different sides."""
    service = Service(leeway=leeway, max_age=max_age)
    begin = service.now
    times = {"iat": begin, "exp": begin + 200.3, "nbf": None if not_before is None else begin + not_before}
    token = service.token(**times)
    twin = TokenVerifier(
        Issuer(service.issuer.issuer, jwks=service.keys),
        API,
        leeway=leeway,
        max_age=max_age,
        clock=lambda: service.now,
        allow_fake_issuer=True,
    )
    edges = [*filter(None, times.values()), begin + (max_age or 0)]
    service.now = begin + (not_before or 0)
    used(service.verifier, token)
    for edge in edges:
        for side in (-leeway, 0, leeway):
            for near in (-1.5, -1, -1e-6, -3e-7, 0, 3e-7, 1e-6, 1, 1.5):
                service.now = edge + side + near
                assert _verdict(service.verifier, token) == _verdict(twin, token)
    assert service.hits


def _verdict(verifier: TokenVerifier, token: str) -> str:
    try:
        verifier.verify(token)
    except InvalidTokenError as error:
        return error.code
    return "accepted"


def test_the_audience_of_each_call_counts() -> None:
    """A hit on one route opens no other."""
    service = Service(audience=[API, "other"])
    token = service.token()
    used(service.verifier, token)
    assert code_of(lambda: service.verifier.verify(token, audience="other")) == "wrong_audience"
    assert service.hits == 2


def test_validators_and_revocation_are_asked_each_time() -> None:
    """A hit skips neither."""
    asked: list[str] = []
    revoked: set[str | None] = set()

    def validator(token: VerifiedToken, now: float) -> None:
        asked.append("validator")

    def is_revoked(token: VerifiedToken) -> bool:
        asked.append("is_revoked")
        return token.subject in revoked

    service = Service(validators=[validator], is_revoked=is_revoked)
    token = service.token(sub="u1")
    used(service.verifier, token)
    assert asked == ["validator", "is_revoked"] * 3
    revoked.add("u1")
    assert code_of(lambda: service.verifier.verify(token)) == "revoked"


def test_two_verifiers_share_nothing() -> None:
    """Their options are not part of any key, because neither sees the other's entries."""
    service = Service()
    strict = TokenVerifier(
        Issuer(service.issuer.issuer, jwks=service.keys),
        API,
        profile="rfc9068",
        token_cache=64,
        required_claims=["tier"],
        clock=lambda: service.now,
    )
    token = service.token()
    used(service.verifier, token)
    assert code_of(lambda: strict.verify(token)) == "missing_claim"


@pytest.mark.parametrize("change", ["signature", "payload", "header", "longer", "shorter"])
def test_a_token_that_differs_in_one_character_is_another(change: str) -> None:
    """The whole token is digested."""
    service = Service()
    token = service.token()
    used(service.verifier, token)
    header, payload, signature = token.split(".")
    flipped = {
        "signature": f"{header}.{payload}.{_flipped(signature)}",
        "payload": f"{header}.{_flipped(payload)}.{signature}",
        "header": f"{_flipped(header)}.{payload}.{signature}",
        "longer": token + "A",
        "shorter": token[:-1],
    }[change]
    assert code_of(lambda: service.verifier.verify(flipped))
    assert service.hits == 1


def _flipped(text: str) -> str:
    middle = len(text) // 2
    return text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]


@pytest.mark.parametrize("raw", [None, b"a.b.c", 1, "", "a.b.c", "é.b.c", "x" * 5000])
def test_what_is_no_token_is_refused_as_ever(raw: Any) -> None:
    """The digest comes first, and takes anything."""
    service = Service()
    for _ in range(3):
        assert code_of(lambda: service.verifier.verify(raw)) in {"malformed", "too_large"}
    assert cache_of(service.verifier).entries == 0


def test_a_bound_token_is_refused_on_a_hit_too() -> None:
    """Its proof is no part of the signature."""
    service = Service()
    token = service.token(cnf={"jkt": "x"})
    for _ in range(4):
        assert service.verifier.verify_any_audience(token).confirmation == {"jkt": "x"}
        assert code_of(lambda: service.verifier.verify(token)) == "bound_token"


# --- a request's own claims


READS: dict[str, Callable[[VerifiedToken], Any]] = {
    "claims": lambda token: token.claims["groups"],
    "payload": lambda token: token.payload["groups"],
    "get": lambda token: token.get("groups"),
    "item": lambda token: token["groups"],
    "peek": lambda token: token.peek("sub", "groups")[1],
    "model": lambda token: token.with_claims(1).payload["groups"],
}


@pytest.mark.parametrize("read", READS)
def test_what_one_request_changes_no_other_sees(read: str) -> None:
    """Neither the one that brought the token in, nor one that found it."""
    service = Service()
    token = service.token(groups=["a", {"b": ["c"]}])
    for _ in range(5):
        groups = READS[read](service.verifier.verify(token))
        assert groups == ["a", {"b": ["c"]}]
        groups[1]["b"].append("admin")
        groups.append("admin")
    assert service.hits == 3


def test_nested_places_are_a_request_s_own_too() -> None:
    """An authentication context and a confirmation may be objects."""
    service = Service()
    token = service.token(cnf={"jkt": "x"}, acr={"level": ["1"]})
    for _ in range(4):
        found = service.verifier.verify_any_audience(token)
        assert found.confirmation == {"jkt": "x"}
        assert found.acr == {"level": ["1"]}
        found.acr["level"].append("2")
        dict.update(found.confirmation, jkt="y")


def test_reading_twice_reads_one_copy() -> None:
    """A view that changes its token's claims finds them changed, as without a cache."""
    service = Service()
    found = used(service.verifier, service.token(groups=["a"]))
    assert found.claims is found.payload
    found.claims["groups"].append("b")
    assert found["groups"] == ["a", "b"]


# --- several issuers, tenants, forks


def test_a_tenant_that_is_forgotten_is_asked_about_again() -> None:
    """An entry of its tokens counts no longer."""
    fake = FakeIssuer("https://tenant.example/a")
    known = {fake.issuer: Issuer(fake.issuer, jwks=fake.jwks())}
    tenants = Tenants(known.get, hosts=["tenant.example"])
    verifier = TokenVerifier([], API, tenants=tenants, token_cache=8)
    token = fake.token(aud=API)
    used(verifier, token)
    assert cache_of(verifier).hits == 1
    known.clear()
    used(verifier, token)
    verifier.forget_tenant(fake.issuer)
    assert code_of(lambda: verifier.verify(token)) == "wrong_issuer"


def test_several_issuers_have_one_cache() -> None:
    """A token counts for the issuer that signed it."""
    one, other = FakeIssuer("https://one.example/"), FakeIssuer("https://other.example/")
    verifier = TokenVerifier(
        [Issuer(each.issuer, jwks=each.jwks()) for each in (one, other)], API, token_cache=8
    )
    for fake in (one, other):
        assert used(verifier, fake.token(aud=API)).issuer == fake.issuer
    assert cache_of(verifier).hits == 2
    assert set(verifier.health().issuers) == {one.issuer, other.issuer}


def test_a_token_without_a_kid_is_verified_again_after_a_refresh() -> None:
    """Several keys may answer for it, and an entry is bound to one."""
    service = Service()
    service.issuer.rotate()
    service.document = service.issuer.jwks()
    token = service.token(header={"kid": None})
    used(service.verifier, token)
    assert service.hits == 1
    service.document = json.loads(json.dumps({**service.document, "more": 1}))
    assert service.verifier.verify(token).subject
    assert service.hits == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_whose_parent_held_the_lock_still_remembers() -> None:
    """The thread that held it is not in the child."""
    service = Service()
    token = service.token()
    with held(service.verifier):
        child = os.fork()
        if child == 0:
            used(service.verifier, token)
            os._exit(0 if service.hits == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_child_has_a_lock_of_its_own() -> None:
    """As :mod:`os` asks for it after a fork: the lock that is held there is another."""
    service = Service()
    with held(service.verifier):
        token_cache._after_fork_in_child()
        used(service.verifier, service.token())
    assert service.hits == 1


@contextmanager
def held(verifier: TokenVerifier) -> Iterator[None]:
    """The cache's lock."""
    assert verifier._cache is not None
    with verifier._cache._lock:
        yield


def test_no_writer_waits() -> None:
    """While another thread writes, a token is verified as if it were new."""
    service = Service()
    token = service.token()
    with held(service.verifier):
        used(service.verifier, token, 4)
    assert (service.hits, cache_of(service.verifier).entries) == (0, 0)


# --- every attack, three times


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_no_verdict_differs_from_the_first(attack: Attack) -> None:
    """Each token is sent three times to a verifier that remembers."""
    verifier = TokenVerifier(
        Issuer(ISSUER, jwks=KeySet.from_dict(json.loads(json.dumps(attack.keys)))), AUDIENCE, token_cache=8
    )
    forged = attack.forged()
    verdicts = [_verdict(verifier, forged) for _ in range(3)]
    verdicts += [asyncio.run(_averdict(verifier, forged)) for _ in range(2)]
    assert verdicts == [attack.code] * 5


def _verdict(verifier: TokenVerifier, token: Any) -> str | None:
    try:
        verifier.verify(token)
    except InvalidTokenError as error:
        return error.code
    return None


async def _averdict(verifier: TokenVerifier, token: Any) -> str | None:
    try:
        await verifier.averify(token)
    except InvalidTokenError as error:
        return error.code
    return None

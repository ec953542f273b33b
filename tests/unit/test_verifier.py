"""The verifier's rules beyond single tokens: settings, issuers, callbacks, and what never causes a fetch."""

from __future__ import annotations

import inspect
import json
import time
from typing import Any

import pytest

from jwks_auth import (
    ANY_AUDIENCE,
    AuthError,
    ConfigurationError,
    Issuer,
    KeySet,
    KeySourceError,
    Policy,
    TokenVerifier,
    VerifiedToken,
)
from jwks_auth.jose.jwk import VerificationKey
from jwks_auth.keys.provider import other_than
from jwks_auth.testing import FakeIssuer
from tests.attacks import forge

NOW = 1_800_000_000.0


class ReluctantKeys:
    """A key provider with nothing at hand, which counts how often somebody waits for it."""

    def __init__(self, key_set: KeySet) -> None:
        self.key_set = key_set
        self.waits = 0

    def find(self, kid: str | None, alg: str) -> VerificationKey | None:
        """Nothing yet."""
        return None

    def resolve(self, kid: str | None, alg: str, *, tried: VerificationKey | None = None) -> VerificationKey:
        """Fetched."""
        self.waits += 1
        return other_than(tried, self.key_set.select(kid, alg))

    async def aresolve(
        self, kid: str | None, alg: str, *, tried: VerificationKey | None = None
    ) -> VerificationKey:
        """Fetched."""
        return self.resolve(kid, alg, tried=tried)


@pytest.fixture
def fake() -> FakeIssuer:
    """An issuer of test tokens, whose time stands still."""
    return FakeIssuer("https://id.example/", clock=lambda: NOW)


def verifier_of(fake: FakeIssuer, audience: Any = "api", **options: Any) -> TokenVerifier:
    """A verifier of the fake's tokens, in the fake's time."""
    return TokenVerifier(Issuer(fake.issuer, jwks=fake.jwks), audience, **{"clock": lambda: NOW, **options})


async def code_of(verifier: TokenVerifier, raw: str, **options: Any) -> str | None:
    """The code of the refusal, the same for sync and async; ``None`` when the token is accepted."""
    codes: list[str | None] = []
    for outcome in (lambda: verifier.verify(raw, **options), lambda: verifier.averify(raw, **options)):
        try:
            answer: Any = outcome()  # type: ignore[no-untyped-call]
            if inspect.isawaitable(answer):
                await answer
            codes.append(None)
        except (AuthError, KeySourceError) as exc:
            codes.append(exc.code)
    assert codes[0] == codes[1]
    return codes[0]


# Configuration


@pytest.mark.parametrize(
    "options",
    [
        {"leeway": -1},
        {"leeway": float("inf")},
        {"leeway": float("nan")},
        {"leeway": True},
        {"max_age": -1},
        {"profile": "strict"},
        {"algorithms": ["HS256"]},
        {"algorithms": []},
        {"required_claims": [""]},
        {"allowed_clients": [1]},
        {"audience": []},
    ],
)
def test_wrong_settings_are_found_at_construction(fake: FakeIssuer, options: dict[str, Any]) -> None:
    """Never by a request."""
    with pytest.raises(ConfigurationError):
        verifier_of(fake, **options)


def test_issuers_are_one_or_several_but_none_twice(fake: FakeIssuer) -> None:
    """A URL stands for an issuer with nothing of its own."""
    verifier = TokenVerifier(["https://a.example/", Issuer(fake.issuer, jwks=fake.jwks)], "api")
    assert [issuer.issuer for issuer in verifier.issuers] == ["https://a.example/", "https://id.example/"]
    assert TokenVerifier("https://a.example/", "api").issuers[0].client is not None
    with pytest.raises(ConfigurationError, match="twice"):
        TokenVerifier(["https://a.example/", "https://a.example/"], "api")
    with pytest.raises(ConfigurationError, match="empty"):
        TokenVerifier([], "api")


# Claims


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": NOW - 29}, None),
        ({"exp": NOW - 30}, "expired"),
        ({"nbf": NOW + 30}, None),
        ({"nbf": NOW + 31}, "not_yet_valid"),
        ({"iat": NOW + 30}, None),
        ({"iat": NOW + 31}, "not_yet_valid"),
    ],
)
async def test_9068_5_leeway_is_applied_once_on_each_side(
    fake: FakeIssuer, claims: Any, code: str | None
) -> None:
    """Thirty seconds by default, to the second."""
    assert await code_of(verifier_of(fake), fake.token(**claims)) == code


async def test_max_age_counts_from_iat(fake: FakeIssuer) -> None:
    """With the leeway; a token that does not say when it was issued is refused."""
    verifier = verifier_of(fake, max_age=600)
    assert await code_of(verifier, fake.token(iat=NOW - 630)) is None
    assert await code_of(verifier, fake.token(iat=NOW - 631)) == "too_old"
    assert await code_of(verifier_of(fake, max_age=0), fake.token(iat=NOW - 31)) == "too_old"
    without = forge.token(payload=forge.claims(iat=...))
    aged = TokenVerifier(Issuer(forge.ISSUER, jwks=forge.KEY_SET), forge.AUDIENCE, max_age=600)
    assert await code_of(aged, without) == "missing_claim"


@pytest.mark.parametrize("claim", ["aud", "sub", "client_id", "iat", "jti", "iss", "exp"])
async def test_9068_7_the_strict_profile_requires_its_claims(claim: str) -> None:
    """Each alone is missed; with all of them the token is accepted."""
    issuer = Issuer(forge.ISSUER, jwks=forge.KEY_SET)
    strict = TokenVerifier(issuer, ANY_AUDIENCE, profile="rfc9068")
    full = {"client_id": "c"}
    assert await code_of(strict, forge.token(payload=forge.claims(**full))) is None
    assert await code_of(strict, forge.token(payload=forge.claims(**full, **{claim: ...}) if claim != "client_id"
                                             else forge.claims())) == "missing_claim"  # fmt: skip


@pytest.mark.parametrize(("typ", "code"), [("at+jwt", None), ("application/AT+JWT", None), ("JWT", "wrong_type"),
                                           (..., "wrong_type")])  # fmt: skip
async def test_9068_1_the_strict_profile_takes_access_tokens_only(typ: Any, code: str | None) -> None:
    """``JWT`` and no type are the default profile's concession to older issuers."""
    strict = TokenVerifier(Issuer(forge.ISSUER, jwks=forge.KEY_SET), forge.AUDIENCE, profile="rfc9068")
    raw = forge.token(forge.header(typ=typ), forge.claims(client_id="c"))
    assert await code_of(strict, raw) == code


async def test_required_claims_are_present(fake: FakeIssuer) -> None:
    """Beyond those of the profile; null is as good as nothing."""
    verifier = verifier_of(fake, required_claims=["tenant"])
    assert await code_of(verifier, fake.token(tenant="t")) is None
    assert await code_of(verifier, fake.token(tenant="")) is None
    assert await code_of(verifier, fake.token()) == "missing_claim"
    null = json.dumps({**fake.claims(), "tenant": None}).encode()
    assert await code_of(verifier, fake.sign(null, {"typ": "at+jwt"})) == "missing_claim"


async def test_an_empty_subject_is_an_absent_one(fake: FakeIssuer) -> None:
    """Where one is required, it is missing; elsewhere the token is good, and has none."""
    required = verifier_of(fake, required_claims=["sub"])
    assert await code_of(required, fake.token()) is None
    assert await code_of(required, fake.token(sub="")) == "missing_claim"
    assert verifier_of(fake).verify(fake.token(sub="")).subject is None


async def test_clients_can_be_listed(fake: FakeIssuer) -> None:
    """By ``client_id`` or ``azp``; a token that names no client is refused."""
    verifier = verifier_of(fake, allowed_clients="web")
    assert await code_of(verifier, fake.token(client_id="web")) is None
    assert await code_of(verifier, fake.token(client_id="evil")) == "wrong_client"
    anonymous = forge.token(payload=forge.claims())
    listed = TokenVerifier(Issuer(forge.ISSUER, jwks=forge.KEY_SET), forge.AUDIENCE, allowed_clients=["web"])
    assert await code_of(listed, anonymous) == "wrong_client"
    assert await code_of(listed, forge.token(payload=forge.claims(azp="web"))) is None


@pytest.mark.parametrize(("longest", "code"), [(None, "too_large"), (20_000, "too_large"), (40_000, None)])
async def test_the_length_of_tokens_is_a_setting(longest: int | None, code: str | None) -> None:
    """Keycloak's and Entra's reach 30 KiB; ``explain`` says how long it is, and what to set."""
    verifier = TokenVerifier(
        Issuer(forge.ISSUER, jwks=forge.KEY_SET), forge.AUDIENCE, max_token_length=longest or 16_384
    )
    raw = forge.token(payload=forge.claims(groups=["x" * 36] * 600))
    assert 30_000 < len(raw) < 40_000
    assert await code_of(verifier, raw) == code
    explanation = verifier.explain(raw)
    assert explanation.failed is None if code is None else explanation.failed is not None
    if code is not None:
        assert f"{len(raw)} characters: have the issuer" in (explanation.hint or "")
        assert f"set MAX_TOKEN_LENGTH above {longest or 16_384}" in (explanation.hint or "")


@pytest.mark.parametrize("longest", [0, -1, True, "16384", 1.5, 1_048_577])
def test_a_length_that_no_token_can_have_is_refused(longest: Any) -> None:
    """When the verifier is made."""
    with pytest.raises(ConfigurationError, match="max_token_length"):
        TokenVerifier("https://id.example/", "api", max_token_length=longest)


# Audience


async def test_9700_1_a_calls_audience_replaces_the_configured_one(fake: FakeIssuer) -> None:
    """One, several, or any; the verification itself stays good for every route."""
    verifier, raw = verifier_of(fake), fake.token(aud=["orders", "other"])
    assert await code_of(verifier, raw) == "wrong_audience"
    assert await code_of(verifier, raw, audience="orders") is None
    assert await code_of(verifier, raw, audience=["x", "orders"]) is None
    assert await code_of(verifier, raw, audience="order") == "wrong_audience"
    assert await code_of(verifier, raw, audience=ANY_AUDIENCE) is None
    token = verifier.verify_any_audience(raw)
    assert token.claims == (await verifier.averify_any_audience(raw)).claims
    verifier.admit(token, "orders")
    await verifier.aadmit(token, "orders")


def test_an_audience_that_nobody_says_is_a_mistake_of_configuration(fake: FakeIssuer) -> None:
    """Whatever the token; ANY_AUDIENCE has to be typed out, and then a token may have none."""
    silent = verifier_of(fake, None)
    with pytest.raises(ConfigurationError, match="ANY_AUDIENCE"):
        silent.verify(fake.token())
    assert silent.verify(fake.token(), audience="api").subject == "user"
    anything = TokenVerifier(Issuer(forge.ISSUER, jwks=forge.KEY_SET), ANY_AUDIENCE)
    assert anything.verify(forge.token(payload=forge.claims(aud=...))).audience == ()


# Keys


@pytest.mark.parametrize(
    ("head", "claims", "code"),
    [
        ({"alg": "none"}, {}, "algorithm_not_allowed"),
        ({"typ": "logout+jwt"}, {}, "wrong_type"),
        ({}, {"iss": "https://evil.example/"}, "wrong_issuer"),
        ({}, {"exp": 5}, "expired"),
        ({}, {"nbf": 1e10}, "not_yet_valid"),
        ({}, {"sub": 5}, "invalid_claim"),
        ({"crit": ["x"]}, {}, "critical_header"),
    ],
)
async def test_disc_5_what_is_refused_early_never_waits_for_keys(head: Any, claims: Any, code: str) -> None:
    """A token with a bad header or bad claims waits for no key; a good one does."""
    issuer = Issuer(forge.ISSUER, jwks=forge.KEY_SET)
    keys = ReluctantKeys(KeySet.from_dict(forge.KEY_SET))
    issuer.keys = keys
    verifier = TokenVerifier(issuer, forge.AUDIENCE)
    raw = forge.token(forge.header(**head), forge.claims(**claims))
    assert await code_of(verifier, raw) == code
    failed = verifier.explain(raw).failed
    assert failed is not None
    assert failed.code == code
    assert keys.waits == 0
    assert await code_of(verifier, forge.token()) is None
    assert keys.waits == 2


@pytest.mark.parametrize("payload", ["e30=", "e", "W10", "eyJpc3MiOjF9"])
async def test_of_one_issuer_nothing_unsigned_is_read(payload: str) -> None:
    """What is wrong with a payload is told only to those who could sign it."""
    verifier = TokenVerifier(Issuer(forge.ISSUER, jwks=forge.KEY_SET), forge.AUDIENCE)
    head = forge.segment(forge.header())
    assert await code_of(verifier, forge.assemble(head, payload, lambda data: bytes(256))) == "bad_signature"
    assert await code_of(verifier, forge.assemble(head, payload)) in ("malformed", "invalid_claim")


# Several issuers


@pytest.mark.parametrize(
    ("claims", "follows", "looks", "code"),
    [
        ({}, True, 1, None),
        ({}, False, 1, "bad_signature"),
        ({"exp": NOW - 60}, True, 0, "bad_signature"),
        ({"a": [["x"]] * 200}, True, 1, None),
        ({"a": [["x"]] * 200, "exp": NOW - 60}, False, 1, "bad_signature"),
    ],
    ids=["good", "forged", "expired", "wide", "wide and forged"],
)
async def test_keys_without_names_are_looked_for_once_more(
    claims: dict[str, Any], follows: bool, looks: int, code: str | None
) -> None:
    """A new one may have signed the token; not if the claims, where that is cheap to tell, are bad anyway."""
    one, new, other = (FakeIssuer("https://id.example/", clock=lambda: NOW) for _ in range(3))
    raw = new.token(aud="api", header={"kid": None}, **claims)
    for verifying in ("verify", "averify"):
        issuer = Issuer(one.issuer, jwks=one.jwks())
        issuer.keys = keys = FollowingKeys(unnamed(one), unnamed(new if follows else other))
        verifier = TokenVerifier(issuer, "api", clock=lambda: NOW, allow_fake_issuer=True)
        found: str | None = None
        try:
            done = getattr(verifier, verifying)(raw)
            if inspect.isawaitable(done):
                await done
        except AuthError as error:
            found = error.code
        assert (found, keys.waits) == (code, looks)


def unnamed(fake: FakeIssuer) -> KeySet:
    """Its keys, which have no kid."""
    keys = [{name: value for name, value in key.items() if name != "kid"} for key in fake.jwks()["keys"]]
    return KeySet.from_dict({"keys": keys})


class FollowingKeys(ReluctantKeys):
    """A key provider whose keys are replaced by *others* when it is asked for another key."""

    def __init__(self, key_set: KeySet, others: KeySet) -> None:
        super().__init__(key_set)
        self.others = others

    def find(self, kid: str | None, alg: str) -> VerificationKey | None:
        """What is at hand."""
        return self.key_set.select(kid, alg)

    def resolve(self, kid: str | None, alg: str, *, tried: VerificationKey | None = None) -> VerificationKey:
        """Fetched, again if a key was tried."""
        if tried is not None:
            self.key_set = self.others
        return super().resolve(kid, alg, tried=tried)


async def test_bcp_10_issuers_are_isolated() -> None:
    """The same kid under two issuers never mixes: each one's keys verify its own tokens only."""
    one, two = FakeIssuer("https://one.example/"), FakeIssuer("https://two.example/")
    kid = one.jwks()["keys"][0]["kid"]
    twin = {"keys": [{**two.jwks()["keys"][0], "kid": kid}]}
    verifier = TokenVerifier([Issuer(one.issuer, jwks=one.jwks), Issuer(two.issuer, jwks=twin)], "api")
    assert await code_of(verifier, one.token()) is None
    assert await code_of(verifier, one.token(iss=two.issuer)) == "bad_signature"
    assert await code_of(verifier, two.token(header={"kid": kid})) is None
    assert await code_of(verifier, two.token(iss=one.issuer, header={"kid": kid})) == "bad_signature"
    assert await code_of(verifier, one.token(iss="https://three.example/")) == "wrong_issuer"


async def test_bcp_3_each_issuer_has_its_own_rules() -> None:
    """Algorithms, audience and the names of claims."""
    one = FakeIssuer("https://one.example/", algorithms=("RS256", "ES256"))
    two = FakeIssuer("https://two.example/", algorithms=("RS256", "ES256"))
    first = Issuer(
        one.issuer, jwks=one.jwks, algorithms=["ES256"], audience="first", roles_claim="realm.roles"
    )
    verifier = TokenVerifier([first, Issuer(two.issuer, jwks=two.jwks)], "api")
    assert await code_of(verifier, one.token(alg="ES256", aud="first")) is None
    assert await code_of(verifier, one.token(alg="RS256", aud="first")) == "algorithm_not_allowed"
    assert await code_of(verifier, one.token(alg="ES256", aud="api")) == "wrong_audience"
    assert await code_of(verifier, two.token(alg="RS256", aud="api")) is None
    assert await code_of(verifier, two.token(aud="first")) == "wrong_audience"
    claims: dict[str, Any] = {"roles": ["plain"], "realm": {"roles": ["nested"]}}
    assert verifier.verify(one.token(alg="ES256", aud="first", **claims)).roles == {"nested"}
    assert verifier.verify(two.token(aud="api", **claims)).roles == {"plain"}
    assert verifier.mapping_of(one.issuer).roles[0].name == "realm.roles"


@pytest.mark.parametrize(
    ("shared", "own", "claims", "codes"),
    [
        ({}, {"allowed_clients": "web"}, {"client_id": "app"}, ("wrong_client", None)),
        ({"allowed_clients": ["app"]}, {"allowed_clients": ["web"]}, {}, (None, "wrong_client")),
        ({}, {"profile": "rfc9068"}, {"header": {"typ": "JWT"}}, ("wrong_type", None)),
        ({"profile": "rfc9068"}, {"profile": "default"}, {"header": {"typ": "JWT"}}, (None, "wrong_type")),
        ({}, {"profile": "rfc9068"}, {"jti": None}, ("missing_claim", None)),
        ({}, {"required_claims": ["tenant"]}, {}, ("missing_claim", None)),
        ({"required_claims": ["tenant"]}, {"required_claims": []}, {}, (None, "missing_claim")),
        ({"required_claims": iter(["tenant"])}, {}, {}, ("missing_claim", "missing_claim")),
        ({}, {"max_age": 60}, {"iat": NOW - 600}, ("too_old", None)),
        ({"max_age": 60}, {"max_age": 900}, {"iat": NOW - 600}, (None, "too_old")),
        ({"max_age": 60}, {"max_age": 0}, {"iat": NOW - 50}, ("too_old", None)),
    ],
)
async def test_an_issuers_own_rules_stand_in_for_the_verifiers(
    shared: dict[str, Any], own: dict[str, Any], claims: dict[str, Any], codes: tuple[str | None, str | None]
) -> None:
    """They hold for its tokens alone, whether they are stricter or not; what it does not say is the verifier's."""
    one, two = (FakeIssuer(f"https://{name}.example/", clock=lambda: NOW) for name in ("one", "two"))
    issuers = [Issuer(one.issuer, jwks=one.jwks, **own), Issuer(two.issuer, jwks=two.jwks)]
    verifier = TokenVerifier(issuers, "api", clock=lambda: NOW, **shared)
    recipe = {"client_id": "web", **claims}
    found = (await code_of(verifier, one.token(**recipe)), await code_of(verifier, two.token(**recipe)))
    assert found == codes


@pytest.mark.parametrize(
    "own",
    [{"profile": "strict"}, {"max_age": -1}, {"max_age": True}, {"required_claims": [""]},
     {"allowed_clients": [1]}, {"audience": []}, {"algorithms": ["none"]}],
)  # fmt: skip
def test_an_issuers_wrong_settings_are_found_when_it_is_made(own: dict[str, Any]) -> None:
    """Also that of a tenant, which is made while a request waits; each is named."""
    with pytest.raises(ConfigurationError, match=next(iter(own))):
        Issuer("https://one.example/", **own)


# The user's own rules


async def test_validators_are_composed_and_get_the_time(fake: FakeIssuer) -> None:
    """In their order, after everything else; what they raise refuses the token, anything but our errors is 503."""
    calls: list[Any] = []

    def note(token: VerifiedToken, now: float) -> None:
        calls.append((token.subject, now))

    def only_gold(token: VerifiedToken, now: float) -> None:
        Policy(claims={"tier": "gold"}).check(token)

    verifier = verifier_of(fake, validators=[note, only_gold])
    assert await code_of(verifier, fake.token(tier="gold")) is None
    assert calls == [("user", NOW)] * 2
    assert await code_of(verifier, fake.token()) == "insufficient_scope"
    assert await code_of(verifier, fake.token(aud="other")) == "wrong_audience"
    assert len(calls) == 4
    broken = verifier_of(fake, validators=[lambda token, now: 1 / 0])
    assert await code_of(broken, fake.token()) == "key_source_unavailable"


async def test_is_revoked_is_asked_last_on_every_request(fake: FakeIssuer) -> None:
    """Sync or async; never about a token that is refused anyway; its failure is 503."""
    asked: list[str] = []

    def sync(token: VerifiedToken) -> bool:
        asked.append(token["jti"])
        return bool(token["jti"] == "bad")

    async def asynchronous(token: VerifiedToken) -> bool:
        return sync(token)

    for callback in (sync, asynchronous):
        asked.clear()
        verifier = verifier_of(fake, is_revoked=callback)
        assert await code_of(verifier, fake.token(jti="good")) is None
        assert await code_of(verifier, fake.token(jti="bad")) == "revoked"
        assert await code_of(verifier, fake.token(jti="late", exp=5)) == "expired"
        assert await code_of(verifier, fake.token(jti="far", aud="x")) == "wrong_audience"
        assert asked == ["good", "good", "bad", "bad"]
    broken = verifier_of(fake, is_revoked=lambda token: 1 / 0)
    assert await code_of(broken, fake.token()) == "key_source_unavailable"


async def test_validators_judge_before_is_revoked_is_asked(fake: FakeIssuer) -> None:
    """On an event loop as anywhere else."""
    asked: list[str] = []

    async def note(token: VerifiedToken) -> bool:
        asked.append(token["jti"])
        return False

    def only_gold(token: VerifiedToken, now: float) -> None:
        Policy(claims={"tier": "gold"}).check(token)

    verifier = verifier_of(fake, validators=[only_gold], is_revoked=note)
    assert await code_of(verifier, fake.token(jti="plain")) == "insufficient_scope"
    assert await code_of(verifier, fake.token(jti="gold", tier="gold")) is None
    assert asked == ["gold", "gold"]


def test_the_real_clock_is_the_default(fake: FakeIssuer) -> None:
    """Seconds since 1970."""
    verifier = TokenVerifier(Issuer(fake.issuer, jwks=fake.jwks), "api")
    assert verifier.verify(fake.token(iat=time.time(), exp=time.time() + 60)).subject == "user"

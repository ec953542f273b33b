"""Junk costs less than a good token: nothing costly is read before a signature is verified."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from jwks_auth import InvalidTokenError, Issuer, Tenants, TokenVerifier
from jwks_auth.jose import encode_base64url, parse_jws
from jwks_auth.jose.peek import issuer_in_sight, issuers_in_sight
from jwks_auth.testing import FakeIssuer
from jwks_auth.verifier.likely import LikelySigners

ONE, OTHER = "https://one.example/", "https://other.example/"
WIDE = "[]," * 3900 + "[]"


def forged(fake: FakeIssuer, payload: str, **header: Any) -> str:
    """A token whose header names a key of the issuer, which has not signed this."""
    head, _, signature = fake.token().split(".")
    named = json.loads(base64.urlsafe_b64decode(head + "==")) | header
    return f"{encode_base64url(json.dumps(named).encode())}.{encode_base64url(payload.encode())}.{signature}"


def frozen(fake: FakeIssuer) -> Issuer:
    """An issuer with the keys that the fake one has now."""
    return Issuer(fake.issuer, jwks=json.loads(json.dumps(fake.jwks())))


def code_of(verifier: TokenVerifier, token: str) -> str:
    """Why it is refused."""
    with pytest.raises(InvalidTokenError) as caught:
        verifier.verify(token)
    return caught.value.code


@pytest.fixture(scope="module")
def fakes() -> tuple[FakeIssuer, FakeIssuer]:
    """Two issuers."""
    return FakeIssuer(ONE), FakeIssuer(OTHER)


@pytest.fixture(scope="module")
def both(fakes: tuple[FakeIssuer, FakeIssuer]) -> TokenVerifier:
    """A verifier that trusts both."""
    return TokenVerifier([frozen(fake) for fake in fakes], "api", allow_fake_issuer=True)


SHAPES = {
    "wide": f'{{"iss":"{ONE}","exp":9999999999,"a":[{WIDE}]}}',
    "issuer at the end": f'{{"exp":9999999999,"a":[{WIDE}],"iss":"{ONE}"}}',
    "long": f'{{"iss":"{ONE}","exp":9999999999,"a":"{"q" * 11_000}"}}',
    "many issuers": "{" + f'"iss":"{ONE}",' * 300 + '"a":1}',
    "long numbers": f'{{"iss":"{ONE}","a":{"9" * 2000}}}',
    "not JSON": f'{{"iss":"{ONE}",' + "]" * 3000,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_with_a_known_key_only_the_signature_is_checked(
    fakes: tuple[FakeIssuer, FakeIssuer], both: TokenVerifier, shape: str
) -> None:
    """Among several issuers as with one."""
    token = forged(fakes[0], SHAPES[shape])
    assert code_of(both, token) == "bad_signature"
    read = parse_jws(token)
    with pytest.raises(InvalidTokenError, match="signature"):
        LikelySigners(both._listed.issuers).find(read)
    assert read._claims is None


@pytest.mark.parametrize("issuers", [1, 2])
@pytest.mark.parametrize("shape", ["wide", "issuer at the end", "long", "long numbers"])
def test_with_an_unknown_key_costly_claims_are_not_read(
    fakes: tuple[FakeIssuer, FakeIssuer], issuers: int, shape: str
) -> None:
    """There is no key to verify them with."""
    verifier = TokenVerifier([frozen(fake) for fake in fakes[:issuers]], "api", allow_fake_issuer=True)
    token = forged(fakes[0], SHAPES[shape], kid="nobody's")
    assert code_of(verifier, token) == "unknown_key"
    assert parse_jws(token).brief_claims is None


def test_claims_that_are_read_at_little_cost_are_judged_first(both: TokenVerifier) -> None:
    """An expired token with an unknown key causes no fetch, and says that it is expired."""
    fake = FakeIssuer(ONE)
    assert code_of(both, fake.token(aud="api", exp=1, kid="nobody's")) == "expired"


@pytest.mark.parametrize(
    "claims",
    [
        {"roles": [f"role-{number}" for number in range(400)]},
        {"https://ns.example/roles": ["x"] * 1500, "iss": ONE},
        {"act": {"iss": "https://else.example/", "sub": "x"}, "roles": ["x"] * 1500, "iss": ONE},
        {"pad": "x" * 9000},
    ],
    ids=["many roles", "roles first", "an actor first", "long"],
)
@pytest.mark.parametrize("header", [{}, {"kid": None}], ids=["kid", "no kid"])
def test_good_wide_tokens_pass(claims: dict[str, Any], header: dict[str, Any]) -> None:
    """The control, also where their key must be fetched or found among several issuers' first."""
    fake, other = FakeIssuer(ONE), FakeIssuer(OTHER)
    verifier = TokenVerifier(
        [Issuer(ONE, jwks=fake.jwks), Issuer(OTHER, jwks=other.jwks)], "api", allow_fake_issuer=True
    )
    base = fake.claims(aud="api")
    ordered = {**claims, **{name: value for name, value in base.items() if name not in claims}}
    token = fake.token(**ordered, header=header)
    assert verifier.verify(token).issuer == ONE
    fake.rotate()
    assert verifier.verify(fake.token(**ordered, header=header)).issuer == ONE


def test_a_kid_that_another_issuer_has_too_hides_nobody() -> None:
    """While only the other's keys are here, the token's own issuer is found by its claims."""
    one, other = FakeIssuer(ONE), FakeIssuer(OTHER)
    kid = one.jwks()["keys"][0]["kid"]
    same = {"keys": [{**other.jwks()["keys"][0], "kid": kid}]}
    late: list[Any] = []
    verifier = TokenVerifier(
        [Issuer(ONE, jwks=one.jwks), Issuer(OTHER, jwks=lambda: late[0])], "api", allow_fake_issuer=True
    )
    assert verifier.verify(one.token(aud="api")).issuer == ONE
    late.append(same)  # within the second in which the index of kids may be late
    assert verifier.verify(other.token(aud="api", header={"kid": kid})).issuer == OTHER
    assert verifier.verify(one.token(aud="api")).issuer == ONE


def test_another_issuer_s_key_is_the_wrong_issuer_s(
    both: TokenVerifier, fakes: tuple[FakeIssuer, FakeIssuer]
) -> None:
    """Whoever signed it, the claims name somebody else."""
    assert code_of(both, fakes[1].token(aud="api", iss=ONE)) == "wrong_issuer"
    assert code_of(both, fakes[1].token(aud="api", iss="https://else.example/")) == "wrong_issuer"


def test_more_issuers_with_one_kid_than_are_tried_go_by_their_claims() -> None:
    """Nobody's signature is checked in vain."""
    fakes = [FakeIssuer(f"https://tenant-{number}.example/") for number in range(8)]
    issuers = []
    for fake in fakes:
        document = json.loads(json.dumps(fake.jwks()))
        document["keys"][0]["kid"] = "1"
        issuers.append(Issuer(fake.issuer, jwks=document))
    verifier = TokenVerifier(issuers, "api", allow_fake_issuer=True)
    for fake in fakes:
        assert verifier.verify(fake.token(aud="api", header={"kid": "1"})).issuer == fake.issuer


def test_a_callable_that_fails_hides_no_other_issuer_s_keys() -> None:
    """Its own tokens are a 503, those of others are good."""

    def broken() -> Any:
        raise RuntimeError

    fake = FakeIssuer(ONE)
    verifier = TokenVerifier([Issuer(OTHER, jwks=broken), frozen(fake)], "api", allow_fake_issuer=True)
    assert verifier.verify(fake.token(aud="api")).issuer == ONE


def test_a_wide_token_of_a_new_tenant_finds_its_issuer() -> None:
    """The callback is asked for it, and told nothing but the name."""
    fake = FakeIssuer("https://tenant.example/a")
    tenants = Tenants({fake.issuer: frozen(fake)}.get, hosts=["tenant.example"])
    verifier = TokenVerifier([], "api", tenants=tenants, allow_fake_issuer=True)
    assert verifier.verify(fake.token(aud="api", roles=["x"] * 1500)).issuer == fake.issuer


def test_a_costly_payload_that_names_nobody_names_no_key(
    both: TokenVerifier, fakes: tuple[FakeIssuer, FakeIssuer]
) -> None:
    """Nor does one that names two issuers, far from its beginning."""
    pad = "x" * 6000
    for payload in (f'{{"a":"{pad}"}}', f'{{"a":"{pad}","b":{{"iss":"{OTHER}"}},"iss":"{ONE}"}}'):
        assert code_of(both, forged(fakes[0], payload, kid="nobody's")) == "unknown_key"


@pytest.mark.parametrize("before", range(6))
@pytest.mark.parametrize("space", ["", " ", "\n", "\t"])
def test_the_issuer_is_found_wherever_it_stands(before: int, space: str) -> None:
    """In each of the three places that base64 has for it, and however it is spaced."""
    pad = "x" * (6000 + before)
    escaped = ONE.replace("/", "\\/")
    token = forged(FakeIssuer(ONE), f'{{"a":"{pad}","iss"{space}:{space}"{escaped}"}}')
    assert parse_jws(token).issuers_in_sight == {ONE}


def test_a_short_payload_with_many_marks_is_costly_too(
    both: TokenVerifier, fakes: tuple[FakeIssuer, FakeIssuer]
) -> None:
    """Its claims are not read before a key is found; with few marks they are, and judged."""
    for marks, code in ((200, "unknown_key"), (20, "expired")):
        payload = f'{{"iss":"{ONE}","exp":1,"a":[{"[]," * marks}[]]}}'
        token = forged(fakes[0], payload, kid="nobody's")
        assert (parse_jws(token).brief_claims is None) == (code == "unknown_key")
        assert code_of(both, token) == code


def test_an_actor_s_issuer_is_not_the_token_s() -> None:
    """It stands first, within an object of its own."""
    token = forged(FakeIssuer(ONE), f'{{"act":{{"iss":"{OTHER}"}},"iss":"{ONE}"}}')
    assert parse_jws(token).issuer_in_sight == ONE


@pytest.mark.parametrize("shift", range(4))
def test_what_looks_like_an_issuer_between_octets_is_none(shift: int) -> None:
    """The letters are those of ``"iss":``, but only in one place of four do they mean that."""
    text = base64.urlsafe_b64encode(f'"iss":"{ONE}"  '.encode()).rstrip(b"=")
    assert issuers_in_sight(b"A" * shift + text) == ({ONE} if shift == 0 else set())


def test_a_payload_that_is_no_base64_names_nobody() -> None:
    """Neither at its beginning nor further on."""
    text = base64.urlsafe_b64encode(f'{{"iss":"{ONE}"}}'.encode()).rstrip(b"=")
    assert issuer_in_sight(text) == ONE
    assert issuer_in_sight(text + b"~") is None
    assert issuers_in_sight(b"ImlzcyI~") == set()


@pytest.mark.parametrize("value", ["1", "null", '"', '"\\ud800"', '"\\x"', '["a"]', '"' + "y" * 2000 + '"'])
def test_what_is_no_name_is_not_found(value: str) -> None:
    """It can't be a configured issuer's."""
    pad = "x" * 6000
    token = parse_jws(forged(FakeIssuer(ONE), f'{{"a":"{pad}","iss":{value}'))
    assert not token.issuers_in_sight
    assert parse_jws(forged(FakeIssuer(ONE), f'{{"iss":{value}')).issuer_in_sight is None

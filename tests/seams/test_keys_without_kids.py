"""Providers that name no keys (django-oauth-toolkit, LemonLDAP::NG) rotate them too, and junk costs them little."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from jwks_auth import (
    InvalidTokenError,
    Issuer,
    KeySet,
    KeySourceError,
    PyJWKClient,
    TokenVerifier,
    verify_jws,
)
from jwks_auth.errors import Refused
from jwks_auth.jose import MOST_TRIED
from tests.attacks import forge

JWKS = [
    forge.public_jwk("RS256", key)
    for key in (
        forge.RSA_KEY,
        forge.ATTACKER_KEY,
        *(forge.rsa.generate_private_key(65537, 2048) for _ in range(3)),
    )
]
OLD, NEW = JWKS[:2]


class Provider(PyJWKClient):
    """A client of keys in the test's hands, which counts its fetches."""

    def __init__(self, *members: dict[str, Any], **options: Any) -> None:
        super().__init__("https://id.example/jwks", **options)
        self.members, self.fetches, self.failing = members, 0, False

    def fetch_data(self) -> Any:
        """What is published now."""
        self.fetches += 1
        if self.failing:
            raise KeySourceError("as ordered", kind="status")
        return {"keys": [*self.members]}


def verifier_of(client: PyJWKClient) -> TokenVerifier:
    """A verifier of the forged issuer's tokens, with this client's keys."""
    return TokenVerifier(Issuer(forge.ISSUER, client=client), forge.AUDIENCE)


def signed(key: Any = forge.RSA_KEY, kid: Any = ..., **claims: Any) -> str:
    """A token, which names no key unless told."""
    return forge.token(forge.header(kid=kid), forge.claims(**claims), key=key)


async def asked(verify: Callable[[str], Any], raw: str) -> str | None:
    """The code of the refusal, from ``verify`` or ``averify``."""
    try:
        answer = verify(raw)
        if inspect.isawaitable(answer):
            await answer
    except Refused as exc:
        return exc.code
    return None


@pytest.fixture(params=["verify", "averify"])
def how(request: pytest.FixtureRequest) -> Any:
    """The name of the method."""
    return request.param


@pytest.mark.parametrize("kid", [..., "a name of its own"], ids=["no kid", "kid"])
async def test_a_provider_without_kids_rotates(how: str, kid: Any) -> None:
    """A token by the new key is accepted on first use, after one fetch; one by the old is refused, after none."""
    client = Provider(OLD)
    verify = getattr(verifier_of(client), how)
    assert await asked(verify, signed(kid=kid)) is None
    client.members = (NEW,)
    assert await asked(verify, signed(forge.ATTACKER_KEY, kid)) is None
    assert client.fetches == 2
    assert await asked(verify, signed(kid=kid)) == "bad_signature"
    assert client.fetches == 2  # the same missed kid is paid for once in a cooldown


async def test_neither_the_old_key_nor_the_new_one_signed_it(how: str) -> None:
    """A token that a third key signed is refused by the new one as well, after one fetch."""
    client = Provider(OLD)
    verify = getattr(verifier_of(client), how)
    assert await asked(verify, signed()) is None
    client.members = (JWKS[2],)
    assert await asked(verify, signed(forge.ATTACKER_KEY)) == "bad_signature"
    assert client.fetches == 2


async def test_keys_overlap_during_a_rotation(how: str) -> None:
    """Both are tried, and no fetch is needed."""
    client = Provider(OLD, {**NEW, "kid": "new"})
    verify = getattr(verifier_of(client), how)
    assert await asked(verify, signed()) is None
    assert await asked(verify, signed(forge.ATTACKER_KEY)) is None
    assert client.fetches == 1


async def test_a_flood_of_bad_signatures_without_a_kid_costs_one_fetch(how: str) -> None:
    """Good tokens are served all the while."""
    client = Provider(OLD)
    verify = getattr(verifier_of(client), how)
    for _ in range(20):
        assert await asked(verify, signed(forge.ATTACKER_KEY)) == "bad_signature"
        assert await asked(verify, signed()) is None
    assert client.fetches == 2


@pytest.mark.parametrize(
    "bad",
    [
        lambda: signed(forge.ATTACKER_KEY, exp=forge.In(-900)),
        lambda: signed(forge.ATTACKER_KEY, iss="https://else.example/"),
        lambda: forge.token(forge.header(kid=...), b"no JSON", key=forge.ATTACKER_KEY),
    ],
    ids=["expired", "of another issuer", "no claims"],
)
async def test_a_hopeless_token_with_a_bad_signature_costs_no_fetch(how: str, bad: Callable[[], str]) -> None:
    """No key could save it."""
    client = Provider(OLD)
    verify = getattr(verifier_of(client), how)
    assert await asked(verify, signed()) is None
    assert await asked(verify, bad()) == "bad_signature"
    assert client.fetches == 1


async def test_a_bad_signature_under_a_named_key_never_fetches(how: str) -> None:
    """The token says which key, and that has not signed."""
    client = Provider({**OLD, "kid": "a"}, NEW)
    verify = getattr(verifier_of(client), how)
    assert await asked(verify, signed(kid="a")) is None
    assert await asked(verify, signed(forge.ATTACKER_KEY, "a")) == "bad_signature"
    assert client.fetches == 1


async def test_while_the_provider_fails_nobody_knows_whose_signature_it_is(how: str) -> None:
    """503, as for an unknown kid; known keys serve."""
    client = Provider(OLD)
    verify = getattr(verifier_of(client), how)
    assert await asked(verify, signed()) is None
    client.failing = True
    assert await asked(verify, signed(forge.ATTACKER_KEY)) == "key_source_unavailable"
    assert await asked(verify, signed()) is None
    assert client.fetches == 2


async def test_without_a_cached_set_a_bad_signature_is_within_the_budget(how: str) -> None:
    """Each token fetches there, as was asked for, but a bad signature no second time."""
    client = Provider(OLD, cache_jwk_set=False)
    verify = getattr(verifier_of(client), how)
    for _ in range(5):
        assert await asked(verify, signed(forge.ATTACKER_KEY)) == "bad_signature"
    assert client.fetches == 6


async def test_a_method_that_chooses_keys_is_asked_again(how: str) -> None:
    """A client's own ``match_kid`` rotates as well."""

    class First(Provider):
        def match_kid(self, signing_keys: list[Any], kid: Any) -> Any:  # type: ignore[override]
            return next(iter(signing_keys), None)

    client = First({**OLD, "kid": "x"})
    verify = getattr(verifier_of(client), how)
    assert await asked(verify, signed()) is None
    client.members = ({**NEW, "kid": "y"},)
    assert await asked(verify, signed(forge.ATTACKER_KEY)) is None
    assert client.fetches == 2


@pytest.mark.parametrize("callable_", [False, True], ids=["document", "callable"])
async def test_keys_that_were_handed_over(how: str, callable_: bool) -> None:
    """Those of a callable are asked for anew, those of a document are all there is."""
    published = [OLD, NEW]
    jwks: Any = (lambda: {"keys": [published[0]]}) if callable_ else {"keys": [OLD]}
    verify = getattr(TokenVerifier(Issuer(forge.ISSUER, jwks=jwks), forge.AUDIENCE), how)
    assert await asked(verify, signed()) is None
    assert await asked(verify, signed(forge.ATTACKER_KEY)) == "bad_signature"
    del published[0]
    assert await asked(verify, signed(forge.ATTACKER_KEY)) == (None if callable_ else "bad_signature")


@pytest.mark.parametrize(("keys", "code"), [(MOST_TRIED, None), (MOST_TRIED + 1, "unknown_key")])
async def test_as_many_keys_are_tried_as_a_provider_needs(how: str, keys: int, code: str | None) -> None:
    """With more of them, none; and the explanation says why."""
    verifier = verifier_of(Provider(*JWKS[:keys]))
    assert await asked(getattr(verifier, how), signed()) == code
    explanation = verifier.explain(signed())
    if code is None:
        assert "made with one of the 4 keys that fit" in str(explanation)
    else:
        assert explanation.hint == "the token names no kid; 5 keys fit RS256, and at most 4 are tried"


def test_an_explanation_looks_for_another_key_too() -> None:
    """It does what ``verify`` does."""
    client = Provider(OLD)
    verifier = verifier_of(client)
    assert "made with the only key that fits" in str(verifier.explain(signed()))
    assert "the only key without a kid that fits" in str(verifier.explain(signed(kid="k")))
    client.members = (NEW,)
    assert verifier.explain(signed(forge.ATTACKER_KEY, "k")).failed is None
    failed = verifier.explain(signed(kid="k")).failed
    assert failed is not None
    assert failed.code == "bad_signature"
    hint = verifier.explain(forge.token(forge.header("ES256", kid=...), alg="ES256")).hint
    assert hint == "the token names no kid; no key of the set fits ES256"


def test_one_of_several_keys_may_sign_any_payload() -> None:
    """Below claims the same keys are tried."""
    keys = KeySet.from_dict({"keys": [OLD, NEW]})
    assert verify_jws(signed(forge.ATTACKER_KEY), keys)
    with pytest.raises(InvalidTokenError, match="signature"):
        verify_jws(signed(forge.rsa.generate_private_key(65537, 2048)), keys)

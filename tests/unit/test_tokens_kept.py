"""Tokens that outlive their request: copied, pickled, sent to a worker; and what was sent, which stays behind."""

from __future__ import annotations

import copy
import pickle
import threading
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from jwks_auth import ANY_AUDIENCE, Issuer, Policy, TokenVerifier, VerifiedToken
from jwks_auth.testing import FakeIssuer
from tests.attacks import forge

CLAIMS = {"roles": ["ops"], "scope": "orders:read", "act": {"sub": "gateway"}, "nested": {"a": [1, None]}}


def verified(**settings: Any) -> tuple[VerifiedToken, str]:
    """A verified token with a rich header, of one of two issuers, and what was sent."""
    issuers = [
        Issuer(
            forge.ISSUER, jwks=forge.KEY_SET, audience=forge.AUDIENCE, roles_claim=["roles", ["a", "b.c"]]
        ),
        "https://other.example/",
    ]
    raw = forge.token(forge.header(**{"x-more": {"a": [1, {"b": "c"}]}}), forge.claims(**CLAIMS))
    return TokenVerifier(issuers, "api", **settings).verify(raw), raw


def through_pickle(token: VerifiedToken) -> Any:
    """The token as another process gets it."""
    return pickle.loads(pickle.dumps(token))


KEPT: dict[str, Callable[[VerifiedToken], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle_{n}": lambda token, n=n: pickle.loads(pickle.dumps(token, n)) for n in range(6)},
}


@pytest.mark.parametrize("kept", KEPT)
def test_a_token_is_the_same_once_it_was_kept(kept: str) -> None:
    """Claims, header, and the way they are read; every protocol of pickle."""
    token, _ = verified()
    for other in (KEPT[kept](token),):
        assert type(other) is VerifiedToken
        assert other.claims == token.claims
        assert other.header["x-more"]["a"] == (1, {"b": "c"})
        for name in ("subject", "issuer", "audience", "scopes", "roles", "actor", "expires_at", "mapping"):
            assert getattr(other, name) == getattr(token, name), name
        assert other.claims is other.payload
        assert Policy(scopes="orders:read", any_role="ops", actor="gateway").allows(other)
        assert repr(other) == repr(token)


def test_a_deep_copy_shares_no_claims_and_a_copy_does() -> None:
    """As with any object; what was sent is not copied, but known to both."""
    token, raw = verified()
    shallow, deep = copy.copy(token), copy.deepcopy([token, token])
    token.payload["nested"]["a"].append("more")  # type: ignore[index]
    assert shallow["nested"]["a"] == [1, None, "more"]
    assert deep[0] is deep[1]
    assert deep[0]["nested"]["a"] == [1, None]
    assert shallow.raw == deep[0].raw == raw


def test_a_model_of_claims_is_kept_too() -> None:
    """In the place of the claims; the payload beside it."""
    token, raw = verified()
    modelled = token.with_claims(["a model"])
    assert modelled.raw == raw
    for kept in (through_pickle(modelled), copy.deepcopy(modelled)):
        assert kept.claims == ["a model"]
        assert kept.payload == token.payload


async def test_what_was_sent_is_known_on_demand() -> None:
    """Sync and async, and through an authenticator; for calls on the user's behalf."""
    verifier = TokenVerifier(Issuer(forge.ISSUER, jwks=forge.KEY_SET), ANY_AUDIENCE)
    raw = forge.token()
    assert verifier.verify(raw).raw == raw
    assert (await verifier.averify(raw)).raw == raw


def test_what_was_sent_is_in_no_repr_pickle_or_traceback() -> None:
    """Stolen from a crash report or a queue, it would be good until it expires; locals are shown as reports do."""
    token, raw = verified()
    signature = raw.rpartition(".")[2]
    kept = pickle.dumps(token)
    assert signature.encode() not in kept
    assert pickle.loads(kept).raw is None
    assert signature not in repr(token) + str(token) + repr(vars(type(token)))
    for raises in (
        lambda: token["missing"],
        lambda: token.raw.missing,  # type: ignore[union-attr]
        lambda: copy.deepcopy(token.with_claims(threading.Lock())),
        lambda: pickle.dumps(token.with_claims(threading.Lock())),
    ):
        with pytest.raises((KeyError, AttributeError, TypeError)) as caught:
            raises()
        shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        frames = [frame for frame in shown.stack if "jwks_auth" in frame.filename]
        assert signature not in "".join(str(frame.locals) for frame in frames)


@pytest.mark.parametrize(
    ("act", "actors"),
    [
        (None, ()),
        ({"sub": "a"}, ("a",)),
        ({"sub": "a", "act": {"sub": "b", "act": {"sub": "c"}}}, ("a", "b", "c")),
        ({"sub": "a", "act": {"client_id": "b", "act": {"sub": "c"}}}, ("a",)),
        ({"act": {"sub": "b"}}, ()),
        ("a", ()),
        (["a"], ()),
        ({"sub": 5}, ()),
        ({"sub": ""}, ()),
        ({"sub": None, "act": {"sub": "b"}}, ()),
    ],
    ids=repr,
)
def test_8693_actors_are_told_from_the_outermost_on(act: Any, actors: tuple[str, ...]) -> None:
    """RFC 8693 section 4.1: the first acts now; those within acted before it."""
    issuer = FakeIssuer()
    verifier = TokenVerifier(Issuer(issuer.issuer, jwks=issuer.jwks), "api", allow_fake_issuer=True)
    token = verifier.verify(issuer.token(aud="api", act=act))
    assert token.actors == actors
    assert token.actor == (actors[0] if actors else None)
    assert Policy(actor="a").allows(token) is ("a" in actors[:1])
    assert Policy(actor=["x", "a"]).allows(token) is ("a" in actors[:1])
    assert not Policy(actor=["b", "c"]).allows(token)


def test_8693_a_chain_of_actors_costs_bounded_time() -> None:
    """However deep it is: sixteen are told."""
    act: dict[str, Any] = {}
    for number in range(5_000):
        act = {"sub": str(number), "act": act}
    token = verified()[0]
    token.payload["act"] = act  # type: ignore[index]
    assert token.actors == tuple(str(4_999 - number) for number in range(16))

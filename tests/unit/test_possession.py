"""``Possession``: every member of ``cnf`` is proved, or the token is refused."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from jwks_auth import InvalidTokenError, Policy, TokenVerifier, VerifiedToken
from jwks_auth.claims import DEFAULT_MAPPING, Binding, refuse_bound
from jwks_auth.errors import ConfigurationError
from jwks_auth.proofs import Pending, Possession, Proved, Request, binding_of
from jwks_auth.request import Credentials
from jwks_auth.testing import FakeIssuer

REQUEST = Credentials([])
BOTH = Binding("accept", None, "accept")


@dataclass
class CountingPending:
    """A question that counts how often it was asked."""

    asked: list[str] = field(default_factory=list)

    def settle(self) -> None:
        """Count."""
        self.asked.append("sync")

    async def asettle(self) -> None:
        """Count."""
        self.asked.append("async")


@dataclass
class AgreeingProver:
    """A prover that takes one value, and notes the order in which provers are asked."""

    way: str
    order: list[str]
    pending: Pending | None = None

    def prove(self, value: Any, token: VerifiedToken, request: Request, binding: Binding) -> Proved:
        """Take the value "good" alone."""
        self.order.append(self.way)
        if value != "good":
            raise InvalidTokenError("invalid_claim")
        return Proved(self.pending, ((f"X-{self.way}", "1"),))


def possession(shared: Binding = BOTH, pending: Pending | None = None) -> tuple[Possession, list[str]]:
    """Both provers, and the order in which they are asked."""
    order: list[str] = []
    provers = {"dpop": AgreeingProver("dpop", order, pending), "mtls": AgreeingProver("mtls", order)}
    return Possession(provers, shared), order


def token(cnf: Any = None, own: Binding | None = None) -> VerifiedToken:
    """A verified token with this ``cnf``, of an issuer with this binding."""
    claims = {"sub": "u1"} if cnf is None else {"sub": "u1", "cnf": cnf}
    return VerifiedToken(claims, {}, claims, replace(DEFAULT_MAPPING, binding=own))


def code_of(found: VerifiedToken, shared: Binding = BOTH, *, as_dpop: bool = False) -> str | None:
    """The code of the refusal before any proof is looked at."""
    try:
        possession(shared)[0].ways(found, as_dpop=as_dpop)
    except InvalidTokenError as error:
        return error.code
    return None


OFF = Binding("off", None, "off")
CASES: dict[str, tuple[Any, Binding | None, Binding, bool, str | None]] = {
    "plain": (None, None, BOTH, False, None),
    "plain where all is off": (None, None, OFF, False, None),
    "plain as DPoP": (None, None, BOTH, True, "unbound_token"),
    "plain where DPoP is asked for": (None, None, Binding("require"), False, "unbound_token"),
    "plain where the issuer asks": (None, Binding(mtls="require"), OFF, False, "unbound_token"),
    "plain where only the service asks": (None, Binding("accept"), Binding("require"), False, None),
    "jkt as DPoP": ({"jkt": "good"}, None, BOTH, True, None),
    "jkt as Bearer": ({"jkt": "good"}, None, BOTH, False, "bound_token"),
    "jkt where it is off": ({"jkt": "good"}, None, OFF, True, "bound_token"),
    "jkt where the issuer is off": ({"jkt": "good"}, Binding("off"), BOTH, True, "bound_token"),
    "jkt where the issuer is on": ({"jkt": "good"}, Binding("accept"), OFF, True, None),
    "certificate": ({"x5t#S256": "good"}, None, BOTH, False, None),
    "certificate as DPoP": ({"x5t#S256": "good"}, None, BOTH, True, "unbound_token"),
    "certificate where it is off": ({"x5t#S256": "good"}, None, Binding("accept"), False, "bound_token"),
    "certificate where DPoP is asked for": (
        {"x5t#S256": "good"},
        None,
        Binding("require", None, "accept"),
        False,
        "unbound_token",
    ),
    "both": ({"jkt": "good", "x5t#S256": "good"}, None, BOTH, True, None),
    "an unknown member": ({"kid": "k"}, None, BOTH, False, "bound_token"),
    "an unknown member beside": ({"jkt": "good", "jwk": {}}, None, BOTH, True, "bound_token"),
    "a way's own name": ({"dpop": "good"}, None, BOTH, True, "bound_token"),
    "empty": ({}, None, BOTH, False, "bound_token"),
    "no object": (["jkt"], None, BOTH, True, "bound_token"),
}


@pytest.mark.parametrize(("cnf", "own", "shared", "as_dpop", "code"), CASES.values(), ids=CASES)
def test_a_binding_is_known_and_accepted_or_refused(
    cnf: Any, own: Binding | None, shared: Binding, as_dpop: bool, code: str | None
) -> None:
    """9700-3: the issuer's word counts, then the service's; a token under the wrong scheme proves nothing."""
    assert code_of(token(cnf, own), shared, as_dpop=as_dpop) == code


def test_each_member_is_proved_and_the_one_that_is_used_up_last() -> None:
    """A token with both members needs both proofs; the answer has the headers of each."""
    judge, order = possession()
    bound = token({"jkt": "good", "x5t#S256": "good"})
    proven = judge.prove(judge.ways(bound, as_dpop=True), bound, REQUEST)
    assert order == ["mtls", "dpop"]
    assert proven.headers == (("X-mtls", "1"), ("X-dpop", "1"))
    assert proven.token.proofs == {"dpop", "mtls"}
    assert bound.proofs == frozenset()


@pytest.mark.parametrize("bad", ["jkt", "x5t#S256"])
def test_one_proof_does_not_stand_for_the_other(bad: str) -> None:
    """A token with two members is refused where one is not proved, and no store is asked."""
    pending = CountingPending()
    judge, _ = possession(pending=pending)
    bound = token({"jkt": "good", "x5t#S256": "good"} | {bad: "stolen"})
    with pytest.raises(InvalidTokenError):
        judge.prove(judge.ways(bound, as_dpop=True), bound, REQUEST)
    assert pending.asked == []


async def test_a_pending_question_is_asked_once_by_each_driver() -> None:
    """The store is asked once, without blocking where there is an event loop."""
    pending = CountingPending()
    judge, _ = possession(pending=pending)
    bound = token({"jkt": "good", "x5t#S256": "good"})
    ways = judge.ways(bound, as_dpop=True)
    assert judge.prove(ways, bound, REQUEST).token.sender == "dpop"
    assert (await judge.aprove(ways, bound, REQUEST)).token.sender == "dpop"
    assert pending.asked == ["sync", "async"]


@pytest.mark.parametrize(("ways", "sender"), [((), None), (("dpop",), "dpop"), (("mtls",), "mtls")])
def test_the_sender_is_kept(ways: tuple[str, ...], sender: str | None) -> None:
    """Copies, models and pickles of a token have its sender."""
    proved = token().proved(ways)
    for each in (proved, copy.copy(proved), copy.deepcopy(proved), proved.with_claims("model")):
        assert each.sender == sender
    assert pickle.loads(pickle.dumps(proved)).sender == sender


def test_a_policy_asks_for_the_sender() -> None:
    """``sender`` is met by any of its ways, is refused with 401, and combines with the rest."""
    proved = token().proved(["mtls"])
    assert Policy(sender="mtls").allows(proved)
    assert Policy(sender=["dpop", "mtls"]).allows(proved)
    assert not Policy(sender="dpop").allows(proved)
    assert (Policy(sender="dpop") | Policy(claims={"sub": "u1"})).allows(proved)
    with pytest.raises(InvalidTokenError) as caught:
        Policy(sender="dpop", scopes="a").check(proved)
    assert caught.value.code == "unbound_token"
    assert Policy(sender="dpop").senders_for(None) == ("dpop",)
    assert Policy(scopes="a").senders_for(None) == ()
    assert str(Policy(sender=["dpop", "mtls"])) == "sender proved by dpop or mtls"
    assert Policy(sender="dpop").describe() == {"sender": ["dpop"]}
    with pytest.raises(ConfigurationError, match="sender: found 'tls', expected dpop or mtls"):
        Policy(sender="tls")


@pytest.mark.parametrize(
    ("options", "cnf", "code"),
    [
        ({"dpop": "accept"}, {"jkt": "x"}, "bound_token"),
        ({"dpop": "require"}, None, "unbound_token"),
        ({"mtls": "require"}, None, "unbound_token"),
        ({"dpop": "accept"}, None, None),
    ],
)
def test_without_a_request_nothing_is_proved(options: Mapping[str, Any], cnf: Any, code: str | None) -> None:
    """``verify(raw)`` refuses bound tokens whatever is accepted, and unbound ones where a proof is asked for."""
    issuer = FakeIssuer()
    verifier = TokenVerifier(_issuer(issuer), "api", **options)  # type: ignore[misc]
    raw = issuer.token(cnf=cnf)
    if code is None:
        assert verifier.verify(raw).sender is None
        return
    with pytest.raises(InvalidTokenError) as caught:
        verifier.verify(raw)
    assert caught.value.code == code


def _issuer(issuer: FakeIssuer) -> Any:
    from jwks_auth import Issuer

    return Issuer(issuer.issuer, jwks=issuer.jwks)


def test_a_wrong_binding_is_named() -> None:
    """A wrong word, and an algorithm with a shared secret, are named with their setting."""
    with pytest.raises(ConfigurationError, match="dpop: found 'on', expected off, accept or require"):
        TokenVerifier("https://issuer.example", "api", dpop="on")
    with pytest.raises(ConfigurationError, match="dpop_algorithms: found HS256"):
        TokenVerifier("https://issuer.example", "api", dpop_algorithms=["HS256"])
    with pytest.raises(ConfigurationError, match="DPOP_ALGORITHMS: found none"):
        binding_of({"DPOP_ALGORITHMS": ("none",)})
    assert binding_of({}) == Binding("off", None, "off")


def test_a_service_that_asks_refuses_tokens_without_a_request() -> None:
    """The service's own word counts for a verifier that says nothing."""
    refuse_bound(token())
    with pytest.raises(InvalidTokenError):
        refuse_bound(token(), Binding("require"))


def test_issuers_in_turn_are_held_to_their_own_binding() -> None:
    """Attack: after a token of an issuer that accepts proofs, one of an issuer that doesn't."""
    judge, _ = possession(Binding("off", None, "off"))
    confirmed: dict[str, Any] = {"cnf": {"jkt": "good"}}
    for own, allowed in ((Binding("accept"), True), (None, False), (Binding("off"), False)) * 2:
        mapping = replace(DEFAULT_MAPPING, binding=own)
        token = VerifiedToken(confirmed, {}, confirmed, mapping)
        if allowed:
            assert judge.ways(token, as_dpop=True) == {"dpop": "good"}
        else:
            with pytest.raises(InvalidTokenError):
                judge.ways(token, as_dpop=True)

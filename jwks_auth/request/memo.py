"""The results of verifying a request, kept on the request itself and never longer."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from typing import Any, Protocol

from jwks_auth.claims import Policy, VerifiedToken
from jwks_auth.proofs import Proven
from jwks_auth.request.answers import Rejection, guarded_headers
from jwks_auth.runtime import RawToken

__all__ = ["Admission", "Memo", "allows_on", "finished_headers", "token_on"]

_KEY = "jwks_auth"


class Owner(Protocol):
    """The part of an authenticator that its memos need."""

    @property
    def vary(self) -> tuple[str, ...]:
        """The request headers that its answers depend on."""

    def note_allowed(self, token: VerifiedToken) -> None:
        """Note that a policy allows the token it has admitted."""


class Admission:
    """The token that admitted a request, and the *headers* that its answer needs for it, such as a new nonce."""

    __slots__ = ("headers", "token")

    def __init__(self, token: VerifiedToken, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.token, self.headers = token, headers


class Memo:
    """Remembers one authenticator's results for one request, so that the token is verified once for all callers.

    ``raw`` is the token as it was sent, ``source`` its place, ``token`` the same verified except for its audience.
    ``admission`` is set once audience, validators and revocation have admitted it. ``told`` is true once a refusal was
    logged, and ``rejections`` has the first answer that was made of each status. ``audience`` and ``policies`` are what
    requirements asked so far; a challenge names them. ``headers`` are those that the answer needs for a proof.
    ``began`` is the beginning of the last authentication, for telemetry.
    """

    __slots__ = (
        "admission",
        "audience",
        "began",
        "headers",
        "policies",
        "raw",
        "rejections",
        "source",
        "token",
        "told",
        "vary",
    )

    def __init__(self, vary: tuple[str, ...] = ()) -> None:
        self.told = False
        self.raw: RawToken | None = None
        self.source: str | None = None
        self.token: VerifiedToken | None = None
        self.admission: Admission | None = None
        self.rejections: dict[int, Rejection] = {}
        self.vary = vary
        self.audience: Any = None
        self.began: Any = None
        self.policies: tuple[Policy, ...] = ()
        self.headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def on(cls, kept: MutableMapping[str, Any], owner: Owner) -> Memo:
        """Return the memo of *owner* on a request, whose own mapping is *kept*: ``environ``, ``scope``, ``META``.

        Middleware, decorators and mounted applications with the same authenticator share it. It ends with the request,
        because no context variable, thread or application has it.
        """
        memos = kept.get(_KEY)
        if memos is None:
            memos = kept[_KEY] = {}
        memo: Memo | None = memos.get(owner)
        if memo is None:
            memo = memos[owner] = cls(owner.vary)
        return memo

    def asks(self, audience: Any, policy: Policy | None) -> None:
        """Remember what a requirement asks for."""
        if audience is not None:
            self.audience = audience
        if policy is not None and policy not in self.policies:
            self.policies += (policy,)

    def keep(self, raw: RawToken, token: VerifiedToken) -> VerifiedToken:
        """Remember that *raw* was verified as *token*, except for its audience."""
        self.raw, self.token = raw, token
        return token

    def own(self, proven: Proven) -> VerifiedToken:
        """Remember that the token is its sender's own."""
        self.token, self.headers = proven
        return proven.token

    def forget(self) -> None:
        """Forget the token, its proofs and its admission."""
        self.raw = self.token = self.admission = None
        self.headers = ()

    @property
    def is_dpop(self) -> bool:
        """Return whether the token was sent with the scheme ``DPoP``."""
        return self.source == "dpop"

    @property
    def in_cookie(self) -> bool:
        """Return whether the token is in a cookie, which browsers send for any page that asks them to."""
        return self.source is not None and self.source.startswith("cookie:")

    @property
    def is_private(self) -> bool:
        """Return whether the answer is for one sender: there is a token, or a refusal."""
        return self.told or self.token is not None

    def lost(self, status: int | None, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return what an answer of this *status* lacks among its *headers*: the challenge, or ``Retry-After``.

        A handler of the application's own may have answered the refusal with another body, and without them. An answer
        of another status is its own affair.
        """
        if status not in self.rejections:
            return []
        present = {name.lower() for name, _ in headers} | {"vary"}
        return [pair for pair in self.rejections[status].headers if pair[0].lower() not in present]

    def __repr__(self) -> str:
        state = "admitted" if self.admission else "verified" if self.token else "nothing verified"
        return f"<Memo: {state}{', a refusal told' if self.told else ''}>"


def finished_headers(
    kept: MutableMapping[str, Any], headers: Iterable[tuple[str, str]], status: int | None = None
) -> list[tuple[str, str]]:
    """Return the *headers* of the answer to a request, made safe for shared caches; *kept* has the request's memos.

    ``Vary`` names the headers that the answer depends on. ``Cache-Control`` loses ``public`` and ``s-maxage`` if there
    is a token or a refusal. The headers of the admission are added, and those that a refusal of the same *status* lost
    in a handler of the application's own. Without a memo nothing changes.
    """
    memos: dict[Owner, Memo] | None = kept.get(_KEY)
    if not memos:
        return list(headers)
    answer, names, private = list(headers), dict[str, None](), False
    for memo in memos.values():
        names.update(dict.fromkeys(memo.vary))
        private = private or memo.is_private
        answer += memo.lost(status, answer)
        if memo.admission is not None:
            answer += memo.admission.headers
    return guarded_headers(answer, list(names), private=private)


def token_on(kept: MutableMapping[str, Any]) -> VerifiedToken | None:
    """Return the token that admitted a request last, or ``None``; *kept* has the request's memos."""
    memos: dict[Owner, Memo] = kept.get(_KEY) or {}
    admitted = [memo.admission.token for memo in memos.values() if memo.admission is not None]
    return admitted[-1] if admitted else None


def allows_on(kept: MutableMapping[str, Any], token: VerifiedToken, policy: Policy) -> bool:
    """Return whether *policy* allows a token that admitted a request; *kept* has the request's memos.

    For a framework in which others may overrule this answer: a refusal of the request is told of later.
    """
    allowed = policy.allows(token)
    memos: dict[Owner, Memo] = kept.get(_KEY) or {} if allowed else {}
    for owner, memo in memos.items():
        if memo.admission is not None and memo.admission.token is token:
            owner.note_allowed(token)
    return allowed

"""The memory of a request: what its credentials were found to be, kept on the request and never beyond it."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from typing import Any, Protocol

from jwks_auth.claims import VerifiedToken
from jwks_auth.request.answers import guarded_headers
from jwks_auth.runtime import RawToken

__all__ = ["Admission", "Memo", "finished_headers"]

_KEY = "jwks_auth"


class Owner(Protocol):
    """An authenticator, as far as its memos know it."""

    @property
    def vary(self) -> tuple[str, ...]:
        """The request headers that its answers depend on."""


class Admission:
    """The token a request was let in with, and the *headers* that its answer carries for it, such as a new nonce."""

    __slots__ = ("headers", "token")

    def __init__(self, token: VerifiedToken) -> None:
        self.token = token
        self.headers: tuple[tuple[str, str], ...] = ()


class Memo:
    """One authenticator's memory of one request, so that its token is verified once, whoever asks and however often.

    ``token``: the token verified up to its audience, and ``raw`` as it was sent. ``admission``: set once the token
    was also let in, by audience, validators and revocation. ``told``: a refusal was told to the log.
    """

    __slots__ = ("admission", "raw", "token", "told", "vary")

    def __init__(self, vary: tuple[str, ...] = ()) -> None:
        self.told = False
        self.raw: RawToken | None = None
        self.token: VerifiedToken | None = None
        self.admission: Admission | None = None
        self.vary = vary

    @classmethod
    def on(cls, kept: MutableMapping[str, Any], owner: Owner) -> Memo:
        """The memo that *owner* keeps on a request, whose own mapping *kept* is: ``environ``, ``scope``, ``META``.

        Middleware, decorators and mounted applications with the same authenticator share it. Never on a context
        variable, a thread or an application: it ends with the request.
        """
        memos = kept.get(_KEY)
        if memos is None:
            memos = kept[_KEY] = {}
        memo: Memo | None = memos.get(owner)
        if memo is None:
            memo = memos[owner] = cls(owner.vary)
        return memo

    def keep(self, raw: RawToken, token: VerifiedToken) -> VerifiedToken:
        """Remember that *raw* verified as *token*, up to its audience."""
        self.raw, self.token = raw, token
        return token

    def forget(self) -> None:
        """Forget the token, and that it was let in."""
        self.raw = self.token = self.admission = None

    @property
    def is_private(self) -> bool:
        """Return whether the answer is for one sender: there is a token, or a refusal."""
        return self.told or self.token is not None

    def __repr__(self) -> str:
        state = "admitted" if self.admission else "verified" if self.token else "nothing verified"
        return f"<Memo: {state}{', a refusal told' if self.told else ''}>"


def finished_headers(
    kept: MutableMapping[str, Any], headers: Iterable[tuple[str, str]]
) -> list[tuple[str, str]]:
    """The *headers* of the answer to a request, as they may leave the service; *kept* is what its memos are kept on.

    ``Vary`` names what the answer depends on. Unless an optional requirement let nobody through, ``Cache-Control``
    says neither ``public`` nor ``s-maxage``. What its admission owes is added. Without a memo nothing changes.
    """
    memos: dict[Owner, Memo] | None = kept.get(_KEY)
    if not memos:
        return list(headers)
    answer, names, private = list(headers), dict[str, None](), False
    for memo in memos.values():
        names.update(dict.fromkeys(memo.vary))
        private = private or memo.is_private
        if memo.admission is not None:
            answer += memo.admission.headers
    return guarded_headers(answer, list(names), private=private)

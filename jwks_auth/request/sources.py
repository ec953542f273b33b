"""``Sources``: the places where a service's tokens may stand, and the one of them that a request has filled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from jwks_auth.claims import VerifiedToken
from jwks_auth.errors import InvalidRequestError, InvalidTokenError
from jwks_auth.jose import early_issuer_of, parse_jws
from jwks_auth.proofs import Offer
from jwks_auth.request.bearer import bearer_token, plain_token
from jwks_auth.request.credentials import Credentials
from jwks_auth.request.cross_site import check_site
from jwks_auth.request.memo import Memo
from jwks_auth.request.openapi import schemes_of
from jwks_auth.request.query import tokens_in_query
from jwks_auth.runtime import Place, RawToken, forget_frames
from jwks_auth.verifier import AUTHORIZATION, PROVIDERS, TokenVerifier, Verifier, is_of_a_proxy, source_key

__all__ = ["Sources"]

_SUBPROTOCOL = "subprotocol"
_DPOP = "dpop"
_UNPROVED = "dpop elsewhere"
"""The place of a token with the scheme DPoP where no proof is taken."""


class _Found(NamedTuple):
    """The tokens in filled places, by place, and whatever stands in them under a foreign scheme."""

    filled: list[tuple[str, RawToken]]
    foreign: list[RawToken]

    def add(self, source: str, token: str | None) -> bool:
        """Add the token that *source* has; return whether there is one."""
        if token is not None:
            self.filled.append((source, RawToken(token)))
        return token is not None


class Sources:
    """The places where a service's tokens may stand: those of all its issuers.

    *schemes*, in lower case, are those of its tokens in a header, beside DPoP's if there is an *offer*. *shared* are
    the settings of the service.
    """

    def __init__(
        self,
        verifier: Verifier,
        shared: Mapping[str, Any],
        schemes: Mapping[str, str],
        offer: Offer | None = None,
        *,
        has_csrf: bool,
    ) -> None:
        self._offer = offer
        self._verifier, self._schemes, self._has_csrf = verifier, schemes, has_csrf
        self._origins = frozenset(shared.get("COOKIE_ORIGINS", ()))
        described = verifier if isinstance(verifier, TokenVerifier) else None
        provider = None if described is None else described.tenants_provider
        self._others, self._shared = _of(None, provider, shared), _of(None, None, shared)
        self._by_issuer = {
            each.issuer: _of(each.token_sources, each.provider, shared) for each in verifier.issuers
        }
        is_open = described is None or described.has_tenants or not self._by_issuer
        listed = [*self._by_issuer.values(), *([self._others] if is_open else [])]
        self.all: tuple[str, ...] = _united(listed)
        """Every source, the first one first."""
        self.differ = any(each.keys() != listed[0].keys() for each in listed)
        """True if there are issuers whose tokens may not stand in all of them."""
        self._of_proxies = frozenset(filter(is_of_a_proxy, self.all))
        self._is_plain = self.all == (AUTHORIZATION,)
        self._headers = [each.partition(":")[2] for each in self.all if each.startswith(AUTHORIZATION)]
        self._cookies = [each.partition(":")[2] for each in self.all if not each.startswith(AUTHORIZATION)]

    @property
    def vary(self) -> tuple[str, ...]:
        """The headers in which tokens may stand."""
        proofs = ("DPoP",) if self._offer is not None and "" in self._headers else ()
        in_headers = [name or "Authorization" for name in self._headers]
        return (*in_headers, *proofs, *(("Cookie",) if self._cookies else ()))

    def header_for(self, raw: str) -> tuple[str, str]:
        """Return the header, name and value, by which a client sends *raw* to the first source."""
        kind, _, name = self.all[0].partition(":")
        if kind == "cookie":
            return "Cookie", f"{name}={raw}"
        return name or "Authorization", f"{next(iter(self._schemes.values()))} {raw}"

    def security_schemes(self, name: str) -> dict[str, dict[str, str]]:
        """Return OpenAPI's security schemes, of which any will do; the first has the name *name*."""
        kinds = getattr(self._verifier, "kinds", ("jwt",))  # one of the service's own need not tell
        word = next(iter(self._schemes.values()))
        return schemes_of(name, self.all, word, self._offer, only_jwts=tuple(kinds) == ("jwt",))

    def sent(self, credentials: Credentials, memo: Memo) -> RawToken | None:
        """Return the token that a request has; ``None`` if it has none. *memo* remembers where it stood.

        Raises ``InvalidRequestError`` for more than one, or an unreadable one; ``InvalidTokenError`` for one under a
        scheme that is not ours; ``ForbiddenError`` for one that another site had a browser send, in a cookie
        or to a proxy that knows its user by one.
        """
        try:
            raw = self._in_authorization(credentials) if self._is_plain else None
            found = None if raw else self._found(credentials)
            queried = tokens_in_query(credentials.query) if credentials.query else None
        except BaseException as error:
            forget_frames(error)
            raise
        memo.source = AUTHORIZATION
        if found is not None:
            raw = self._the_one(found, memo)
        if queried and raw is not None and any(map(self._is_ours, queried)):
            raise InvalidRequestError("multiple_credentials")
        if raw is not None and found is not None:
            raw.place = self._place_of(memo.source)
        if found is not None and (memo.in_cookie or memo.source in self._of_proxies):
            left = self._has_csrf and memo.in_cookie  # a header waives the framework's own rule
            check_site(credentials, self._origins, handshakes_only=left)
        return raw

    def check(self, token: VerifiedToken, memo: Memo) -> None:
        """Raise ``InvalidTokenError`` for a token that stood where its issuer's do not."""
        own = self._by_issuer.get(str(token.issuer), self._others)
        source = AUTHORIZATION if memo.is_dpop else memo.source
        if source is not None and source != _SUBPROTOCOL and source_key(source) not in own:
            told = ValueError(f"found in {source}, expected in {' or '.join(own.values())}")
            raise InvalidTokenError("wrong_issuer") from told

    def _place_of(self, source: str | None) -> Place | None:
        """Return whose tokens may stand in *source*; ``None``: everybody's."""
        if source is None or source == _SUBPROTOCOL:
            return None
        key = source_key(AUTHORIZATION if source == _DPOP else source)
        return Place(
            frozenset(issuer for issuer, own in self._by_issuer.items() if key in own),
            key in self._shared,
            key.startswith("cookie:"),
        )

    def _in_authorization(self, credentials: Credentials) -> RawToken | None:
        if credentials.offered:
            return None
        token = bearer_token(credentials.authorization, schemes=self._schemes)
        return None if token is None else RawToken(token)

    def _found(self, credentials: Credentials) -> _Found:
        """Read all places; raises ``InvalidRequestError`` for one that can't be read."""
        found = _Found([], [])
        for name in self._headers:
            values = credentials.values(name) if name else credentials.authorization
            if values:
                self._look(f"header:{name}" if name else AUTHORIZATION, values, found)
        if credentials.offered:
            found.add(_SUBPROTOCOL, plain_token(credentials.offered) or _missing())
        if not found.filled:  # browsers send cookies unasked
            for name in self._cookies:
                found.add(f"cookie:{name}", plain_token(credentials.cookies(name)))
        return found

    def _look(self, source: str, values: Sequence[str], found: _Found) -> None:
        if found.add(source, bearer_token(values, schemes=self._schemes, bare=source != AUTHORIZATION)):
            return
        place = _DPOP if source == AUTHORIZATION and self._offer is not None else _UNPROVED
        if not found.add(place, bearer_token(values, schemes=(_DPOP,))):
            found.foreign.append(RawToken(values[0].rpartition(" ")[2]))

    def _the_one(self, found: _Found, memo: Memo) -> RawToken | None:
        if any(map(self._is_ours, found.foreign)):
            raise InvalidTokenError("wrong_scheme")
        if len(found.filled) > 1:
            raise InvalidRequestError("multiple_credentials")
        for memo.source, raw in found.filled:
            if memo.source == _UNPROVED:
                raise InvalidTokenError("bound_token")
            return raw
        return None

    def _is_ours(self, raw: RawToken) -> bool:
        """Return whether *raw* has the shape of a token of an issuer whose tokens are accepted."""
        issuer = raw.read(_issuer_named)
        if issuer is None:
            return False
        if isinstance(self._verifier, TokenVerifier):
            return self._verifier.knows(issuer)
        return any(issuer in each.names for each in self._verifier.issuers)


def _of(own: tuple[str, ...] | None, provider: str | None, shared: Mapping[str, Any]) -> dict[str, str]:
    """Return an issuer's sources by their keys: its own, or the service's, or its provider's."""
    default = AUTHORIZATION if provider is None else PROVIDERS[provider].source
    return {source_key(each): each for each in own or shared.get("TOKEN_SOURCES", (default,))}


def _united(listed: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    united: dict[str, str] = {}
    for each in listed:
        united = {**united, **{key: source for key, source in each.items() if key not in united}}
    return tuple(united.values())


def _issuer_named(raw: str) -> str | None:
    try:
        return early_issuer_of(parse_jws(raw))
    except InvalidTokenError:
        return None


def _missing() -> NoReturn:
    raise InvalidRequestError

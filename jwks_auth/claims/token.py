"""A token that was verified. One that was only read is a ``jose.UnverifiedToken``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from jwks_auth.challenge import named, several
from jwks_auth.claims.audience import AudienceSetting, expected_audience, validate_audience
from jwks_auth.claims.mapping import ClaimMapping, TokenKind
from jwks_auth.claims.paths import client_of, find_claim
from jwks_auth.claims.services import actors_in, is_service, pseudonym
from jwks_auth.errors import ConfigurationError
from jwks_auth.jose import copied_json, picklable_json
from jwks_auth.runtime import RawToken

__all__ = ["VerifiedToken"]

_LAST_DATE = 1e11  # of what could be meant; an integer may be too large for a float

if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault

    ClaimsT = TypeVarWithDefault("ClaimsT", default=Mapping[str, Any])
else:
    ClaimsT = TypeVar("ClaimsT")
ModelT = TypeVar("ModelT")


class VerifiedToken(Generic[ClaimsT]):
    """A token whose signature and claims were checked.

    A change to the payload's dict changes the token, and no other request's. A token equals only itself, and can be in
    a set or be a key. Properties are computed when they are read, because most requests need one or two. A token can be
    copied, and pickled for whoever trusts the pickle.
    """

    # Not a frozen dataclass, which takes four times as long to make, and each request makes one.
    __slots__ = ("_claims", "_header", "_mapping", "_payload", "_raw", "_shared", "proofs")

    def __init__(
        self,
        claims: ClaimsT,
        header: Mapping[str, Any],
        payload: Mapping[str, Any],
        mapping: ClaimMapping,
        raw: RawToken | None = None,
        proofs: frozenset[str] = frozenset(),
        *,
        shared: bool = False,
    ) -> None:
        self._claims, self._header, self._payload = claims, header, payload
        self._mapping, self._raw, self._shared = mapping, raw, shared
        self.proofs = proofs
        """The ways in which the sender has proved that the token is its own."""

    @property
    def claims(self) -> ClaimsT:
        """The payload, or the model put in its place by :meth:`with_claims`."""
        if self._shared:
            self._own()
        return self._claims

    @property
    def header(self) -> Mapping[str, Any]:
        """The JOSE header."""
        return self._header

    @property
    def payload(self) -> Mapping[str, Any]:
        """The claims as they were sent."""
        if self._shared:
            self._own()
        return self._payload

    @property
    def raw(self) -> str | None:
        """The token as it was sent, for calls on the user's behalf; ``None`` once it was pickled.

        It is a credential: no ``repr``, pickle or report of errors shows it, unless that sees a variable of yours.
        """
        return None if self._raw is None else self._raw.read(str)

    @property
    def mapping(self) -> ClaimMapping:
        """The places where this issuer's tokens have their claims."""
        return self._mapping

    @property
    def kind(self) -> TokenKind:
        """``jwt`` if it was verified here, ``opaque`` if by its issuer, ``other`` if by the service's own function."""
        return self._mapping.kind

    @property
    def is_for_service_alone(self) -> bool:
        """True if it is the service's own and names no audience, so that no route that asks for more takes it."""
        return self._mapping.kind == "other" and self._payload.get("aud") is None

    @property
    def subject(self) -> str | None:
        """``sub``: a user, or the client itself (see :attr:`is_service`); ``None`` if absent or empty."""
        return self._payload.get("sub") or None

    @property
    def is_service(self) -> bool:
        """True if a client acts for itself, as far as the token shows (RFC 9700 section 4.15)."""
        return is_service(self._payload)

    @property
    def issuer(self) -> str | None:
        """The issuer's configured name, whichever of its names is in ``iss``; ``None`` if the token has none.

        Only a custom verifier accepts such a token.
        """
        return self._mapping.issuer or self._payload.get("iss")

    @property
    def audience(self) -> tuple[str, ...]:
        """``aud`` as a tuple; empty if the token names none."""
        return several(self._payload.get("aud") or ())

    @property
    def actor(self) -> str | None:
        """The subject of ``act``: whoever acts for :attr:`subject` (RFC 8693 section 4.1)."""
        return next(iter(self.actors), None)

    @property
    def actors(self) -> tuple[str, ...]:
        """The actor and the ones it acts for in turn, as far as each has a subject; sixteen at most.

        Only the first counts for what is allowed; the others tell how it came to act.
        """
        return actors_in(self._payload)

    @property
    def client_id(self) -> str | None:
        """The client the token was issued to: ``client_id``, ``azp``, ``appid`` or ``cid``."""
        return client_of(self._payload)

    @property
    def scopes(self) -> frozenset[str]:
        """The granted scopes, and those they imply. A string is separated by spaces; of an object the keys count."""
        return self._mapping.names("scopes", self._payload)

    @property
    def roles(self) -> frozenset[str]:
        """The roles at the issuer's ``roles_claim``. A string is one role; of an object the keys count."""
        return self._mapping.names("roles", self._payload)

    @property
    def permissions(self) -> frozenset[str]:
        """The permissions at the issuer's ``permissions_claim``, read as :attr:`roles`."""
        return self._mapping.names("permissions", self._payload)

    @property
    def expires_at(self) -> float | None:
        """``exp``, in seconds since 1970; ``None`` if a custom verifier accepts tokens without one."""
        return _date(self._payload.get("exp"))

    @property
    def issued_at(self) -> float | None:
        """``iat``, in seconds since 1970."""
        return _date(self._payload.get("iat"))

    @property
    def acr(self) -> Any:
        """The way the user authenticated, at the issuer's ``acr_claim``, as it was sent."""
        return find_claim(self.payload, self._mapping.acr)

    @property
    def authenticated_at(self) -> float | None:
        """``auth_time``, in seconds since 1970; ``None`` where it is missing, or no number."""
        at: Any = self._payload.get("auth_time")
        return float(at) if type(at) in (int, float) and abs(at) < _LAST_DATE else None

    @property
    def confirmation(self) -> Mapping[str, Any] | None:
        """``cnf``: the key that the sender must prove to hold (RFC 7800); ``None`` if anybody may use the token.

        Empty for a ``cnf`` that is no object, because no proof meets that.
        """
        confirmation = None if self._payload.get("cnf") is None else self.payload["cnf"]
        return confirmation if confirmation is None or isinstance(confirmation, dict) else {}

    @property
    def sender(self) -> str | None:
        """The way in which the sender proved that the token is its own: ``"dpop"``, ``"mtls"``; ``None``: in none."""
        return min(self.proofs, default=None)

    def proved(self, ways: Iterable[str]) -> VerifiedToken[ClaimsT]:
        """Return the same token, whose sender has proved in *ways* that it is its own."""
        kept = (self._claims, self._header, self._payload, self._mapping, self._raw)
        return VerifiedToken(*kept, frozenset(ways), shared=self._shared)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the claim *name*, or *default*."""
        return self.payload.get(name, default)

    def peek(self, *names: str) -> tuple[Any, ...]:
        """Return the claims *names* as they were sent, to be looked at alone: the others are not copied."""
        return tuple(map(copied_json, map(self._payload.get, names)))

    def with_claims(self, claims: ModelT) -> VerifiedToken[ModelT]:
        """Return the same token with *claims*, a model of the user's own, in place of the plain mapping."""
        return VerifiedToken(claims, self._header, self.payload, self._mapping, self._raw, self.proofs)

    def check_audience(self, asked: AudienceSetting) -> None:
        """Judge the audience by *asked*, a route's audience, or else by the issuer's own.

        Raises ``InvalidTokenError``, and ``ConfigurationError`` if neither is given.
        """
        own = self._mapping.audience
        expected = expected_audience(asked, own) if asked is not None or own is None else own
        validate_audience(self._payload, expected)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> NoReturn:
        """Keep FastAPI from reading a token out of the request's body if ``Security(...)`` is forgotten."""
        raise ConfigurationError(
            "a VerifiedToken is never data sent or received: write Annotated[VerifiedToken, Security(auth)]"
        )

    def __copy__(self) -> VerifiedToken[ClaimsT]:
        return VerifiedToken(self.claims, self._header, self.payload, self._mapping, self._raw, self.proofs)

    def __deepcopy__(self, memo: dict[int, Any]) -> VerifiedToken[ClaimsT]:
        claims, payload = deepcopy((self._claims, self._payload), memo)
        return VerifiedToken(claims, self._header, payload, self._mapping, self._raw, self.proofs)

    def _own(self) -> None:
        """Replace claims that a cache shares among requests by a copy; no model stands for them yet."""
        self._claims = self._payload = copied_json(self._payload)
        self._shared = False

    def __reduce__(self) -> tuple[Any, ...]:
        kept = (self._claims, picklable_json(self._header), self._payload, self._mapping, None, self.proofs)
        return VerifiedToken, kept

    def __getitem__(self, name: str) -> Any:
        return self.payload[name]

    def __contains__(self, name: object) -> bool:
        return name in self._payload

    def __str__(self) -> str:
        """Name the sender, for throttles and caches: the same for each of its tokens, of no other sender, no claim."""
        return pseudonym(self.issuer, self._payload)

    def __repr__(self) -> str:
        payload = getattr(self, "_payload", {})  # absent if the constructor was interrupted
        return f"<VerifiedToken with claims {', '.join(map(named, sorted(payload)))}>"


def _date(seconds: float | None) -> float | None:
    return None if seconds is None else float(seconds)

"""A token that was verified, and what its issuer is trusted with; what was merely read is in ``unverified``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, TypeAlias, TypeVar

from jwks_auth.challenge import named
from jwks_auth.claims.paths import ClaimNames, client_of, find_claim
from jwks_auth.claims.services import is_service
from jwks_auth.errors import ConfigurationError

__all__ = [
    "ANY_AUDIENCE",
    "AnyAudience",
    "Audience",
    "IssuerTerms",
    "VerifiedToken",
    "checked_audience",
]

if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault

    ClaimsT = TypeVarWithDefault("ClaimsT", default=Mapping[str, Any])
else:
    ClaimsT = TypeVar("ClaimsT")
ModelT = TypeVar("ModelT")


class AnyAudience(Enum):
    """The type of :data:`ANY_AUDIENCE`."""

    ANY_AUDIENCE = "any audience"


ANY_AUDIENCE: Final = AnyAudience.ANY_AUDIENCE
"""Accept tokens whatever their audience: for issuers that serve this API alone. It has to be typed out."""


Audience: TypeAlias = frozenset[str] | AnyAudience
"""The identifiers a service answers to, of which a token must name one."""


def checked_audience(audience: str | Iterable[str] | AnyAudience | None) -> Audience | None:
    """Read the setting; raise ``ConfigurationError`` unless it is a string, several, or ``ANY_AUDIENCE``."""
    if audience is None or isinstance(audience, AnyAudience):
        return audience
    listed = frozenset((audience,) if isinstance(audience, str) else audience)
    if not listed or not all(isinstance(name, str) and name.strip() for name in listed):
        raise ConfigurationError(
            f"audience: found {audience!r}, expected the identifiers this service answers to, or ANY_AUDIENCE"
        )
    return listed


@dataclass(frozen=True, slots=True)
class IssuerTerms:
    """One issuer's claim paths, and the audience its tokens must have, if that is said."""

    names: ClaimNames
    audience: Audience | None


class VerifiedToken(Generic[ClaimsT]):
    """A token whose signature and claims were checked.

    The payload is this request's own dict, neither shared nor copied: what a program changes in it, the token says
    from then on. A token equals only itself, so it can be in sets and be a key. The properties are computed when they
    are read: most requests need one or two of them.
    """

    # Not a frozen dataclass, which takes four times as long to make: one is made for every request.
    __slots__ = ("_claims", "_header", "_payload", "_terms")

    def __init__(
        self, claims: ClaimsT, header: Mapping[str, Any], payload: Mapping[str, Any], terms: IssuerTerms
    ) -> None:
        self._claims, self._header, self._payload, self._terms = claims, header, payload, terms

    @property
    def claims(self) -> ClaimsT:
        """The payload, or the model put in its place by :meth:`with_claims`."""
        return self._claims

    @property
    def header(self) -> Mapping[str, Any]:
        """The JOSE header."""
        return self._header

    @property
    def payload(self) -> Mapping[str, Any]:
        """The claims as they were sent."""
        return self._payload

    @property
    def terms(self) -> IssuerTerms:
        """The way this issuer's tokens are read."""
        return self._terms

    @property
    def subject(self) -> str | None:
        """``sub``: a user, or the client itself (see :attr:`is_service`); an empty one is none."""
        return self._payload.get("sub") or None

    @property
    def is_service(self) -> bool:
        """Return whether a client speaks for itself, as far as the token shows (RFC 9700 section 4.15)."""
        return is_service(self._payload)

    @property
    def issuer(self) -> str:
        """``iss``, exactly as configured."""
        issuer: str = self._payload["iss"]
        return issuer

    @property
    def audience(self) -> tuple[str, ...]:
        """``aud``, always as a tuple; empty when the token names none."""
        audience = self._payload.get("aud", ())
        return (audience,) if isinstance(audience, str) else tuple(audience)

    @property
    def client_id(self) -> str | None:
        """The client the token was issued to: ``client_id``, ``azp``, ``appid`` or ``cid``."""
        return client_of(self._payload)

    @property
    def scopes(self) -> frozenset[str]:
        """The granted scopes. A string is space-separated, a list is a list."""
        granted = self._terms.names.scopes_in(self._payload)
        # str.split() would also split on tabs, newlines and U+00A0, which are no separators in RFC 6749.
        names = frozenset(granted.split(" ") if isinstance(granted, str) else granted)
        return names - {""} if "" in names else names

    @property
    def roles(self) -> frozenset[str]:
        """The roles at the issuer's ``roles_claim``."""
        return _names(find_claim(self._payload, self._terms.names.roles))

    @property
    def permissions(self) -> frozenset[str]:
        """The permissions at the issuer's ``permissions_claim``."""
        return _names(find_claim(self._payload, self._terms.names.permissions))

    @property
    def expires_at(self) -> float:
        """``exp``, in seconds since 1970."""
        return float(self._payload["exp"])

    @property
    def issued_at(self) -> float | None:
        """``iat``, in seconds since 1970."""
        issued_at = self._payload.get("iat")
        return None if issued_at is None else float(issued_at)

    def get(self, name: str, default: Any = None) -> Any:
        """The claim *name*, or *default*."""
        return self._payload.get(name, default)

    def with_claims(self, claims: ModelT) -> VerifiedToken[ModelT]:
        """The same token with *claims*, a model of the user's own, in place of the plain mapping."""
        return VerifiedToken(claims, self._header, self._payload, self._terms)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> NoReturn:
        """Keep FastAPI from reading a token out of the request's body where ``Security(...)`` is forgotten."""
        raise ConfigurationError(
            "a VerifiedToken is never data sent or received: write Annotated[VerifiedToken, Security(auth)]"
        )

    def __getitem__(self, name: str) -> Any:
        return self._payload[name]

    def __contains__(self, name: object) -> bool:
        return name in self._payload

    def __repr__(self) -> str:
        payload = getattr(self, "_payload", {})  # not there yet, where its making is interrupted
        return f"<VerifiedToken with claims {', '.join(map(named, sorted(payload)))}>"


def _names(value: str | list[str] | None) -> frozenset[str]:
    return frozenset((value,) if isinstance(value, str) else value or ())

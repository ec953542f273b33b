"""The two kinds of token, told apart by type: what was merely read, and what was verified."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, NoReturn, TypeAlias, TypeVar

from jwks_auth.base64url import decode_base64url
from jwks_auth.claims import ClaimNames, client_of, find_claim
from jwks_auth.errors import ConfigurationError, MalformedTokenError
from jwks_auth.services import is_service
from jwks_auth.strict_json import parse_json_object

__all__ = [
    "ANY_AUDIENCE",
    "AnyAudience",
    "Audience",
    "Header",
    "IssuerTerms",
    "UnverifiedToken",
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
    """What a setting means; raises ``ConfigurationError`` unless it is a string, several, or ``ANY_AUDIENCE``."""
    if audience is None or isinstance(audience, AnyAudience):
        return audience
    listed = frozenset((audience,) if isinstance(audience, str) else audience)
    if not listed or not all(isinstance(name, str) and name.strip() for name in listed):
        raise ConfigurationError(
            f"audience: found {audience!r}, expected the identifiers this service answers to, or ANY_AUDIENCE"
        )
    return listed


class Header(NamedTuple):
    """A JOSE header whose members were checked; shared between tokens, so *members* is read-only.

    ``typ`` is as it was sent, ``media_type`` the same in lower case and with its ``application/``. ``encrypted``:
    it names an ``enc``, which makes it a JWE's.
    """

    alg: str
    kid: str | None
    typ: str | None
    media_type: str | None
    encrypted: bool
    members: Mapping[str, Any]


@dataclass(slots=True, repr=False, eq=False)
class UnverifiedToken:
    """A token of three segments with a clean header. Nothing in it may be believed yet.

    The payload begins at *start* in the signing input. It is decoded when it is first read: most that comes with a
    bad signature never is.
    """

    jose: Header
    start: int
    signing_input: bytes
    signature: bytes
    _claims: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return "<UnverifiedToken>"  # all of it would be the token itself, in whatever prints a frame's locals

    @property
    def payload(self) -> bytes:
        """The octets that were signed, whatever they are; raises ``InvalidTokenError``."""
        try:
            return decode_base64url(self.signing_input[self.start :])
        except ValueError as exc:
            raise MalformedTokenError from exc

    @property
    def claims(self) -> dict[str, Any]:
        """The payload as claims (RFC 7519 section 7.2, step 10); raises ``InvalidTokenError`` where it holds none."""
        if self._claims is None:
            try:
                self._claims = parse_json_object(decode_base64url(self.signing_input[self.start :]))
            except ValueError as exc:
                raise MalformedTokenError from exc
        return self._claims

    @property
    def header(self) -> Mapping[str, Any]:
        """The JOSE header's members."""
        return self.jose.members

    @property
    def alg(self) -> str:
        """The algorithm it claims to be signed with."""
        return self.jose.alg

    @property
    def kid(self) -> str | None:
        """The key it claims to be signed with."""
        return self.jose.kid

    @property
    def typ(self) -> str | None:
        """The media type it claims to have, as it was sent."""
        return self.jose.typ


@dataclass(frozen=True, slots=True)
class IssuerTerms:
    """How one issuer's tokens are read: where its claims are, and which audience they must have, if that is said."""

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
        """How this issuer's tokens are read."""
        return self._terms

    @property
    def subject(self) -> str | None:
        """``sub``: a user, or the client itself (see :attr:`is_service`); an empty one is none."""
        return self._payload.get("sub") or None

    @property
    def is_service(self) -> bool:
        """Whether a client speaks for itself and not for a person, as far as the token shows (RFC 9700, 4.15)."""
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
        return f"<VerifiedToken with claims {', '.join(sorted(self._payload))}>"


def _names(value: str | list[str] | None) -> frozenset[str]:
    return frozenset((value,) if isinstance(value, str) else value or ())

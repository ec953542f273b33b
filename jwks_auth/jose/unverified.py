"""A token that was only read. Its type differs from a verified token's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from jwks_auth.errors import MalformedTokenError
from jwks_auth.jose.base64url import decode_base64url
from jwks_auth.jose.peek import brief_claims, issuer_in_sight, issuers_in_sight
from jwks_auth.jose.strict_json import parse_json_object
from jwks_auth.runtime import Concealed, dataclass, forget_frames

__all__ = ["Header", "UnverifiedToken"]


class Header(NamedTuple):
    """A JOSE header whose members were checked. Tokens share it, so *members* is read-only.

    ``typ`` is as it was sent; ``media_type`` is the same in lower case, with ``application/`` in front. ``encrypted``
    is true for a header with ``enc``, which belongs to a JWE.
    """

    alg: str
    kid: str | None
    typ: str | None
    media_type: str | None
    encrypted: bool
    members: Mapping[str, Any]


@dataclass(slots=True, repr=False, eq=False)
class UnverifiedToken(Concealed):
    """A token of three segments with a valid header. Nothing in it is verified yet.

    The payload begins at *start* in the signing input. It is decoded when it is first read, which most tokens with a
    bad signature never are.
    """

    jose: Header
    start: int
    signing_input: bytes
    signature: bytes
    _claims: dict[str, Any] | None = None

    @property
    def payload(self) -> bytes:
        """Return the octets that were signed; raise ``InvalidTokenError`` if they are not base64url."""
        try:
            return _decoded(self.signing_input, self.start)
        except BaseException as error:
            forget_frames(error)
            raise

    @property
    def claims(self) -> dict[str, Any]:
        """Return the payload as claims (RFC 7519 section 7.2, step 10); raise ``InvalidTokenError`` otherwise."""
        if self._claims is None:
            try:
                self._claims = _claims_in(self.signing_input, self.start)
            except BaseException as error:
                forget_frames(error)
                raise
        return self._claims

    @property
    def brief_claims(self) -> dict[str, Any] | None:
        """Return the claims where reading them costs little; ``None``: not before the signature is verified.

        Raises ``InvalidTokenError`` if the payload holds no claims.
        """
        if self._claims is None:
            try:
                self._claims = _brief_claims_in(self.signing_input, self.start)
            except BaseException as error:
                forget_frames(error)
                raise
        return self._claims

    @property
    def issuer_in_sight(self) -> str | None:
        """Return the ``iss`` that the payload seems to name at its beginning; never judge by it."""
        return issuer_in_sight(self.signing_input[self.start :])

    @property
    def issuers_in_sight(self) -> set[str]:
        """Return what the payload names ``iss`` anywhere, if that is not too often; never judge by it."""
        return issuers_in_sight(self.signing_input[self.start :])

    def is_signed(self, verify: Callable[[str, bytes, bytes], bool]) -> bool:
        """Return whether a key's *verify* accepts the signature."""
        try:
            return verify(self.jose.alg, self.signature, self.signing_input)
        except BaseException as error:
            forget_frames(error)
            raise

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


def _decoded(signing_input: bytes, start: int) -> bytes:
    try:
        return decode_base64url(signing_input[start:])
    except ValueError as exc:
        raise MalformedTokenError from exc


def _claims_in(signing_input: bytes, start: int) -> dict[str, Any]:
    try:
        return parse_json_object(decode_base64url(signing_input[start:]))
    except ValueError as exc:
        raise MalformedTokenError from exc


def _brief_claims_in(signing_input: bytes, start: int) -> dict[str, Any] | None:
    try:
        return brief_claims(signing_input[start:])
    except ValueError as exc:
        raise MalformedTokenError from exc

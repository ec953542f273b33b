"""Lines for the log: whom a service trusts, and why a request is refused."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from jwks_auth.challenge import escaped, fields, shown
from jwks_auth.claims import AnyAudience, VerifiedToken
from jwks_auth.errors import InvalidTokenError, KeySourceError, Refused
from jwks_auth.http import without_query
from jwks_auth.jose import parse_jws
from jwks_auth.request.credentials import Credentials
from jwks_auth.request.requirement import Requirement
from jwks_auth.runtime import RawToken
from jwks_auth.verifier import Issuer, TokenVerifier, Verifier

__all__ = ["tell_refusal", "tell_trust"]

log = logging.getLogger("jwks_auth")

_LONGEST = 200
"""Letters of a claim or a path."""

_TOLD_BY_CAUSE = frozenset({"wrong_issuer", "missing_certificate", "wrong_certificate"})
"""The codes of refusals whose cause names a place in the request, and nothing that was sent."""

_TOLD = {
    "algorithm_not_allowed": "alg",
    "wrong_type": "typ",
    "wrong_issuer": "iss",
    "wrong_audience": "aud",
}
"""What is told of a token, by the error's code: nothing else of it is ever logged."""


def tell_trust(verifier: Verifier) -> None:
    """Tell whom a service trusts from now on: issuers, their audiences, and where keys come from."""
    described = verifier if isinstance(verifier, TokenVerifier) else None
    told = [_trusted(issuer, described) for issuer in verifier.issuers]
    if described is not None and described.has_tenants:
        told.append("tenants, as they are found")
    if described is not None and "other" in described.kinds:
        told.append("OTHER_TOKENS for what is no issuer's")
    whom = "; ".join(told) or "whom a verifier of the service's own does"
    sole = verifier.issuers[0].issuer if len(told) == len(verifier.issuers) == 1 else None
    log.info("trusting %s", whom, extra=fields("trust", issuer=sole))


def _trusted(issuer: Issuer, verifier: TokenVerifier | None) -> str:
    client = issuer.client
    keys = "keys handed over" if client is None else f"keys from {without_query(client.uri)}"
    audience = issuer.audience if verifier is None else verifier.rules_of(issuer.issuer).audience
    asked = "" if issuer.endpoint is None else f", introspection ({issuer.endpoint.options.mode})"
    return escaped(f"{issuer.issuer} for {_audience(audience)}, {keys}{asked}")


def _audience(audience: Any) -> str:
    if isinstance(audience, AnyAudience):
        return "any audience"
    return f"audience {' or '.join(sorted(audience))}" if audience else "the routes' audiences"


def tell_refusal(
    error: Refused,
    credentials: Credentials,
    raw: RawToken | None,
    *,
    verifier: TokenVerifier | None,
    requirement: Requirement | None,
    token: VerifiedToken | None = None,
) -> None:
    """Tell why a request is refused; at ``DEBUG`` but where the service is at fault, which needs to be found."""
    told = fields(error.code, issuer=_listed(token, verifier), kind=getattr(error, "kind", None))
    if isinstance(error, KeySourceError) and error.kind == "callback":
        # The 503 hides a fault in the service's own code, so nothing else would show where it is.
        log.error("request refused: %s", error, exc_info=error, extra=told)
    elif log.isEnabledFor(logging.DEBUG):
        differing = _misplaced(error) or _differing(error.code, raw, verifier, requirement)
        path = _brief(escaped(urlsplit(credentials.url).path))
        where = f"{credentials.method} {path}".strip()
        why = "; ".join(filter(None, [error.code, differing, where]))
        log.debug("request refused: %s", why, extra=told)


def _listed(token: VerifiedToken | None, verifier: TokenVerifier | None) -> str | None:
    """Return the issuer of a verified token, if it is a listed one."""
    name = None if token is None or verifier is None else token.issuer
    return name if verifier is not None and name in verifier.names else None


def _misplaced(error: Refused) -> str | None:
    """Return the cause of a refusal for the place of the token or the certificate, which settings name."""
    told = error.__cause__
    return str(told) if error.code in _TOLD_BY_CAUSE and isinstance(told, ValueError) else None


def _differing(
    code: str, raw: RawToken | None, verifier: TokenVerifier | None, requirement: Requirement | None
) -> str | None:
    name = _TOLD.get(code)
    if name is None or raw is None:
        return None
    try:
        token = raw.read(parse_jws)
        found = (
            {"alg": token.alg, "typ": token.typ}.get(name)
            if name in ("alg", "typ")
            else token.claims.get(name)
        )
        issuer = str(token.claims.get("iss"))
    except InvalidTokenError:
        return None
    expected = _expected(name, issuer, verifier, requirement)
    return f"{name}: {f'expected {expected}, ' if expected else ''}found {_brief(shown(found))}"


def _expected(
    name: str, issuer: str, verifier: TokenVerifier | None, requirement: Requirement | None
) -> str | None:
    if name == "iss":
        listed = requirement.issuers if requirement is not None and requirement.issuers else ()
        return " or ".join(listed or (verifier.names if verifier is not None else ()))
    if verifier is None:
        return None
    rules = verifier.rules_of(issuer)
    if name == "aud":
        asked = requirement.audience if requirement is not None else None
        return _audience(asked or rules.audience).removeprefix("audience ")
    allowed = rules.algorithms if name == "alg" else {each or "none" for each in rules.media_types}
    return " or ".join(sorted(allowed))


def _brief(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."

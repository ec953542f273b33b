"""OpenAPI's description of requirements: the scopes of an operation, and its refusals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jwks_auth.claims import Policy
from jwks_auth.proofs import Offer

__all__ = ["may_name_scopes", "refusal_responses", "schemes_of", "security_of"]

_CHALLENGE = {"WWW-Authenticate": {"description": "RFC 6750 section 3", "schema": {"type": "string"}}}
_RETRY = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
_REFUSALS: dict[int, tuple[str, dict[str, Any]]] = {
    400: ("The request's credentials are malformed, or there is more than one set of them", _CHALLENGE),
    401: ("No access token, or a bad one", _CHALLENGE),
    403: ("The access token does not allow this request", _CHALLENGE),
    503: ("The access token can't be verified at the moment", _RETRY),
}
_WITH_PROOF = {
    "type": "http",
    "scheme": "dpop",
    "description": "A token that is bound to the client's key, with a proof in the header DPoP (RFC 9449). For clients "
    "in browsers CORS has to expose the headers WWW-Authenticate and DPoP-Nonce",
}
_UNNAMEABLE = re.compile(r"[^A-Za-z0-9._-]")
_WITH_SCOPES = ("oauth2", "openIdConnect")


def may_name_scopes(scheme: Mapping[str, Any], version: str) -> bool:
    """Return whether a document of this *version* of OpenAPI may name scopes for *scheme*.

    Version 3.0 allows them for OAuth 2 and OpenID Connect only; 3.1 takes them as roles of any scheme.
    """
    return scheme.get("type") in _WITH_SCOPES or not version.startswith(("2.", "3.0"))


def schemes_of(
    name: str,
    sources: Sequence[str],
    word: str,
    offer: Offer | None = None,
    *,
    only_jwts: bool = True,
) -> dict[str, dict[str, str]]:
    """Return the security schemes for *sources*, any of which will do; the first one has the name *name*.

    *word* stands before a token in ``Authorization``. Documentation pages know ``Bearer`` there, and no other. With an
    *offer* a token may also be sent with a proof; or it has to be. *only_jwts*: whether every token is a JWT, which the
    document then says.
    """
    if offer is not None and offer.alone:
        return {name: _WITH_PROOF}
    proved = {} if offer is None else {f"{name}-dpop": _WITH_PROOF}
    form = {"bearerFormat": "JWT"} if only_jwts else {}
    plain = {
        name if at == 0 else f"{name}-{_UNNAMEABLE.sub('-', source)}": _scheme_of(source, word, form)
        for at, source in enumerate(sources)
    }
    return {**plain, **proved}


def _scheme_of(source: str, word: str, form: dict[str, str]) -> dict[str, str]:
    kind, _, name = source.partition(":")
    if name:
        return {"type": "apiKey", "in": kind, "name": name}
    if word.lower() == "bearer":
        return {"type": "http", "scheme": "bearer", **form}
    return {"type": "apiKey", "in": "header", "name": "Authorization", "description": f"{word} and the token"}


def security_of(
    name: str, policies: Iterable[Policy], *, scheme: Mapping[str, Any], version: str
) -> list[dict[str, list[str]]]:
    """Return an operation's ``security``: an entry for each set of scopes that meets all *policies*.

    *name* is that of *scheme* in the document. Where the version allows no scopes for it, the one entry names none.
    """
    whole = Policy()
    for policy in policies:
        whole &= policy
    if not may_name_scopes(scheme, version):
        return [{name: []}]
    return [{name: list(scopes)} for scopes in whole.scope_alternatives()]


def refusal_responses(
    members: Mapping[str, str], media_type: str = "application/json"
) -> dict[int | str, dict[str, Any]]:
    """Return the responses that document refusals, by status; *members* of the body have these JSON types."""
    schema = {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in members.items()},
        "required": list(members),
    }
    return {
        status: {"description": text, "headers": headers, "content": {media_type: {"schema": schema}}}
        for status, (text, headers) in _REFUSALS.items()
    }

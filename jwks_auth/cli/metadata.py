"""What an issuer's metadata names, as far as it concerns a service that takes its tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jwks_auth.challenge import escaped, shown
from jwks_auth.client import metadata_of, proxy_for
from jwks_auth.errors import KeySourceError
from jwks_auth.http import Metadata, without_query
from jwks_auth.verifier import Issuer

__all__ = ["told_by"]

_MEMBERS = (
    "issuer",
    "access_token_issuer",
    "jwks_uri",
    "authorization_endpoint",
    "token_endpoint",
    "introspection_endpoint",
    "userinfo_endpoint",
    "end_session_endpoint",
    "registration_endpoint",
    "id_token_signing_alg_values_supported",
    "scopes_supported",
    "grant_types_supported",
    "code_challenge_methods_supported",
    "dpop_signing_alg_values_supported",
    "tls_client_certificate_bound_access_tokens",
)
_LONGEST = 300


def told_by(issuer: Issuer, facts: dict[str, Any]) -> Iterator[str]:
    """Yield what the metadata of *issuer* names, or else the address of its keys; and the proxy they come through."""
    client = issuer.client
    if client is None:
        return
    try:
        found = metadata_of(client)
    except KeySourceError as error:
        facts["metadata"] = {"error": {"kind": error.kind, "text": escaped(str(error))}}
        yield f"metadata: {error.kind}: {error}"
    else:
        yield from _named_by(found, facts) if found else _set(client.uri, facts)
    if (proxy := proxy_for(client)) is not None:
        facts["proxy"] = proxy
        yield f"proxy: {proxy}"


def _set(url: str, facts: dict[str, Any]) -> Iterator[str]:
    facts["jwks_uri"] = without_query(url)
    yield f"jwks_uri: {facts['jwks_uri']} (set, not discovered)"


def _named_by(metadata: Metadata, facts: dict[str, Any]) -> Iterator[str]:
    found = {name: _value(metadata.document[name]) for name in _MEMBERS if name in metadata.document}
    facts["metadata"] = {"url": without_query(metadata.url), **found}
    facts["jwks_uri"] = without_query(metadata.address)
    yield f"metadata: {without_query(metadata.url)}"
    for name, value in found.items():
        yield f"  {name}: {value if isinstance(value, str) else ' '.join(value)}"


def _value(value: Any) -> str | list[str]:
    """Return a member for people: others may put anything there."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return [_short(each) for each in value[:50]]
    return _short(value if isinstance(value, str) else shown(value))


def _short(text: str) -> str:
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return escaped(cut)

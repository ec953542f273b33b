"""Protected-resource metadata (RFC 9728): the document that tells clients where tokens for this service come from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from jwks_auth.claims import Audience, ClaimMapping, bindings, within
from jwks_auth.errors import ConfigurationError
from jwks_auth.proofs import binding_of, offer_of
from jwks_auth.runtime import dataclass
from jwks_auth.settings import checked_resource

__all__ = ["Answer", "ResourceMetadata", "Resources"]

_PLACE = "/.well-known/oauth-protected-resource"
_METHODS = "GET, HEAD, OPTIONS"

Pairs = tuple[tuple[str, str], ...]

_ANYBODY: Pairs = (("Access-Control-Allow-Origin", "*"),)
_PREFLIGHT: Pairs = (
    *_ANYBODY,
    ("Access-Control-Allow-Methods", _METHODS),
    ("Access-Control-Allow-Headers", "*"),
    ("Access-Control-Max-Age", "3600"),
    ("Allow", _METHODS),
)
_JSON = ("Content-Type", "application/json")
_HEADERS: Pairs = (_JSON, ("Cache-Control", "public, max-age=3600"), *_ANYBODY)


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer, to be copied."""

    status: int
    headers: Pairs
    body: bytes


@dataclass(frozen=True, slots=True)
class ResourceMetadata:
    """One resource's document: at *url*, so that *path* is where this service answers with *headers* and *body*."""

    resource: str
    url: str
    path: str
    body: bytes
    headers: Pairs = _HEADERS


class Resources:
    """The resources of a service: the one that settings name, and audiences of routes on the same host.

    *mappings* has the issuers that are trusted, each with the audience and the binding of its tokens if those are said.
    """

    def __init__(
        self,
        shared: Mapping[str, Any],
        mappings: Mapping[str, ClaimMapping],
        *,
        in_header: bool,
    ) -> None:
        self._shared, self._mappings, self._in_header = shared, mappings, in_header
        self._named: str | None = shared.get("RESOURCE_METADATA")
        self._known: dict[str, ResourceMetadata] = {}
        self._own: ResourceMetadata | None = None
        if "RESOURCE" in shared:
            self._own = self._known[shared["RESOURCE"]] = self._document(shared["RESOURCE"], None)

    def add(self, audience: Any) -> None:
        """Describe each resource in a route's *audience* that is on this service's host."""
        own = self._own
        if own is None or not isinstance(audience, tuple):
            return
        for name in audience:
            if name not in self._known and _is_beside(name, own.resource):
                self._known[name] = self._document(name, frozenset([name]))

    def metadata(self, resource: str | None = None) -> ResourceMetadata:
        """The document of *resource*, or of the service's own. Raises ``ConfigurationError`` where there is none."""
        if self._own is None:
            raise ConfigurationError("RESOURCE is missing: the URL by which clients know this service")
        if resource is not None and resource not in self._known:
            known = ", ".join(map(repr, self._known))
            raise ConfigurationError(f"resource: found {resource!r}, expected one of {known}")
        return self._own if resource is None else self._known[resource]

    def url_for(self, audience: Any) -> str | None:
        """The URL that a challenge names on a route with this *audience*."""
        for name in audience if isinstance(audience, tuple) else ():
            if name in self._known and self._known[name] is not self._own:
                return self._known[name].url
        return self._named if self._own is None or self._named else self._own.url

    def answer(self, method: str, path: str) -> Answer | None:
        """The answer to a request for metadata; ``None``: it is for something else. Nobody has to authenticate."""
        if self._own is None or not (path == _PLACE or path.startswith(f"{_PLACE}/")):
            return None
        found = next((each for each in self._known.values() if each.path == path), None)
        if found is None:
            return Answer(404, (_JSON, *_ANYBODY), b'{"error": "not_found"}')
        if method == "OPTIONS":
            return Answer(204, _PREFLIGHT, b"")
        if method not in ("GET", "HEAD"):
            return Answer(405, (_JSON, ("Allow", _METHODS), *_ANYBODY), b'{"error": "method_not_allowed"}')
        return Answer(200, found.headers, found.body)

    def _issuers_for(self, audience: Audience | None) -> dict[str, ClaimMapping]:
        """The issuers whose tokens may be for *audience*."""
        return {
            name: own
            for name, own in self._mappings.items()
            if audience is None or within(audience, own.audience)
        }

    def _document(self, resource: str, audience: Audience | None) -> ResourceMetadata:
        issuers = self._issuers_for(audience)
        service = binding_of(self._shared)
        accepted = [bindings(each.binding, service) for each in issuers.values()] or [service]
        offer = offer_of(accepted)
        members = {
            "resource": resource,
            # those whose names clients can look up
            "authorization_servers": [name for name in issuers if urlsplit(name).scheme in ("https", "http")],
            "scopes_supported": list(self._shared.get("RESOURCE_SCOPES", ())),
            "bearer_methods_supported": ["header"] if self._in_header else [],
            "tls_client_certificate_bound_access_tokens": any(each.allows("mtls") for each in accepted),
            "dpop_signing_alg_values_supported": offer and offer.algorithms,
            "dpop_bound_access_tokens_required": offer and offer.alone,
            "resource_name": self._shared.get("RESOURCE_NAME"),
            "resource_documentation": self._shared.get("RESOURCE_DOCUMENTATION"),
        }
        body = json.dumps({name: value for name, value in members.items() if value}).encode()
        host, after = _parts(resource)
        place = _PLACE + after
        return ResourceMetadata(resource, host + place, unquote(place.partition("?")[0]), body)


def _parts(resource: str) -> tuple[str, str]:
    """Scheme and host, and all that follows but for a slash alone (RFC 9728 section 3.1)."""
    parts = urlsplit(resource)
    host = f"{parts.scheme}://{parts.netloc}"
    after = resource[len(host) :]
    return host, "" if after == "/" else after.removeprefix("/") if after.startswith("/?") else after


def _is_beside(name: str, own: str) -> bool:
    try:
        return _parts(checked_resource(name))[0] == _parts(own)[0]
    except ValueError:
        return False

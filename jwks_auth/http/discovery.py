"""An issuer's metadata, which names its endpoints: OpenID Connect Discovery 1.0 and RFC 8414.

Only the address asked for and AD FS's ``access_token_issuer`` are used, and only if the metadata names exactly the
issuer it was asked about. The allowed algorithms never come from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from jwks_auth.errors import ConfigurationError, KeySourceError
from jwks_auth.http.answer import Answer
from jwks_auth.http.urls import checked_url, http_allowed, is_loopback, origin_of, shown_url, without_query
from jwks_auth.runtime import elapsed

__all__ = ["Discovery", "Metadata", "checked_issuer", "metadata_urls"]

_LIFESPAN = 86_400.0
_FAILURES_BEFORE_ASKING_AGAIN = 3

_URL = re.compile(r"https?://", re.IGNORECASE)
_USER = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*@")
_DOCUMENT = re.compile(r"(.*?)/\.well-known(?:/[^/]*)?(/.*)?", re.DOTALL)
# Entra's addresses that stand for many tenants, and placeholders copied from a manual.
_OF_MANY = re.compile(
    r"https?://(?:(?:login\.microsoftonline\.(?:com|us)|login\.partner\.microsoftonline\.cn|login\.windows\.net"
    r"|login\.chinacloudapi\.cn|sts\.windows\.net)/(?:common|organizations|consumers)(?:/|\Z)|.*(?:\{[^{}]*\}|<[^<>]*>))",
    re.IGNORECASE | re.DOTALL,
)


class Metadata(NamedTuple):
    """An issuer's metadata: its address, the *document*, and the address of the endpoint that was looked for."""

    url: str
    document: Mapping[str, Any]
    address: str


class Discovery:
    """The address of one issuer's endpoint, read from its metadata when first needed and kept for a day.

    *member* of the metadata names it. The metadata is read again when the endpoint is gone (404, 410) or fails three
    times in a row. While that fails, the last known address stays in use.
    """

    def __init__(
        self,
        issuer: str,
        *,
        aliases: Iterable[str] = (),
        url: str | None = None,
        allow_http: bool = False,
        member: str = "jwks_uri",
        clock: Callable[[], float] = elapsed,
    ) -> None:
        self.issuer, self._member = checked_issuer(issuer), member
        self._names = frozenset((issuer, *aliases))
        self.urls = _urls_below(issuer, allow_http) if url is None else (url,)
        checked_url(self.urls[0], name="discovery_url", http=http_allowed(self.urls[0], allow_http))
        self.access_token_issuer: str | None = None
        """The issuer's name in access tokens, if its metadata gives another one for them (AD FS)."""
        self._given_url = url is not None
        self.named = "ISSUER" if url is None else "DISCOVERY_URL"
        """The setting that names the metadata's address."""
        # What was configured: no document of theirs adds to it.
        self.origins = frozenset(origin_of(each) for each in (*self.urls, issuer) if _URL.match(each))
        self._allow_http = allow_http
        self._clock = clock
        self._address: str | None = None
        self._ask_at = clock()
        self._failures = 0

    def address(self, fetch: Callable[[str], Answer]) -> str:
        """Return the address of the endpoint. *fetch* gets a document. Raises ``KeySourceError``."""
        if self._address is None or self._clock() >= self._ask_at:
            try:
                self._address = self.found(fetch).address
                self._ask_at = self._clock() + _LIFESPAN
            except KeySourceError:
                if self._address is None:
                    raise
        return self._address

    def note_success(self) -> None:
        """Note that the endpoint answered."""
        self._failures = 0

    def note_failure(self, kind: str) -> None:
        """Note that the endpoint failed; *kind* is the error's."""
        self._failures += 1
        if kind == "gone" or self._failures >= _FAILURES_BEFORE_ASKING_AGAIN:
            self._ask_at, self._failures = self._clock(), 0

    def found(self, fetch: Callable[[str], Answer]) -> Metadata:
        """Return the metadata, fetched anew; raise ``KeySourceError`` if there is none that is this issuer's."""
        refusals = []
        for url in self.urls:
            try:
                document = fetch(url).document or {}
                return Metadata(url, document, self._read(document, url))
            except KeySourceError as exc:
                # A server that answers with something else may have the metadata at the other address.
                if exc.kind in ("timeout", "connection", "tls"):
                    raise
                refusals.append(f"{without_query(url)}: {exc}")
        raise KeySourceError(f"no metadata of the issuer: {'; '.join(refusals)}", kind="discovery")

    def _read(self, metadata: Mapping[str, Any], asked: str) -> str:
        found, for_access = metadata.get("issuer"), metadata.get("access_token_issuer")
        # Compared as they are (RFC 8414 sections 3.3 and 4): a trailing slash matters. If the address was configured,
        # AD FS's name for access tokens is accepted too, because no metadata has that name as its issuer.
        if not _is_one_of(found, self._names) and not (
            self._given_url and _is_one_of(for_access, self._names)
        ):
            raise KeySourceError(_other_issuer(found, self.issuer), kind="discovery")
        url = metadata.get(self._member)
        if not isinstance(url, str):
            raise KeySourceError(f"the metadata has no {self._member}", kind="discovery")
        try:
            plain = self._allow_http or (urlsplit(asked).scheme == "http" and is_loopback(asked))
            checked_url(url, name=self._member, http=plain)
        except ConfigurationError as exc:
            raise KeySourceError(str(exc), kind="discovery") from exc
        self.access_token_issuer = for_access if isinstance(for_access, str) and for_access else None
        return url


def _other_issuer(found: object, issuer: str) -> str:
    told = f"the metadata is not that of {issuer!r}"
    if not isinstance(found, str):
        return f"{told}: it names no issuer"
    differs = ": only the trailing slash differs" if found.rstrip("/") == issuer.rstrip("/") else ""
    return f"{told}; the metadata names {shown_url(found)}{differs}"


def _is_one_of(name: object, names: Collection[str]) -> bool:
    return isinstance(name, str) and name in names


def metadata_urls(issuer: str) -> tuple[str, str]:
    """Return OpenID Connect's address (appended), then RFC 8414's (inserted between host and path)."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    oauth = f"/.well-known/oauth-authorization-server{path}"
    return (
        urlunsplit(parts._replace(path=f"{path}/.well-known/openid-configuration")),
        urlunsplit(parts._replace(path=oauth)),
    )


def checked_issuer(issuer: str, name: str = "issuer") -> str:
    """Return *issuer* if it can be a token's ``iss``: any string but a URL that is plainly something else.

    Raises ``ConfigurationError`` naming *name*.
    """
    if not isinstance(issuer, str) or not issuer.strip() or issuer != issuer.strip():
        raise ConfigurationError(
            f"{name}: found {shown_url(issuer)}, expected the issuer's name, exactly as in the tokens' iss"
        )
    if mistake := _mistake(issuer):
        raise ConfigurationError(f"{name}: found {shown_url(issuer)}, {mistake}")
    return issuer


def _mistake(issuer: str) -> str | None:
    """Return the reason why no token has *issuer* as its iss, and what to write instead."""
    document = _DOCUMENT.fullmatch(issuer)
    base = issuer if document is None else (document[1] + (document[2] or "")).rstrip("/")
    if _OF_MANY.match(base):
        return (
            "which stands for many tenants and in no token: expected one tenant's iss, or TENANTS (tenants=) where "
            "they can't be listed"
        )
    if document is not None:
        return f"which is a document's address; expected the tokens' iss: {base!r} or {base + '/'!r}"
    if _USER.match(issuer):
        return "expected no user and password in it; use headers or a session"
    return None


def _urls_below(issuer: str, allow_http: bool) -> tuple[str, str]:
    """Return the standard addresses of the metadata of *issuer*, which must be a URL."""
    found = f"issuer: found {shown_url(issuer)}"
    if not _URL.match(issuer):
        raise ConfigurationError(
            f"{found}, where no metadata can be: expected https://..., or jwks_uri, discovery_url or jwks beside it"
        )
    if issuer[:5].lower() == "http:" and not http_allowed(issuer, allow_http):
        raise ConfigurationError(
            f"{found}, expected https://..., or beside this name a jwks_uri or discovery_url that is; on a network "
            "you trust, allow_http takes it"
        )
    if "?" in issuer or "#" in issuer:
        raise ConfigurationError(f"{found}, expected a URL without query and fragment")
    checked_url(issuer, name="issuer", http=True)
    return metadata_urls(issuer)

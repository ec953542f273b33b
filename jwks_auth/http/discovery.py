"""An issuer's metadata, which names its key endpoint: OpenID Connect Discovery 1.0 and RFC 8414.

Metadata is used for ``jwks_uri`` alone, and only where it names exactly the issuer it was asked about. Which
algorithms are allowed is never taken from it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from jwks_auth.errors import ConfigurationError, KeySourceError
from jwks_auth.http.fetch import Answer, checked_url
from jwks_auth.runtime import elapsed

__all__ = ["Discovery", "checked_issuer", "http_allowed", "metadata_urls"]

_LIFESPAN = 86_400.0
_FAILURES_BEFORE_ASKING_AGAIN = 3


class Discovery:
    """One issuer's ``jwks_uri``, asked for when first needed and kept for a day.

    It is asked for again when the key endpoint is gone (404, 410) or fails three times in a row. While asking
    fails, the address known before stays in use.
    """

    def __init__(
        self,
        issuer: str,
        *,
        url: str | None = None,
        allow_http: bool = False,
        clock: Callable[[], float] = elapsed,
    ) -> None:
        self.issuer = checked_issuer(issuer, allow_http=allow_http)
        self.urls = metadata_urls(issuer) if url is None else (url,)
        checked_url(self.urls[0], name="discovery_url", http=http_allowed(self.urls[0], allow_http))
        self._allow_http = allow_http
        self._clock = clock
        self._jwks_uri: str | None = None
        self._ask_at = clock()
        self._failures = 0

    def jwks_uri(self, fetch: Callable[[str], Answer]) -> str:
        """The address of the keys. *fetch* gets a document. Raises ``KeySourceError``."""
        if self._jwks_uri is None or self._clock() >= self._ask_at:
            try:
                self._jwks_uri = self._ask(fetch)
                self._ask_at = self._clock() + _LIFESPAN
            except KeySourceError:
                if self._jwks_uri is None:
                    raise
        return self._jwks_uri

    def note_success(self) -> None:
        """The key endpoint answered."""
        self._failures = 0

    def note_failure(self, kind: str) -> None:
        """The key endpoint failed, in the way *kind* says."""
        self._failures += 1
        if kind == "gone" or self._failures >= _FAILURES_BEFORE_ASKING_AGAIN:
            self._ask_at, self._failures = self._clock(), 0

    def _ask(self, fetch: Callable[[str], Answer]) -> str:
        refusals = []
        for url in self.urls:
            try:
                return self._read(fetch(url).document or {})
            except KeySourceError as exc:
                # A server that answers, but not with the metadata, may have it at the other address.
                if exc.kind in ("timeout", "connection", "tls"):
                    raise
                refusals.append(f"{url}: {exc}")
        raise KeySourceError(f"no metadata of the issuer: {'; '.join(refusals)}", kind="discovery")

    def _read(self, metadata: Mapping[str, Any]) -> str:
        if metadata.get("issuer") != self.issuer:
            # Compared as it is (RFC 8414 sections 3.3 and 4): a trailing slash matters.
            raise KeySourceError(f"the metadata is not that of {self.issuer!r}", kind="discovery")
        url = metadata.get("jwks_uri")
        if not isinstance(url, str):
            raise KeySourceError("the metadata has no jwks_uri", kind="discovery")
        try:
            plain_issuer = urlsplit(self.issuer).scheme == "http"
            return checked_url(url, name="jwks_uri", http=plain_issuer or self._allow_http)
        except ConfigurationError as exc:
            raise KeySourceError(str(exc), kind="discovery") from exc


def metadata_urls(issuer: str) -> tuple[str, str]:
    """OpenID Connect's address (appended), then RFC 8414's (inserted between host and path)."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    oauth = f"/.well-known/oauth-authorization-server{path}"
    return (
        urlunsplit(parts._replace(path=f"{path}/.well-known/openid-configuration")),
        urlunsplit(parts._replace(path=oauth)),
    )


def checked_issuer(issuer: str, *, allow_http: bool = False) -> str:
    """*issuer* if it can be one (RFC 8414 section 2); raises ``ConfigurationError``."""
    checked_url(issuer, name="issuer", http=http_allowed(issuer, allow_http))
    if "?" in issuer or "#" in issuer:
        raise ConfigurationError(f"issuer: found {issuer!r}, expected a URL without query and fragment")
    base, well_known, _ = issuer.partition("/.well-known/")
    if well_known:
        raise ConfigurationError(
            f"issuer: found {issuer!r}, which is a document's address; expected the tokens' iss, as {base + '/'!r}"
        )
    return issuer


def http_allowed(url: str, allow_http: bool) -> bool:
    """Return whether plain http will do for *url*: where it is allowed, and to this machine itself."""
    return allow_http or _is_loopback(url)


def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except (ValueError, AttributeError, TypeError):
        return False

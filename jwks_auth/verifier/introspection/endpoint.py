"""One issuer's introspection endpoint: its address, the credentials it asks for, and one question over HTTP."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode

from jwks_auth.challenge import fields
from jwks_auth.errors import KeySourceError
from jwks_auth.http import (
    Answer,
    Discovery,
    FetchError,
    Network,
    Posted,
    checked_url,
    http_allowed,
    origin_of,
    without_query,
)
from jwks_auth.keys import Observer, observed
from jwks_auth.runtime import RawToken
from jwks_auth.verifier.introspection.options import Introspection
from jwks_auth.verifier.introspection.shared import SharedAnswers

if TYPE_CHECKING:
    from jwks_auth.http import Fetcher

__all__ = ["SIGNED", "IntrospectionEndpoint"]

log = logging.getLogger("jwks_auth")

SIGNED = "application/token-introspection+jwt"
"""The media type of a signed answer (RFC 9701 section 5)."""

_MOST_OCTETS = 262_144
_REFUSED = frozenset({400, 401, 403})
"""Answers to a client whose credentials the server does not accept; 400 may also be about the token itself."""


class IntrospectionEndpoint:
    """The endpoint of *issuer*, at the address in *options*, or else the one that *discovery* finds."""

    def __init__(
        self, issuer: str, options: Introspection, discovery: Discovery | None, fetcher: Fetcher, wait: float
    ) -> None:
        self.issuer, self.options, self.wait = issuer, options, wait
        self._discovery, self._fetcher = discovery, fetcher
        self._credentials = options.credentials()
        self.shared: SharedAnswers | None = None
        """The answers that other processes were told, where the issuer's store is sealed."""
        self.observer: Observer | None = None

    @classmethod
    def of(
        cls,
        options: Introspection,
        issuer: str,
        *,
        aliases: Iterable[str],
        places: Mapping[str, Any],
        allow_http: bool,
        network: Mapping[str, Any],
    ) -> Self:
        """Return the endpoint of *issuer*, reached as its keys are; raise ``ConfigurationError``."""
        from jwks_auth.http import Fetcher  # with requests, which few processes need

        discovery = None
        if options.url is None:
            discovery = Discovery(
                issuer,
                aliases=aliases,
                url=places["discovery_url"],
                allow_http=allow_http,
                member="introspection_endpoint",
            )
        else:
            checked_url(options.url, name="introspection_url", http=http_allowed(options.url, allow_http))
        named = (issuer, places["discovery_url"], places["jwks_uri"])
        fetcher = Fetcher(
            headers=network.get("headers") or {},
            timeout=network["timeout"],
            ssl_context=network.get("ssl_context"),
            network=Network(
                session=network.get("session"), ca_file=network.get("ca_file"), max_bytes=_MOST_OCTETS
            ),
            origins=frozenset(origin_of(url) for url in named if url is not None),
        )
        made = cls(issuer, options, discovery, fetcher, network["wait"])
        made.shared = SharedAnswers.of(network.get("store"), issuer, options)
        return made

    def ask(self, sent: RawToken) -> Posted:
        """Return the issuer's answer about the token *sent*. Raises ``KeySourceError``."""
        deadline = self._fetcher.clock() + self._fetcher.timeout
        url, named = self._address(deadline)

        def form() -> bytes:
            fields = {"token_type_hint": "access_token", **self._credentials.fields(self.issuer)}
            return urlencode({"token": sent.read(str), **fields}).encode()

        try:
            answer = self._fetcher.post(url, form, self._headers, named=named, deadline=deadline)
        except FetchError as error:
            raise self._noted(error, url) from None
        if self._discovery is not None:
            self._discovery.note_success()
        return answer

    def _address(self, deadline: float) -> tuple[str, str]:
        """Return the endpoint's address, and the setting or member that names it."""
        discovery, fetcher = self._discovery, self._fetcher
        if discovery is None:
            return str(self.options.url), "INTROSPECTION_URL"

        def fetch(url: str) -> Answer:
            with observed(self.observer, "metadata"):
                return fetcher.fetch(url, named=discovery.named, deadline=deadline)

        return discovery.address(fetch), "`introspection_endpoint`"

    def _headers(self) -> dict[str, str]:
        accepted = SIGNED if self.options.jwt else "application/json"
        return {"Accept": accepted, **self._credentials.headers()}

    def _noted(self, error: FetchError, url: str) -> KeySourceError:
        """Return *error*, told to the log: loudly, if this service's own credentials are at fault."""
        if self._discovery is not None:
            self._discovery.note_failure(error.kind)
        fields_told = fields("introspection_failed", issuer=self.issuer, kind=error.kind)
        if error.http_status in _REFUSED or error.kind == "credentials":
            status = "" if error.http_status is None else f" (HTTP {error.http_status})"
            told = f"introspection: {without_query(url)} does not accept this service's credentials{status}"
            log.error("%s: check INTROSPECTION_CLIENT", told, extra=fields_told)
            return KeySourceError(told, kind=_kind_of(error), retry_after=error.retry_after)
        log.warning("introspection: %s failed: %s", without_query(url), error, extra=fields_told)
        return error

    def refused(self, why: str) -> KeySourceError:
        """Return the error for an answer that can't be used, and tell the log *why*."""
        told = fields("introspection_failed", issuer=self.issuer, kind="introspection")
        log.warning("introspection: the answer of %s can't be used: %s", self.issuer, why, extra=told)
        return KeySourceError(f"introspection: the answer can't be used: {why}", kind="introspection")


def _kind_of(error: FetchError) -> str:
    """Return the kind for a refusal: after one that may be about one token, the issuer is asked about others."""
    return "introspection" if error.http_status == 400 else "credentials"

"""``FakeClient``: a client of a fake issuer, which sends tokens and, if they are bound to its key, proofs."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol, Self

from jwks_auth.proofs import ANY_PROXY, CertificateHeader, hash_of
from jwks_auth.testing.certificates import ClientCertificate
from jwks_auth.testing.keys import SigningKey

__all__ = ["FakeClient"]


class Tokens(Protocol):
    """The part of a ``FakeIssuer`` that a client needs."""

    def token(self, **claims: Any) -> str:
        """Return a signed token."""


class FakeClient:
    """A client that gets tokens of *issuer*; with *dpop* they are bound to a key of its own (RFC 9449).

    *alg* is the key's algorithm. ``nonce`` is put into each proof, once a test has set it to what a service gave.

    With *certificate* they are bound to that (RFC 8705), and requests have the header in which a proxy passes it on:
    ``CLIENT_CERTIFICATE`` and ``PROXY_SECRET`` are as in a service's settings, and a test may set them to its own.
    ``peer`` is the proxy's address; ``None``: whichever the test's own client has.
    """

    CLIENT_CERTIFICATE: Mapping[str, str] = {"HEADER": "Client-Cert", "FORMAT": "rfc9440"}
    PROXY_SECRET: Mapping[str, str] | None = None
    peer: str | None = None

    def __init__(
        self,
        issuer: Tokens,
        *,
        dpop: bool = False,
        certificate: ClientCertificate | None = None,
        alg: str = "ES256",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._issuer, self._clock = issuer, clock
        self.key = SigningKey.generate(alg) if dpop else None
        self.certificate = certificate
        self.nonce: str | None = None

    @property
    def confirmation(self) -> dict[str, str] | None:
        """``cnf`` of its tokens; ``None``: they are bound to nothing."""
        of_key = {} if self.key is None else {"jkt": self.key.thumbprint()}
        of_certificate = {} if self.certificate is None else self.certificate.confirmation
        return {**of_key, **of_certificate} or None

    def settings(self) -> dict[str, Any]:
        """Settings beside the issuer's, of a service that takes tokens of this client."""
        found: dict[str, Any] = {} if self.key is None else {"DPOP": "accept"}
        if self.certificate is not None:
            found |= {"MTLS": "accept", "CLIENT_CERTIFICATE": dict(self.CLIENT_CERTIFICATE)}
            secret = self.PROXY_SECRET
            found |= {"TRUSTED_PROXIES": ANY_PROXY} if secret is None else {"PROXY_SECRET": dict(secret)}
        return found

    def behind(self, shared: Mapping[str, Any]) -> Self:
        """Pass the certificate on as the proxy of a service with the settings *shared* does, and return the client."""
        source, secret = shared.get("CLIENT_CERTIFICATE"), shared.get("PROXY_SECRET")
        if isinstance(source, CertificateHeader):
            self.CLIENT_CERTIFICATE = {"HEADER": source.header, "FORMAT": source.form}
        if secret is not None:
            self.PROXY_SECRET = {"HEADER": secret.header, "VALUE": secret.value}
        networks = shared.get("TRUSTED_PROXIES")
        if networks is not None and networks is not ANY_PROXY:
            self.peer = str(networks[0].network_address)
        return self

    def token(self, **claims: Any) -> str:
        """Return a token for this client; arguments as of ``FakeIssuer.token``."""
        make = getattr(
            self._issuer, "presented", self._issuer.token
        )  # an ID token, where the service wants one
        made: str = make(**{"cnf": self.confirmation, **claims})
        return made

    def headers(self, method: str, url: str, *, token: str | None = None, **claims: Any) -> dict[str, str]:
        """Return the headers of one request: *token*, or a new one with *claims*, and a proof for it."""
        sent = self.token(**claims) if token is None else token
        if self.key is None:
            return {"Authorization": f"Bearer {sent}", **self.passed_on()}
        return {"Authorization": f"DPoP {sent}", "DPoP": self.proof(method, url, sent), **self.passed_on()}

    def passed_on(self) -> dict[str, str]:
        """Return the headers in which a proxy passes the certificate on."""
        if self.certificate is None:
            return {}
        said, secret = self.CLIENT_CERTIFICATE, self.PROXY_SECRET
        known = {} if secret is None else {secret["HEADER"]: secret["VALUE"]}
        return {said["HEADER"]: self.certificate.field(said["FORMAT"]), **known}

    def in_environ(self) -> dict[str, str]:
        """Return what a WSGI server tells beside headers: the certificate of its own connection, and its peer."""
        shown = {} if self.certificate is None else {"SSL_CLIENT_CERT": self.certificate.pem}
        return shown if self.peer is None else {**shown, "REMOTE_ADDR": self.peer}

    def in_scope(self) -> dict[str, Any]:
        """Return the same as an ASGI server tells it."""
        shown = [] if self.certificate is None else [self.certificate.pem]
        found: dict[str, Any] = {"extensions": {"tls": {"client_cert_chain": shown}}} if shown else {}
        return found if self.peer is None else {**found, "client": (self.peer, 4711)}

    def proof(
        self,
        method: str,
        url: str,
        token: str,
        *,
        header: Mapping[str, Any] | None = None,
        key: SigningKey | None = None,
        **claims: Any,
    ) -> str:
        """Return a proof; *claims* and *header* override its own, and ``None`` leaves one out. *key* signs instead."""
        if self.key is None:
            raise ValueError("this client proves nothing: make it with client(dpop=True)")
        filled = {
            "jti": str(uuid.uuid4()),
            "htm": method,
            "htu": url.partition("#")[0].partition("?")[0],
            "iat": int(self._clock()),
            "ath": hash_of(token),
            "nonce": self.nonce,
        }
        payload = {name: value for name, value in {**filled, **claims}.items() if value is not None}
        own = {"typ": "dpop+jwt", "kid": None, "jwk": self.key.public_members()}
        return (key or self.key).sign(json.dumps(payload).encode(), {**own, **(header or {})})

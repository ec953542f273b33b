"""The endpoints of a fake issuer: its documents, its answers about tokens, and its outages."""

from __future__ import annotations

import base64
import json
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from jwks_auth.errors import InvalidTokenError
from jwks_auth.jose import FAKE, parse_jws
from jwks_auth.testing.keys import SigningKey
from jwks_auth.testing.server import MODES, Answer, Form

__all__ = ["Endpoints"]

_SIGNED = "token-introspection+jwt"


class Endpoints(ABC):
    """What a fake issuer answers. ``client_id`` and ``client_secret`` are those of the services that ask it."""

    client_id = "api-service"
    client_secret = "secret of the api-service"  # noqa: S105 - of a test

    _clock: Callable[[], float] = time.time
    _keys: tuple[SigningKey, ...] = ()

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.requests: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._outage: str | None = None
        self._told: dict[str, dict[str, Any]] = {}
        self._revoked: set[str] = set()
        base = issuer.rstrip("/")
        self.jwks_uri, self.introspection_url = f"{base}/.well-known/jwks.json", f"{base}/introspect"
        self.jwks_path = urlsplit(self.jwks_uri).path
        self.introspection_path = urlsplit(self.introspection_url).path
        path = urlsplit(issuer).path.rstrip("/")
        self.discovery_paths = (
            f"{path}/.well-known/openid-configuration",
            f"/.well-known/oauth-authorization-server{path}",
        )

    @abstractmethod
    def jwks(self) -> dict[str, Any]:
        """The published key set."""

    @abstractmethod
    def sign(self, payload: bytes, header: Mapping[str, Any] | None = None, *, alg: str | None = None) -> str:
        """Return bytes, signed by the newest key."""

    def revoke(self, token: str) -> None:
        """Revoke a token, opaque or not: the endpoint calls it inactive from now on."""
        self._revoked.add(token)

    def tell_of(self, token: str, claims: Mapping[str, Any]) -> None:
        """Have the endpoint tell *claims* of an opaque token."""
        self._told[token] = dict(claims)

    def introspect(self, token: str) -> dict[str, Any]:
        """The answer about a token (RFC 7662 section 2.2)."""
        claims = self._told.get(token) or self._claims_of(token)
        ends = None if claims is None else claims.get("exp")
        over = ends is not None and type(ends) in (int, float) and ends < self._clock()
        if claims is None or token in self._revoked or over:
            return {"active": False}
        return {"active": True, "token_type": "Bearer", **claims}

    def discovery(self) -> dict[str, Any]:
        """The discovery document (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2)."""
        base = self.issuer.rstrip("/")
        return {
            "issuer": self.issuer,
            "jwks_uri": self.jwks_uri,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "introspection_endpoint": self.introspection_url,
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": sorted({key.alg for key in self._keys}),
        }

    def outage(self, mode: str = "error") -> ExitStack:
        """Start an outage, until :meth:`recover` or the end of ``with issuer.outage():``.

        Over HTTP *mode* is ``"error"`` (503), ``"drop"`` (the connection is closed unanswered) or ``"hang"``
        (it is kept open and silent). Without a server the key set raises ``ConnectionError`` in each of them.
        """
        if mode not in MODES:
            raise ValueError(f"outage mode {mode!r} is unknown: expected one of {', '.join(MODES)}")
        self._outage = mode
        over = ExitStack()
        over.callback(self.recover)
        return over

    def recover(self) -> None:
        """End an outage."""
        self._outage = None

    def _answer(self, path: str, form: Form | None = None) -> Answer:
        self._count(path)
        if path == self.introspection_path and form is not None:
            return self._answer_about(form)
        if path == self.jwks_path:
            return Answer(self.jwks(), self._outage)
        return Answer(self.discovery() if path in self.discovery_paths else None, self._outage)

    def _answer_about(self, form: Form) -> Answer:
        if not self._knows_client(form):
            return Answer({"error": "invalid_client"}, self._outage, status=401)
        is_signed = _SIGNED in form.headers.get("Accept", "")
        return self.answer_about(form.fields.get("token", ""), self.client_id if is_signed else None)

    def answer_about(self, token: str, signed_for: str | None = None) -> Answer:
        """The answer about a token over HTTP; *signed_for* a client, if it asks for a signature (RFC 9701)."""
        answer = self.introspect(token)
        if answer["active"]:
            answer[FAKE] = True  # as the keys are: an answer lets tokens in as a signature does
        if signed_for is None:
            return Answer(answer, self._outage)
        now = int(self._clock())
        claims = {"iss": self.issuer, "aud": signed_for, "iat": now, "token_introspection": answer}
        signed = self.sign(json.dumps(claims).encode(), {"typ": _SIGNED})
        return Answer({}, self._outage, text=signed, media_type=f"application/{_SIGNED}")

    def _knows_client(self, form: Form) -> bool:
        posted = (form.fields.get("client_id"), form.fields.get("client_secret"))
        return (self.client_id, self.client_secret) in (posted, _basic(form.headers.get("Authorization", "")))

    def _claims_of(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a JWT; the signature is left to whoever asks."""
        try:
            return parse_jws(token).claims
        except InvalidTokenError:
            return None

    def _count(self, path: str) -> None:
        with self._counting:  # requests come from many threads, and tests compare exact numbers
            self.requests[path] += 1


def _basic(authorization: str) -> tuple[str, ...]:
    """Return id and secret of the scheme Basic, each of which is form-encoded (RFC 6749 section 2.3.1)."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        pair = base64.b64decode(encoded, validate=True).decode() if scheme.lower() == "basic" else ""
    except ValueError:
        return ()
    return tuple(map(unquote_plus, pair.split(":", 1)))

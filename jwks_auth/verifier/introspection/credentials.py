"""The credentials by which this service asks an issuer: a secret, a private key, or a token."""

from __future__ import annotations

import base64
import re
import time
import uuid
from typing import Any
from urllib.parse import quote_plus

from jwks_auth.challenge import shown
from jwks_auth.errors import ConfigurationError
from jwks_auth.http import FetchError
from jwks_auth.jose import check_private_key, signed_assertion
from jwks_auth.runtime import Concealed

__all__ = ["METHODS", "ClientCredentials"]

METHODS = ("basic", "post", "private_key_jwt", "bearer")

_FILE = "file:"
_MOST = 65_536
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTED_FOR = 60  # seconds
_BEARER = re.compile(r"[\x21-\x7e]+")


class ClientCredentials(Concealed):
    """The credentials of one client. A *secret* of ``file:...`` is read for each request, as platforms renew it."""

    __slots__ = ("_secret", "client_id", "method")

    def __init__(self, client_id: Any, secret: Any, method: str) -> None:
        self.client_id, self._secret, self.method = client_id, secret, method

    def check(self) -> None:
        """Raise ``ConfigurationError`` for credentials that no issuer can accept."""
        if self.method != "bearer" and not _is_text(self.client_id):
            raise ConfigurationError("introspection_client: expected the ID of this service at the issuer")
        if not _is_text(self._secret):
            raise ConfigurationError(
                'introspection_client: expected a SECRET, or "file:..." that names its file'
            )
        try:
            secret = self._read()
            if self.method == "private_key_jwt":
                check_private_key(secret.encode())
        except ValueError as error:
            raise ConfigurationError(f"introspection_client: found {error}") from None
        if self.method == "bearer" and not _BEARER.fullmatch(secret):
            raise ConfigurationError("introspection_client: found a SECRET that is no bearer token")

    def headers(self) -> dict[str, str]:
        """Return the headers that have the credentials. Raises ``KeySourceError`` for a file that can't be read."""
        if self.method == "bearer":
            return {"Authorization": f"Bearer {self._at_hand()}"}
        if self.method != "basic":
            return {}
        # Encoded as in a form first, because either may have a colon (RFC 6749 section 2.3.1).
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self._at_hand())}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def fields(self, audience: str) -> dict[str, str]:
        """Return the fields of the form that have the credentials; an assertion is for the *audience*, the issuer."""
        if self.method == "post":
            return {"client_id": self.client_id, "client_secret": self._at_hand()}
        if self.method != "private_key_jwt":
            return {}
        now = int(time.time())
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": audience, "jti": str(uuid.uuid4())}
        try:
            signed = signed_assertion(
                {**claims, "iat": now, "exp": now + _ASSERTED_FOR}, self._at_hand().encode()
            )
        except ValueError as error:
            raise FetchError(f"introspection_client: found {error}", kind="credentials") from None
        return {"client_id": self.client_id, "client_assertion_type": _ASSERTION, "client_assertion": signed}

    def _at_hand(self) -> str:
        try:
            return self._read()
        except ValueError as error:
            raise FetchError(f"introspection_client: found {error}", kind="credentials") from None

    def _read(self) -> str:
        if not self._secret.startswith(_FILE):
            return (
                str(self._secret).replace("\\n", "\n") if "-----BEGIN" in self._secret else str(self._secret)
            )
        path = self._secret.removeprefix(_FILE)
        try:
            with open(path, "rb") as file:
                secret = file.read(_MOST + 1).decode().strip()
        except (OSError, ValueError):
            raise ValueError(f"the file {shown(path)}, which can't be read") from None
        if not secret or len(secret) > _MOST:
            raise ValueError(f"the file {shown(path)}, which has no secret")
        return secret


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())

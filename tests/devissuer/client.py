"""A client of the dev issuer in tests: it signs somebody in as a browser would, without one."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from jwks_auth.devissuer import DevServer
from tests.patience import PATIENCE

__all__ = ["BACK", "Client", "hidden"]

BACK = "http://127.0.0.1:5555/cb"


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    return re.findall(rf'<input type="hidden" name="{name}" value="([^"]+)">', page)[0]


class Client:
    """A public client with PKCE."""

    def __init__(self, server: DevServer, client_id: str = "web") -> None:
        self.url, self.client_id = server.url, client_id
        self.http = requests.Session()
        self.http.trust_env = False
        self.verifier = secrets.token_urlsafe(40)

    @property
    def challenge(self) -> str:
        """Its PKCE challenge."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def get(self, path: str, **options: Any) -> requests.Response:
        """One request."""
        return self.http.get(self.url + path, timeout=PATIENCE, allow_redirects=False, **options)

    def post(self, path: str, data: Any = None, **options: Any) -> requests.Response:
        """One request with a form."""
        return self.http.post(self.url + path, data, timeout=PATIENCE, allow_redirects=False, **options)

    def asked(self, **changed: Any) -> dict[str, Any]:
        """The parameters of an authorization request; ``None`` leaves one out."""
        filled = {
            "client_id": self.client_id,
            "redirect_uri": BACK,
            "response_type": "code",
            "scope": "openid offline_access orders:read",
            "state": "s-1",
            "nonce": "n-1",
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**filled, **changed}.items() if value is not None}

    def page(self, **changed: Any) -> requests.Response:
        """The answer to an authorization request."""
        return self.get("/authorize", params=self.asked(**changed))

    def answer(self, page: requests.Response, **changed: Any) -> requests.Response:
        """The answer to the page's form."""
        filled = {"request": hidden(page.text, "request"), "person": "sub:ada", "answer": "allow"}
        scopes = {"scope": re.findall(r'name="scope" value="([^"]+)"', page.text), "audience": "api"}
        return self.post("/authorize", {**filled, **scopes, **changed}, headers={"Origin": self.url})

    def code(self, **changed: Any) -> str:
        """A code, for ada."""
        return self.back(self.answer(self.page(**changed)))["code"]

    @staticmethod
    def back(answer: requests.Response) -> dict[str, str]:
        """What a redirect tells the client."""
        assert answer.status_code == 303, answer.text
        return {
            name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()
        }

    def redeem(self, code: str, /, **changed: Any) -> requests.Response:
        """The answer of the token endpoint."""
        headers = changed.pop("headers", None)
        filled = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": self.client_id,
            "redirect_uri": BACK,
            "code_verifier": self.verifier,
        }
        return self.post("/token", {**filled, **changed}, headers=headers)

    def refresh(self, token: str, **changed: Any) -> requests.Response:
        """The answer to a refresh token."""
        headers = changed.pop("headers", None)
        filled = {"grant_type": "refresh_token", "refresh_token": token, "client_id": self.client_id}
        return self.post("/token", {**filled, **changed}, headers=headers)

    def tokens(self, **changed: Any) -> dict[str, Any]:
        """Everything that somebody who signs in gets."""
        found: dict[str, Any] = self.redeem(self.code(**changed)).json()
        return found

    def introspected(self, token: str) -> dict[str, Any]:
        """What a service learns of a token."""
        found: dict[str, Any] = self.post("/introspect", {"token": token}, auth=("service", "any")).json()
        return found

    def control(self, path: str, **fields: Any) -> requests.Response:
        """The answer to a form of the control page."""
        csrf = hidden(self.get("/keys").text, "csrf")
        return self.post(f"/control/{path}", {"csrf": csrf, **fields}, headers={"Origin": self.url})

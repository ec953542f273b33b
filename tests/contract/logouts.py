"""One table of logouts that a provider posts, with the answers of every framework, and what a logout ends."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jwks_auth.adapters import LONGEST_LOGOUT
from jwks_auth.testing import FakeIssuer
from tests.contract.cases import LOGOUT_PATH
from tests.contract.runner import App

__all__ = ["LOGOUTS", "Logout", "check_logout"]

FORM = "application/x-www-form-urlencoded"
REFUSED = b'{"error": "invalid_request", "error_description": "The logout token is refused"}'
NOT_POSTED = b'{"error": "invalid_request", "error_description": "A logout token is posted"}'

Body = Callable[[FakeIssuer, str], bytes]


@dataclass(frozen=True, slots=True)
class Logout:
    """A request for the user named by the runner; 200 ends the user's tokens, and any other answer none."""

    name: str
    body: Body
    status: int = 200
    answer: bytes = b""
    method: str = "POST"
    content_type: str = FORM


def refused(name: str, body: Body, **more: Any) -> Logout:
    """Return a row with 400."""
    return Logout(name, body, **{"status": 400, "answer": REFUSED, **more})


def good(issuer: FakeIssuer, sub: str) -> bytes:
    """The form with a good token."""
    return issuer.logout("web", sub=sub)


def multipart(issuer: FakeIssuer, sub: str) -> bytes:
    """The good token as a field of another kind of form."""
    field = b'--b\r\nContent-Disposition: form-data; name="logout_token"\r\n\r\n'
    return field + good(issuer, sub).partition(b"=")[2] + b"\r\n--b--\r\n"


def of(**claims: Any) -> Body:
    """Return a form whose token has these *claims*."""
    return lambda issuer, sub: issuer.logout(**{"client": "web", "sub": sub, **claims})


LOGOUTS = [
    Logout("a logout", good),
    Logout("a logout beside other fields", lambda issuer, sub: b"state=1&" + good(issuer, sub)),
    Logout("a logout in a form that names its charset", good, content_type=f"{FORM}; charset=utf-8"),
    refused("no body", lambda issuer, sub: b""),
    refused("two tokens", lambda issuer, sub: good(issuer, sub) + b"&" + good(issuer, sub)),
    refused(
        "a body that is too long", lambda issuer, sub: good(issuer, sub) + b"&a=" + b"x" * LONGEST_LOGOUT
    ),
    refused("a body that is no text", lambda issuer, sub: good(issuer, sub) + b"\xff"),
    refused("json", good, content_type="application/json"),
    refused("multipart", multipart, content_type="multipart/form-data; boundary=b"),
    refused("no kind of body", good, content_type=""),
    refused(
        "a second token with its name escaped", lambda issuer, sub: good(issuer, sub) + b"&logout%5Ftoken=x"
    ),
    refused("a signature that is cut off", lambda issuer, sub: good(issuer, sub)[:-9]),
    refused("a session that is a list", of(sid=["s1"])),
    refused("a time of 400 digits", of(iat=10**400)),
    refused("a signature by a secret", of(header={"alg": "HS256"})),
    refused("another client's", of(client="other")),
    refused(
        "an access token", lambda issuer, sub: b"logout_token=" + issuer.token(sub=sub, aud="web").encode()
    ),
    refused("an id token", of(nonce="n")),
    refused("an old one", of(iat=1)),
    *(
        Logout(f"{method}", good, 405, b"" if method == "HEAD" else NOT_POSTED, method=method)
        for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE")
    ),
]


def check_logout(app: App, row: Logout, issuer: FakeIssuer) -> None:
    """Send *row* to *app*, also beside a bad token; compare the answer, and whose tokens are good after."""
    sub = f"user-{uuid.uuid4()}"
    token = [("Authorization", issuer.headers(sub=sub)["Authorization"])]
    for beside in ([], [("Authorization", "Bearer a.b.c")]):
        assert app.request("GET", "/me", token).status == 200
        sent = [("Content-Type", row.content_type), *beside]
        answer = app.request(row.method, LOGOUT_PATH, sent, row.body(issuer, sub))
        assert (answer.status, answer.body) == (row.status, row.answer)
        assert answer.values("cache-control") == ["no-store"]
        assert answer.values("www-authenticate") == answer.values("set-cookie") == []
        if row.status == 200:
            break
    after = app.request("GET", "/me", token)
    assert after.status == (401 if row.status == 200 else 200)
    if row.status == 200:
        assert "The access token has been revoked" in after.values("www-authenticate")[0]
        assert (
            app.request("GET", "/me", [("Authorization", issuer.headers(sub="u1")["Authorization"])]).status
            == 200
        )

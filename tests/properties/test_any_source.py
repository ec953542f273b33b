"""Headers, cookies and origins of any shape, wherever tokens may stand: a token, or a refusal."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from jwks_auth import AuthError
from jwks_auth.adapters import Authenticator, Credentials, Requirement
from jwks_auth.testing import FakeIssuer

FAKE = FakeIssuer()
SERVICE = Authenticator(
    {
        **FAKE.settings(),
        "TOKEN_SOURCES": ["header", "header:X-Token", "cookie:session"],
        "COOKIE_ORIGINS": ["https://app.acme.dev"],
    }
)
NAMES = ["Authorization", "X-Token", "Cookie", "Origin", "Sec-Fetch-Site", "Host", "Upgrade"]
PIECES = st.sampled_from(
    [
        "Bearer ",
        "DPoP ",
        "JWT ",
        "session=",
        ";",
        "TOKEN",
        "a.b.c",
        "https://",
        "[",
        "::1",
        ":",
        ",",
        '"',
        "null",
        " ",
        "é",
    ]
)
VALUES = st.lists(PIECES | st.text(max_size=3), max_size=6).map("".join)


@given(st.dictionaries(st.sampled_from(NAMES), VALUES), VALUES, st.sampled_from(["GET", "POST", "", "é"]))
def test_any_request_is_admitted_or_refused(headers: dict[str, str], query: str, method: str) -> None:
    """Nothing but ``AuthError``, in either server's form."""
    token = FAKE.token()
    sent = {name: value.replace("TOKEN", token) for name, value in headers.items()}
    environ = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in sent.items()}
    pairs = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in sent.items()]
    raw = f"access_token={query.replace('TOKEN', token)}"
    for credentials in (
        Credentials.from_wsgi({**environ, "QUERY_STRING": raw, "REQUEST_METHOD": method}),
        Credentials.from_asgi(
            {"type": "http", "headers": pairs, "query_string": raw.encode("utf-8", "replace")}
        ),
        Credentials.from_asgi({"type": "websocket", "headers": pairs}),
    ):
        for optional in (False, True):
            with suppress(AuthError):
                SERVICE.authenticate(credentials, Requirement.of(optional=optional))

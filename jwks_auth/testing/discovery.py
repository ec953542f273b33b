"""A check that clients can discover a service, with the test client of any framework."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["assert_discoverable"]


def assert_discoverable(client: Any, auth: Any) -> None:
    """Fail unless the service behind *client* serves the metadata of its ``RESOURCE``, to anybody (RFC 9728).

    *client* is a test client with ``get``, ``head``, ``options`` and ``post``, as those of Django, Flask, Starlette and
    httpx. *auth* is an ``Authenticator``, or what has one.
    """
    authenticator: Any = getattr(auth, "authenticator", auth)
    found = authenticator.metadata()
    answer = client.get(found.path)
    assert answer.status_code == 200, f"{found.path}: {answer.status_code}, expected 200 without a token"
    body = answer.data if hasattr(answer, "data") else answer.content
    assert json.loads(body) == json.loads(found.body), f"{found.path}: {body!r}, expected {found.body!r}"
    for name, value in found.headers:
        assert answer.headers.get(name) == value, f"{name}: {answer.headers.get(name)!r}, expected {value!r}"
    for method, status in (("head", 200), ("options", 204), ("post", 405)):
        told = getattr(client, method)(found.path).status_code
        assert told == status, f"{method.upper()} {found.path}: {told}, expected {status}"
    told = client.get(f"{found.path}/no-such-resource").status_code
    assert told == 404, f"GET {found.path}/no-such-resource: {told}, expected 404"

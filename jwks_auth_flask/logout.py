"""Back-channel logout in Flask, answered before every guard and whatever the routes are."""

from __future__ import annotations

from flask import Response, request

from jwks_auth.adapters import LONGEST_LOGOUT, Answer, RawToken
from jwks_auth_flask.internals import served_by
from jwks_auth_flask.request_auth import EXTENSION, RequestAuth

__all__ = ["log_out"]


def log_out() -> Response | None:
    """Answer a request at ``LOGOUT_PATH``, by the first instance whose token it is; ``None`` lets Flask go on."""
    instances: dict[str, RequestAuth] = served_by().extensions[EXTENSION]
    asked = [
        auth.authenticator for auth in instances.values() if auth.authenticator.logout_path == request.path
    ]
    if not asked:
        return None
    sent, given = RawToken(request.stream.read(LONGEST_LOGOUT + 1)), list[Answer]()
    for each in asked:
        given.append(each.log_out(request.method, request.headers.get("Content-Type"), sent))
        if given[-1].status == 200:
            break
    answer = given[-1] if given[-1].status == 200 else given[0]
    return Response(answer.body, answer.status, list(answer.headers))

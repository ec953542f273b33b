"""Whatever stands in ``Authorization`` or the query, the answer is a refusal and not an error of the server."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jwks_auth_flask import require_jwt

LATIN = st.text(st.characters(max_codepoint=255), max_size=80)  # as WSGI hands bytes over
ALMOST = st.builds("Bearer {}.{}.{}".format, LATIN, LATIN, LATIN)


@pytest.fixture(params=["sync", "async"])
def call(request, app):
    """Calls an app as a server would, with values no client library would send."""
    app.testing = True

    def sync_view():
        return {}

    async def async_view():
        return {}

    app.add_url_rule("/", view_func=require_jwt(sync_view if request.param == "sync" else async_view))
    environ = app.test_request_context("/").request.environ

    def call(authorization, query):
        answer = []
        values = {"HTTP_AUTHORIZATION": authorization, "QUERY_STRING": query}
        body = app({**environ, **values}, lambda status, headers: answer.extend([status, headers]))
        return int(answer[0][:3]), dict(answer[1]), json.loads(b"".join(body))

    return call


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(authorization=LATIN | ALMOST, query=LATIN)
def test_the_answer_is_a_refusal(call, authorization, query):
    """400 or 401, with a challenge and a constant body."""
    status, headers, body = call(authorization, query)
    assert status in (400, 401)
    assert headers["WWW-Authenticate"].startswith('Bearer realm="api"')
    assert set(body) == {"error", "error_description"}

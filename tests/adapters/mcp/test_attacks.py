"""Attacks on the policies of tools: names that a header and the body tell differently, and bodies of any shape."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi.mcp_body import Body, TooLarge
from jwks_auth_fastapi.mcp_user import access_token
from tests.adapters.mcp.servers import NEW, OLD, RESOURCE, SERVERS, asked, call, client_of, sent

DELETE = '{"name": "delete_order", "arguments": {"number": 7}}'


@pytest.fixture
def token(issuer: FakeIssuer) -> str:
    """A token that may call ``whoami`` and delete nothing."""
    return issuer.token(aud=RESOURCE, sub="u1", scope="orders:read")


def encoded(name: str) -> str:
    """A name as a header has it if it needs encoding."""
    return f"=?base64?{base64.b64encode(name.encode()).decode()}?="


@pytest.mark.parametrize("revision", [OLD, NEW])
def test_a_header_that_names_a_harmless_tool(client: TestClient, token: str, revision: str) -> None:
    """It is not believed: neither revision runs one tool under the policy of another."""
    request = call("delete_order", revision, number=7)
    for harmless in ("whoami", encoded("whoami"), "", "=?base64?!?="):
        refused = sent(client, token, request, Mcp_Name=harmless)
        assert refused.status_code == 400
        assert refused.json()["error"]["code"] == -32020
        assert refused.json()["id"] == 1
    assert sent(client, token, request, Mcp_Name="delete_order").status_code == 403
    assert sent(client, token, request, Mcp_Name=encoded("delete_order")).status_code == 403
    assert sent(client, token, call("whoami", revision), Mcp_Name=encoded("whoami")).status_code == 200


@pytest.mark.parametrize("revision", [OLD, NEW])
def test_a_header_that_names_another_method(client: TestClient, token: str, revision: str) -> None:
    """A call is no list, and a list no call."""
    request = call("delete_order", revision, number=7)
    assert sent(client, token, request, Mcp_Method="tools/list").status_code == 400
    assert sent(client, token, asked("tools/list", revision), Mcp_Method="tools/call").status_code == 400
    assert sent(client, token, asked("tools/list", revision), Mcp_Method="tools/list").status_code == 200


@pytest.mark.parametrize("version", [NEW, "2099-01-01", "", "nonsense"])
@pytest.mark.parametrize("left_out", ["Mcp-Method", "Mcp-Name"])
def test_a_header_left_out(client: TestClient, token: str, version: str, left_out: str) -> None:
    """The new revision must have both; a version nobody knows counts as the newest, as in the SDK."""
    request = call("whoami", NEW)
    del request["headers"][left_out]
    assert sent(client, token, request, MCP_Protocol_Version=version).status_code == 400


@pytest.mark.parametrize("name", ["MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"])
def test_a_header_sent_twice(client: TestClient, token: str, name: str) -> None:
    """Two readers would take different ones."""
    request = call("whoami", NEW)
    headers = {**request["headers"], "Authorization": f"Bearer {token}"}
    twice = [*headers.items(), (name, headers[name])]
    assert client.post("/mcp", content=request["content"], headers=headers).status_code == 200
    assert client.post("/mcp", content=request["content"], headers=twice).status_code == 400  # type: ignore[arg-type]


CALL = '"jsonrpc": "2.0", "id": 1, "method": "tools/call"'
HARMLESS = '"params": {"name": "whoami"}'


@pytest.mark.parametrize(
    "body",
    [
        f'{{"method": "tools/list", {CALL}, "params": {DELETE}}}',
        f'{{{CALL}, {HARMLESS}, "params": {DELETE}}}',
        f'{{{CALL}, "params": {{"name": "whoami", "name": "delete_order"}}}}',
        f'{{{CALL}, "params": {{"n\\u0061me": "whoami", "name": "delete_order"}}}}',
        f"\ufeff{{{CALL}, {HARMLESS}}}",
        f'{{{CALL}, {HARMLESS}, "more": NaN}}',
        f"{{{CALL}, {HARMLESS}}}]",
    ],
)
def test_a_body_that_two_parsers_read_differently(client: TestClient, token: str, body: str) -> None:
    """A member named twice, a mark before the text, what is no JSON: refused, also by whoever may call all tools."""
    request = call("whoami", OLD)
    assert sent(client, token, {**request, "content": body}).status_code == 400
    assert sent(client, token, {**request, "content": f"{{{CALL}, {HARMLESS}}}"}).status_code == 200


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "utf-7"])
def test_a_body_in_another_encoding(client: TestClient, token: str, encoding: str) -> None:
    """Python reads UTF-16 and UTF-32 as well, others do not."""
    for revision in (OLD, NEW):
        request = call("delete_order", revision, number=7)
        hidden = {**request, "content": request["content"].encode(encoding)}
        assert sent(client, token, hidden).status_code == (403 if encoding == "utf-7" else 400)


def test_a_batch_that_hides_a_call(client: TestClient, token: str) -> None:
    """Every message of it counts, whatever the server then makes of a batch."""
    harmless, delete = (json.loads(call(tool, OLD)["content"]) for tool in ("whoami", "delete_order"))
    request = call("whoami", OLD)
    for hidden in ([harmless, delete], [delete, harmless], [delete]):
        refused = sent(client, token, {**request, "content": json.dumps(hidden)})
        assert refused.status_code == 403
        assert 'scope="orders:read orders:write"' in refused.headers["www-authenticate"]
    assert (
        sent(client, token, {**request, "content": json.dumps([harmless])}).status_code == 400
    )  # by the server


def test_a_call_without_an_id(client: TestClient, token: str) -> None:
    """A notification is a call all the same."""
    for revision in (OLD, NEW):
        request = call("delete_order", revision)
        message = json.loads(request["content"])
        del message["id"]
        assert sent(client, token, {**request, "content": json.dumps(message)}).status_code == 403


@pytest.mark.parametrize("name", [None, 1, True, [], ["delete_order"], {"delete_order": 1}])
def test_a_name_that_is_no_text(client: TestClient, token: str, name: Any) -> None:
    """No policy can be found for it."""
    for revision in (OLD, NEW):
        refused = sent(client, token, call(name, revision))
        assert (refused.status_code, refused.json()["error"]["code"]) in {(400, -32602), (400, -32020)}


@pytest.mark.parametrize(
    "name",
    [
        *("", "[", "*", "\0", "x" * 100_000, "delete_\ud800"),
        *(
            " delete_order",
            "delete_order ",
            "DELETE_ORDER",
            "\uff44elete_order",
            "@delete_order",
            "a:delete_order",
        ),
        *(
            "delete_order@",
            "delete_all@1",
            "orders/delete_order",
            "delete\u200b_order",
            "whoami\ndelete_order",
        ),
    ],
)
def test_a_name_of_no_tool(client: TestClient, token: str, name: str) -> None:
    """It runs nothing, and is never 500: not even a name that a server might take for that of a tool."""
    answer = sent(client, token, call(name, OLD))
    assert answer.status_code in (200, 400, 403)
    assert answer.status_code != 200 or "error" in answer.json() or answer.json()["result"]["isError"]


SHAPES = [
    b"",
    b"null",
    b"1",
    b'"tools/call"',
    b"[]",
    b"{}",
    b"[[]]",
    b"[1, {}]",
    b"{",
    b"\xff\xfe",
    b'{"method": 1}',
    b'{"method": ["tools/call"]}',
    b'{"method": "tools/call"}',
    b'{"method": "tools/call", "params": []}',
    b'{"method": "tools/call", "params": "delete_order"}',
    b'{"id": {}, "method": "tools/call", "params": {}}',
    b'{"id": 1e999, "method": "tools/call", "params": {}}',
    b'{"id": ' + b"9" * 5000 + b', "method": "tools/list"}',
    b"[" * 200_000,
    b'{"a":' * 100_000,
    b'{"method": "tools/call", "params": {"name": "delete_order", "arguments": '
    + b"[" * 500
    + b"]" * 500
    + b"}}",
    b'{"jsonrpc": "2.0", "id": 1, "method": "\xed\xa0\x80"}',
]


@pytest.mark.parametrize("at", range(len(SHAPES)))
def test_a_body_of_any_shape(client: TestClient, token: str, at: int) -> None:
    """400, 401 or 403, never 500; nobody's body is read."""
    for revision in (OLD, NEW):
        request = {**call("whoami", revision), "content": SHAPES[at]}
        assert sent(client, token, request).status_code in (400, 403)
        assert sent(client, None, request).status_code == 401


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", "Bearer a b", "Basic dTpw", "Bearer \xff", "Bearer " + "a" * 9000]
)
def test_an_authorization_of_any_shape(client: TestClient, value: str) -> None:
    """The core's answers."""
    request = call("whoami", NEW)
    headers = {**request["headers"], "Authorization": value.encode("latin-1")}
    assert client.post("/mcp", content=request["content"], headers=headers).status_code in (400, 401)


async def test_a_body_without_end() -> None:
    """No more is kept than the server itself would."""
    read = 0

    async def endless() -> Any:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b" " * 1000, "more_body": True}

    with pytest.raises(TooLarge):
        await Body(endless, 10_000).read()
    assert read == 11


def test_a_body_that_is_too_long(issuer: FakeIssuer, token: str) -> None:
    """413, as the server itself answers; 401 to anybody without a token."""
    with client_of(SERVERS["sdk"](), issuer, max_body=1000) as client:
        long = {**call("whoami", NEW), "content": b" " * 1001}
        assert sent(client, token, long).status_code == 413
        assert sent(client, None, long).status_code == 401
        assert sent(client, token, call("whoami", NEW)).status_code == 200


async def test_a_client_that_goes_amid_its_body(issuer: FakeIssuer, token: str) -> None:
    """The part that came is no message, so nothing runs."""
    request = call("whoami", OLD)
    with client_of(SERVERS["sdk"](), issuer) as client:
        headers = [(name.lower().encode(), value.encode()) for name, value in request["headers"].items()]
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/mcp",
            "query_string": b"",
            "headers": [*headers, (b"authorization", f"Bearer {token}".encode())],
        }
        coming = [
            {"type": "http.request", "body": b'{"jsonrpc"', "more_body": True},
            {"type": "http.disconnect"},
        ]
        answers: list[Any] = []

        async def receive() -> Any:
            return coming.pop(0)

        async def send(message: Any) -> None:
            answers.append(message)

        await client.app(scope, receive, send)
    assert answers[0]["status"] == 400


def test_a_token_in_a_report(issuer: FakeIssuer) -> None:
    """Neither the token nor a claim is in the ``repr`` of the SDK's token."""
    from jwks_auth import Issuer, TokenVerifier

    raw = issuer.token(aud=["api", "b"], sub="u1", scope="a", email="ada@example.com")
    verified = TokenVerifier(Issuer(issuer.issuer, jwks=issuer.jwks), audience="api").verify(raw)
    token = access_token(verified, RESOURCE)
    assert token.token == raw
    assert token.resource == "api"
    assert raw not in f"{token!r} {token}"
    assert "ada@" not in f"{token!r} {token}"
    assert token.model_copy().claims == token.claims

"""Server processes: started on a port nobody can take, asked, and stopped as a whole."""

from pathlib import Path

import pytest

from example_projects.demo.servers import AppServer, ServerFailed, gunicorn, uvicorn
from tests.patience import eventually

WSGI = """
def app(environ, start_response):
    start_response("401 No", [("WWW-Authenticate", "Bearer a"), ("WWW-Authenticate", "Basic b")])
    return [environ["HTTP_AUTHORIZATION"].encode(), environ["wsgi.input"].read()]
"""
ASGI = """
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        sent = [value for name, value in scope["headers"] if name == b"authorization"]
        await send({"type": "http.response.body", "body": b" and ".join(sent)})
"""
TWO_HEADERS = [("Authorization", "one"), ("Authorization", "two")]


def members(group: int) -> set[int]:
    """The processes of a process group."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        if int(fields[2]) == group and fields[0] != "Z":
            found.add(int(entry.name))
    return found


def ends(group: int) -> bool:
    """Whether the group is soon empty; a killed process needs the processor once more to end."""
    return eventually(lambda: not members(group))


def test_gunicorn_answers_and_is_gone_afterwards(tmp_path: Path):
    """Headers are sent as often as given, all challenges come back, and no worker survives."""
    (tmp_path / "wsgi.py").write_text(WSGI)
    with gunicorn("Demo", "wsgi:app", "--workers", "2", cwd=tmp_path, env={}) as server:
        answer = server.request("/", TWO_HEADERS, method="POST", body=b" body")
        assert (answer.status, answer.challenge) == (401, "Bearer a, Basic b")
        assert answer.body == b"one,two body"
        assert len(members(server.pid)) > 1
    assert ends(server.pid)


def test_uvicorn_answers(tmp_path: Path):
    """The same for ASGI."""
    (tmp_path / "asgi.py").write_text(ASGI)
    with uvicorn("Demo", "asgi:app", cwd=tmp_path, env={}) as server:
        answer = server.request("/", TWO_HEADERS)
        assert (answer.status, answer.challenge, answer.body) == (200, None, b"one and two")


def test_a_server_that_fails_shows_its_log(tmp_path: Path):
    """The reason is in the error, not only in a file somewhere."""
    failure = pytest.raises(ServerFailed, match=r"(?s)Demo gave no answer to /.*No module named 'nowhere'")
    with gunicorn("Demo", "nowhere:app", cwd=tmp_path, env={}) as server, failure:
        server.request("/")


def test_a_stubborn_server_is_killed():
    """One that ignores the polite signal, and its child, which ignores it too."""
    stubborn = "trap '' TERM; sleep 600 & echo ready; wait; wait; sleep 600"
    with AppServer("Stubborn", ["sh", "-c", stubborn], patience=0.2) as server:
        assert eventually(lambda: "ready" in server.log())
    assert ends(server.pid)

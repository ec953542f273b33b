"""The load that the adapters are put under says truly what a server answered."""

from pathlib import Path

from example_projects.demo.servers import gunicorn
from jwks_auth.testing import FakeIssuer
from tests.load import Load

APP = """
import json, os, urllib.request

calls = 0

def app(environ, start_response):
    global calls
    calls += 1
    if calls == 1:
        urllib.request.urlopen(os.environ["JWKS"])
    bad = environ["PATH_INFO"] == "/some" and calls % 2
    start_response("500 Bad" if bad else "200 OK", [("Content-Length", "0")])
    return []
"""


def test_answers_are_counted_by_status_and_fetches_by_phase(tmp_path: Path):
    """A server that fails every other time, after one fetch of the key set."""
    (tmp_path / "wsgi.py").write_text(APP)
    with FakeIssuer.serve(algorithms=("ES256",)) as issuer:
        env = {"JWKS": issuer.jwks_uri}
        with gunicorn("Counted", "wsgi:app", cwd=tmp_path, env=env) as server:
            good = Load(server, issuer).run("good")
            some = Load(server, issuer, path="/some").run("some")
    assert good.only(200)
    assert good.fetches == 1
    assert good.slowest > 0
    assert set(some.statuses) == {200, 500}
    assert not some.only(200)
    assert some.fetches == 0

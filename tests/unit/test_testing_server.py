"""``FakeIssuer.serve``: a real server on loopback."""

import socket
import struct
import threading
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from jwks_auth.testing import FakeIssuer
from jwks_auth.testing.server import Answer, IssuerServer
from tests.patience import PATIENCE


def get(url: str, **headers: str) -> requests.Response:
    """One request, on a connection of its own."""
    return requests.get(url, headers=headers, timeout=PATIENCE)


def test_both_discovery_documents_lead_to_the_key_set():
    """OpenID Connect appends its path to the issuer's, RFC 8414 inserts it before."""
    with FakeIssuer.serve(path="/tenant") as issuer:
        origin = issuer.issuer.removesuffix("/tenant")
        oidc = get(f"{issuer.issuer}/.well-known/openid-configuration").json()
        oauth = get(f"{origin}/.well-known/oauth-authorization-server/tenant").json()
        assert oidc == oauth == issuer.discovery()
        assert oidc["issuer"] == issuer.issuer
        assert get(oidc["jwks_uri"]).json() == get(issuer.jwks_uri).json() == issuer.jwks()


def test_settings_of_a_served_issuer_leave_the_keys_to_discovery():
    """No ``JWKS``: the service under test fetches, as in production."""
    with FakeIssuer.serve(algorithms=("ES256",)) as issuer:
        assert issuer.settings() == {"ISSUER": issuer.issuer, "AUDIENCE": "api"}
        assert issuer.issuer.startswith("http://127.0.0.1:")


def test_requests_are_counted_by_path():
    """So that a test can say how often a service fetched."""
    with FakeIssuer.serve(algorithms=("ES256",)) as issuer:
        url = issuer.jwks_uri
        get(url)
        get(url + "?x=1")
        assert get(issuer.issuer + "/nothing").status_code == 404
        assert issuer.requests == {issuer.jwks_path: 2, "/nothing": 1}


def test_an_unchanged_key_set_is_not_sent_again():
    """ETag and 304, until the keys change."""
    with FakeIssuer.serve(algorithms=("ES256",)) as issuer:
        url = issuer.jwks_uri
        etag = get(url).headers["ETag"]
        assert get(url, **{"If-None-Match": etag}).status_code == 304
        issuer.rotate()
        assert get(url, **{"If-None-Match": etag}).status_code == 200


def test_an_outage_answers_503_until_recovery():
    """The default outage."""
    with FakeIssuer.serve(algorithms=("ES256",)) as issuer:
        url = issuer.jwks_uri
        with issuer.outage():
            assert get(url).status_code == 503
        assert get(url).status_code == 200


def test_an_outage_can_drop_connections():
    """The client sees a connection closed without an answer."""
    with FakeIssuer.serve(algorithms=("ES256",)) as issuer:
        issuer.outage("drop")
        with pytest.raises(requests.ConnectionError):
            get(issuer.jwks_uri)


def test_the_end_of_the_block_lets_hanging_clients_go():
    """Their connections are closed, and no thread of the server is left."""
    before = threading.active_count()
    asked = threading.Event()

    def hang(path: str) -> Answer:
        asked.set()
        return Answer(None, "hang")

    with ThreadPoolExecutor(1) as pool:
        with IssuerServer() as server:
            server.start(hang)
            client = pool.submit(get, server.url)
            assert asked.wait(PATIENCE)
            assert not client.done()
        assert isinstance(client.exception(PATIENCE), requests.ConnectionError)
    assert threading.active_count() == before


def test_a_client_that_resets_its_connection_is_no_news(capfd):
    """It prints no traceback into the test's output; a mistake in the issuer itself does."""
    with IssuerServer() as server:
        server.start(lambda path: Answer(None, "hang") if path == "/" else Answer(int(path)))
        address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        with socket.create_connection(address) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(requests.ConnectionError):
            get(server.url + "/broken")
    errors = capfd.readouterr().err
    assert "ValueError" in errors
    assert "ConnectionResetError" not in errors


def test_a_wrong_option_closes_the_port():
    """An issuer that can't be made leaves nothing open."""
    before = threading.active_count()
    with pytest.raises(ValueError, match="can't make a key"), FakeIssuer.serve(algorithms=("RS1",)):
        pass
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("api-service:secret+of+the+api-service", 200),
        ("api%2Dservice:secret%20of%20the%20api%2Dservice", 200),
        ("api-service:wrong", 401),
        ("api-service", 401),
        ("", 401),
        ("api-service:secret+of+the+api-service:", 401),
        (b"\xff:\xff", 401),
    ],
    ids=str,
)
def test_the_endpoint_reads_credentials_as_servers_do(authorization: str | bytes, status: int) -> None:
    """Either part is form-encoded, in whichever way, and names of headers are in any case (RFC 6749 section 2.3.1)."""
    octets = authorization if isinstance(authorization, bytes) else authorization.encode()
    with FakeIssuer.serve() as issuer:
        for scheme in ("Basic", "basic"):
            headers = {"authorization": f"{scheme} {b64encode(octets).decode()}"}
            asked = {"token": issuer.opaque()}
            answer = requests.post(issuer.introspection_url, asked, headers=headers, timeout=PATIENCE)
            assert answer.status_code == status
        for odd in ("Basic not base64", "Bearer x"):
            refused = requests.post(
                issuer.introspection_url, asked, headers={"authorization": odd}, timeout=PATIENCE
            )
            assert refused.status_code == 401

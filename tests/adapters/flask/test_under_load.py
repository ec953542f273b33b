"""Under load while the issuer rotates its keys and goes down: nothing but good answers, on every kind of worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jwks_auth.testing import FakeIssuer
from tests.contract.cases import AUDIENCES
from tests.contract.flask_servers import GUNICORN, server_of
from tests.load import Load
from tests.patience import PATIENCE

WORKERS = [name for name in GUNICORN if "async" not in name]


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    """An issuer the server fetches its keys from."""
    with FakeIssuer.serve() as issuer:
        issuer.settings(AUDIENCES)
        yield issuer


@pytest.mark.parametrize("name", [*WORKERS, "waitress"])
def test_no_wrong_answer_through_rotation_and_outage(issuer, name):
    """No wrong answer, and with the keys in hand nobody waits for an issuer that is down.

    Of those that meet a new key at once two wait for it, and the others are told to come back.
    """
    with server_of(name, issuer, JWKS_AUTH_WAIT="600", JWKS_AUTH_TIMEOUT="600") as server:
        server.request("/public")  # once it is up: the load is not about how long that takes
        phases = {phase.name: phase for phase in Load(server, issuer).through_rotation_and_outage()}
    for met in (phases["rotation"], phases["recovery"]):
        assert met.statuses.pop(503, 0) < met.statuses[200], met
    assert [phase for phase in phases.values() if not phase.only(200)] == []
    slowest = max(phases["outage"].slowest, phases["hang"].slowest)
    assert slowest < PATIENCE, phases  # who waited, waited for ten minutes
    workers = 2 if name in ("gunicorn sync", "gunicorn --preload") else 1
    assert all(phase.fetches <= workers for phase in phases.values()), phases
    assert not (name == "gunicorn --preload" and phases["warm"].fetches), phases  # forked with the keys


@pytest.mark.parametrize("name", ["gunicorn gthread", "gunicorn gevent"])
def test_no_wrong_answer_with_keys_past_their_lifespan(issuer, name):
    """Keys that can't be renewed go on serving; to try costs a worker at most a second, once."""
    with server_of(
        name, issuer, JWKS_AUTH_LIFESPAN="1", JWKS_AUTH_WAIT="1", JWKS_AUTH_TIMEOUT="600"
    ) as server:
        server.request("/public")
        load = Load(server, issuer)
        phases = [load.run("warm"), load.run("renewing")]
        with issuer.outage("hang"):
            phases += [load.run("stale"), load.run("still stale")]
    assert [phase for phase in phases if not phase.only(200)] == []
    assert max(phase.slowest for phase in phases) < PATIENCE, phases  # a fetch that hangs takes ten minutes

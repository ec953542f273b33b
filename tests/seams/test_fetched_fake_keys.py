"""Keys that a service in production fetches from a ``FakeIssuer``, as from a dev issuer left in its environment."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jwks_auth import Issuer, KeySourceError, PyJWKClient, TokenVerifier
from jwks_auth.testing import FakeIssuer
from tests.patience import eventually
from tests.seams.test_fake_issuer_keys import ELSEWHERE, FOUND, flask_app

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def served() -> Iterator[FakeIssuer]:
    """An issuer behind a server."""
    with FakeIssuer.serve() as issuer:
        yield issuer


def named(issuer: FakeIssuer) -> dict[str, Any]:
    """Settings that name the issuer, whose keys are then discovered."""
    return {"ISSUER": issuer.issuer, "AUDIENCE": "api"}


async def test_flask_verifies_nothing_by_fetched_fake_keys(
    served: FakeIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    """503 for each token, and the log says why; the controls test, debug, or have said so."""
    verifier = flask_app(named(served)).verifier
    with pytest.raises(KeySourceError, match=FOUND) as refused:
        verifier.verify(served.token())
    assert refused.value.kind == "fake_issuer"
    with pytest.raises(KeySourceError):
        await verifier.averify(served.token())
    assert eventually(lambda: any(FOUND in line for line in caplog.messages))  # told after those who wait
    for allowing in ({"TESTING": True}, {"DEBUG": True}, {"JWKS_AUTH_ALLOW_FAKE_ISSUER": "true"}):
        assert flask_app(named(served), **allowing).verifier.verify(served.token())


def test_no_store_brings_them_in(served: FakeIssuer, tmp_path: Path) -> None:
    """A process in debug mode has written them to the store that production reads."""
    tmp_path.chmod(0o700)
    settings = {**named(served), "STORE": f"file:{tmp_path}"}
    assert flask_app(settings, DEBUG=True).verifier.verify(served.token())
    with pytest.raises(KeySourceError, match=FOUND):
        flask_app(settings).verifier.verify(served.token())


def test_a_client_of_ones_own_brings_none_in(served: FakeIssuer) -> None:
    """Neither with keys that it fetched before, nor by ``fetch_data``; of two verifiers the strictest rules."""
    client = PyJWKClient(served.jwks_uri)
    client.warm_up()
    issuer = Issuer(served.issuer, client=client)
    lax = TokenVerifier(issuer, "api", allow_fake_issuer=True)
    assert lax.verify(served.token())
    strict = TokenVerifier(issuer, "api", allow_fake_issuer=False)
    TokenVerifier(issuer, "api")
    with pytest.raises(KeySourceError, match=FOUND):
        client.fetch_data()
    for verifier in (strict, lax):
        with pytest.raises(KeySourceError, match=FOUND):
            verifier.verify(served.token())


SERVER = """
import django, json, sys
from django.conf import settings
settings.configure(
    DEBUG=sys.argv[1] == "debug",
    SECRET_KEY="x" * 50,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "jwks_auth_django"],
    JWKS_AUTH={**json.loads(sys.argv[2]), "USER": {"STORE": "token"}},
)
django.setup()
from jwks_auth_django.conf import configuration
print(configuration().authenticator.verifier.verify(sys.argv[3]).audience)
"""


@pytest.mark.parametrize(
    ("kind", "more", "is_served"),
    [("server", {}, False), ("debug", {}, True), ("server", {"ALLOW_FAKE_ISSUER": True}, True)],
)
def test_django_verifies_nothing_by_fetched_fake_keys(
    kind: str, more: dict[str, Any], is_served: bool, served: FakeIssuer
) -> None:
    """In a process of its own: not with DEBUG off, unless the project says so."""
    arguments = [kind, json.dumps({**named(served), **more}), served.token()]
    done = subprocess.run(
        [sys.executable, "-c", SERVER, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.returncode == 0) is is_served, done.stderr
    assert is_served or FOUND in done.stderr


def told(caplog: pytest.LogCaptureFixture) -> int:
    """How often the log has reported a fake issuer's keys that are taken."""
    return sum(name == "jwks_auth.testing" for name, _, _ in caplog.record_tuples)


@pytest.mark.parametrize("where", ELSEWHERE)
def test_elsewhere_the_log_is_told_once_of_fetched_ones(
    where: str, served: FakeIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    """However often they are fetched; ``ALLOW_FAKE_ISSUER`` silences it, or refuses them."""
    verifier = ELSEWHERE[where](named(served))
    verifier.verify(served.token())
    verifier.issuers[0].client.warm_up(refresh=True)
    verifier.verify(served.token())
    assert told(caplog) == 1
    caplog.clear()
    ELSEWHERE[where]({**named(served), "ALLOW_FAKE_ISSUER": True}).verify(served.token())
    assert told(caplog) == 0
    with pytest.raises(KeySourceError, match=FOUND):
        ELSEWHERE[where]({**named(served), "ALLOW_FAKE_ISSUER": False}).verify(served.token())


def test_real_keys_are_fetched_as_ever(caplog: pytest.LogCaptureFixture) -> None:
    """The same keys without the mark are a provider's."""

    class Real(FakeIssuer):
        def jwks(self) -> dict[str, Any]:
            return {"keys": super().jwks()["keys"]}

    with Real.serve() as issuer, caplog.at_level(logging.WARNING, "jwks_auth"):
        assert flask_app(named(issuer)).verifier.verify(issuer.token())
    assert [line for line in caplog.messages if issuer.issuer in line] == []


def test_flask_believes_no_fake_answers_about_opaque_tokens(served: FakeIssuer) -> None:
    """A served issuer's endpoint lets in nobody whose JWTs are refused; the control has said that it may."""
    asked = served.settings(introspection="opaque")
    own = {name: asked[name] for name in ("INTROSPECTION", "INTROSPECTION_CLIENT")}
    with pytest.raises(KeySourceError, match="FakeIssuer"):
        flask_app({**named(served), **own}).verifier.verify(served.opaque(aud="api"))
    allowed = flask_app({**named(served), **own, "ALLOW_FAKE_ISSUER": True}).verifier
    assert allowed.verify(served.opaque(aud="api", sub="u1")).subject == "u1"

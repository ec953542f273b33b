"""Ory Hydra's opaque tokens, by the settings of docs/how-to/introspection.md and a server of its shape."""

from __future__ import annotations

from typing import Any

import pytest

from jwks_auth import Refused
from jwks_auth.adapters import Authenticator, Credentials, Requirement
from jwks_auth.testing import FakeIssuer
from tests.ory import Hydra, hydra
from tests.patience import PATIENCE
from tests.test_introspection_guide import snippet_with


def service(server: Hydra, **own: Any) -> Authenticator:
    """A service with the guide's settings, at *server*."""
    given = {**snippet_with("ory_at_")["settings"], "ISSUER": server.issuer, "INTROSPECTION_URL": server.url}
    # Hydra's JWTs are not asked for here, so that keys are at hand.
    patient = {"WAIT": PATIENCE, "TIMEOUT": PATIENCE, "JWKS": FakeIssuer(server.issuer).jwks}
    settings = {**given, **patient, **own}
    return Authenticator({name: each for name, each in settings.items() if each is not None}, in_tests=True)


def outcome(auth: Authenticator, raw: str, **asked: Any) -> str:
    """The subject and what it may do, or why it is refused."""
    try:
        token = auth.authenticate(Credentials([f"Bearer {raw}"]), Requirement.of(**asked))
    except Refused as error:
        return f"{error.status} {error.code}"
    assert token is not None
    return " ".join([token.kind, str(token.subject), *sorted(token.scopes), *sorted(token.roles)])


def test_a_token_without_audience_passes_for_the_clients_that_are_named() -> None:
    """By the settings of the guide; ``aud`` is an empty list or absent, and claims of one's own are in ``ext``."""
    with hydra() as server:
        auth = service(server)
        for at, aud in enumerate(([], None, ["elsewhere"])):
            raw = server.tell(f"ory_at_{at}.x", aud=aud, ext={"roles": ["admin"]})
            assert outcome(auth, raw, scopes="orders:read", roles="admin") == (
                "opaque u1 offline orders:read admin"
            )
        assert outcome(auth, server.tell("ory_at_other.x", client_id="stranger")) == "401 wrong_client"
        assert outcome(auth, server.tell("ory_at_nobody.x", client_id=None)) == "401 wrong_client"
        assert [each["token"] for each in server.asked[:3]] == ["ory_at_0.x", "ory_at_1.x", "ory_at_2.x"]


def test_without_any_audience_such_a_token_is_for_nobody() -> None:
    """Nothing tells that it is meant for this service; one that names it passes."""
    with hydra() as server:
        auth = service(server, INTROSPECTION_AUDIENCE=None)
        assert outcome(auth, server.tell("ory_at_1.x")) == "401 wrong_audience"
        assert outcome(auth, server.tell("ory_at_2.x", aud=None)) == "401 wrong_audience"
        good = server.tell("ory_at_3.x", aud=["https://api.acme.dev"])
        assert outcome(auth, good) == "opaque u1 offline orders:read"


def test_a_refresh_token_is_no_access_token() -> None:
    """Hydra calls it active too, and its ``token_use`` tells."""
    with hydra() as server:
        raw = server.tell("ory_at_1.x", token_use="refresh_token")
        assert outcome(service(server), raw) == "401 wrong_type"


def test_what_begins_otherwise_is_not_sent() -> None:
    """Refresh tokens, authorization codes, and other services' tokens."""
    with hydra() as server:
        for raw in ("ory_rt_1.x", "ory_ac_1.x", "gho_abc"):
            server.tell(raw)
            assert outcome(service(server), raw) == "401 malformed"
        assert server.asked == []


@pytest.mark.parametrize(("key", "status"), [("ory_pat_1", "opaque u1"), ("ory_pat_2", "503")])
def test_ory_network_asks_for_a_key(key: str, status: str) -> None:
    """``bearer``; a wrong one is this service's fault, never the client's."""
    with hydra("ory_pat_1") as server:
        auth = service(server, INTROSPECTION_CLIENT={"SECRET": key, "METHOD": "bearer"})
        assert outcome(auth, server.tell("ory_at_1.x")).startswith(status)


def test_what_hydra_does_not_know_is_inactive() -> None:
    """As a token that was revoked."""
    with hydra() as server:
        assert outcome(service(server), "ory_at_unknown.x") == "401 inactive"

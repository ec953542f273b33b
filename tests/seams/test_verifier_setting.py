"""Every adapter takes what code can build: verifiers, and issuers, as objects."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from fastapi import FastAPI, Security
from fastapi.testclient import TestClient
from flask import Flask

from jwks_auth import ConfigurationError, Issuer, TokenVerifier, VerifiedToken
from jwks_auth.adapters import Authenticator, RawToken, Requirement
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWKSAuthSettings, JWTBearer
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend
from jwks_auth_flask import JWKSAuth, current_token, require_jwt
from tests.certificates import Authority
from tests.contract.flask_apps import TestClientApp
from tests.fault_server import FaultServer
from tests.seams.sites import EVERY_SITE, Site

ISSUER = FakeIssuer()
AUDIENCE = "built-in-code"


def built(**options: Any) -> TokenVerifier:
    """A verifier whose audience no setting says."""
    return TokenVerifier(
        Issuer(ISSUER.issuer, jwks=ISSUER.jwks()), AUDIENCE, allow_fake_issuer=True, **options
    )


class Own:
    """A verifier of one's own: counts, and asks another."""

    def __init__(self) -> None:
        self.asked, self.other = 0, built()
        self.issuers = self.other.issuers
        self.admit, self.aadmit = self.other.admit, self.other.aadmit

    def verify_any_audience(self, raw: RawToken) -> VerifiedToken:
        """Ask the other."""
        self.asked += 1
        return self.other.verify_any_audience(raw)

    async def averify_any_audience(self, raw: RawToken) -> VerifiedToken:
        """Ask the other."""
        self.asked += 1
        return await self.other.averify_any_audience(raw)


PATH = built()

UNSAID = {"JWKS_AUTH_ALLOW_FAKE_ISSUER": None}
"""What every Flask app of the tests has, for issuers in its settings; it would be idle beside a verifier."""


def flask_site(settings: Mapping[str, Any], *, is_async: bool) -> TestClientApp:
    """An app with nothing but these settings."""
    app = Flask(__name__)
    app.config.from_mapping(UNSAID, **{f"JWKS_AUTH_{name}": value for name, value in settings.items()})
    JWKSAuth(app)

    def view() -> dict[str, Any]:
        return {"sub": current_token.subject}

    async def async_view() -> dict[str, Any]:
        return view()

    app.add_url_rule("/me", view_func=require_jwt(async_view if is_async else view))
    return TestClientApp(app.test_client())


SITES: dict[str, Site] = {
    **EVERY_SITE,
    "flask": lambda settings: nullcontext(flask_site(settings, is_async=False)),
    "flask async": lambda settings: nullcontext(flask_site(settings, is_async=True)),
}


def headers(**claims: Any) -> list[tuple[str, str]]:
    """A good token's, unless *claims* say else."""
    return list(ISSUER.headers(**{"aud": AUDIENCE, **claims}).items())


@pytest.mark.parametrize("verifier", ["object", "path", "own"])
@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_a_verifier_is_a_setting_of_every_framework(site: Site, verifier: str) -> None:
    """A ``TokenVerifier``, its dotted path, or a class of one's own with a verifier's methods."""
    own = Own()
    given: Any = {"object": built(), "path": f"{__name__}.PATH", "own": own}[verifier]
    with site({"VERIFIER": given, "REALM": "orders"}) as app:
        assert app.request("GET", "/me", headers(sub="u1")).status == 200
        refused = app.request("GET", "/me", headers(aud="other"))
    assert refused.status == 401
    assert 'realm="orders"' in str(refused.headers)
    assert own.asked == (2 if verifier == "own" else 0)


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_an_issuer_behind_a_private_authority_is_set_up_in_every_framework(
    site: Site, tmp_path: Path
) -> None:
    """Its ``Issuer`` is made with a context of its own; the control is the one without."""
    authority = Authority(tmp_path)
    context = ssl.create_default_context(cafile=authority.file)
    keys_alone = {"keys": ISSUER.jwks()["keys"]}
    with FaultServer(keys_alone, tls=authority.server()) as keys:
        for given, status in ((context, 200), (None, 503)):
            issuer = Issuer(ISSUER.issuer, jwks_uri=keys.url, ssl_context=given)
            with site({"ISSUERS": [issuer], "AUDIENCE": AUDIENCE}) as app:
                assert app.request("GET", "/me", headers()).status == status


def test_flasks_extension_takes_a_verifier() -> None:
    """For every app it is set up on; beside it no setting says the same."""
    for config in ({}, {"JWKS_AUTH_REALM": "orders"}):
        app = Flask(__name__)
        app.config.from_mapping(config, JWKS_AUTH_ALLOW_FAKE_ISSUER=None)
        auth = JWKSAuth(app, verifier=built())
        app.add_url_rule("/me", view_func=require_jwt(lambda: {"ok": True}), endpoint="me")
        assert app.test_client().get("/me", headers=dict(headers())).status_code == 200
        assert auth.authenticator(app).issuers[0].issuer == ISSUER.issuer
    for name, message in (
        ("VERIFIER", "and verifier= exclude"),
        ("AUDIENCE", "and JWKS_AUTH_AUDIENCE exclude"),
    ):
        app = Flask(__name__)
        app.config.from_mapping({"JWKS_AUTH_ALLOW_FAKE_ISSUER": None, f"JWKS_AUTH_{name}": "api"})
        with pytest.raises(ConfigurationError, match=f"JWKS_AUTH_VERIFIER {message}"):
            JWKSAuth(app, verifier=built())


@pytest.mark.parametrize("verifier", [built(), Own()], ids=["made", "own"])
def test_fastapis_bearer_takes_a_verifier(verifier: Any) -> None:
    """In the place of its settings; in a field of them; as Starlette's backend does."""
    for auth in (JWTBearer(verifier), JWTBearer(JWKSAuthSettings(verifier=verifier))):
        app = FastAPI()

        async def me(token: VerifiedToken = Security(auth)) -> str | None:
            return token.subject

        app.add_api_route("/me", me)
        client = TestClient(app)
        assert client.get("/me", headers=dict(headers(sub="u1"))).json() == "u1"
        app.dependency_overrides[auth] = auth.fake(sub="u2", scopes="a")
        assert client.get("/me").json() == "u2"
    assert JWTAuthenticationBackend(verifier).authenticator.verifier is verifier


def test_djangos_check_knows_verifiers() -> None:
    """It asks for no issuer and no audience beside one, and tells what is idle, or of many issuers."""
    from jwks_auth_django.checks.settings import check_settings

    def told(**given: Any) -> list[str | None]:
        with override_settings(JWKS_AUTH=given):
            return [message.id for message in check_settings()]

    assert told(VERIFIER=built()) == []
    assert told(VERIFIER=built(), CACHE="default") == ["jwks_auth_django.E007"]
    assert told(VERIFIER=3) == ["jwks_auth_django.E007"]
    users = {"STORE": "database", "MATCH_EMAIL": True}
    assert told(VERIFIER=built(), USER=users) == []
    assert told(VERIFIER=Own(), USER=users) == ["jwks_auth_django.E005"]
    powers = {"STORE": "database", "FLAGS": {"is_staff": "staff"}}
    assert told(VERIFIER=built(), USER=powers) == []
    assert told(VERIFIER=Own(), USER=powers) == ["jwks_auth_django.E005"]
    made = Issuer(ISSUER.issuer, jwks=ISSUER.jwks(), audience="api")
    assert told(ISSUERS=[made]) == []
    assert told(ISSUERS=[made, "https://b.example/"]) == ["jwks_auth_django.E002"]


def test_a_verifier_of_ones_own_is_asked_what_it_can_tell() -> None:
    """A route's audience, the way tokens are read and explanations: what it does not say is not guessed."""
    authenticator = Authenticator(Own())  # type: ignore[arg-type]
    authenticator.check(Requirement.of(audience="reports"))
    authenticator.check(Requirement.of(issuer="https://other.example/"))
    assert authenticator.accepts(["reports"])
    assert [path.name for path in authenticator.mapping_of(ISSUER.issuer).scopes] == ["scope", "scp"]
    assert authenticator.explain(RawToken(ISSUER.token(aud=AUDIENCE))).failed is None
    refused = authenticator.explain(RawToken(ISSUER.token(aud="other"))).failed
    assert refused is not None
    assert (refused.name, refused.code) == ("the service's own verifier", "wrong_audience")
    assert Authenticator(built()).accepts([AUDIENCE])
    assert not Authenticator(built()).accepts(["reports"])

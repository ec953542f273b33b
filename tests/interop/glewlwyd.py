"""The single-sign-on server ``glewlwyd``, run by a test on loopback with a database of its own."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any, Self

import requests
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from tests.needs import missing, need_tool
from tests.patience import PATIENCE, eventually

__all__ = ["ALGORITHMS", "SCOPE", "Glewlwyd"]

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
SCOPE = "orders"

_SCHEMA = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
_MODULES = "/usr/lib/glewlwyd"
_CLIENT = ("service", "not-a-secret-it-lives-for-a-test")
_CONFIGURATION = """
port = {port}
bind_address = "127.0.0.1"
external_url = "http://127.0.0.1:{port}"
login_url = "login.html"
api_prefix = "api"
log_mode = "file"
log_level = "WARNING"
log_file = "{folder}/log"
session_key = "session"
admin_scope = "g_admin"
profile_scope = "g_profile"
user_module_path = "{modules}/user"
client_module_path = "{modules}/client"
user_auth_scheme_module_path = "{modules}/scheme"
plugin_module_path = "{modules}/plugin"
hash_algorithm = "SHA512"
database = {{ type = "sqlite3" path = "{folder}/database" }};
"""
_PLUGIN: dict[str, Any] = {
    "jwt-type": "rsa",  # of no consequence beside keys that name their algorithms
    "jwt-key-size": "256",
    "access-token-duration": 300,
    "refresh-token-duration": 300,
    "code-duration": 300,
    "allow-non-oidc": True,
    "auth-type-client-enabled": True,
    "auth-type-code-enabled": False,
    "auth-type-id-token-enabled": True,
    "subject-type": "public",
    "jwks-show": True,
    "introspection-revocation-allowed": True,
    "introspection-revocation-allow-target-client": True,
}


class Glewlwyd:
    """The server for as long as the ``with`` block lasts, on *port*, its files in *folder*.

    It has an issuer for each algorithm.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.address = f"http://127.0.0.1:{port}"
        self._configured = _CONFIGURATION.format(port=port, folder=folder, modules=_MODULES)

    def __enter__(self) -> Self:
        program = need_tool("glewlwyd")
        if not _SCHEMA.is_file():
            missing(f"the tables of glewlwyd are not where Debian puts them, at {_SCHEMA}")
        with closing(sqlite3.connect(self.folder / "database")) as database:
            database.executescript(_SCHEMA.read_text())
        (self.folder / "glewlwyd.conf").write_text(self._configured)
        self._process = subprocess.Popen([program, "-c", str(self.folder / "glewlwyd.conf")])
        try:
            assert eventually(self._answers), "glewlwyd does not answer"
            self._set_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def issuer(self, alg: str) -> str:
        """The issuer whose tokens use *alg*."""
        return f"{self.address}/api/{alg}"

    def token(self, alg: str) -> str:
        """An access token by client credentials."""
        asked = {"grant_type": "client_credentials", "scope": SCOPE}
        answer = requests.post(f"{self.issuer(alg)}/token", data=asked, auth=_CLIENT, timeout=PATIENCE)
        answer.raise_for_status()
        token: str = answer.json()["access_token"]
        return token

    def revoke(self, alg: str, token: str) -> None:
        """Revoke an access token (RFC 7009)."""
        answer = requests.post(
            f"{self.issuer(alg)}/revoke", data={"token": token}, auth=_CLIENT, timeout=PATIENCE
        )
        answer.raise_for_status()

    def _answers(self) -> bool:
        assert self._process.poll() is None, "glewlwyd ended at once"
        try:
            return requests.get(f"{self.address}/api/", timeout=PATIENCE).status_code > 0
        except requests.ConnectionError:
            return False

    def _set_up(self) -> None:
        """The scope, the client and the issuers, by the interface for its administrator."""
        admin = requests.Session()
        self._post(admin, "auth", username="admin", password="password")
        self._post(admin, "scope", name=SCOPE, display_name=SCOPE, password_required=False, scheme={})
        name, secret = _CLIENT
        self._post(
            admin,
            "client",
            client_id=name,
            password=secret,
            confidential=True,
            enabled=True,
            token_endpoint_auth_method=["client_secret_basic"],
            scope=[SCOPE],
            authorization_type=["client_credentials"],
        )
        for alg in ALGORITHMS:
            parameters = {**_PLUGIN, "iss": self.issuer(alg), "jwks-private": _private_set(alg)}
            self._post(admin, "mod/plugin", module="oidc", name=alg, display_name=alg, parameters=parameters)

    def _post(self, admin: requests.Session, place: str, **what: object) -> None:
        answer = admin.post(f"{self.address}/api/{place}/", json=what, timeout=PATIENCE)
        assert answer.ok, f"{place}: {answer.status_code} {answer.text}"

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)


def _private_set(alg: str) -> str:
    """A key set with one new private key for *alg*."""
    jwk: dict[str, Any]
    if alg == "ES256":
        jwk = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    elif alg == "EdDSA":
        jwk = OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate(), as_dict=True)
    else:
        jwk = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048), as_dict=True)
    jwk.pop("key_ops", None)
    return json.dumps({"keys": [{**jwk, "kid": f"key-{alg}", "alg": alg}]})

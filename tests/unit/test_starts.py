"""Modules that an import loads: no time is asserted, as machines differ, but the list of what takes it."""

from __future__ import annotations

import subprocess
import sys

import pytest

import jwks_auth
from jwks_auth import adapters, http, later, verifier

BASE = {"jwks_auth", "jwt", "cryptography"}
"""PyJWT loads ``cryptography``; the errors inherit from PyJWT's."""
EXTENSIONS = {"_cffi_backend", "_openssl"}

FETCHING = {"asyncio", "certifi", "charset_normalizer", "idna", "requests", "urllib3"}

LISTED = {
    "import jwks_auth": {"jwks_auth"},
    "from jwks_auth import TokenVerifier, Issuer, VerifiedToken, Policy, KeySet, verify_jws": BASE,
    "import jwks_auth.adapters": BASE,
    "import jwks_auth.stores": BASE,
    "from jwks_auth import PyJWKClient": BASE,
}
"""The packages besides the standard library's that each may load."""


_KEYS_AT_HAND = """
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
key = ec.generate_private_key(ec.SECP256R1())
jwk = {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "a", "alg": "ES256", "use": "sig"}
name = "https://issuer.example/"
claims = {"iss": name, "aud": "api", "sub": "ada", "iat": 1, "exp": 1e10}
raw = jwt.encode(claims, key, "ES256", {"kid": "a"})
issuer = Issuer(name, jwks={"keys": [jwk]}, algorithms=["ES256"])
assert TokenVerifier(issuer, "api").verify(raw).subject == "ada"
print("JUDGED")
"""


def loaded(program: str) -> set[str]:
    """Return the modules that a fresh process has after *program*."""
    told = f"{program}\nimport sys; print(*sys.modules)"
    command = [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{told}"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def packages(modules: set[str]) -> set[str]:
    """Return the packages of *modules* that are not the standard library's."""
    return {each.partition(".")[0] for each in modules} - {*sys.stdlib_module_names, "__main__", *EXTENSIONS}


@pytest.mark.parametrize(("program", "allowed"), LISTED.items())
def test_an_import_loads_what_is_listed(program: str, allowed: set[str]) -> None:
    """Neither ``requests`` nor ``asyncio``, and nothing for developers or tests."""
    found = loaded(program)
    assert packages(found) <= allowed
    assert "asyncio" not in found
    unasked = {"jwks_auth.testing", "jwks_auth.verifier.explain", "jwks_auth.verifier.id_tokens"}
    assert not found & {*unasked, "jwks_auth.verifier.hints", "jwks_auth.http.fetch"}


def test_a_verifier_loads_nothing_that_few_need() -> None:
    """No search for misspelt names, no module of one kind of key, no logout."""
    few = {
        "cryptography.hazmat.backends.openssl.backend",
        "difflib",
        "jwks_auth.verifier.logout_tokens",
    }
    assert not few & loaded("from jwks_auth import Issuer, TokenVerifier")


def test_nothing_at_all_is_loaded_before_a_name_is_asked_for() -> None:
    """``import jwks_auth`` alone loads two modules of the library."""
    assert {each for each in loaded("import jwks_auth") if each.startswith("jwks_auth")} == {
        "jwks_auth",
        "jwks_auth.later",
    }


def test_keys_at_hand_need_no_requests() -> None:
    """A verifier that fetches nothing loads nothing to fetch with."""
    found = loaded("from jwks_auth import TokenVerifier, Issuer, KeySet; import json\n" + _KEYS_AT_HAND)
    assert "JUDGED" in found
    assert not found & FETCHING


def test_what_fetches_is_loaded_where_a_client_is_made() -> None:
    """A service pays when it starts, and not in the first request or on its event loop."""
    found = loaded("from jwks_auth import Issuer; Issuer('https://issuer.example/', audience='api')")
    assert {"requests", "jwks_auth.http.fetch"} <= found
    assert "asyncio" not in found


@pytest.mark.parametrize(
    "package", [jwks_auth, verifier, http, adapters], ids=lambda package: package.__name__
)
def test_every_name_that_waits_is_there(package: object) -> None:
    """Each is in ``dir``, and comes when it is asked for; ``from ... import *`` brings all."""
    names = package.__all__  # type: ignore[attr-defined]
    assert set(names) <= set(dir(package))
    assert all(getattr(package, name) is getattr(package, name) for name in names)
    everything: dict[str, object] = {}
    exec(f"from {package.__name__} import *", everything)  # type: ignore[attr-defined]
    assert set(names) <= set(everything)


@pytest.mark.parametrize(
    "package", [jwks_auth, verifier, http, adapters], ids=lambda package: package.__name__
)
def test_a_name_that_is_not_there_is_an_attribute_error(package: object) -> None:
    """As for any module: ``hasattr`` and ``from ... import`` say so."""
    assert not hasattr(package, "Nonsense")
    with pytest.raises(ImportError, match="cannot import name 'Nonsense'"):
        exec(f"from {package.__name__} import Nonsense")  # type: ignore[attr-defined]


def test_a_name_is_looked_for_once() -> None:
    """After the first time it is an attribute like any other."""
    get, listed = later.later("jwks_auth", {"KeySet": "jwks_auth.jose"})
    assert get("KeySet") is vars(jwks_auth)["KeySet"]
    assert "KeySet" in listed()

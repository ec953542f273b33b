"""Project Wycheproof's JSON Web Signature, Key and Crypto vectors, through :func:`jwks_auth.verify_jws`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from jwks_auth import InvalidTokenError, KeySet, verify_jws
from jwks_auth.jose.base64url import decode_base64url
from tests.needs import missing

HERE = Path(__file__).parent
FOLDER = Path(os.environ.get("JWKS_AUTH_VECTORS", HERE.parents[2] / "shared" / "vectors")) / "wycheproof"

CONTRADICTIONS = {346, 347, 350, 351}
"""Labelled valid in the signature file although the JWK's ``alg`` is not the token's: refused here."""


def vectors(name: str) -> list[Any]:
    """One parameter per vector: the key set of its group, the vector itself."""
    path = FOLDER / f"json_web_{name}_test.json"
    if not path.exists():
        return []
    found = []
    for group in json.loads(path.read_text())["testGroups"]:
        key = group.get("public") or group["private"]
        key_set = key if "keys" in key else {"keys": [key]}
        for vector in group["tests"]:
            found.append(pytest.param(key_set, vector, id=f"{name}-{vector['tcId']}-{vector['comment']}"))
    return found


def is_accepted(key_set: dict[str, Any], token: str) -> bool:
    """Whether the token verifies; any error but the documented one fails the test."""
    try:
        payload = verify_jws(token, KeySet.from_dict(key_set))
    except InvalidTokenError:
        return False
    assert payload == decode_base64url(token.split(".")[1].encode())
    return True


def test_the_vectors_are_there() -> None:
    """Where the vectors are absent, this says so; ``JWKS_AUTH_VECTORS`` names the folder that has them."""
    if not FOLDER.is_dir():
        missing(f"no Wycheproof vectors in {FOLDER.name!r}: set JWKS_AUTH_VECTORS to their parent folder")
    assert [len(vectors(name)) for name in ("signature", "key", "crypto")] == [401, 26, 83]


@pytest.mark.parametrize(("key_set", "vector"), vectors("signature"))
def test_jws_vectors(key_set: dict[str, Any], vector: dict[str, Any]) -> None:
    """Valid exactly where the vector says so, its key is asymmetric, and the JWK's ``alg`` is the token's."""
    expected = vector["result"] == "valid" and vector["tcId"] not in CONTRADICTIONS
    expected = expected and not is_symmetric(key_set)
    assert is_accepted(key_set, token_of(vector)) is expected


@pytest.mark.parametrize(("key_set", "vector"), [*vectors("key"), *vectors("crypto")])
def test_jwk_vectors(key_set: dict[str, Any], vector: dict[str, Any]) -> None:
    """The same for the sets of keys; encrypted tokens (five segments) are refused."""
    token = token_of(vector)
    expected = vector["result"] == "valid" and not is_symmetric(key_set) and token.count(".") == 2
    assert is_accepted(key_set, token) is expected


def is_symmetric(key_set: dict[str, Any]) -> bool:
    """Whether a secret is among the keys."""
    return any(key["kty"] == "oct" for key in key_set["keys"])


def token_of(vector: dict[str, Any]) -> str:
    """The token as it would be sent; a few vectors are in JSON serialisation."""
    token = vector.get("jws", vector.get("jwe"))
    return token if isinstance(token, str) else json.dumps(token)

"""Inputs to start from: one good one for every parser."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from jwks_auth.proofs import FORMATS
from jwks_auth.testing import ClientCertificate
from tests.attacks import forge

__all__ = ["write"]

CERTIFICATE = ClientCertificate.generate()


def write(folder: Path) -> None:
    """Write a corpus to *folder*; the first octet is the parser's place in :data:`tests.fuzz.parsers.TARGETS`."""
    token = forge.token().encode()
    head, claims = (
        json.dumps(forge.header()).encode(),
        json.dumps(forge.claims(exp=4e9, scope="a", realm_access={"roles": ["b"]}, nbf=1, azp="x")).encode(),
    )
    seeds = [
        b"\0a=1\nBearer " + token,
        b"\0access_token=x\nBasic eA==, Bearer " + token,
        b"\1" + token,
        b"\2" + head + b"\n" + claims,
        b'\3{"a": [1, 2.5e3, "\\u00e9\\ud83d\\ude00", {"b": null}], "c": true}',
        b"\4" + token.split(b".")[2],
        *(b"\5" + json.dumps(key).encode() for key in forge.KEY_SET["keys"]),
        b"\6" + json.dumps(forge.KEY_SET).encode(),
        *(b"\7" + CERTIFICATE.field(form).encode() for form in FORMATS),
        b"\7By=a;Hash=" + b"0" * 64 + b';Subject="CN=\\"a\\",O=b";URI=,Cert="%2B";Chain="a"',
        b'\x08{"typ": "dpop+jwt", "alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}}\n'
        b'{"jti": "1", "htm": "GET", "htu": "HTTPS://A:443/b/../%7e?c#d", "iat": 1, "ath": "a", "nbf": 0, "exp": 9}',
    ]
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (folder / f"seed{number}").write_bytes(seed)


if __name__ == "__main__":
    write(Path(sys.argv[1]))

"""The examples of RFC 9449: a token, its proof, and the key's thumbprint."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode

from jwks_auth.jose import thumbprint
from jwks_auth.proofs.proof import Facts, Proofs, check_claims, hash_of
from jwks_auth.proofs.target import normal
from jwks_auth.runtime import RawToken

TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
JKT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
PROOF = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnM"
    "iLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIj"
    "oiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaN"
    "TNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
)


def test_the_request_of_section_7_is_taken() -> None:
    """Section 7.1, figure 12: signature, thumbprint, method, URL and ``ath``."""
    claims = Proofs().read(RawToken(PROOF), JKT, ["ES256"])
    url = normal("https://resource.example.org/protectedresource")
    facts = Facts("GET", url, hash_of(TOKEN))
    assert check_claims(claims, facts, url=url, now=1562262618, window=(60, 30)) == "e1j3V_bKic8-LAEB"


def test_the_thumbprint_of_section_6() -> None:
    """Section 6.1: ``cnf.jkt`` of the key in the proof."""
    header = PROOF.partition(".")[0]
    jwk = json.loads(urlsafe_b64decode(header + "=" * (-len(header) % 4)))["jwk"]
    assert thumbprint(jwk) == JKT

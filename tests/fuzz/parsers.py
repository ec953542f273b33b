"""The target: one octet chooses a parser, the rest is its input. Any exception but the documented ones is a finding.

python -m tests.fuzz.parsers -max_total_time=60 [corpus folder]
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["jwks_auth"]):
    from jwks_auth import (
        AuthError,
        ConfigurationError,
        InvalidTokenError,
        Issuer,
        KeySet,
        Policy,
        TokenVerifier,
        VerifiedToken,
    )
    from jwks_auth.jose.base64url import decode_base64url, encode_base64url
    from jwks_auth.jose.jwk import RefusedKey, VerificationKey, parse_jwk
    from jwks_auth.jose.jws import parse_jws
    from jwks_auth.jose.strict_json import parse_json_object
    from jwks_auth.proofs.certificate_forms import READERS, digest_of
    from jwks_auth.proofs.errors import InvalidProofError
    from jwks_auth.proofs.proof import Facts, Proofs, check_claims
    from jwks_auth.proofs.target import normal
    from jwks_auth.request.bearer import bearer_token, plain_token
    from jwks_auth.request.query import tokens_in_query
    from jwks_auth.runtime import RawToken

from tests.attacks import forge
from tests.unit.test_pem import public_pem

VERIFIER = TokenVerifier(Issuer(forge.ISSUER, jwks=forge.KEY_SET), forge.AUDIENCE)


def gullible() -> TokenVerifier:
    """A verifier whose keys take any signature, so that what comes after it is reached."""
    issuer = Issuer(forge.ISSUER, jwks=forge.KEY_SET, roles_claim="realm_access.roles")
    key = VerificationKey("any", "RSA", {}, dict.fromkeys(forge.ALGORITHMS, lambda signature, data: True))
    issuer.keys.find = lambda kid, alg: key  # type: ignore[method-assign]
    return TokenVerifier(issuer, forge.AUDIENCE)


BELIEVER = gullible()
PEM = public_pem()
POLICY = Policy(scopes="a", any_role=["b"], permissions="c", claims={"a.b": {"c": [1, None]}})


def bearer(data: bytes) -> None:
    """Header values and a query, divided by newlines."""
    query, *values = data.decode("latin-1").split("\n")
    with suppress(AuthError):
        bearer_token(values)
        bearer_token(values, bare=True)
        plain_token(values)
        tokens_in_query(query)


def jws(data: bytes) -> None:
    """A whole token; what parses is written in one way only."""
    with suppress(InvalidTokenError):
        token = parse_jws(data.decode("latin-1"))
        assert token.signing_input + b"." + encode_base64url(token.signature).encode() == data
        assert token.payload is not None
        assert isinstance(token.claims, dict)


def header_and_claims(data: bytes) -> None:
    """JSON texts of a header and of claims, divided by a newline and rightly encoded."""
    head, _, claims = data.partition(b"\n")
    raw = f"{encode_base64url(head)}.{encode_base64url(claims)}.AAAA"
    with suppress(InvalidTokenError):
        VERIFIER.verify(raw)
        raise AssertionError("accepted without a signature")
    assert VERIFIER.explain(raw).failed
    accepted = False
    with suppress(InvalidTokenError):
        look_at(BELIEVER.verify(raw))
        accepted = True
    # Which of several faults is told first may differ.
    assert accepted is (BELIEVER.explain(raw).failed is None)


def look_at(token: VerifiedToken) -> None:
    """All that an application asks of a token has an answer."""
    names = (
        *token.audience,
        *token.scopes,
        *token.roles,
        *token.permissions,
        token.subject or "",
        repr(token),
    )
    assert all(isinstance(name, str) for name in (*names, token.client_id or ""))
    assert token.expires_at > (token.issued_at or 0) - 60
    assert (~POLICY | POLICY).allows(token)
    assert json.loads(json.dumps(token.claims)) == token.claims


def json_object(data: bytes) -> None:
    """What is read is JSON to the standard library as well, and means the same."""
    with suppress(ValueError):
        members = parse_json_object(data)
        assert json.loads(data.decode("utf-8")) == members


def base64url(data: bytes) -> None:
    """One spelling for each octet string."""
    with suppress(ValueError):
        assert encode_base64url(decode_base64url(data)).encode() == data


def jwk(data: bytes) -> None:
    """One member of a set."""
    with suppress(ValueError):
        parsed = parse_jwk(json.loads(data))
        assert not isinstance(parsed, RefusedKey) or parsed.reason


def key_set(data: bytes) -> None:
    """A whole document, JSON or PEM; and the same as one PEM of several."""
    with suppress(ConfigurationError):
        KeySet.read(data)
    with suppress(ConfigurationError):
        KeySet.read({"good": PEM, "other": data})


def certificate(data: bytes) -> None:
    """A header in each form: a digest, none, or an error."""
    for form in READERS:
        with suppress(ValueError):
            digest = digest_of(form, data.decode("latin-1"))
            assert digest is None or len(digest) == 32


def proof(data: bytes) -> None:
    """A proof's header and claims, divided by a newline, and its URL: refused with a code, or taken."""
    head, _, claims = data.partition(b"\n")
    raw = f"{encode_base64url(head)}.{encode_base64url(claims)}.AAAA"
    with suppress(InvalidProofError):
        Proofs().read(RawToken(raw), "A" * 43, ["ES256", "RS256"])
        raise AssertionError("accepted without a signature")
    with suppress(ValueError):
        found = parse_json_object(claims)
        url = normal(found["htu"]) if isinstance(found.get("htu"), str) else None
        assert url is None or normal(url) == url
        with suppress(InvalidProofError):
            jti = check_claims(found, Facts("GET", url, "a"), url=url, now=0, window=(60, 30))
            assert 0 < len(jti) <= 256


TARGETS: tuple[Callable[[bytes], None], ...] = (
    bearer,
    jws,
    header_and_claims,
    json_object,
    base64url,
    jwk,
    key_set,
    certificate,
    proof,
)


def test_one_input(data: bytes) -> None:
    """What the fuzzer calls."""
    if data:
        TARGETS[data[0] % len(TARGETS)](data[1:])


def main() -> None:
    """Fuzz until told to stop."""
    warnings.simplefilter("ignore")
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

"""Codes of refusals, each with its constant text for the client."""

from __future__ import annotations

__all__ = ["PROOF_FAULTS", "REQUEST_FAULTS", "TOKEN_FAULTS"]

TOKEN_FAULTS: dict[str, str] = {
    "malformed": "The access token is malformed",
    "too_large": "The access token is too large",
    "algorithm_not_allowed": "The access token's algorithm is not allowed",
    "critical_header": "The access token has a critical header that is not understood",
    "unknown_key": "The access token is signed with an unknown key",
    "bad_signature": "The access token's signature is invalid",
    "expired": "The access token has expired",
    "not_yet_valid": "The access token is not valid yet",
    "too_old": "The access token was issued too long ago",
    "wrong_issuer": "The access token is from another issuer",
    "wrong_audience": "The access token is for another audience",
    "wrong_type": "The token is not an access token",
    "wrong_scheme": "The access token is sent under another authentication scheme",
    "wrong_client": "The access token was issued to another client",
    "missing_claim": "The access token lacks a required claim",
    "invalid_claim": "The access token has an invalid claim",
    "bound_token": "The access token is bound to a key and can't be used as a plain bearer token",
    "unbound_token": "The access token is bound to no key, and this service asks for its proof",
    "missing_certificate": "The access token is bound to a client certificate, and the request has none",
    "wrong_certificate": "The access token is bound to another client certificate",
    "inactive": "The access token is not active",
    "revoked": "The access token has been revoked",
    "wrong_nonce": "The ID token was made for another sign-in",
    "wrong_hash": "The ID token was made beside another access token or code",
    "user_refused": "The access token's user may not sign in",
}
"""Every ``InvalidTokenError.code`` of this library and its constant text. Codes are only ever added."""

REQUEST_FAULTS = {
    "invalid_request": "The request's credentials are malformed",
    "multiple_credentials": "The request carries more than one set of credentials",
}
"""Codes of ``InvalidRequestError``."""

PROOF_FAULTS = {
    "missing_proof": "The access token is bound to a key, and the request has no DPoP proof",
    "multiple_proofs": "The request has more than one DPoP proof",
    "malformed_proof": "The DPoP proof is malformed",
    "proof_algorithm": "The DPoP proof's algorithm is not allowed",
    "proof_key": "The DPoP proof's key is not the one that the access token is bound to",
    "proof_signature": "The DPoP proof's signature is invalid",
    "proof_method": "The DPoP proof is for another method",
    "proof_url": "The DPoP proof is for another URL",
    "proof_token": "The DPoP proof is for another access token",
    "proof_time": "The DPoP proof is too old, or not valid yet",
    "proof_replayed": "The DPoP proof was used before",
    "use_dpop_nonce": "The DPoP proof has to have the nonce of this answer",
}
"""Codes of ``InvalidProofError``."""

"""JSON Object Signing and Encryption (RFC 7515 to 7518, 8037, 9964): tokens, keys and signatures as octets and values.

Pure: no I/O, no clock, no lock, no setting. Claims and their rules are not judged here.
"""

from jwks_auth.jose.algorithms import (
    DEFAULT_ALGORITHMS,
    OPT_IN_ALGORITHMS,
    SignatureCheck,
    checked_algorithms,
)
from jwks_auth.jose.assertion import check_private_key, signed_assertion
from jwks_auth.jose.base64url import decode_base64url, encode_base64url
from jwks_auth.jose.certificate import certificate_dates
from jwks_auth.jose.encryption import decrypted_with, encrypted_with
from jwks_auth.jose.half_hash import half_hash
from jwks_auth.jose.jwk import PRIVATE_MEMBERS, RefusedKey, VerificationKey, paced, parse_jwk, shown_kid
from jwks_auth.jose.jws import (
    MAX_TOKEN_LENGTH,
    early_issuer_of,
    header_members,
    issuer_of,
    parse_jws,
    seems_jose,
    verify_jws,
)
from jwks_auth.jose.key_set import FAKE, MOST_TRIED, KeySet
from jwks_auth.jose.ml_dsa import ML_DSA_PRIVATE
from jwks_auth.jose.pem import is_pem, jwk_from_pem
from jwks_auth.jose.sender_key import check_by
from jwks_auth.jose.strict_json import copied_json, parse_json_object, picklable_json
from jwks_auth.jose.thumbprint import thumbprint
from jwks_auth.jose.unverified import Header, UnverifiedToken

__all__ = [
    "DEFAULT_ALGORITHMS",
    "FAKE",
    "MAX_TOKEN_LENGTH",
    "ML_DSA_PRIVATE",
    "MOST_TRIED",
    "OPT_IN_ALGORITHMS",
    "PRIVATE_MEMBERS",
    "Header",
    "KeySet",
    "RefusedKey",
    "SignatureCheck",
    "UnverifiedToken",
    "VerificationKey",
    "certificate_dates",
    "check_by",
    "check_private_key",
    "checked_algorithms",
    "copied_json",
    "decode_base64url",
    "decrypted_with",
    "early_issuer_of",
    "encode_base64url",
    "encrypted_with",
    "half_hash",
    "header_members",
    "is_pem",
    "issuer_of",
    "jwk_from_pem",
    "paced",
    "parse_json_object",
    "parse_jwk",
    "parse_jws",
    "picklable_json",
    "seems_jose",
    "shown_kid",
    "signed_assertion",
    "thumbprint",
    "verify_jws",
]

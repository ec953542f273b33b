"""The verified token, the rules for its claims, and policies over them.

Time is an argument; nothing here fetches, waits or verifies a signature.
"""

from jwks_auth.claims.audience import (
    ANY_AUDIENCE,
    AnyAudience,
    Audience,
    AudienceSetting,
    ClientIds,
    OwnAudience,
    SilentAudience,
    beside_issuer,
    checked_audience,
    within,
)
from jwks_auth.claims.binding import MEMBERS, MODES, UNBOUND, WAYS, Binding, bindings
from jwks_auth.claims.bound import refuse_bound
from jwks_auth.claims.kinds import other_kind
from jwks_auth.claims.mapping import ClaimMapping, Grants, Reading
from jwks_auth.claims.marks import RequiredClaims, TokenMarks
from jwks_auth.claims.nameless import needed_issuer
from jwks_auth.claims.options import TOKEN_DEFAULTS, TokenOptions, token_options
from jwks_auth.claims.paths import ClaimPath, client_of, read_places
from jwks_auth.claims.policy import Policy
from jwks_auth.claims.policy_options import PolicyOptions, checked_names, option_names
from jwks_auth.claims.rules import (
    DEFAULT_MAPPING,
    PROFILES,
    ClaimRules,
    checked_rules,
    checked_token_length,
    widest_rules,
)
from jwks_auth.claims.services import is_surely_service, name_of_service
from jwks_auth.claims.token import VerifiedToken
from jwks_auth.claims.validators import certain_times, validate_claims, validate_times

__all__ = [
    "ANY_AUDIENCE",
    "DEFAULT_MAPPING",
    "MEMBERS",
    "MODES",
    "PROFILES",
    "TOKEN_DEFAULTS",
    "UNBOUND",
    "WAYS",
    "AnyAudience",
    "Audience",
    "AudienceSetting",
    "Binding",
    "ClaimMapping",
    "ClaimPath",
    "ClaimRules",
    "ClientIds",
    "Grants",
    "OwnAudience",
    "Policy",
    "PolicyOptions",
    "Reading",
    "RequiredClaims",
    "SilentAudience",
    "TokenMarks",
    "TokenOptions",
    "VerifiedToken",
    "beside_issuer",
    "bindings",
    "certain_times",
    "checked_audience",
    "checked_names",
    "checked_rules",
    "checked_token_length",
    "client_of",
    "is_surely_service",
    "name_of_service",
    "needed_issuer",
    "option_names",
    "other_kind",
    "read_places",
    "refuse_bound",
    "token_options",
    "validate_claims",
    "validate_times",
    "widest_rules",
    "within",
]

"""All that an adapter for a web framework imports; ``docs/how-to/adapters.md`` shows how one is written."""

from typing import TYPE_CHECKING

from jwks_auth.challenge import several
from jwks_auth.claims import AnyAudience, PolicyOptions, is_surely_service, name_of_service, needed_issuer
from jwks_auth.later import later
from jwks_auth.proofs import AnyProxy
from jwks_auth.request import (
    EXPIRED,
    LONGEST_LOGOUT,
    POLICY_VIOLATION,
    SUBPROTOCOL,
    Admission,
    Answer,
    Authenticator,
    Credentials,
    ErrorBody,
    Memo,
    Prefixes,
    RefusedRequest,
    Rejection,
    Requirement,
    RequirementOptions,
    ResourceMetadata,
    TokenRequirementOptions,
    as_request,
    finished_headers,
    handshake_of,
    may_answer,
    may_name_scopes,
    private_value,
    refusal_messages,
    refusal_responses,
    seconds_left,
    security_of,
    stand_for,
    token_on,
    until_expiry,
    vary_value,
)
from jwks_auth.runtime import RawToken, closest
from jwks_auth.settings import (
    PREFIX,
    ROWS,
    SETTING_NAMES,
    Setting,
    Settings,
    SettingsOptions,
    inherited,
    meant,
    parsed,
    readers,
    refuse_unknown,
)
from jwks_auth.stores import CacheStore, SealedStore

if TYPE_CHECKING:
    from jwks_auth.verifier import Explanation

__all__ = [
    "EXPIRED",
    "LONGEST_LOGOUT",
    "POLICY_VIOLATION",
    "PREFIX",
    "ROWS",
    "SETTING_NAMES",
    "SUBPROTOCOL",
    "Admission",
    "Answer",
    "AnyAudience",
    "AnyProxy",
    "Authenticator",
    "CacheStore",
    "Credentials",
    "ErrorBody",
    "Explanation",
    "Memo",
    "PolicyOptions",
    "Prefixes",
    "RawToken",
    "RefusedRequest",
    "Rejection",
    "Requirement",
    "RequirementOptions",
    "ResourceMetadata",
    "SealedStore",
    "Setting",
    "Settings",
    "SettingsOptions",
    "TokenRequirementOptions",
    "as_request",
    "closest",
    "finished_headers",
    "handshake_of",
    "inherited",
    "is_surely_service",
    "may_answer",
    "may_name_scopes",
    "meant",
    "name_of_service",
    "needed_issuer",
    "parsed",
    "private_value",
    "readers",
    "refusal_messages",
    "refusal_responses",
    "refuse_unknown",
    "seconds_left",
    "security_of",
    "several",
    "stand_for",
    "token_on",
    "until_expiry",
    "vary_value",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = later(__name__, {"Explanation": "jwks_auth.verifier"})

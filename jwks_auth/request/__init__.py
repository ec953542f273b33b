"""A request's credentials, requirement and answer: the authenticator and its rejections.

Adapters use this room for everything that concerns a request. It imports no framework.
"""

from jwks_auth.request.answers import ErrorBody, Rejection, private_value, vary_value
from jwks_auth.request.authenticator import Authenticator
from jwks_auth.request.credentials import Credentials
from jwks_auth.request.exceptions import RefusedRequest, stand_for
from jwks_auth.request.expiry import until_expiry
from jwks_auth.request.logout import LONGEST_LOGOUT
from jwks_auth.request.memo import Admission, Memo, allows_on, finished_headers, token_on
from jwks_auth.request.openapi import may_name_scopes, refusal_responses, security_of
from jwks_auth.request.paths import Prefixes
from jwks_auth.request.requirement import Requirement, RequirementOptions, TokenRequirementOptions
from jwks_auth.request.resource import Answer, ResourceMetadata
from jwks_auth.request.websocket import (
    EXPIRED,
    POLICY_VIOLATION,
    SUBPROTOCOL,
    as_request,
    handshake_of,
    may_answer,
    refusal_messages,
    seconds_left,
)

__all__ = [
    "EXPIRED",
    "LONGEST_LOGOUT",
    "POLICY_VIOLATION",
    "SUBPROTOCOL",
    "Admission",
    "Answer",
    "Authenticator",
    "Credentials",
    "ErrorBody",
    "Memo",
    "Prefixes",
    "RefusedRequest",
    "Rejection",
    "Requirement",
    "RequirementOptions",
    "ResourceMetadata",
    "TokenRequirementOptions",
    "allows_on",
    "as_request",
    "finished_headers",
    "handshake_of",
    "may_answer",
    "may_name_scopes",
    "private_value",
    "refusal_messages",
    "refusal_responses",
    "seconds_left",
    "security_of",
    "stand_for",
    "token_on",
    "until_expiry",
    "vary_value",
]

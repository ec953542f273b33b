"""A request's credentials, requirement and answer: the authenticator and its rejections.

Everything an adapter uses passes through here; no framework is imported.
"""

from jwks_auth.request.authenticator import Authenticator, Memo
from jwks_auth.request.credentials import Credentials
from jwks_auth.request.rejection import Rejection
from jwks_auth.request.requirement import Requirement, RequirementOptions
from jwks_auth.request.shared_caches import guarded_headers, private_value, vary_value

__all__ = [
    "Authenticator",
    "Credentials",
    "Memo",
    "Rejection",
    "Requirement",
    "RequirementOptions",
    "guarded_headers",
    "private_value",
    "vary_value",
]

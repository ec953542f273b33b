"""All that an adapter for a web framework imports; ``docs/adapters.md`` shows how one is written."""

from jwks_auth.challenge import several
from jwks_auth.claims import AnyAudience, PolicyOptions, is_surely_service, name_of_service
from jwks_auth.request import (
    Admission,
    Answer,
    Authenticator,
    Credentials,
    Memo,
    Rejection,
    Requirement,
    RequirementOptions,
    ResourceMetadata,
    finished_headers,
    may_name_scopes,
    private_value,
    refusal_responses,
    security_of,
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
    meant,
    parsed,
    readers,
    refuse_unknown,
)
from jwks_auth.stores import CacheStore, SealedStore
from jwks_auth.verifier import Explanation

__all__ = [
    "PREFIX",
    "ROWS",
    "SETTING_NAMES",
    "Admission",
    "Answer",
    "AnyAudience",
    "Authenticator",
    "CacheStore",
    "Credentials",
    "Explanation",
    "Memo",
    "PolicyOptions",
    "RawToken",
    "Rejection",
    "Requirement",
    "RequirementOptions",
    "ResourceMetadata",
    "SealedStore",
    "Setting",
    "Settings",
    "SettingsOptions",
    "closest",
    "finished_headers",
    "is_surely_service",
    "may_name_scopes",
    "meant",
    "name_of_service",
    "parsed",
    "private_value",
    "readers",
    "refusal_responses",
    "refuse_unknown",
    "security_of",
    "several",
    "vary_value",
]

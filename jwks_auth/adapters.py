"""All that an adapter for a web framework imports; ``docs/adapters.md`` shows how one is written."""

from jwks_auth import readers
from jwks_auth.authenticator import Authenticator, Memo
from jwks_auth.concealed import RawToken
from jwks_auth.credentials import Credentials
from jwks_auth.rejection import Rejection
from jwks_auth.requirement import Requirement, RequirementOptions
from jwks_auth.services import is_surely_service, name_of_service
from jwks_auth.settings import PREFIX, SETTING_NAMES, Settings
from jwks_auth.shared_caches import guarded_headers, private_value, vary_value
from jwks_auth.store import SealedStore
from jwks_auth.store_cache import CacheStore
from jwks_auth.tokens import AnyAudience

__all__ = [
    "PREFIX",
    "SETTING_NAMES",
    "AnyAudience",
    "Authenticator",
    "CacheStore",
    "Credentials",
    "Memo",
    "RawToken",
    "Rejection",
    "Requirement",
    "RequirementOptions",
    "SealedStore",
    "Settings",
    "guarded_headers",
    "is_surely_service",
    "name_of_service",
    "private_value",
    "readers",
    "vary_value",
]

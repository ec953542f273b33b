"""All that an adapter for a web framework imports; ``docs/adapters.md`` shows how one is written."""

from jwks_auth.authenticator import Authenticator, Credentials, Memo, Rejection
from jwks_auth.requirement import Requirement
from jwks_auth.settings import PREFIX, SETTING_NAMES, Settings

__all__ = [
    "PREFIX",
    "SETTING_NAMES",
    "Authenticator",
    "Credentials",
    "Memo",
    "Rejection",
    "Requirement",
    "Settings",
]

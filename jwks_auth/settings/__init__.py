"""The one vocabulary of settings, and the readers of their values.

Nothing is fetched and nothing of a request is known here.
"""

from jwks_auth.settings.vocabulary import PREFIX, SETTING_NAMES, Settings

__all__ = [
    "PREFIX",
    "SETTING_NAMES",
    "Settings",
]

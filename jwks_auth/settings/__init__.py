"""The one vocabulary of settings, a row for each, and the readers of their values.

Nothing here fetches or knows of requests.
"""

from jwks_auth.settings.discovery import checked_resource
from jwks_auth.settings.inheritance import inherited
from jwks_auth.settings.options import SettingsOptions
from jwks_auth.settings.peers import meant
from jwks_auth.settings.rows import GROUPS, ROWS
from jwks_auth.settings.setting import PREFIX, Setting, Taker, parsed, refuse_unknown
from jwks_auth.settings.vocabulary import SETTING_NAMES, Settings

__all__ = [
    "GROUPS",
    "PREFIX",
    "ROWS",
    "SETTING_NAMES",
    "Setting",
    "Settings",
    "SettingsOptions",
    "Taker",
    "checked_resource",
    "inherited",
    "meant",
    "parsed",
    "refuse_unknown",
]

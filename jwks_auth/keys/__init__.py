"""The keys of one issuer: their freshness, the fetches that renew them, the shared level, keys a program supplies.

Lookups by ``kid`` and algorithm only: whose token it is and what it says is decided elsewhere.
"""

from jwks_auth.keys.cache_state import RecentKids
from jwks_auth.keys.events import KeyEvent, OnEvent
from jwks_auth.keys.fake import VettedKeys, mark_fake, vetted
from jwks_auth.keys.freshness import BRIEF_WAIT, RefreshReason, Rules, State, WaitPolicy
from jwks_auth.keys.refresh import GRACE
from jwks_auth.keys.shared import SharedLoad
from jwks_auth.keys.snapshot import (
    Deferred,
    FetchResult,
    Health,
    LoadRequest,
    Lookup,
    LookupResult,
    Snapshot,
    resolved,
    wanted_key,
)
from jwks_auth.keys.source import KeySource
from jwks_auth.keys.supplied import KeyProvider, StaticKeys, SuppliedKeys, usable_keys

__all__ = [
    "BRIEF_WAIT",
    "GRACE",
    "Deferred",
    "FetchResult",
    "Health",
    "KeyEvent",
    "KeyProvider",
    "KeySource",
    "LoadRequest",
    "Lookup",
    "LookupResult",
    "OnEvent",
    "RecentKids",
    "RefreshReason",
    "Rules",
    "SharedLoad",
    "Snapshot",
    "State",
    "StaticKeys",
    "SuppliedKeys",
    "VettedKeys",
    "WaitPolicy",
    "mark_fake",
    "resolved",
    "usable_keys",
    "vetted",
    "wanted_key",
]

"""The keys of one issuer: their freshness, the fetches that renew them, the shared level, keys a program supplies.

Keys are looked up by ``kid`` and algorithm alone; tokens and their claims are judged in other rooms.
"""

from jwks_auth.keys.events import KeyEvent, OnEvent
from jwks_auth.keys.fake import VettedKeys, mark_fake, vetted
from jwks_auth.keys.fleet import Surroundings
from jwks_auth.keys.freshness import RefreshReason, Rules, State
from jwks_auth.keys.lookup import Lookup, LookupResult, RecentKids, key_lookup, resolved
from jwks_auth.keys.observer import Observer, observed
from jwks_auth.keys.provider import KeyProvider
from jwks_auth.keys.refresh import GRACE
from jwks_auth.keys.shared import SharedLoad
from jwks_auth.keys.source import KeySource
from jwks_auth.keys.state import FetchResult, Health, LoadRequest, Snapshot
from jwks_auth.keys.supplied import StaticKeys, SuppliedKeys, usable_keys

__all__ = [
    "GRACE",
    "FetchResult",
    "Health",
    "KeyEvent",
    "KeyProvider",
    "KeySource",
    "LoadRequest",
    "Lookup",
    "LookupResult",
    "Observer",
    "OnEvent",
    "RecentKids",
    "RefreshReason",
    "Rules",
    "SharedLoad",
    "Snapshot",
    "State",
    "StaticKeys",
    "SuppliedKeys",
    "Surroundings",
    "VettedKeys",
    "key_lookup",
    "mark_fake",
    "observed",
    "resolved",
    "usable_keys",
    "vetted",
]

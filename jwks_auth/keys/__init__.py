"""The keys of one issuer: their freshness, the fetches that renew them, the shared level, keys a program supplies.

Lookups by ``kid`` and algorithm only: whose token it is and what it says is decided elsewhere.
"""

from jwks_auth.keys.events import KeyEvent, OnEvent
from jwks_auth.keys.fake import VettedKeys, mark_fake, vetted
from jwks_auth.keys.flight import GRACE
from jwks_auth.keys.freshness import BRIEF_WAIT, Errand, Patience, Rules, State
from jwks_auth.keys.ledger import RecentKids
from jwks_auth.keys.shared import SharedLoad
from jwks_auth.keys.snapshot import (
    Deferred,
    Found,
    Health,
    Loaded,
    Order,
    Snapshot,
    Wanted,
    resolved,
    wanted_key,
)
from jwks_auth.keys.source import KeySource
from jwks_auth.keys.supplied import KeyProvider, StaticKeys, SuppliedKeys, usable_keys

__all__ = [
    "BRIEF_WAIT",
    "GRACE",
    "Deferred",
    "Errand",
    "Found",
    "Health",
    "KeyEvent",
    "KeyProvider",
    "KeySource",
    "Loaded",
    "OnEvent",
    "Order",
    "Patience",
    "RecentKids",
    "Rules",
    "SharedLoad",
    "Snapshot",
    "State",
    "StaticKeys",
    "SuppliedKeys",
    "VettedKeys",
    "Wanted",
    "mark_fake",
    "resolved",
    "usable_keys",
    "vetted",
    "wanted_key",
]

"""Clocks, threads and bounded calls: the process around the library.

Nothing here knows of tokens, keys or requests.
"""

from jwks_auth.runtime.callbacks import aask, ask
from jwks_auth.runtime.clock import elapsed
from jwks_auth.runtime.concealed import Concealed, Place, RawToken, forget_frames
from jwks_auth.runtime.heartbeat import heartbeat_during
from jwks_auth.runtime.keywords import closest, filled, nearest, takes
from jwks_auth.runtime.pool import DaemonPool
from jwks_auth.runtime.threads import BoundedCalls, give_way, in_background
from jwks_auth.runtime.values import dataclass

__all__ = [
    "BoundedCalls",
    "Concealed",
    "DaemonPool",
    "Place",
    "RawToken",
    "aask",
    "ask",
    "closest",
    "dataclass",
    "elapsed",
    "filled",
    "forget_frames",
    "give_way",
    "heartbeat_during",
    "in_background",
    "nearest",
    "takes",
]

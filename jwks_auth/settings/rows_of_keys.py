"""The rows of settings for an issuer's keys: how long they are kept, how they are fetched, where they are shared."""

from __future__ import annotations

from jwks_auth.settings import readers as read
from jwks_auth.settings.setting import Setting, Taker

__all__ = ["KEYS"]

_ISSUER = Taker.ISSUER

KEYS = (
    Setting("LIFESPAN", read.seconds, _ISSUER, "seconds for which a key set is fresh"),
    Setting(
        "STALE_IF_ERROR",
        read.seconds,
        _ISSUER,
        "seconds for which keys are used beyond that, while the issuer is down",
    ),
    Setting("COOLDOWN_DURATION", read.seconds, _ISSUER, "seconds between refreshes for unknown keys"),
    Setting("TIMEOUT", read.seconds, _ISSUER, "seconds a whole fetch may take"),
    Setting("WAIT", read.seconds, _ISSUER, "seconds a request may wait for a fetch"),
    Setting("CACHE_JWK_SET", read.flag, _ISSUER, "keep the set between requests"),
    Setting("CACHE_KEYS", read.flag, _ISSUER, "keep single keys too, as PyJWT's client can do"),
    Setting("MAX_CACHED_KEYS", read.count, _ISSUER, "the most single keys that are kept"),
    Setting(
        "HEADERS",
        read.headers,
        _ISSUER,
        "headers for the issuer's endpoints, sent to the host of `ISSUER`, `DISCOVERY_URL` or `JWKS_URI` alone",
        secret=True,
    ),
    Setting(
        "BEARER_FILE",
        read.text,
        _ISSUER,
        "a file with a token that is read for each fetch, and sent as `HEADERS` are",
    ),
    Setting(
        "CA_FILE",
        read.text,
        _ISSUER,
        "a file of PEM certificates: authorities trusted beside the system's",
    ),
    Setting(
        "SESSION",
        read.session,
        _ISSUER,
        "a `requests.Session`, the dotted path of one, or that of a function which makes one: for client "
        "certificates, proxies, authentication; instead of `CA_FILE`",
        default_doc="",
    ),
    Setting(
        "STORE",
        read.store,
        _ISSUER,
        "a second level that processes share: `redis://...`, `file:...`, or an object; see "
        "[Share keys between processes](../how-to/stores.md)",
        secret=True,
    ),
    Setting(
        "STORE_SECRET",
        read.secret,
        _ISSUER,
        "seals what is in `STORE`, so that whoever else can write there gives you no keys: at least 16 characters, the "
        "same for all processes",
        default_doc="not sealed",
        secret=True,
    ),
)
"""The group of these rows."""

"""The rows of settings for requests: the places of tokens, their schemes, and the pages that may send cookies."""

from __future__ import annotations

from jwks_auth.settings import readers_of_requests as read
from jwks_auth.settings.setting import Setting, Taker

__all__ = ["REQUESTS"]

REQUESTS = (
    Setting(
        "TOKEN_SOURCES",
        read.sources,
        Taker.ISSUER | Taker.ANSWER,
        "the places in a request where a token may stand, as a list: `header` (`Authorization`), `header:<name>` and "
        "`cookie:<name>`; see [Proxies and cookies](../how-to/sources.md)",
        default_doc="the provider's, or `header`",
    ),
    Setting(
        "AUTH_SCHEMES",
        read.schemes,
        Taker.ANSWER,
        "the words before a token in a header; challenges have the first. `DPoP` is known without being named",
        default_doc="`Bearer`",
    ),
    Setting(
        "COOKIE_ORIGINS",
        read.origins,
        Taker.ANSWER,
        "further origins whose pages may send unsafe requests, and open WebSockets, with a token in a cookie: "
        "`https://app.acme.dev`",
    ),
)
"""The group of these rows."""

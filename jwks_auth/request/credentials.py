"""The part of a request that may carry a token, whichever framework it arrived through."""

from __future__ import annotations

from collections.abc import Sequence

from jwks_auth.runtime import Concealed

__all__ = ["Credentials"]


class Credentials(Concealed):
    """The parts of a request that may carry a token; no report of an error shows them.

    *authorization*: every ``Authorization`` value in order, as most frameworks' ``get`` hides a second one.
    *query*: the raw query string. *method* and *url* are for schemes that bind a token to the request.
    """

    __slots__ = ("authorization", "method", "query", "url")

    def __init__(
        self, authorization: Sequence[str], query: str = "", method: str = "GET", *, url: str = ""
    ) -> None:
        self.authorization, self.query, self.method, self.url = authorization, query, method, url

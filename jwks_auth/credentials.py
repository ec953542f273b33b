"""The part of a request that may carry a token, whichever framework it arrived through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Credentials"]


class Credentials(NamedTuple):
    """What of a request may carry a token.

    *authorization*: every ``Authorization`` value in order, as most frameworks' ``get`` hides a second one.
    *query*: the raw query string. *method* and *url* are for schemes that bind a token to the request.
    """

    authorization: Sequence[str]
    query: str = ""
    method: str = "GET"
    url: str = ""

    def __repr__(self) -> str:
        return f"<Credentials of a {self.method} request>"  # error reports print the locals of each frame

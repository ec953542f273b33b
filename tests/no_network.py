"""A network that is not there, for tests that must not need one."""

from __future__ import annotations

from typing import Any

import requests

__all__ = ["NoNetwork"]


class NoNetwork(requests.Session):
    """A session that counts what it is asked for, and has no network."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def send(self, request: Any, **options: Any) -> Any:
        """Count the request."""
        self.asked.append(request.url)
        raise requests.ConnectionError("no network in tests")

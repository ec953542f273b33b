"""Where a provider's keys are, for apps that fetch them: no packet is sent."""

from __future__ import annotations

import io
import json
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from jwks_auth.testing import FakeIssuer

__all__ = ["PUBLISHED", "session"]

PUBLISHED: dict[str, FakeIssuer] = {}
"""The issuer whose keys are at an address. Nothing is anywhere else."""


class _Published(HTTPAdapter):
    """Answers with the keys of the issuer at that address."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Return the key set, as the issuer has it now."""
        body = io.BytesIO(json.dumps(PUBLISHED[str(request.url)].jwks()).encode())
        headers = {"Content-Type": "application/json"}
        return self.build_response(
            request, HTTPResponse(body, headers=headers, status=200, preload_content=False)
        )


def session() -> requests.Session:
    """Return a session for the setting ``SESSION``, that reaches what is published."""
    made = requests.Session()
    made.mount("https://", _Published())
    return made

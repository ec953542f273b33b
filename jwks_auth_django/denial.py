"""Denial by default: the requests that the middleware refuses under ``JWKS_AUTH["REQUIRED"]``."""

from __future__ import annotations

import functools
from typing import Any

from django.http import HttpRequest

from jwks_auth_django.conf import Configuration
from jwks_auth_django.senders import sender_of

__all__ = ["is_denied"]


def is_denied(request: HttpRequest, view: Any, config: Configuration) -> bool:
    """Return whether *view* needs a token that *request* does not have.

    A view with a guard of ours is left to its guard.
    """
    if not config.requires_token(request.path_info) or sender_of(request).token is not None:
        return False
    return not _is_left(view, request.method or "")


@functools.lru_cache(maxsize=1024)
def _is_left(view: Any, method: str) -> bool:
    from jwks_auth_django.audit import asks_for_token, is_guarded, is_public  # which import frameworks in use

    return is_guarded(view) or is_public(view, method) or asks_for_token(view, method)

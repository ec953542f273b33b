"""The memory of an identity: digests of the claims in its last token, and the hour it was last seen in.

A known user whose claims have not changed costs one query.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import Error as DatabaseError
from django.db.transaction import atomic
from django.utils import timezone

from jwks_auth.adapters import fields
from jwks_auth_django.models import JWTIdentity
from jwks_auth_django.users.identities import database
from jwks_auth_django.users.resolvers import refused

__all__ = ["Memory", "digest_of"]

log = logging.getLogger("jwks_auth.django")

_OFTEN = timedelta(hours=1)


class Memory:
    """Compares the claims that a token *said*, by the field they are mapped to, with those that *identity* remembers.

    A claim that the token lacks stays as remembered. The account is part of each digest: an identity that was moved
    to another account remembers nothing of it.
    """

    def __init__(self, identity: JWTIdentity, said: Mapping[str, Any]) -> None:
        self.identity = identity
        self._before = dict(_pieces(identity.claims_digest))
        self._said = {name: _digest([str(identity.user_id), value]) for name, value in said.items()}

    @property
    def unchanged(self) -> frozenset[str]:
        """The fields whose claims are as remembered."""
        return frozenset(name for name, digest in self._said.items() if self._before.get(name) == digest)

    @property
    def is_complete(self) -> bool:
        """Return whether every claim is as remembered."""
        return len(self.unchanged) == len(self._said)

    @property
    def is_recent(self) -> bool:
        """Return whether the identity was seen within the hour."""
        seen = self.identity.last_seen_at
        return seen is not None and abs(timezone.now() - seen) < _OFTEN

    @property
    def claims_digest(self) -> str:
        """The claims of this token and those that it lacks, as they are stored."""
        return " ".join(f"{name}={digest}" for name, digest in {**self._before, **self._said}.items())

    def hold(self) -> None:
        """Lock the identity until the transaction ends; raise :class:`InvalidTokenError` if it lost its account."""
        identities = JWTIdentity._default_manager.using(database()).select_for_update()
        mine = identities.filter(pk=self.identity.pk, user=self.identity.user_id, blocked_at=None)
        if not list(mine.values_list("pk")):
            raise refused(
                f"identity {self.identity.pk} was blocked, moved or left without an account just now"
            )

    def keep(self) -> None:
        """Remember the claims, and that the identity was seen."""
        identities = JWTIdentity._default_manager.using(database()).filter(pk=self.identity.pk)
        identities.update(claims_digest=self.claims_digest, last_seen_at=timezone.now())

    def touch(self) -> None:
        """Note that the identity was seen; of several requests at once, one does. A failure costs no request."""
        seen, identities = self.identity.last_seen_at, JWTIdentity._default_manager.using(database())
        try:
            with atomic(using=database()):
                identities.filter(pk=self.identity.pk, last_seen_at=seen).update(last_seen_at=timezone.now())
        except DatabaseError as error:
            kind = type(error).__name__
            told = fields("users_failed", kind=kind)
            log.warning("the time an identity was seen could not be written: %s", kind, extra=told)


def digest_of(user: Any, said: Mapping[str, Any]) -> str:
    """Return what a new identity of *user* remembers."""
    return Memory(JWTIdentity(user=user), said).claims_digest


def _pieces(text: str) -> list[tuple[str, str]]:
    return [(name, digest) for name, _, digest in (piece.partition("=") for piece in text.split())]


def _digest(value: Any) -> str:
    written = json.dumps(value, sort_keys=True, default=repr)
    return hashlib.sha256(written.encode()).hexdigest()[:32]

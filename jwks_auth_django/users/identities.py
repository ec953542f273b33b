"""Identities in the database: the account of an issuer's subject, as the user model's manager finds it."""

from __future__ import annotations

import functools
from typing import Any

from django.contrib.auth import get_user_model
from django.db import router
from django.db.models import F
from django.utils import timezone

from jwks_auth import VerifiedToken
from jwks_auth.adapters import needed_issuer
from jwks_auth_django.models import JWTIdentity
from jwks_auth_django.users.resolvers import refused

__all__ = ["LENGTH", "database", "identity_of", "link"]

LENGTH = 255
"""Of the columns of issuer and subject."""

_PREFIX = "_jwt_identity_"


def database() -> str:
    """Return the database that accounts and identities are written to."""
    return router.db_for_write(JWTIdentity)


def identity_of(token: VerifiedToken) -> JWTIdentity | None:
    """Return the token's identity with its account; ``None`` for a newcomer.

    Raises :class:`InvalidTokenError` for an identity that is blocked, or whose account the manager of accounts hides.
    One whose account was deleted is a newcomer's once it is unblocked. A token without an issuer is no client's fault:
    :class:`KeySourceError`.
    """
    if token.subject is None:
        return None  # an empty one would be everybody's
    for name in (needed_issuer(token, "users"), token.subject):
        if len(name) > LENGTH or "\0" in name:
            raise refused("issuer or subject does not fit the database")
    if (identity := _with_account(token, None)) is not None:
        return _unblocked(identity)
    alone = _alone(token)
    if alone is None or _unblocked(alone).user_id is None:
        return None
    # The row may be newer than the first query: of another request just now, or in another database.
    if (identity := _with_account(token, database())) is None:
        raise refused("the user model's manager hides its account")
    return identity


def _unblocked(identity: JWTIdentity) -> JWTIdentity:
    if identity.blocked_at is not None:
        raise refused(f"identity {identity.pk} is blocked")
    return identity


def _with_account(token: VerifiedToken, using: str | None) -> JWTIdentity | None:
    """Return the token's identity if the manager of accounts knows its account.

    The manager decides who exists, and what is fetched with an account: so the account is asked for, and brings
    its identity along in the same query.
    """
    accounts: Any = get_user_model()._default_manager.using(using)
    found = accounts.filter(jwt_identities__issuer=token.issuer, jwt_identities__subject=token.subject)
    for user in found.annotate(**_columns())[:1]:
        return _exactly(_taken_from(user), token)
    return None


def _alone(token: VerifiedToken) -> JWTIdentity | None:
    known = JWTIdentity._default_manager.using(database())
    for identity in known.filter(issuer=token.issuer, subject=token.subject):
        return _exactly(identity, token)
    return None


def link(user: Any, token: VerifiedToken, claims_digest: str = "") -> JWTIdentity:
    """Store the token's identity as one of *user*'s; never take it from another account."""
    new = {
        "user": user,
        "is_service": token.is_service,
        "last_seen_at": timezone.now(),
        "claims_digest": claims_digest,
    }
    identities = JWTIdentity._default_manager.using(database())
    for identity in identities.select_for_update().filter(
        issuer=token.issuer, subject=token.subject, user=None, blocked_at=None
    ):
        for name, value in new.items():
            setattr(identity, name, value)
        identity.save(using=database(), update_fields=list(new))
        return identity
    return identities.create(issuer=token.issuer, subject=token.subject, **new)


@functools.cache
def _columns() -> dict[str, F]:
    fields = JWTIdentity._meta.concrete_fields
    return {_PREFIX + field.attname: F(f"jwt_identities__{field.attname}") for field in fields}


def _taken_from(user: Any) -> JWTIdentity:
    """Make the identity of the columns that came with *user*, which then has only its own."""
    row = {name.removeprefix(_PREFIX): user.__dict__.pop(name) for name in _columns()}
    identity: JWTIdentity = JWTIdentity.from_db(user._state.db, list(row), list(row.values()))
    identity.user = user
    return identity


def _exactly(identity: JWTIdentity, token: VerifiedToken) -> JWTIdentity:
    """Return *identity* if it is the token's to the letter, because collations may ignore case."""
    if (identity.issuer, identity.subject) != (token.issuer, token.subject):
        raise refused(f"identity {identity.pk} differs from the token's in case or accents only")
    return identity

"""``manage.py jwks link``: identities for accounts that were there before their issuer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.contrib.auth import get_user_model
from django.db.transaction import atomic

from jwks_auth import ConfigurationError
from jwks_auth.cli import Report
from jwks_auth_django.models import JWTIdentity
from jwks_auth_django.users.fields import model_field
from jwks_auth_django.users.identities import LENGTH, database
from jwks_auth_django.users.matching import KINDS

__all__ = ["link_accounts"]

_BATCH = 1000

_LEFT = {
    "known": ("has an identity of this issuer already", "have an identity of this issuer already"),
    "staff": ("is staff: link it in the admin", "are staff: link them in the admin"),
    "empty": ("has no value that could be a subject", "have no value that could be a subject"),
    "shared": ("shares a value, and is not linked", "share a value, and no one is linked"),
    "taken": ("has a value that is another identity's", "have values that are other identities'"),
}


def link_accounts(issuer: str, field: str, *, dry_run: bool = False) -> Report:
    """Link each account to the subject of *issuer* that *field* holds, unless it has an identity of *issuer*.

    Accounts that are staff are left, and those whose value is empty, shared or another identity's. Raises
    :class:`ConfigurationError` for a field that can hold no subject.
    """
    found = model_field(field, "--field")
    if not isinstance(found, KINDS) or field == "password":
        raise ConfigurationError(f"--field: {field!r} can't hold subjects")
    counts: Counter[str] = Counter()
    new = _new_identities(issuer, field, counts)
    with atomic(using=database()):
        while batch := list(islice(new, _BATCH)):
            counts["linked"] += len(batch)
            if not dry_run:
                JWTIdentity._default_manager.using(database()).bulk_create(batch)
    linked = "would be linked" if dry_run else "linked"
    lines = [f"{_accounts(counts['linked'])} {linked}"]
    lines += [f"{_accounts(counts[why])} {_LEFT[why][counts[why] != 1]}" for why in _LEFT if counts[why]]
    return Report(tuple(lines))


def _new_identities(issuer: str, field: str, counts: Counter[str]) -> Iterator[JWTIdentity]:
    """Yield the identities to store; count the accounts that are left, by the reason."""
    identities = JWTIdentity._default_manager.using(database()).filter(issuer=issuer)
    taken = set(identities.values_list("subject", flat=True))
    known = set(identities.values_list("user_id", flat=True))
    accounts = get_user_model()._default_manager.using(database())
    times = Counter(accounts.values_list(field, flat=True))
    for user in accounts.iterator(_BATCH):
        value = getattr(user, field)
        why = _left(user, str(value), known, taken) if value is not None else "empty"
        why = why or ("shared" if times[value] > 1 else None)
        if why is None:
            yield JWTIdentity(issuer=issuer, subject=str(value), user=user)
        else:
            counts[why] += 1


def _left(user: Any, subject: str, known: set[Any], taken: set[str]) -> str | None:
    """Return why *user* is left, a key of ``_LEFT``."""
    if user.pk in known:
        return "known"
    if getattr(user, "is_staff", False) or getattr(user, "is_superuser", False):
        return "staff"
    if not subject or "\0" in subject or len(subject) > LENGTH:
        return "empty"
    return "taken" if subject in taken else None


def _accounts(count: int) -> str:
    return f"{count} account{'' if count == 1 else 's'}"

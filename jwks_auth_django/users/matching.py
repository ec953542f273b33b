"""The account with a token's e-mail address: the same octets, except for the case of ASCII letters."""

from __future__ import annotations

import string
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import F, Func, QuerySet, Value
from django.db.models.lookups import Exact

from jwks_auth import VerifiedToken
from jwks_auth_django.models import JWTIdentity
from jwks_auth_django.users.resolvers import refused

__all__ = ["candidates", "check_match", "is_same_address", "matched", "verified_email"]

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class _Lowered(Func):
    """The text with ASCII letters, and perhaps others, in lower case, to find candidates.

    PostgreSQL's ``lower()`` depends on the collation: in Turkish, "I" does not become "i".
    """

    function = "LOWER"

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Use ASCII alone, independent of the collation."""
        letters = f"'{string.ascii_uppercase}', '{string.ascii_lowercase}'"
        template = f"translate((%(expressions)s)::text, {letters})"
        return self.as_sql(compiler, connection, template=template, **context)


def candidates(email: str, database: str | None = None) -> QuerySet[Any]:
    """Return every account with the address *email*, and perhaps more, because some collations equate letters."""
    model = get_user_model()
    same: Any = Exact(_Lowered(F(model.get_email_field_name())), _Lowered(Value(email)))
    return model._default_manager.using(database).filter(same)


def matched(token: VerifiedToken, database: str) -> Any:
    """The one account with the token's verified e-mail address, or ``None``."""
    email = verified_email(token)
    if email is None:
        return None
    field = get_user_model().get_email_field_name()
    found = [user for user in candidates(email, database) if is_same_address(getattr(user, field), email)]
    if len(found) > 1:
        raise refused(f"accounts {sorted(str(user.pk) for user in found)} share the token's e-mail address")
    return found[0] if found else None


def check_match(user: Any, token: VerifiedToken, database: str) -> None:
    """Raise :class:`InvalidTokenError` unless a newcomer may be linked to *user*, and lock its row.

    An issuer is trusted to name people, and not to open accounts with special powers. An account with an identity of
    this issuer belongs to that subject.
    """
    if getattr(user, "is_staff", False) or getattr(user, "is_superuser", False):
        raise refused(f"account {user.pk!r} is staff: link it by a row in JWTIdentity, not by its claims")
    get_user_model()._base_manager.using(database).select_for_update().get(pk=user.pk)
    others = JWTIdentity._default_manager.using(database).filter(user=user, issuer=token.issuer)
    if others.exclude(subject=token.subject).exists():
        raise refused(f"account {user.pk!r} fits the token and has another identity of its issuer")


def verified_email(token: VerifiedToken) -> str | None:
    """Return the address if the issuer explicitly calls it verified."""
    email = token.get("email")
    if token.get("email_verified") is not True or not isinstance(email, str) or "\0" in email:
        return None
    return email or None


def is_same_address(one: Any, other: Any) -> bool:
    """Return whether they are the same octets, once the ASCII letters of both are lowered.

    There is no other folding and no normalisation: Unicode may equate addresses of different people.
    """
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    return one.translate(_LOWER) == other.translate(_LOWER)

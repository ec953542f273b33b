"""The account that has a token's e-mail address, to the octet but for the case of ASCII letters."""

from __future__ import annotations

import string
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import F, Func, Value
from django.db.models.lookups import Exact

from jwks_auth import VerifiedToken
from jwks_auth_django.addresses import is_same_address, verified_email
from jwks_auth_django.profile import refused

__all__ = ["matched"]


class _Lowered(Func):
    """The text with its ASCII letters in lower case, and perhaps others: for finding candidates.

    PostgreSQL's own ``lower()`` goes by the collation, and in Turkish makes no "i" of "I".
    """

    function = "LOWER"

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """By ASCII alone, whatever the collation."""
        letters = f"'{string.ascii_uppercase}', '{string.ascii_lowercase}'"
        template = f"translate((%(expressions)s)::text, {letters})"
        return self.as_sql(compiler, connection, template=template, **context)


def matched(token: VerifiedToken, database: str) -> Any:
    """The one account with the token's verified e-mail address, or ``None``."""
    email = verified_email(token)
    if email is None:
        return None
    model = get_user_model()
    field = model.get_email_field_name()
    same: Any = Exact(_Lowered(F(field)), _Lowered(Value(email)))
    candidates = model._default_manager.using(database).filter(same)
    # The database may take different letters for the same: some collations do.
    found = [user for user in candidates if is_same_address(getattr(user, field), email)]
    if len(found) > 1:
        raise refused(f"accounts {sorted(str(user.pk) for user in found)} share the token's e-mail address")
    for user in found:
        # Any trusted issuer may call any address verified: what that opens is an account of no special powers.
        if getattr(user, "is_staff", False) or getattr(user, "is_superuser", False):
            raise refused(f"account {user.pk!r} is staff: link it by a row in JWTIdentity, not by e-mail")
    return found[0] if found else None

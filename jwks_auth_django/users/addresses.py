"""E-mail addresses: two are the same if their octets are, except for the case of ASCII letters."""

from __future__ import annotations

import string
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import F, Func, QuerySet, Value
from django.db.models.lookups import Exact

from jwks_auth import VerifiedToken

__all__ = ["EmailKey", "candidates", "is_same_address", "same_address", "verified_email"]

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class EmailKey(Func):
    """The text with ASCII letters, and perhaps others, in lower case, by which accounts with an address are found.

    For an index, which a search among many accounts needs: ``models.Index(EmailKey("email"), name="user_email_key")``.
    PostgreSQL's ``lower()`` depends on the collation: in Turkish, "I" does not become "i".
    """

    function = "LOWER"

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Use ASCII alone, independent of the collation."""
        letters = f"'{string.ascii_uppercase}', '{string.ascii_lowercase}'"
        template = f"translate((%(expressions)s)::text, {letters})"
        return self.as_sql(compiler, connection, template=template, **context)


def same_address(field: str, email: str) -> Any:
    """Return the condition that *field* holds the address *email*; some collations equate more letters."""
    return Exact(EmailKey(F(field)), EmailKey(Value(email)))


def candidates(email: str, database: str | None = None) -> QuerySet[Any]:
    """Return every account with the address *email*, and perhaps more."""
    model = get_user_model()
    return model._default_manager.using(database).filter(same_address(model.get_email_field_name(), email))


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

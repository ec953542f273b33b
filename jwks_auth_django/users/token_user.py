"""The user of a token without a table of users."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.contrib.auth.models import Group, Permission
from django.db.models.manager import EmptyManager

from jwks_auth import VerifiedToken
from jwks_auth.adapters import name_of_service
from jwks_auth_django.users.permissions import PermissionsOfBackends

__all__ = ["TokenUser"]

_NO_ROW = (
    'has no row in the database: a foreign key needs JWKS_AUTH["USER"] with "STORE": "database", '
    'and for services "SERVICES": "create"'
)


class TokenUser(PermissionsOfBackends):
    """Takes the place of an ``AbstractBaseUser`` in views, templates and permissions, without a database.

    ``pk`` is unique across issuers; the subject alone is ``username``. Names and e-mail address come from OpenID
    Connect's claims, if the token has them. It is never staff or superuser. No foreign key can point to it.
    """

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = False
    is_superuser = False
    last_login = None
    password = ""
    backend = "jwks_auth_django.backends.JWTAuthenticationBackend"
    groups: ClassVar[Any] = EmptyManager(Group)
    user_permissions: ClassVar[Any] = EmptyManager(Permission)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __init__(self, token: VerifiedToken) -> None:
        self.token = self._jwt = token

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, which {_NO_ROW}>"  # Django quotes it where a foreign key meets it

    def __str__(self) -> str:
        return self.username

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TokenUser) and self.pk == other.pk

    def __hash__(self) -> int:
        return hash(self.pk)

    @property
    def pk(self) -> str:
        """The sender's name among those of all issuers: 68 letters and digits that any cache takes as a key."""
        return str(self.token)

    id = pk

    @property
    def username(self) -> str:
        """The subject; a service's name if it has none."""
        return self.token.subject or name_of_service(self.token.payload)

    @property
    def is_service(self) -> bool:
        """True for a service, not a person."""
        return self.token.is_service

    @property
    def email(self) -> str:
        """The ``email`` claim, which the issuer may not have verified."""
        return self._text("email")

    @property
    def first_name(self) -> str:
        """The ``given_name`` claim."""
        return self._text("given_name")

    @property
    def last_name(self) -> str:
        """The ``family_name`` claim."""
        return self._text("family_name")

    def get_username(self) -> str:
        """The subject."""
        return self.username

    def natural_key(self) -> tuple[str]:
        """The subject."""
        return (self.username,)

    def get_full_name(self) -> str:
        """The ``name`` claim, or first and last name."""
        return self._text("name") or f"{self.first_name} {self.last_name}".strip()

    def get_short_name(self) -> str:
        """The first name."""
        return self.first_name

    def has_usable_password(self) -> bool:
        """Return ``False``."""
        return False

    def check_password(self, raw_password: str) -> bool:
        """Return ``False``."""
        return False

    async def acheck_password(self, raw_password: str) -> bool:
        """Return ``False``."""
        return False

    def save(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise ``NotImplementedError``, as an ``AnonymousUser`` does: there is no row."""
        raise NotImplementedError("A TokenUser stands for a token and has no row in the database.")

    delete = set_password = save

    def get_session_auth_hash(self) -> NoReturn:
        """Raise ``TypeError`` where ``login()`` is to start a session, which keeps a row's key."""
        raise TypeError(f"A {type(self).__name__} {_NO_ROW}, and login() needs a row as well")

    def resolve_expression(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise ``TypeError`` where a query is to compare a foreign key with this user."""
        raise TypeError(f"A {type(self).__name__} {_NO_ROW}")

    def _text(self, claim: str) -> str:
        value = self.token.get(claim)
        return value if isinstance(value, str) else ""

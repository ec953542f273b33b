"""The user of a token without a table of users."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.contrib.auth.models import Group, Permission, PermissionsMixin
from django.db.models.manager import EmptyManager

from jwks_auth import VerifiedToken
from jwks_auth.adapters import name_of_service
from jwks_auth_django.internals import NoPermissionsStored

__all__ = ["TokenUser"]

_PERMISSIONS: Any = PermissionsMixin


class TokenUser(NoPermissionsStored):
    """Takes the place of an ``AbstractBaseUser`` in views, templates and permissions, without a database.

    ``pk`` is unique across issuers; the subject alone is ``username``. Names and e-mail address come from OpenID
    Connect's claims, if the token has them. It is never staff or superuser.
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

    has_perm = _PERMISSIONS.has_perm
    ahas_perm = _PERMISSIONS.ahas_perm
    has_perms = _PERMISSIONS.has_perms
    ahas_perms = _PERMISSIONS.ahas_perms
    has_module_perms = _PERMISSIONS.has_module_perms
    ahas_module_perms = _PERMISSIONS.ahas_module_perms
    get_user_permissions = _PERMISSIONS.get_user_permissions
    aget_user_permissions = _PERMISSIONS.aget_user_permissions
    get_group_permissions = _PERMISSIONS.get_group_permissions
    aget_group_permissions = _PERMISSIONS.aget_group_permissions
    get_all_permissions = _PERMISSIONS.get_all_permissions
    aget_all_permissions = _PERMISSIONS.aget_all_permissions

    def __init__(self, token: VerifiedToken) -> None:
        self.token = self._jwt = token

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __str__(self) -> str:
        return self.username

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TokenUser) and self.pk == other.pk

    def __hash__(self) -> int:
        return hash(self.pk)

    @property
    def pk(self) -> str:
        """Issuer and subject: two issuers may use the same subject, and a client may have a subject's name."""
        return f"{self.token.issuer}{'|' if self.token.subject else '#'}{self.username}"

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

    def _text(self, claim: str) -> str:
        value = self.token.get(claim)
        return value if isinstance(value, str) else ""

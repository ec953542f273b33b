"""Users: the user of a request, found by its verified token.

The user is the token itself, an account in the database, or the result of the project's own resolver. Nothing here
knows of guards or answers.
"""

from typing import TYPE_CHECKING, Any

from jwks_auth_django.users.addresses import EmailKey
from jwks_auth_django.users.options import DATABASE_SETTINGS, from_options
from jwks_auth_django.users.resolvers import UserResolver
from jwks_auth_django.users.token_user import TokenUser

if TYPE_CHECKING:
    from jwks_auth_django.users.provisioning import DatabaseUsers

__all__ = ["DATABASE_SETTINGS", "DatabaseUsers", "EmailKey", "TokenUser", "UserResolver", "from_options"]


def __getattr__(name: str) -> Any:
    """Import :class:`DatabaseUsers` when it is asked for: only where the app is installed there is its table."""
    if name == "DatabaseUsers":
        from jwks_auth_django.users.provisioning import DatabaseUsers

        return DatabaseUsers
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Users: the user of a request, found by its verified token.

The user is the token itself, an account in the database, or the result of the project's own resolver. Nothing here
knows of requests, guards or answers.
"""

from jwks_auth_django.users.options import DATABASE_SETTINGS, from_options
from jwks_auth_django.users.resolvers import UserResolver
from jwks_auth_django.users.token_user import TokenUser

__all__ = ["DATABASE_SETTINGS", "TokenUser", "UserResolver", "from_options"]

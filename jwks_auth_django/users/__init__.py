"""Users: from a verified token to the user of its request.

The token itself as a user, accounts in the database, or a resolver of the project's own. What asks for a token,
and what answers a refusal, stays outside; nothing here knows of a request.
"""

from jwks_auth_django.users.options import DATABASE_SETTINGS, from_options
from jwks_auth_django.users.resolvers import UserResolver
from jwks_auth_django.users.token_user import TokenUser

__all__ = ["DATABASE_SETTINGS", "TokenUser", "UserResolver", "from_options"]

"""The audit: the guards of a view, read from its code without calling it.

In doubt a view counts as "open" or "unknown". Only code that can be followed inwards, from the function that Django
calls, counts as a guard. Attributes prove nothing, because every decorator copies them.
"""

from jwks_auth_django.audit.marks import asks_for_token, is_guarded, is_public
from jwks_auth_django.audit.verdicts import OPEN, Verdict, all_of, any_of
from jwks_auth_django.audit.views import drf_authentication_of, ninja_bearers_of, requirements_of, verdicts_of

__all__ = [
    "OPEN",
    "Verdict",
    "all_of",
    "any_of",
    "asks_for_token",
    "drf_authentication_of",
    "is_guarded",
    "is_public",
    "ninja_bearers_of",
    "requirements_of",
    "verdicts_of",
]

"""The audit: what guards a view, read from its code and never by calling it.

It errs towards "open" and "unknown": only what can be followed, from the function that Django calls inwards, is
called a guard. Attributes prove nothing, as every decorator copies them.
"""

from jwks_auth_django.audit.verdicts import Verdict
from jwks_auth_django.audit.views import requirements_of, verdicts_of

__all__ = ["Verdict", "requirements_of", "verdicts_of"]

"""Private parts of Django, Django REST framework and Ninja: every use of one, with its reason.

They are undocumented and may change in any release; each has the version in which it was seen. Code that reads an
attribute also works without it. DRF's operators for permissions are in ``composition``, which only DRF can import.
"""

from jwks_auth_django.internals.frameworks import (
    answers_of,
    extend_operations,
    extend_sessions,
    ignores_models,
    is_csrf_exempt,
    operands,
    replace_method,
)
from jwks_auth_django.internals.functions import (
    ADMIN_WRAPPERS,
    MADE_OF_A_CLASS,
    cells,
    code_of,
    decorators_of,
    enclosed,
    module,
    permissions_asked,
    test_of,
    without_partials,
)
from jwks_auth_django.internals.requests import (
    NoPermissionsStored,
    adopt,
    host_of,
    import_client,
    in_test_runner,
    keep_out_of_cache,
    overridden_settings,
)

__all__ = [
    "ADMIN_WRAPPERS",
    "MADE_OF_A_CLASS",
    "NoPermissionsStored",
    "adopt",
    "answers_of",
    "cells",
    "code_of",
    "decorators_of",
    "enclosed",
    "extend_operations",
    "extend_sessions",
    "host_of",
    "ignores_models",
    "import_client",
    "in_test_runner",
    "is_csrf_exempt",
    "keep_out_of_cache",
    "module",
    "operands",
    "overridden_settings",
    "permissions_asked",
    "replace_method",
    "test_of",
    "without_partials",
]

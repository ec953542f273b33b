"""The settings of the Django example, and those in the environment that are for bound tokens."""

import json
import os

from settings import *  # noqa: F403  # the example's
from settings import JWKS_AUTH as EXAMPLE

JWKS_AUTH = {
    **EXAMPLE,
    **{name[10:]: value for name, value in os.environ.items() if name.startswith("JWKS_AUTH_")},
}
if "CACHES" in os.environ:
    CACHES = json.loads(os.environ["CACHES"])

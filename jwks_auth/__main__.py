"""``python -m jwks_auth``: the command ``jwks-auth``."""

import sys

from jwks_auth.command import script

if __name__ == "__main__":
    sys.exit(script())

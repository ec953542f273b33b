"""Pairs of an account's e-mail address and a token's, matched on PostgreSQL; prints which are the same account."""

import json
import os
import sys

import django
from django.conf import settings

from jwks_auth.testing import FakeIssuer

issuer = FakeIssuer()
settings.configure(
    SECRET_KEY="not a secret, but long enough to be one in a test",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "jwks_auth_django"],
    AUTHENTICATION_BACKENDS=["jwks_auth_django.backends.JWTAuthenticationBackend"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["PGDATABASE"],
            "USER": "postgres",
            "HOST": "127.0.0.1",
            "PORT": os.environ["PGPORT"],
        }
    },
    USE_TZ=True,
    JWKS_AUTH={
        **issuer.settings(),
        "ALLOW_FAKE_ISSUER": True,
        "USER": {"STORE": "database", "MATCH_EMAIL": True},
    },
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from jwks_auth_django.conf import configuration  # noqa: E402
from jwks_auth_django.models import JWTIdentity  # noqa: E402

call_command("migrate", verbosity=0)
with connection.cursor() as cursor:
    for statement in json.loads(sys.argv[1]):
        cursor.execute(statement)


def is_same(stored: str, sent: str) -> bool:
    """Whether a token with the address *sent* signs in to the account with *stored*."""
    User.objects.all().delete()
    JWTIdentity.objects.all().delete()
    known = User.objects.create(username="known", email=stored)
    raw = issuer.token(sub="u1", email=sent, email_verified=True)
    user = configuration().backend.user_of(None, configuration().authenticator.verifier.verify(raw))
    return user.pk == known.pk


print(json.dumps([is_same(*pair) for pair in json.loads(sys.argv[2])]))

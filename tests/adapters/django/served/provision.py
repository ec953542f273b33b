"""A hundred first requests of one subject at once, on PostgreSQL; prints how many accounts they made and got."""

import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

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
            "NAME": "postgres",
            "USER": "postgres",
            "HOST": "127.0.0.1",
            "PORT": os.environ["PGPORT"],
        }
    },
    USE_TZ=True,
    JWKS_AUTH={**issuer.settings(), "ALLOW_FAKE_ISSUER": True, "USER": json.loads(sys.argv[1])},
)
django.setup()

from django.contrib.auth.models import Group, User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402

from jwks_auth import InvalidTokenError  # noqa: E402
from jwks_auth_django.conf import configuration  # noqa: E402
from jwks_auth_django.models import JWTIdentity  # noqa: E402

call_command("migrate", verbosity=0)
claims = {"sub": "u1", "email": "ada@example.org", "email_verified": True, "groups": ["ops", "staff"]}
token = configuration().authenticator.verifier.verify(issuer.token(**claims))
together = threading.Barrier(100, timeout=600)


def resolved(_):
    """The account, or why there is none, in a thread of its own."""
    looked = []

    def wait(execute, sql, *args):
        answer = execute(sql, *args)
        if not looked:
            looked.append(sql)
            together.wait()
        return answer

    try:
        with connection.execute_wrapper(wait):
            return configuration().backend.user_of(None, token).pk
    except InvalidTokenError as error:
        return error.code
    finally:
        connections.close_all()


with ThreadPoolExecutor(100) as pool:
    found = set(pool.map(resolved, range(100)))
counts = [len(found), User.objects.count(), JWTIdentity.objects.count(), Group.objects.count()]
nul = configuration().authenticator.verifier.verify(issuer.token(sub="a\0b"))
try:
    configuration().backend.user_of(None, nul)
except InvalidTokenError as error:
    counts.append(error.code)
print(json.dumps(counts))

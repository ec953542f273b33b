"""django-guardian's permissions for single objects, asked of a token's user and of accounts; prints the answers."""

import json

import django
from django.conf import settings
from django.urls import path

from jwks_auth.testing import FakeIssuer

issuer = FakeIssuer()
settings.configure(
    SECRET_KEY="not a secret, but long enough to be one in a test",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "guardian",
        "jwks_auth_django",
        "rest_framework",
    ],
    AUTHENTICATION_BACKENDS=[
        "jwks_auth_django.backends.JWTAuthenticationBackend",
        "django.contrib.auth.backends.ModelBackend",
        "guardian.backends.ObjectPermissionBackend",
    ],
    ANONYMOUS_USER_NAME=None,
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    JWKS_AUTH={**issuer.settings(), "ALLOW_FAKE_ISSUER": True},
)
django.setup()

from django.contrib.auth.models import Group, User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import override_settings  # noqa: E402
from guardian.shortcuts import assign_perm  # noqa: E402
from rest_framework.permissions import DjangoObjectPermissions  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.test import APIClient  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from jwks_auth_django.models import JWTIdentity  # noqa: E402
from jwks_auth_django.rest_framework import JWTAuthentication  # noqa: E402

call_command("migrate", verbosity=0)
group = Group.objects.create(name="ops")


class Permissions(DjangoObjectPermissions):
    """Reading needs the permission for the object alone."""

    perms_map = {**DjangoObjectPermissions.perms_map, "GET": ["auth.view_group"]}

    def has_permission(self, request, view):
        """Leave it to the object."""
        return True

    def has_object_permission(self, request, view, obj):
        """Note what the user answers, whatever comes of it."""
        note(request.user)
        return super().has_object_permission(request, view, obj)


class Page(APIView):
    """One group."""

    authentication_classes = [JWTAuthentication]
    permission_classes = [Permissions]
    queryset = Group.objects.all()

    def get(self, request):
        """Show it to who may read it."""
        self.check_object_permissions(request, group)
        return Response()


urlpatterns = [path("group", Page.as_view())]
noted = []


def note(user):
    """The user's answers about the group."""
    permission = "auth.view_group"
    noted[:] = [
        user.has_perm(permission, group),
        user.has_perms([permission], group),
        sorted(user.get_all_permissions(group)),
    ]


def asked(subject, **user):
    """The answers of guardian and DRF for a subject."""
    with override_settings(JWKS_AUTH={**settings.JWKS_AUTH, "USER": user}):
        status = APIClient().get("/group", headers=issuer.headers(sub=subject)).status_code
        return [*noted, status]


found = {"a token": asked("u1"), "an account without": asked("u1", STORE="database")}
ada = User.objects.create(username="ada")
JWTIdentity.objects.create(issuer=issuer.issuer, subject="ada", user=ada)
assign_perm("auth.view_group", ada, group)
found["an account"] = asked("ada", STORE="database")
print(json.dumps(found))

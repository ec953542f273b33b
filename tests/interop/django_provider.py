"""An OpenID provider of Django and ``django-oauth-toolkit``: a program that tests run on loopback.

Its first argument is the client to be registered, the second where that client is called back. It prints its own
address. A visit to ``/sign-in`` signs its one user in, one to ``/rotate`` lets a new key sign while the old one stays
published, and one to ``/withdraw`` leaves only the newest published.
"""

import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings


def new_key() -> str:
    """A private key to sign with."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


PROVIDER = {
    "OIDC_ENABLED": True,
    "OIDC_RSA_PRIVATE_KEY": new_key(),
    "OIDC_RSA_PRIVATE_KEYS_INACTIVE": [],
    "PKCE_REQUIRED": True,
    "SCOPES": {"openid": "Sign-in", "orders:read": "Orders"},
}

settings.configure(
    SECRET_KEY="not-a-secret-it-lives-for-a-test",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "oauth2_provider",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    OAUTH2_PROVIDER=PROVIDER,
)
django.setup()

from django.contrib.auth import get_user_model, login  # noqa: E402 - Django's models need its settings
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import include, path  # noqa: E402
from oauth2_provider.models import get_application_model  # noqa: E402
from oauth2_provider.settings import oauth2_settings  # noqa: E402


def sign_in(request: HttpRequest) -> HttpResponse:
    """The session of the one user."""
    login(request, get_user_model().objects.get())
    return HttpResponse("signed in")


def rotate(request: HttpRequest) -> HttpResponse:
    """A new key beside the one that signed until now."""
    return publish(new_key(), PROVIDER["OIDC_RSA_PRIVATE_KEY"])


def withdraw(request: HttpRequest) -> HttpResponse:
    """The key that signs, alone."""
    return publish(PROVIDER["OIDC_RSA_PRIVATE_KEY"])


def publish(active: object, *inactive: object) -> HttpResponse:
    """The key *active* signs from now on, and *inactive* are published beside it."""
    PROVIDER.update(OIDC_RSA_PRIVATE_KEY=active, OIDC_RSA_PRIVATE_KEYS_INACTIVE=list(inactive))
    oauth2_settings.reload()
    return HttpResponse("published")


urlpatterns = [
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("sign-in", sign_in),
    path("rotate", rotate),
    path("withdraw", withdraw),
]


class Quiet(WSGIRequestHandler):
    """Requests, unlogged: nobody reads the pipe."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing."""


def register(client_id: str, callback: str) -> None:
    """The user, the public client, which asks for no consent, and the service that asks about tokens."""
    get_user_model().objects.create_user("u1")
    get_application_model().objects.create(
        client_id=client_id,
        redirect_uris=callback,
        client_type="public",
        authorization_grant_type="authorization-code",
        algorithm="RS256",
        skip_authorization=True,
    )
    get_application_model().objects.create(
        client_id="service",
        client_secret=settings.SECRET_KEY,
        client_type="confidential",
        authorization_grant_type="client-credentials",
    )


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    register(*sys.argv[1:])
    with make_server("127.0.0.1", 0, WSGIHandler(), handler_class=Quiet) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()

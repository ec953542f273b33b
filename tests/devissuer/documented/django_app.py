"""A Django project with Ninja's documentation page and drf-spectacular's, without any network."""

import os

from django.conf import settings

ISSUER = os.environ["JWKS_AUTH_ISSUER"]
settings.configure(
    DEBUG=True,
    SECRET_KEY="not a secret, but long enough to be one in a test",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    STATIC_URL="/static/",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.staticfiles",
        "ninja",
        "rest_framework",
        "drf_spectacular",
        "drf_spectacular_sidecar",
        "jwks_auth_django",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    REST_FRAMEWORK={
        "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
        "DEFAULT_AUTHENTICATION_CLASSES": ["jwks_auth_django.rest_framework.JWTAuthentication"],
        "UNAUTHENTICATED_USER": None,
    },
    SPECTACULAR_SETTINGS={
        "TITLE": "Orders",
        "SWAGGER_UI_DIST": "SIDECAR",
        "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
        "SWAGGER_UI_OAUTH2_CONFIG": {"clientId": "swagger", "usePkceWithAuthorizationCodeGrant": True},
        "SWAGGER_UI_SETTINGS": {"deepLinking": True},
    },
    JWKS_AUTH={
        "ISSUER": ISSUER,
        "AUDIENCE": os.environ["JWKS_AUTH_AUDIENCE"],
        "USER": {"STORE": "token"},
    },
)

import django  # noqa: E402

django.setup()

from django.contrib.staticfiles.urls import staticfiles_urlpatterns  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import path  # noqa: E402
from drf_spectacular.views import (  # noqa: E402
    SpectacularAPIView,
    SpectacularSwaggerOauthRedirectView,
    SpectacularSwaggerView,
)
from ninja import NinjaAPI  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from jwks_auth_django.ninja import JWTBearer  # noqa: E402
from jwks_auth_django.rest_framework import HasScopes  # noqa: E402
from jwks_auth_django.spectacular import JWTScheme  # noqa: E402


class SignIn(JWTScheme):
    """The provider's authorization code flow in place of a token to paste."""

    priority = 1

    def get_security_definition(self, auto_schema):
        flow = {
            "authorizationUrl": f"{ISSUER}/authorize",
            "tokenUrl": f"{ISSUER}/token",
            "scopes": {"orders:read": "Read orders"},
        }
        return {"type": "oauth2", "flows": {"authorizationCode": flow}}


class Orders(APIView):
    permission_classes = [HasScopes("orders:read")]

    def get(self, request) -> Response:
        """The orders of whoever calls."""
        return Response({"orders": [], "of": request.auth.subject})


api = NinjaAPI(title="Orders")


@api.get("/orders", auth=JWTBearer(scopes="orders:read"))
def orders(request):
    """The orders of whoever calls."""
    return {"orders": [], "of": request.auth.subject}


urlpatterns = [
    path("ninja/", api.urls),
    path("orders", Orders.as_view()),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(), name="swagger-ui"),
    path("docs/oauth2-redirect.html", SpectacularSwaggerOauthRedirectView.as_view(), name="redirect"),
    *staticfiles_urlpatterns(),
]
application = get_wsgi_application()

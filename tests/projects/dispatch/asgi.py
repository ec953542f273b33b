"""What uvicorn serves."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.projects.dispatch.settings")
http = get_asgi_application()

from jwks_auth_django.channels import JWTAuthMiddleware  # noqa: E402  # they need the project's settings
from tests.projects.dispatch.sockets import routes  # noqa: E402

application = ProtocolTypeRouter(
    {"http": http, "websocket": JWTAuthMiddleware(URLRouter(routes), scopes="jobs:read")}
)

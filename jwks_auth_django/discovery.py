"""Protected-resource metadata in Django: answered by the middleware, or by the view in ``jwks_auth_django.urls``."""

from __future__ import annotations

from contextlib import suppress

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from jwks_auth import ConfigurationError
from jwks_auth.adapters import Authenticator
from jwks_auth_django.conf import Configuration, configuration

__all__ = ["answer", "metadata"]

_told: list[Configuration] = []


def answer(request: HttpRequest, config: Configuration) -> HttpResponse | None:
    """The answer to a request for metadata; ``None``: it is for something else."""
    if not request.path_info.startswith("/.well-known/"):
        return None
    if not any(each is config for each in _told):
        _told[:] = [config]
        _declare(config.authenticator)
    found = config.authenticator.well_known(request.method or "", request.path_info)
    if found is None:
        return None
    return HttpResponse(found.body, status=found.status, headers=dict(found.headers))


@csrf_exempt
def metadata(request: HttpRequest) -> HttpResponse:
    """The view for metadata, of any method and without authentication."""
    response = answer(request, configuration())
    if response is None:
        raise Http404
    return response


metadata.login_required = False  # type: ignore[attr-defined]  # for LoginRequiredMiddleware


def _declare(authenticator: Authenticator) -> None:
    """Tell of the audiences of all routes, which may be resources of their own."""
    from jwks_auth_django.routes import requirements  # which imports the URLconf's frameworks

    for _, requirement in requirements():
        with suppress(ConfigurationError):  # told by the system checks
            authenticator.check(requirement)

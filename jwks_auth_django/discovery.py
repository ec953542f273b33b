"""Protected-resource metadata in Django: answered by the middleware, or by the view in ``jwks_auth_django.urls``."""

from __future__ import annotations

from contextlib import suppress

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from jwks_auth import ConfigurationError
from jwks_auth_django.conf import Configuration, Project, project

__all__ = ["answer", "metadata"]

_told: list[Project] = []


def answer(request: HttpRequest) -> HttpResponse | None:
    """The answer to a request for metadata; ``None``: it is for something else."""
    if not request.path_info.startswith("/.well-known/"):
        return None
    found = project()
    if not any(each is found for each in _told):
        _told[:] = [found]
        _declare(found)
    answers = (
        each.authenticator.well_known(request.method or "", request.path_info)
        for each in _asked(found, request)
    )
    given = [each for each in answers if each is not None]
    if not given:
        return None
    best = next((each for each in given if each.status != 404), given[0])
    return HttpResponse(best.body, status=best.status, headers=dict(best.headers))


def _asked(found: Project, request: HttpRequest) -> tuple[Configuration, ...]:
    """Return the configurations whose documents may be at the request's path.

    Every document is below ``/.well-known/``, so the prefixes of APIs do not tell whose it is; hosts do.
    """
    chosen = found.chosen(request)
    return (chosen,) if found.keys.hosts else (chosen, *(each for each in found.all if each is not chosen))


@csrf_exempt
def metadata(request: HttpRequest) -> HttpResponse:
    """The view for metadata, of any method and without authentication."""
    response = answer(request)
    if response is None:
        raise Http404
    return response


metadata.login_required = False  # type: ignore[attr-defined]  # for LoginRequiredMiddleware


def _declare(found: Project) -> None:
    """Tell of the audiences of all routes, which may be resources of their own."""
    from jwks_auth_django.routes import requirements  # which imports the URLconf's frameworks

    for path, requirement in requirements():
        for config in found.at(path, requirement.api):
            with suppress(ConfigurationError):  # told by the system checks
                config.authenticator.check(requirement)

"""Back-channel logout in Django: answered by the middleware, or by the view in ``jwks_auth_django.urls``."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls.converters import PathConverter
from django.views.decorators.csrf import csrf_exempt

from jwks_auth.adapters import LONGEST_LOGOUT, Answer, Authenticator, RawToken
from jwks_auth_django.conf import project

__all__ = ["LogoutPath", "alog_out", "log_out", "logout"]


def log_out(request: HttpRequest) -> HttpResponse:
    """Return the answer to a request at ``LOGOUT_PATH``: that of the first API whose token it is."""
    sent, given = _sent(request), list[Answer]()
    for each in _asked(request):
        given.append(each.log_out(request.method or "", request.headers.get("Content-Type"), sent))
        if given[-1].status == 200:
            break
    return _response(given)


async def alog_out(request: HttpRequest) -> HttpResponse:
    """Do as :func:`log_out`, on an event loop."""
    sent, given = _sent(request), list[Answer]()
    for each in _asked(request):
        given.append(await each.alog_out(request.method or "", request.headers.get("Content-Type"), sent))
        if given[-1].status == 200:
            break
    return _response(given)


@csrf_exempt
def logout(request: HttpRequest, path: str) -> HttpResponse:
    """The view for logouts, of any method and without authentication."""
    if request.path_info not in project().logout_paths:
        raise Http404
    return log_out(request)


logout.login_required = False  # type: ignore[attr-defined]  # for LoginRequiredMiddleware


class LogoutPath(PathConverter):
    """The path of ``LOGOUT_PATH``, as the settings have it when a request comes."""

    def to_python(self, value: str) -> str:
        """Return *value*; raise ``ValueError`` for any other path, so that Django looks on."""
        if f"/{value}" not in project().logout_paths:
            raise ValueError
        return value


def _asked(request: HttpRequest) -> list[Authenticator]:
    found = project()
    chosen = found.chosen(request)
    asked = [chosen, *(each for each in found.all if each is not chosen)]
    return [each.authenticator for each in asked if each.authenticator.logout_path == request.path_info]


def _sent(request: HttpRequest) -> RawToken:
    try:
        return RawToken(request.read(LONGEST_LOGOUT + 1))
    except OSError:  # the client has left
        return RawToken(b"")


def _response(given: list[Answer]) -> HttpResponse:
    answer = given[-1] if given[-1].status == 200 else given[0]
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))

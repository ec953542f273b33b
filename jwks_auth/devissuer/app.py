"""The dev issuer as a whole: each path with its methods, who may ask, and faults on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib.resources import files
from threading import Event

from jwks_auth.devissuer.answers import introspection, logout, revocation, userinfo
from jwks_auth.devissuer.authorize import AuthorizeEndpoint
from jwks_auth.devissuer.control import Control
from jwks_auth.devissuer.gate import Gate
from jwks_auth.devissuer.issuer import DevIssuer
from jwks_auth.devissuer.pages import error_page
from jwks_auth.devissuer.tokens import TokenEndpoint
from jwks_auth.devissuer.web import Answer, OAuthError, Request, json_answer, page_answer
from jwks_auth.runtime import dataclass

__all__ = ["App"]

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f5fbf"/>'
    '<circle cx="12" cy="16" r="5" fill="none" stroke="#fff" stroke-width="3"/>'
    '<path d="M17 16h10v5M22 16v4" fill="none" stroke="#fff" stroke-width="3"/></svg>'
)
_LONGEST_HANG = 600.0
_WEEK = "max-age=604800"
_PREFLIGHT = (
    ("Access-Control-Allow-Methods", "GET, POST"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP, X-Requested-With"),
    ("Access-Control-Max-Age", "600"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """The answers of a path by method.

    *shared*: pages on this machine may read them, and no others may ask. *fails*: it is an endpoint of the provider's,
    which the control page can make fail. *is_page*: a refusal is a page.
    """

    answers: Mapping[str, Callable[[Request], Answer]]
    shared: bool = False
    fails: bool = True
    is_page: bool = False


class App:
    """Answers requests to *issuer*, at the names that *gate* knows. *hang_up* is raised to close a connection."""

    def __init__(self, issuer: DevIssuer, gate: Gate, stopped: Event) -> None:
        self.issuer, self._gate, self._stopped = issuer, gate, stopped
        self._control = Control(issuer, gate)
        self._places = self._all_places()

    def __call__(self, request: Request) -> Answer | None:
        """Answer a request; ``None``: close the connection without an answer."""
        place = self._places.get(request.path)
        if place is not None:  # any website can ask for any number of other paths
            self.issuer.note(request.path)
        try:
            self._gate.check_host(request)
            answer = self._answered(place, request)
        except OAuthError as error:
            answer = self._refused(error, place)
        if place is not None and place.fails and answer is not None:
            self._control.asked.append((request.method, request.path, answer.status))
        return answer

    def _answered(self, place: Place | None, request: Request) -> Answer | None:
        if place is None:
            raise OAuthError("not_found", "there is nothing at this address", status=404)
        origin = self._gate.trusted_origin(request) if place.shared else None
        shared = (("Access-Control-Allow-Origin", origin), *_EXPOSED) if origin else ()
        if request.method == "OPTIONS" and shared:
            return Answer(204, b"", (*shared, *_PREFLIGHT))
        method = "GET" if request.method == "HEAD" else request.method
        if method not in place.answers:
            allowed = ", ".join(place.answers)
            raise OAuthError(
                "invalid_request", f"expected {allowed}", status=405, headers=[("Allow", allowed)]
            )
        try:
            failed = self._failure() if place.fails else _WORKS
            answer = self._made(place.answers[method], request) if failed is _WORKS else failed
        except OAuthError as error:
            answer = self._refused(error, place)
        return answer and answer.with_headers(*shared)

    def _made(self, make: Callable[[Request], Answer], request: Request) -> Answer:
        with self.issuer.lock:
            answer = make(request)
            if request.method == "POST":
                self.issuer.save()
        return answer

    def _failure(self) -> Answer | None:
        """Return the answer of the fault that is on, ``_WORKS`` for none; wait as long as the control page says."""
        now = self.issuer.behaviour
        if now.delay:
            self._stopped.wait(now.delay)
        if now.fault == "hang":
            self._stopped.wait(_LONGEST_HANG)
        if now.fault in ("drop", "hang"):
            return None
        return _FAILURES.get(now.fault, _WORKS)

    def _refused(self, error: OAuthError, place: Place | None) -> Answer:
        if place is not None and place.is_page:
            answer = page_answer(error_page(self.issuer.issuer, _sentence(error.description)), error.status)
        else:
            told = {"error": error.error, "error_description": error.description}
            answer = json_answer(told, error.status)
        return answer.with_headers(*error.headers)

    def _all_places(self) -> dict[str, Place]:
        show, take = self._control.show, self._control.take
        return {
            **self._documents(),
            **self._endpoints(),
            **{path: Place({"GET": show}, fails=False, is_page=True) for path in self._control.pages},
            **{path: Place({"POST": take}, fails=False, is_page=True) for path in self._control.forms},
            "/style.css": Place({"GET": lambda request: _STYLE}, fails=False),
            "/icon.svg": Place({"GET": lambda request: _PICTURE}, fails=False),
            "/favicon.ico": Place({"GET": lambda request: _PICTURE}, fails=False),
        }

    def _documents(self) -> dict[str, Place]:
        issuer = self.issuer
        discovery = Place({"GET": lambda request: json_answer(issuer.discovery())}, shared=True)
        keys = Place({"GET": lambda request: json_answer(issuer.jwks())}, shared=True)
        return {**dict.fromkeys(issuer.discovery_paths, discovery), issuer.jwks_path: keys}

    def _endpoints(self) -> dict[str, Place]:
        issuer, authorize = self.issuer, AuthorizeEndpoint(self.issuer, self._gate)
        person, signed_out = partial(userinfo, issuer), partial(logout, issuer)
        return {
            "/authorize": Place({"GET": authorize.show, "POST": authorize.decide}, is_page=True),
            "/token": Place({"POST": TokenEndpoint(issuer)}, shared=True),
            "/userinfo": Place({"GET": person, "POST": person}, shared=True),
            "/introspect": Place({"POST": partial(introspection, issuer)}, shared=True),
            "/revoke": Place({"POST": partial(revocation, issuer)}, shared=True),
            "/logout": Place({"GET": signed_out, "POST": signed_out}, is_page=True),
        }


_EXPOSED = (("Vary", "Origin"), ("Access-Control-Expose-Headers", "DPoP-Nonce, WWW-Authenticate"))
_WORKS = Answer(0)
_TEXT = ("Content-Type", "text/plain; charset=utf-8")
_FAILURES = {
    "error": Answer(503, b"down, as the control page says\n", (_TEXT, ("Retry-After", "1"))),
    "broken": Answer(500, b"broken, as the control page says\n", (_TEXT,)),
    "junk": Answer(200, b"<h1>Welcome to nginx!</h1>\n", (("Content-Type", "text/html"),)),
}


def _file(text: str, kind: str) -> Answer:
    return Answer(200, text.encode(), (("Content-Type", kind), ("Cache-Control", _WEEK)))


_STYLE = _file(files("jwks_auth.devissuer").joinpath("style.css").read_text(), "text/css; charset=utf-8")
_PICTURE = _file(_ICON, "image/svg+xml")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."

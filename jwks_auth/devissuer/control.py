"""What the control page does: each form, and the token that ``jwks-auth token`` asks for."""

from __future__ import annotations

import hmac
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from jwks_auth.devissuer.behaviour_page import FAULTS, behaviour_page
from jwks_auth.devissuer.consent import json_claims
from jwks_auth.devissuer.control_pages import keys_page, overview_page, tokens_page
from jwks_auth.devissuer.gate import Gate
from jwks_auth.devissuer.issuer import DevIssuer
from jwks_auth.devissuer.made import MadeToken, asked_in, made
from jwks_auth.devissuer.metadata import ALGORITHMS
from jwks_auth.devissuer.web import Answer, Fields, OAuthError, Request, json_answer, page_answer, redirect
from jwks_auth.jose import parse_json_object

__all__ = ["Control"]

_MOST_ASKED = 15
_MOST_DELAY = 60.0
_LONGEST_LIFETIME = 86_400


class Control:
    """The pages, and their forms. Each form has to come from a page of ours, which a secret in it shows."""

    def __init__(self, issuer: DevIssuer, gate: Gate) -> None:
        self._issuer, self._gate = issuer, gate
        self._csrf = secrets.token_urlsafe(24)
        self.asked: deque[tuple[str, str, int]] = deque(maxlen=_MOST_ASKED)
        """What was asked of the endpoints last: method, path, status."""
        self.pages: dict[str, Callable[[str], Answer]] = {
            "/": lambda notice: page_answer(overview_page(issuer, tuple(reversed(self.asked)))),
            "/tokens": lambda notice: page_answer(tokens_page(issuer, self._csrf, given={})),
            "/keys": lambda notice: page_answer(keys_page(issuer, self._csrf, notice=notice)),
            "/faults": lambda notice: page_answer(behaviour_page(issuer, self._csrf, notice=notice)),
        }
        self.forms: dict[str, Callable[[Fields], Answer]] = {
            "/control/token": self._token,
            "/control/rotate": self._rotate,
            "/control/withdraw": self._withdraw,
            "/control/publish": self._publish,
            "/control/fault": self._fault,
            "/control/tokens": self._tokens,
            "/control/expire": self._expire,
        }

    def show(self, request: Request) -> Answer:
        """Return the page at the request's path; ``done`` in its query picks one of our notices."""
        return self.pages[request.path](_NOTICES.get(request.asked.one("done"), ""))

    def take(self, request: Request) -> Answer:
        """Do what a form asks; raise :class:`OAuthError` for one that another page has sent."""
        self._gate.check_same_origin(request)
        kind = request.header("Content-Type").partition(";")[0].strip().lower()
        if request.path == "/control/token" and kind == "application/json":
            return self._token_for_a_command(request)
        if not hmac.compare_digest(request.form.one("csrf").encode(), self._csrf.encode()):
            raise OAuthError(
                "invalid_request", "this page is older than the dev issuer: load it again", status=403
            )
        return self.forms[request.path](request.form)

    def _token_for_a_command(self, request: Request) -> Answer:
        # A browser sends this type to another origin only after a preflight, which nothing here answers.
        try:
            token = made(self._issuer, asked_in(parse_json_object(request.body), self._issuer))
        except ValueError:
            return json_answer(
                {"error": "invalid_request", "error_description": "expected a JSON object"}, 400
            )
        except OAuthError as error:
            return json_answer({"error": error.error, "error_description": error.description}, 400)
        return json_answer({"token": token.token, "claims": token.claims, "issuer": self._issuer.issuer})

    def _token(self, form: Fields) -> Answer:
        given = {name: value for name, value in form.pairs if name != "csrf"}
        try:
            lasting = _number(form, "expires_in", -(10**9), 10**9)
            asked = MadeToken(
                kind=form.one("kind") or "access",
                sub=form.one("sub"),
                audience=tuple(form.one("audience").split()),
                scope=form.one("scope"),
                roles=tuple(form.one("roles").replace(",", " ").split()),
                expires_in=lasting,
                claims=json_claims(form.one("claims")),
                kid=form.one("kid"),
            )
            token = made(self._issuer, asked)
        except OAuthError as error:
            return page_answer(
                tokens_page(self._issuer, self._csrf, given=given, problem=error.description), 400
            )
        return page_answer(tokens_page(self._issuer, self._csrf, given=given, made=token))

    def _rotate(self, form: Fields) -> Answer:
        if form.one("alg") not in ALGORITHMS:
            raise OAuthError("invalid_request", "the algorithm is unknown")
        self._issuer.renew(form.one("alg"))
        return redirect("/keys?done=rotated")

    def _withdraw(self, form: Fields) -> Answer:
        self._issuer.withdraw(self._known_kid(form))
        return redirect("/keys?done=withdrawn")

    def _publish(self, form: Fields) -> Answer:
        self._issuer.publish(self._known_kid(form))
        return redirect("/keys?done=published")

    def _known_kid(self, form: Fields) -> str:
        kid = form.one("kid")
        if kid not in {key.kid for key, _ in self._issuer.all_keys()}:
            raise OAuthError("invalid_request", "the key is unknown")
        return kid

    def _fault(self, form: Fields) -> Answer:
        fault = form.one("fault")
        try:
            delay = _number(form, "delay", 0, _MOST_DELAY)
        except OAuthError as error:
            return self._refused(error)
        if fault not in FAULTS:
            raise OAuthError("invalid_request", "the fault is unknown")
        self._issuer.behaviour.fault, self._issuer.behaviour.delay = fault, delay
        return redirect("/faults?done=fault")

    def _tokens(self, form: Fields) -> Answer:
        try:
            lifetime = _number(form, "lifetime", 1, _LONGEST_LIFETIME)
        except OAuthError as error:
            return self._refused(error)
        behaviour = self._issuer.behaviour
        behaviour.lifetime, behaviour.opaque = int(lifetime), form.one("opaque") == "on"
        behaviour.nonces = form.one("nonces") == "on"
        return redirect("/faults?done=tokens")

    def _refused(self, error: OAuthError) -> Answer:
        return page_answer(behaviour_page(self._issuer, self._csrf, problem=error.description), 400)

    def _expire(self, form: Fields) -> Answer:
        self._issuer.grants.end_all()
        return redirect("/faults?done=expired")


_NOTICES: Mapping[str, str] = {
    "rotated": "A new key signs from now on.",
    "withdrawn": "The key is no longer published.",
    "published": "The key is published.",
    "fault": "The endpoints behave so from now on.",
    "tokens": "Tokens are made so from now on.",
    "expired": "Every grant is over.",
}


def _number(form: Fields, name: str, least: float, most: float) -> float:
    try:
        found: Any = float(form.one(name))
        if not least <= found <= most:
            raise ValueError
    except ValueError:
        raise OAuthError(
            "invalid_request", f"{name}: expected a number from {least:g} to {most:g}."
        ) from None
    return float(found)

"""The authorization endpoint: a request that is judged first, then a page, then a code (RFC 6749 section 4.1).

The page's form holds one secret name for its request, good once, so that no other page can agree in somebody's name.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode

from jwks_auth.devissuer.consent import Choice, chosen
from jwks_auth.devissuer.gate import Gate, loopback_redirect
from jwks_auth.devissuer.grants import Grant
from jwks_auth.devissuer.issuer import DevIssuer
from jwks_auth.devissuer.pages import Asked, consent_page
from jwks_auth.devissuer.tokens import audience_of, checked_client, scopes_of
from jwks_auth.devissuer.web import Answer, Fields, OAuthError, Request, page_answer, redirect
from jwks_auth.runtime import dataclass

__all__ = ["AuthorizeEndpoint"]

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_SECONDS = 1800
_MOST_PENDING = 500


@dataclass(frozen=True, slots=True)
class _Pending:
    """A request whose page is open."""

    asked: Asked
    redirect_uri: str
    state: str
    nonce: str
    challenge: str
    jkt: str
    expires: float


class AuthorizeEndpoint:
    """Shows the page, and takes its form."""

    def __init__(self, issuer: DevIssuer, gate: Gate) -> None:
        self._issuer, self._gate = issuer, gate
        self._pending: dict[str, _Pending] = {}

    def show(self, request: Request) -> Answer:
        """Answer a client's request: a page, or a redirect with an error. Raises :class:`OAuthError` for neither."""
        asked = request.asked
        client_id, back = checked_client(asked.one("client_id")), _redirect_uri(asked)
        state = asked.one("state")
        try:
            pending = self._judged(asked, client_id, back, state)
        except OAuthError as error:
            return self._back(back, state, {"error": error.error, "error_description": error.description})
        return self._page(pending)

    def decide(self, request: Request) -> Answer:
        """Take the page's form: a redirect with a code or with the refusal; the page again for what can't be."""
        self._gate.check_same_origin(request)
        form = request.form
        pending = self._pending.pop(form.one("request"), None)
        if pending is None or pending.expires <= self._issuer.clock():
            raise OAuthError("invalid_request", "this page was used before, or is too old: begin again")
        if form.one("answer") != "allow":
            refusal = {"error": "access_denied", "error_description": "the page was answered with no"}
            return self._back(pending.redirect_uri, pending.state, refusal)
        try:
            choice = chosen(form, self._issuer)
        except OAuthError as error:
            return self._page(pending, problem=error.description)
        code = self._issuer.grants.code(
            self._grant(pending, choice), redirect_uri=pending.redirect_uri, challenge=pending.challenge
        )
        return self._back(pending.redirect_uri, pending.state, {"code": code})

    def _judged(self, asked: Fields, client_id: str, back: str, state: str) -> _Pending:
        if {"request", "request_uri"} & {name for name, _ in asked.pairs}:
            raise OAuthError("request_not_supported", "requests come as plain parameters")
        if asked.one("response_type") != "code":
            raise OAuthError("unsupported_response_type", "expected response_type=code")
        if asked.one("response_mode") not in ("", "query"):
            raise OAuthError("invalid_request", "expected no response_mode, or query")
        challenge = asked.one("code_challenge")
        if asked.one("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
            raise OAuthError("invalid_request", "PKCE is required: code_challenge with S256")
        if "none" in asked.one("prompt").split():
            raise OAuthError("login_required", "nobody is signed in: the dev issuer asks each time")
        told = Asked(
            client_id,
            scopes_of(asked),
            audience_of(asked),
            asked.one("login_hint"),
            (asked.one("acr_values").split() or [""])[0],
        )
        return _Pending(
            told,
            back,
            state,
            asked.one("nonce"),
            challenge,
            asked.one("dpop_jkt"),
            self._issuer.clock() + _SECONDS,
        )

    def _page(self, pending: _Pending, *, problem: str = "") -> Answer:
        now = self._issuer.clock()
        self._pending = {name: each for name, each in self._pending.items() if each.expires > now}
        if len(self._pending) >= _MOST_PENDING:
            del self._pending[next(iter(self._pending))]
        name = secrets.token_urlsafe(24)
        self._pending[name] = pending
        page = consent_page(
            self._issuer, pending.asked, back=pending.redirect_uri, name=name, problem=problem
        )
        return page_answer(page, 400 if problem else 200, target=pending.redirect_uri)

    def _grant(self, pending: _Pending, choice: Choice) -> Grant:
        return Grant(
            pending.asked.client_id,
            choice.person.sub,
            choice.scopes,
            choice.audience,
            choice.person.own_claims,
            nonce=pending.nonce,
            acr=pending.asked.acr,
            auth_time=int(self._issuer.clock()),
            jkt=pending.jkt,
            sid=secrets.token_urlsafe(12),
        )

    def _back(self, uri: str, state: str, answer: Mapping[str, str]) -> Answer:
        """Send the browser back to the client; ``iss`` tells it whose answer this is (RFC 9207)."""
        told = {**answer, **({"state": state} if state else {}), "iss": self._issuer.issuer}
        return redirect(f"{uri}{'&' if '?' in uri else '?'}{urlencode(told)}")


def _redirect_uri(asked: Fields) -> str:
    uri = asked.one("redirect_uri")
    if not loopback_redirect(uri):
        raise OAuthError(
            "invalid_request", "redirect_uri: expected an address on this machine, such as http://127.0.0.1/"
        )
    return uri

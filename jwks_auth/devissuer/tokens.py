"""The token endpoint: codes, refresh tokens and clients of their own become tokens (RFC 6749 section 3.2)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import unquote_plus

from jwks_auth.devissuer.dpop import KeyProofs
from jwks_auth.devissuer.grants import Grant
from jwks_auth.devissuer.issuer import DevIssuer
from jwks_auth.devissuer.web import Answer, Fields, OAuthError, Request, json_answer

__all__ = ["TokenEndpoint", "audience_of", "checked_client", "client_of", "scopes_of"]

_CLIENT = re.compile(r"[\x20-\x7e]{1,200}", re.ASCII)
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+", re.ASCII)
_AUDIENCE = re.compile(r"[\x21-\x7e]{1,500}", re.ASCII)
_MOST_SCOPES = 100


class TokenEndpoint:
    """Answers requests for tokens. Any client is known, and none has a secret that is checked."""

    def __init__(self, issuer: DevIssuer) -> None:
        self._issuer = issuer
        self._proofs = KeyProofs(issuer.discovery()["token_endpoint"], issuer.clock)
        self._kinds: dict[str, Callable[[Fields, str, str], Answer]] = {
            "authorization_code": self._code,
            "refresh_token": self._refresh,
            "client_credentials": self._client,
        }

    def __call__(self, request: Request) -> Answer:
        """Answer a request; raise :class:`OAuthError`."""
        form = request.form
        client_id = client_of(request)
        kind = self._kinds.get(form.one("grant_type"))
        if kind is None:
            raise OAuthError("unsupported_grant_type", f"expected {', '.join(self._kinds)}")
        behaviour = self._issuer.behaviour
        jkt = self._proofs.key_of(request, behaviour.nonce if behaviour.nonces else None)
        answer = kind(form, client_id, jkt)
        return answer.with_headers(("DPoP-Nonce", behaviour.nonce)) if jkt and behaviour.nonces else answer

    def _code(self, form: Fields, client_id: str, jkt: str) -> Answer:
        grants = self._issuer.grants
        grant, family = grants.redeem(
            form.one("code"),
            client_id=client_id,
            redirect_uri=form.one("redirect_uri"),
            verifier=form.one("code_verifier"),
        )
        if grant.jkt and grant.jkt != jkt:
            grants.end(family)
            raise OAuthError("invalid_dpop_proof", "the code is bound to another key")
        grants.bind(family, grant := replace(grant, jkt=jkt))
        used = grant.narrowed((), audience_of(form))
        refresh = grants.refresh_token(family) if "offline_access" in grant.scopes else None
        return json_answer(self._issuer.token_response(used, refresh_token=refresh))

    def _refresh(self, form: Fields, client_id: str, jkt: str) -> Answer:
        grants = self._issuer.grants
        family = grants.refreshed(form.one("refresh_token"), client_id)
        grant = grants.grant_of(family)
        if grant.jkt != jkt:
            raise OAuthError("invalid_dpop_proof", "the refresh token is bound to a key: prove to hold it")
        used = grant.narrowed(scopes_of(form), audience_of(form))
        return json_answer(self._issuer.token_response(used, refresh_token=grants.refresh_token(family)))

    def _client(self, form: Fields, client_id: str, jkt: str) -> Answer:
        grant = Grant(client_id, client_id, scopes_of(form), audience_of(form), jkt=jkt)
        if "openid" in grant.scopes:
            raise OAuthError("invalid_scope", "openid is about a person, and here is none")
        return json_answer(self._issuer.token_response(grant))


def client_of(request: Request) -> str:
    """Return the client that a request names: in its form or by HTTP Basic, not in two ways that differ."""
    form = request.form
    posted, basic = form.one("client_id"), _basic(request)
    if basic and (form.one("client_secret") or posted not in ("", basic)):
        raise OAuthError("invalid_request", "the client is named in two ways")
    return checked_client(basic or posted)


def checked_client(client_id: str) -> str:
    """Return *client_id*; raise :class:`OAuthError` for none, or one that is no identifier."""
    if not _CLIENT.fullmatch(client_id):
        challenge = ("WWW-Authenticate", 'Basic realm="dev issuer"')
        raise OAuthError("invalid_client", "client_id is missing", status=401, headers=[challenge])
    return client_id


def _basic(request: Request) -> str:
    scheme, _, encoded = request.header("Authorization").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        name, _, _ = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
    return unquote_plus(name)


def scopes_of(form: Fields) -> tuple[str, ...]:
    """Return the scopes asked for, each once; raise :class:`OAuthError` for what is none."""
    scopes = tuple(dict.fromkeys(form.one("scope").split(" "))) if form.one("scope") else ()
    if len(scopes) > _MOST_SCOPES or not all(map(_SCOPE.fullmatch, scopes)):
        raise OAuthError("invalid_scope", "scope: expected names with single spaces between them")
    return scopes


def audience_of(form: Fields) -> tuple[str, ...]:
    """Return what the tokens are for: every ``audience`` and ``resource`` (RFC 8707); raise :class:`OAuthError`."""
    found = tuple(dict.fromkeys((*form.all("audience"), *form.all("resource"))))
    if not all(map(_AUDIENCE.fullmatch, found)) or any("#" in each for each in form.all("resource")):
        raise OAuthError("invalid_target", "audience or resource: expected an identifier of a service")
    return found

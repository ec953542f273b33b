"""The state of a request's authentication, kept on the request: for each configuration that has judged it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from jwks_auth import VerifiedToken
from jwks_auth.adapters import Credentials, Memo, Requirement
from jwks_auth_django.conf import Configuration, Project, project
from jwks_auth_django.internals import adopt, keep_out_of_cache

__all__ = [
    "Sender",
    "Senders",
    "configuration_of",
    "credentials",
    "in_cookie",
    "sender_of",
    "senders_of",
    "token_of_user",
]


class Sender:
    """The sender of a request, as one configuration knows them."""

    __slots__ = ("config", "is_for_us", "token", "user")

    def __init__(self, config: Configuration) -> None:
        self.config = config
        self.token: VerifiedToken | None = None
        self.user: Any = None
        self.is_for_us = False  # for the settings' audience; a route's own is not that of other routes

    async def auser(self) -> Any:
        """Return the user, for ``await request.auser()``."""
        return self.user

    def recalled(self, request: HttpRequest, requirement: Requirement) -> VerifiedToken | None:
        """Return the token accepted before if it was for the same audience, judged again by the rest."""
        if self.token is None or not self.is_for_us or requirement.audience is not None:
            return None
        self.config.authenticator.judge(self.token, requirement, credentials(request))
        return self.token

    def is_new(self, token: VerifiedToken, requirement: Requirement) -> bool:
        """Return whether *token*, just accepted, has no user yet."""
        self.is_for_us |= requirement.audience is None
        return token is not self.token

    def in_cookie(self, request: HttpRequest) -> bool:
        """Return whether the token is in a cookie, which a browser sends by itself, for any site's page."""
        return Memo.on(request.META, self.config.authenticator).in_cookie

    def adopt(self, request: HttpRequest, token: VerifiedToken, user: Any) -> None:
        """Make *user* the request's."""
        self.token, self.user = token, user
        request.__dict__["token"] = token
        adopt(request, user, self.auser, waives_csrf=not self.in_cookie(request))
        keep_out_of_cache(request)


class Senders:
    """A request's senders: the *latest*, by whose configuration the request is answered, and *all*."""

    __slots__ = ("all", "latest", "project", "refused")

    def __init__(self, found: Project, request: HttpRequest) -> None:
        self.project = found
        self.latest = Sender(found.chosen(request))
        self.all = [self.latest]
        self.refused = False

    def of(self, config: Configuration) -> Sender:
        """Return the sender that *config* knows, which is the latest from now on."""
        if self.latest.config is not config:
            known = next((each for each in self.all if each.config is config), None)
            if known is None:
                known = Sender(config)
                self.all.append(known)
            self.latest = known
        return self.latest


def senders_of(request: HttpRequest) -> Senders:
    """Return the state kept on *request*, as long as the settings stay."""
    found = project()
    senders: Senders | None = request.__dict__.get("_jwks_auth")
    if senders is None or senders.project is not found:
        senders = request.__dict__["_jwks_auth"] = Senders(found, request)
        request.__dict__.setdefault("token", None)
    return senders


def sender_of(request: HttpRequest) -> Sender:
    """Return the sender that the latest configuration knows."""
    return senders_of(request).latest


def in_cookie(request: HttpRequest) -> bool:
    """Return whether the token of the latest sender is in a cookie."""
    return sender_of(request).in_cookie(request)


def token_of_user(request: HttpRequest, user: Any) -> VerifiedToken | None:
    """Return the token that *user* was made of, in this request."""
    return next((each.token for each in senders_of(request).all if each.user is user), None)


def configuration_of(request: HttpRequest | None) -> Configuration:
    """Return the configuration that judges *request*; the top level's without one."""
    return project().top if request is None else sender_of(request).config


def credentials(request: HttpRequest) -> Credentials:
    """Return the request's header values, for the core."""
    return Credentials.from_wsgi(
        request.META, url=request.build_absolute_uri, scope=getattr(request, "scope", None)
    )

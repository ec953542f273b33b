"""Protected-resource metadata in Flask, answered before every guard and whatever the routes are."""

from __future__ import annotations

from contextlib import suppress

from flask import Response, request

from jwks_auth import ConfigurationError
from jwks_auth.adapters import Answer
from jwks_auth_flask.internals import served_by
from jwks_auth_flask.request_auth import EXTENSION, RequestAuth
from jwks_auth_flask.routes import protections

__all__ = ["MetadataAnswer"]


class MetadataAnswer:
    """A ``before_request`` function, the first of an app, for all its instances."""

    def __init__(self) -> None:
        self._told = False

    def __call__(self) -> Response | None:
        """The answer to a request for metadata; ``None`` lets Flask go on."""
        if not request.path.startswith("/.well-known/"):
            return None
        instances: dict[str, RequestAuth] = served_by().extensions[EXTENSION]
        if not self._told:
            self._told = True
            self._declare(instances)
        found = (auth.authenticator.well_known(request.method, request.path) for auth in instances.values())
        answers = [each for each in found if each is not None]
        answers.sort(key=_is_unknown)
        return Response(answers[0].body, answers[0].status, list(answers[0].headers)) if answers else None

    def _declare(self, instances: dict[str, RequestAuth]) -> None:
        """Tell of the audiences of all routes, which may be resources of their own."""
        for protection in protections(served_by()):
            for requirement in protection.requirements:
                for auth in instances.values():
                    with suppress(ConfigurationError):  # of a route of another instance
                        auth.authenticator.check(requirement)


def _is_unknown(answer: Answer) -> bool:
    """Return whether there is no such document, which another instance may have."""
    return answer.status == 404

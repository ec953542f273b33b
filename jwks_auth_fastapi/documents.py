"""An application's OpenAPI document, completed: refusals, optional tokens, each scope once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.exception_handlers import http_exception_handler
from starlette.applications import Starlette

from jwks_auth import Policy
from jwks_auth.adapters import security_of
from jwks_auth_fastapi.audit import AuditedRoute, Auditor
from jwks_auth_fastapi.errors import body_of, handler_of
from jwks_auth_fastapi.internals import Reading
from jwks_auth_fastapi.openapi import error_responses
from jwks_auth_fastapi.places import applications
from jwks_auth_fastapi.service import Configuration, Service

__all__ = ["document"]

_MARK = "__jwks_auth_documents__"


def document(app: Starlette, service: Service) -> None:
    """Complete the documents of *app* and of what is mounted in it, where they name the scheme of *service*."""
    for _, each in applications(app):
        if isinstance(each, FastAPI):
            _complete(each, service)


def _complete(app: FastAPI, service: Service) -> None:
    made = app.openapi
    done: tuple[Service, ...] = getattr(made, _MARK, ())
    if service in done:
        return
    openapi_settings = service.of({"app": app}).openapi
    if openapi_settings.client_id and not app.swagger_ui_init_oauth:
        app.swagger_ui_init_oauth = openapi_settings.swagger_ui_init_oauth
    completed: list[Any] = [None]

    def openapi() -> dict[str, Any]:
        found = made()
        if completed[0] is not found:  # FastAPI makes it once, until the application forgets it
            _amend(found, app, service.of({"app": app}))
            completed[0] = found
        return found

    setattr(openapi, _MARK, (*done, service))
    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation says


def _amend(found: dict[str, Any], app: FastAPI, configuration: Configuration) -> None:
    refusals, name = _refusals(app, configuration), configuration.openapi.scheme_name
    for item in found.get("paths", {}).values():
        for operation in item.values():
            if isinstance(operation, dict) and name in _names(operation):
                _respond(operation, refusals)
    schemes = _schemes(found, name, configuration)
    for operation, row in _guarded(found, app):
        _respond(operation, refusals)
        if not row.note and _names(operation) == {name}:
            policies = [*([Policy(scopes=row.scopes)] if row.scopes else []), *row.policies]
            operation["security"] = [
                *(
                    entry
                    for each, scheme in schemes.items()
                    for entry in security_of(each, policies, scheme=scheme, version=found["openapi"])
                ),
                *([{}] if row.guard == "optional" else []),
            ]


def _schemes(found: dict[str, Any], name: str, configuration: Configuration) -> dict[str, Any]:
    """Return the document's scheme *name*, and beside it one for each further source of tokens, which are added."""
    known = found.get("components", {}).get("securitySchemes", {})
    if name not in known:
        return {}
    schemes: dict[str, Any] = {**configuration.authenticator.security_schemes(name), name: known[name]}
    known.update(schemes)
    return schemes


def _guarded(found: dict[str, Any], app: FastAPI) -> Iterator[tuple[dict[str, Any], AuditedRoute]]:
    """Yield each operation that takes a token, with its entry in the audit."""
    for place, row in Auditor(Reading()).rows(app):
        item = found.get("paths", {}).get(getattr(place.route, "path_format", None), {})
        for method in row.methods if place.app is app and row.guard not in ("none", "public") else ():
            if method.lower() in item:
                yield item[method.lower()], row


def _names(operation: dict[str, Any]) -> set[str]:
    return {name for entry in operation.get("security", ()) for name in entry}


def _respond(operation: dict[str, Any], refusals: dict[int | str, dict[str, Any]]) -> None:
    responses = operation.setdefault("responses", {})
    for status, response in refusals.items():
        responses.setdefault(str(status), response)


def _refusals(app: FastAPI, configuration: Configuration) -> dict[int | str, dict[str, Any]]:
    """Return the responses, without a body where a handler of the application's own makes it."""
    handler = handler_of(app)
    body = body_of(handler, configuration.authenticator.settings.shared.get("ERROR_BODY", "rfc6750"))
    responses = error_responses(body or "detail")
    if handler is http_exception_handler or body is not None:
        return responses
    return {
        status: {name: value for name, value in response.items() if name != "content"}
        for status, response in responses.items()
    }

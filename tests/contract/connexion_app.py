"""The contract's routes in a Connexion app around Flask."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from tests.contract.cases import Case
from tests.contract.flask_apps import create_app
from tests.contract.runner import Answer, Headers
from tests.needs import need_module

__all__ = ["ConnexionApp"]


@dataclass(frozen=True, slots=True)
class ConnexionApp:
    """A Connexion app under its test client; *own*: it has an error handler of the user's."""

    client: Any
    own: bool

    @classmethod
    def made(cls, settings: Mapping[str, Any], *, own: bool) -> ConnexionApp:
        """An app with the contract's routes."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it uses what jsonschema deprecates
            connexion = need_module("connexion")
        around = connexion.FlaskApp(__name__)
        create_app(settings, app=around.app)
        if own:
            around.add_error_handler(need_module("starlette.exceptions").HTTPException, _own)
        return cls(around.test_client(), own)

    def expected(self, case: Case) -> Case:
        """The same case with the body of the handler that answers a refusal."""
        if case.challenge is None or case.body is None:
            return case
        if self.own:
            return replace(case, body={"own": case.status})
        said = {"type": "about:blank", "title": HTTPStatus(case.status).phrase, "status": case.status}
        return replace(case, body={**said, "detail": case.body["error_description"]})

    def request(self, method: str, target: str, headers: Headers, body: bytes = b"") -> Answer:
        """One request; Connexion's documents of problems are JSON, too."""
        response = self.client.request(method, target, headers=list(headers), content=body)
        pairs = [
            (name, value.replace("application/problem+json", "application/json"))
            for name, value in response.headers.multi_items()
        ]
        return Answer(response.status_code, pairs, response.content)


def _own(request: Any, error: Any) -> Any:
    lifecycle = need_module("connexion.lifecycle")
    body = f'{{"own": {error.status_code}}}'
    return lifecycle.ConnexionResponse(error.status_code, body=body, mimetype="application/json")

"""What type checkers know of the Flask extension: mypy strict and pyright read this, nothing runs it."""

from __future__ import annotations

from typing import Any, assert_type

from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue
from flask.views import MethodView

from jwks_auth import Policy, Refused, VerifiedToken
from jwks_auth.adapters import Authenticator, Rejection
from jwks_auth.testing import FakeIssuer
from jwks_auth_flask import (
    AuthRejected,
    JWKSAuth,
    current_token,
    current_user,
    keys_refresh_failed,
    keys_refreshed,
    public,
    require_jwt,
    token_of,
    token_rejected,
    token_verified,
    user_of,
)
from jwks_auth_flask.testing import JWTClient

app = Flask(__name__)
blueprint = Blueprint("orders", __name__)
auth = JWKSAuth()
auth.init_app(app)
partner = JWKSAuth(app, name="partner")


@app.get("/<int:number>")
@require_jwt
def bare(number: int) -> str:
    """A decorated view keeps its type."""
    return current_token["email"] or str(current_token.subject)


@blueprint.get("/")
@require_jwt(scopes=["a", "b"], any_role="admin", policy=~Policy(roles="guest"), optional=False)
async def called() -> dict[str, str]:
    """So does an async one."""
    return {"user": current_user.name}


@partner.require_jwt(audience="a", issuer="https://a.example/", claims={"tier": "gold"}, person=True)
@public
def named() -> str:
    """And one of a named instance."""
    return ""


class Orders(MethodView):
    """Class-based views."""

    decorators = [require_jwt(permissions="p", any_scope="a b", roles=["r"]), auth.require_jwt, public]

    @require_jwt
    def get(self, number: int) -> str:
        """A decorated method."""
        return str(number)


@auth.user_loader
async def load(token: VerifiedToken) -> str | None:
    """A loader keeps its type."""
    return token.subject


@app.errorhandler(AuthRejected)
def refused(error: AuthRejected) -> ResponseReturnValue:
    """The core's error and answer, typed."""
    assert_type(error.error, Refused)
    assert_type(error.rejection, Rejection)
    return error.rejection.document, error.rejection.status


def heard(sender: Any, **values: Any) -> None:
    """Receives any signal."""


for signal in (token_verified, token_rejected, keys_refreshed, keys_refresh_failed):
    signal.connect(heard, app)

auth.protect(app, scopes="a")
auth.protect(blueprint, roles="admin")
assert_type(bare(1), str)
assert_type(named(), str)
assert_type(current_token, VerifiedToken)
assert_type(token_of(request), VerifiedToken | None)
assert_type(user_of(request), Any)
assert_type(auth.authenticator(app), Authenticator)
client = JWTClient(app, issuer=FakeIssuer())
assert_type(client.with_token(sub="u1"), JWTClient)

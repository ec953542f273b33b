"""A Flask app with flask-smorest's documentation page, without any network."""

import os
from pathlib import Path

import drf_spectacular_sidecar
from flask import Flask, send_from_directory
from flask_smorest import Api, Blueprint

from jwks_auth_flask import JWKSAuth, current_token, require_jwt
from jwks_auth_flask.openapi import BearerSecurity

ASSETS = Path(drf_spectacular_sidecar.__file__).parent / "static/drf_spectacular_sidecar/swagger-ui-dist"

app = Flask(__name__)
app.config.from_mapping({k: v for k, v in os.environ.items() if k.startswith("JWKS_AUTH_")})
app.config.from_mapping(
    API_TITLE="Orders",
    API_VERSION="1",
    OPENAPI_VERSION="3.1.0",
    OPENAPI_URL_PREFIX="/",
    OPENAPI_SWAGGER_UI_PATH="/docs",
    OPENAPI_SWAGGER_UI_URL="/assets/",
)
JWKSAuth(app)
blp = Blueprint("orders", __name__)


@app.get("/assets/<path:name>")
def assets(name: str):
    return send_from_directory(ASSETS, name)


@blp.get("/orders")
@blp.response(200)
@require_jwt(scopes="orders:read")
def orders():
    """The orders of whoever calls."""
    return {"orders": [], "of": current_token.subject}


api = Api(app, spec_kwargs={"extra_plugins": [BearerSecurity(app)]})
api.register_blueprint(blp)

"""An orders API that accepts access tokens: configured by JWKS_AUTH_ISSUER, JWKS_AUTH_AUDIENCE, ..."""

import os

from flask import Flask

from jwks_auth_flask import JWKSAuth, current_token, require_jwt

auth = JWKSAuth()


def create_app(config=None):
    app = Flask(__name__)
    app.config.from_mapping({k: v for k, v in os.environ.items() if k.startswith("JWKS_AUTH_")})
    app.config.from_mapping(config)
    auth.init_app(app)

    @app.get("/public")
    def hello():
        return {"message": "hello, world"}

    @app.get("/me")
    @require_jwt
    def me():
        return {"sub": current_token.subject}

    @app.get("/orders")
    @require_jwt(scopes="orders:read")
    def orders():
        return {"orders": []}

    @app.get("/admin")
    @require_jwt(roles="admin")
    def admin():
        return {"admin": True}

    @app.get("/optional")
    @require_jwt(optional=True)
    def optional():
        return {"sub": current_token.subject if current_token else None}

    return app

"""Check tokens with Authlib's resource protector."""

# --- app.py
import os
from functools import cache

import requests
from authlib.integrations.flask_oauth2 import ResourceProtector, current_token
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from flask import Flask

ISSUER = os.environ.get("ISSUER", "https://login.acme.dev")
AUDIENCE = "https://api.acme.dev"


@cache
def keys():
    return requests.get(f"{ISSUER}/.well-known/jwks.json", timeout=5).json()


class Validator(JWTBearerTokenValidator):
    def get_jwks(self):
        return keys()


require_oauth = ResourceProtector()
require_oauth.register_token_validator(Validator(ISSUER, AUDIENCE))
app = Flask(__name__)


@app.get("/me")
@require_oauth()
def me():
    return {"sub": current_token["sub"]}


@app.get("/orders")
@require_oauth("orders:read")
def orders():
    return []

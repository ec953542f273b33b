"""Check tokens as Auth0's quickstart for Flask does, with Authlib."""

# --- app.py
import json
import os
from urllib.request import urlopen

from authlib.integrations.flask_oauth2 import ResourceProtector, current_token
from authlib.oauth2.rfc7523 import JWTBearerTokenValidator
from flask import Flask
from joserfc.jwk import KeySet

AUTH0_DOMAIN = os.environ.get("AUTH0_DOMAIN", "acme.eu.auth0.com")
AUTH0_AUDIENCE = "https://api.acme.dev"


class Auth0Validator(JWTBearerTokenValidator):
    def __init__(self, domain, audience):
        keys = json.loads(urlopen(f"https://{domain}/.well-known/jwks.json").read())
        super().__init__(KeySet.import_key_set(keys))
        self.claims_options = {
            "exp": {"essential": True},
            "aud": {"essential": True, "value": audience},
            "iss": {"essential": True, "value": f"https://{domain}/"},
        }


require_auth = ResourceProtector()
require_auth.register_token_validator(Auth0Validator(AUTH0_DOMAIN, AUTH0_AUDIENCE))
app = Flask(__name__)


@app.get("/me")
@require_auth(None)
def me():
    return {"sub": current_token["sub"]}


@app.get("/orders")
@require_auth("orders:read")
def orders():
    return []

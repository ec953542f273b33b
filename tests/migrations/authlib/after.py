"""The same with jwks-auth."""

# --- app.py
import os

from flask import Flask

from jwks_auth_flask import JWKSAuth, current_token, require_jwt

app = Flask(__name__)
app.config["JWKS_AUTH_ISSUER"] = os.environ.get("ISSUER", "https://login.acme.dev")
app.config["JWKS_AUTH_AUDIENCE"] = "https://api.acme.dev"
app.config["JWKS_AUTH_PROFILE"] = "rfc9068"
auth = JWKSAuth(app)


@app.get("/me")
@require_jwt
def me():
    return {"sub": current_token.subject}


@app.get("/orders")
@require_jwt(scopes="orders:read")
def orders():
    return []

"""The same with jwks-auth."""

# --- app.py
import os

from flask import Flask

from jwks_auth_flask import JWKSAuth, current_token, require_jwt

AUTH0_DOMAIN = os.environ.get("AUTH0_DOMAIN", "acme.eu.auth0.com")

app = Flask(__name__)
app.config["JWKS_AUTH_PROVIDER"] = "auth0"
app.config["JWKS_AUTH_ISSUER"] = f"https://{AUTH0_DOMAIN}/"
app.config["JWKS_AUTH_AUDIENCE"] = "https://api.acme.dev"
auth = JWKSAuth(app)


@app.get("/me")
@require_jwt
def me():
    return {"sub": current_token.subject}


@app.get("/orders")
@require_jwt(scopes="orders:read")
def orders():
    return []

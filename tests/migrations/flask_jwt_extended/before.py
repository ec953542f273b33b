"""Check a provider's tokens with Flask-JWT-Extended."""

# --- app.py
import os

from flask import Flask
from flask_jwt_extended import JWTManager, get_jwt, jwt_required
from jwt import PyJWKClient

ISSUER = os.environ.get("ISSUER", "https://login.acme.dev")

app = Flask(__name__)
app.config["JWT_ALGORITHM"] = "RS256"
app.config["JWT_DECODE_ISSUER"] = ISSUER
app.config["JWT_DECODE_AUDIENCE"] = "https://api.acme.dev"
manager = JWTManager(app)
keys = PyJWKClient(f"{ISSUER}/.well-known/jwks.json")


@manager.decode_key_loader
def key(header, claims):
    return keys.get_signing_key(header["kid"]).key


@app.get("/me")
@jwt_required()
def me():
    return {"sub": get_jwt()["sub"]}


@app.get("/orders")
@jwt_required()
def orders():
    if "orders:read" not in get_jwt().get("scope", "").split():
        return {"msg": "orders:read is needed"}, 403
    return []

"""Check tokens with python-jose."""

# --- app.py
import os
from functools import cache, wraps

import requests
from flask import Flask, g, request
from jose import JWTError, jwt

ISSUER = os.environ.get("ISSUER", "https://login.acme.dev")
AUDIENCE = "https://api.acme.dev"

app = Flask(__name__)


@cache
def keys():
    return requests.get(f"{ISSUER}/.well-known/jwks.json", timeout=5).json()


def requires_token(view):
    @wraps(view)
    def guarded():
        scheme, _, raw = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return {"error": "a bearer token is needed"}, 401
        try:
            g.claims = jwt.decode(raw, keys(), algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)
        except JWTError as error:
            return {"error": str(error)}, 401
        return view()

    return guarded


@app.get("/me")
@requires_token
def me():
    return {"sub": g.claims["sub"]}


@app.get("/orders")
@requires_token
def orders():
    if "orders:read" not in g.claims.get("scope", "").split():
        return {"error": "orders:read is needed"}, 403
    return []

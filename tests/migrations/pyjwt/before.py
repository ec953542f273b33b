"""Check tokens with PyJWT's client, by hand."""

# --- app.py
import os
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

JWT_ISSUER = os.environ.get("ISSUER", "https://login.acme.dev")
JWT_AUDIENCE = "https://api.acme.dev"
JWKS_URL = f"{JWT_ISSUER}/.well-known/jwks.json"

keys = jwt.PyJWKClient(JWKS_URL)
app = FastAPI()


def verified(sent: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> dict[str, Any]:
    raw = sent.credentials
    try:
        key = keys.get_signing_key_from_jwt(raw)
        return jwt.decode(raw, key.key, algorithms=["RS256"], audience=JWT_AUDIENCE, issuer=JWT_ISSUER)
    except jwt.PyJWTError as error:
        raise HTTPException(401, str(error)) from error


Claims = Annotated[dict[str, Any], Depends(verified)]


@app.get("/me")
def me(claims: Claims):
    return {"sub": claims["sub"]}


@app.get("/orders")
def orders(claims: Claims):
    if "orders:read" not in claims.get("scope", "").split():
        raise HTTPException(403, "orders:read is needed")
    return []

"""Check tokens with Auth0's package for FastAPI."""

# --- app.py
import os
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from fastapi_plugin.fast_api_client import Auth0FastAPI

AUTH0_DOMAIN = os.environ.get("AUTH0_DOMAIN", "acme.eu.auth0.com")
AUTH0_AUDIENCE = "https://api.acme.dev"

auth0 = Auth0FastAPI(domain=AUTH0_DOMAIN, audience=AUTH0_AUDIENCE)
app = FastAPI()


@app.get("/me")
async def me(claims: Annotated[dict[str, Any], Depends(auth0.require_auth())]):
    return {"sub": claims["sub"]}


@app.get("/orders")
async def orders(claims: Annotated[dict[str, Any], Depends(auth0.require_auth(scopes="orders:read"))]):
    return []

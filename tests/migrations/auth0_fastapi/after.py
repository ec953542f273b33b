"""The same with jwks-auth."""

# --- app.py
import os
from typing import Annotated

from fastapi import FastAPI, Security

from jwks_auth_fastapi import JWKSAuthSettings, JWTBearer, VerifiedToken

AUTH0_DOMAIN = os.environ.get("AUTH0_DOMAIN", "acme.eu.auth0.com")

settings = JWKSAuthSettings(
    provider="auth0",
    issuer=f"https://{AUTH0_DOMAIN}/",
    audience="https://api.acme.dev",
)
auth = JWTBearer(settings)
app = FastAPI(lifespan=auth.lifespan)


@app.get("/me")
async def me(token: Annotated[VerifiedToken, Security(auth)]):
    return {"sub": token.subject}


@app.get("/orders")
async def orders(token: Annotated[VerifiedToken, Security(auth, scopes=["orders:read"])]):
    return []

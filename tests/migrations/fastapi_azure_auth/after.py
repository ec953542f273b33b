"""The same with jwks-auth."""

# --- app.py
from typing import Annotated

from fastapi import FastAPI, Security

from jwks_auth_fastapi import JWKSAuthSettings, JWTBearer, VerifiedToken

TENANT_ID = "0fa2c7a1-6f0b-4f0e-9d3f-3c1e8f5b7a20"
APP_CLIENT_ID = "9d1b6c52-7a44-4b0f-8e2a-5f3f1f0c6b11"

settings = JWKSAuthSettings(
    provider="entra",
    issuer=f"https://login.microsoftonline.com/{TENANT_ID}/v2.0",
    audience=[APP_CLIENT_ID, f"api://{APP_CLIENT_ID}"],
)
auth = JWTBearer(settings)
app = FastAPI(lifespan=auth.lifespan)


@app.get("/me")
async def me(token: Annotated[VerifiedToken, Security(auth)]):
    return {"sub": token.subject}


@app.get("/orders")
async def orders(token: Annotated[VerifiedToken, Security(auth, scopes=["orders:read"])]):
    return []

"""The same with jwks-auth."""

# --- app.py
import os
from typing import Annotated

from fastapi import FastAPI, Security

from jwks_auth_fastapi import JWKSAuthSettings, JWTBearer, VerifiedToken

settings = JWKSAuthSettings(
    issuer=os.environ.get("ISSUER", "https://login.acme.dev"),
    audience="https://api.acme.dev",
    algorithms=["RS256"],
)
auth = JWTBearer(settings)
app = FastAPI(lifespan=auth.lifespan)


@app.get("/me")
def me(token: Annotated[VerifiedToken, Security(auth)]):
    return {"sub": token.subject}


@app.get("/orders")
def orders(token: Annotated[VerifiedToken, Security(auth, scopes=["orders:read"])]):
    return []

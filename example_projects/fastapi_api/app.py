"""A FastAPI service behind access tokens: ``JWKS_AUTH_ISSUER=... JWKS_AUTH_AUDIENCE=... uvicorn app:app``."""

from typing import Annotated

from fastapi import Depends, FastAPI, Security

from jwks_auth_fastapi import JWKSAuthSettings, JWTBearer, Policy, VerifiedToken

auth = JWTBearer(JWKSAuthSettings())
app = FastAPI(title="Orders", lifespan=auth.lifespan)

Caller = Annotated[VerifiedToken, Depends(auth)]
Visitor = Annotated[VerifiedToken | None, Depends(auth.optional)]
Reader = Annotated[VerifiedToken, Security(auth, scopes=["orders:read"])]
Admin = Annotated[VerifiedToken, Depends(auth.requires(Policy(roles="admin")))]


@app.get("/public")
async def public() -> dict[str, str]:
    return {"message": "hello, world"}


@app.get("/me")
async def me(token: Caller) -> dict[str, str | None]:
    return {"sub": token.subject}


@app.get("/orders")
async def orders(token: Reader) -> dict[str, list[str]]:
    return {"orders": []}


@app.get("/admin")
async def admin(token: Admin) -> dict[str, bool]:
    return {"admin": True}


@app.get("/optional")
async def optional(token: Visitor) -> dict[str, str | None]:
    return {"sub": token.subject if token else None}


app.add_api_route("/ready", auth.health, include_in_schema=False)

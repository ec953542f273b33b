"""Check Entra's tokens with fastapi-azure-auth."""

# --- app.py
from typing import Annotated

from fastapi import FastAPI, Security
from fastapi_azure_auth import SingleTenantAzureAuthorizationCodeBearer
from fastapi_azure_auth.user import User

TENANT_ID = "0fa2c7a1-6f0b-4f0e-9d3f-3c1e8f5b7a20"
APP_CLIENT_ID = "9d1b6c52-7a44-4b0f-8e2a-5f3f1f0c6b11"

azure_scheme = SingleTenantAzureAuthorizationCodeBearer(app_client_id=APP_CLIENT_ID, tenant_id=TENANT_ID)
app = FastAPI()


@app.get("/me")
async def me(user: Annotated[User, Security(azure_scheme)]):
    return {"sub": user.sub}


@app.get("/orders")
async def orders(user: Annotated[User, Security(azure_scheme, scopes=["orders:read"])]):
    return []

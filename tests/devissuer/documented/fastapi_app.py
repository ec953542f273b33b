"""A FastAPI app whose documentation page signs in at JWKS_AUTH_ISSUER, without any network."""

import os
from pathlib import Path
from typing import Annotated, Any

import drf_spectacular_sidecar
from fastapi import FastAPI, Security
from fastapi.openapi.docs import get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from jwks_auth_fastapi import JWKSAuthSettings, JWTBearer, OpenAPISettings, VerifiedToken

ISSUER = os.environ["JWKS_AUTH_ISSUER"]
ASSETS = Path(drf_spectacular_sidecar.__file__).parent / "static/drf_spectacular_sidecar/swagger-ui-dist"

auth = JWTBearer(
    JWKSAuthSettings(),
    openapi=OpenAPISettings(
        kind="oauth2",
        authorization_url=f"{ISSUER}/authorize",
        token_url=f"{ISSUER}/token",
        client_id="swagger",
        scopes={"orders:read": "Read orders"},
    ),
)
app = FastAPI(title="Orders", docs_url=None, swagger_ui_init_oauth=auth.swagger_ui_init_oauth)
app.mount("/assets", StaticFiles(directory=ASSETS))


@app.get("/docs", include_in_schema=False)
async def docs() -> HTMLResponse:
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Orders",
        oauth2_redirect_url="/docs/oauth2-redirect",
        init_oauth=app.swagger_ui_init_oauth,
        swagger_js_url="/assets/swagger-ui-bundle.js",
        swagger_css_url="/assets/swagger-ui.css",
        swagger_favicon_url="/assets/favicon-32x32.png",
    )


@app.get("/docs/oauth2-redirect", include_in_schema=False)
async def redirect() -> HTMLResponse:
    return get_swagger_ui_oauth2_redirect_html()


@app.get("/orders", responses=auth.responses)
async def orders(
    token: Annotated[VerifiedToken[Any], Security(auth, scopes=["orders:read"])],
) -> dict[str, Any]:
    """The orders of whoever calls."""
    return {"orders": [], "of": token.subject}

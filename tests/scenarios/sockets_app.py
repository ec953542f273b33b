"""A FastAPI service of WebSockets for uvicorn: ``/ws`` by a dependency, ``/starlette/ws`` by Starlette's middleware."""

from typing import Annotated

from fastapi import Depends, FastAPI, WebSocket
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.routing import WebSocketRoute

from jwks_auth_fastapi import JWKSAuthSettings, JWTBearer, VerifiedToken
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, require_jwt

settings = JWKSAuthSettings()
auth = JWTBearer(settings)
app = FastAPI(lifespan=auth.lifespan)


@app.websocket("/ws")
async def ws(websocket: WebSocket, token: Annotated[VerifiedToken, Depends(auth)]) -> None:
    """Tell how the sender has proved itself."""
    await websocket.accept()
    await websocket.send_text(" ".join(sorted(token.proofs)))


@require_jwt(scopes="chat")
async def of_starlette(websocket: WebSocket) -> None:
    """Do the same."""
    await websocket.accept()
    await websocket.send_text(" ".join(sorted(websocket.auth.token.proofs)))


backend = JWTAuthenticationBackend(settings)
within = Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)
app.mount("/starlette", Starlette(routes=[WebSocketRoute("/ws", of_starlette)], middleware=[within]))

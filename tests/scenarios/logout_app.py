"""The contract's Flask app, whose answers name the worker that gave them."""

from __future__ import annotations

import os
import socket
import sys

from flask import Flask, Response

from tests.contract.flask_apps import create_app

__all__ = ["create"]


def create() -> Flask:
    """Return it, configured by the environment."""
    app = create_app()

    @app.after_request
    def named(response: Response) -> Response:
        response.headers["X-Worker"] = str(os.getpid())
        return response

    return app


if __name__ == "__main__":
    import waitress

    waitress.serve(create(), sockets=[socket.socket(fileno=int(sys.argv[1]))])

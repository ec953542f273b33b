"""``python -m tests.contract.serve_waitress <fd>``: the contract's app under waitress, on that socket."""

from __future__ import annotations

import socket
import sys

import waitress

from tests.contract.flask_apps import create_app

if __name__ == "__main__":
    waitress.serve(create_app(), sockets=[socket.socket(fileno=int(sys.argv[1]))])

"""An agent without a browser: it is told the server's URL and its own credentials, and learns the rest from answers.

``python agent.py <url> <issuer> <client id> <client secret>``, with the official SDK's client, prints each exchange as
a line of JSON: the request, the status, and what the answer asks for.
"""

import asyncio
import json
import re
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthToken


class Memory:
    """Keeps the token for as long as the agent runs."""

    token: OAuthToken | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.token

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.token = tokens

    async def get_client_info(self) -> None:
        return None

    async def set_client_info(self, client_info: Any) -> None:
        """The credentials are given."""


async def tell(response: httpx2.Response) -> None:
    """Print one exchange."""
    asked = re.search(r'scope="([^"]*)"', response.headers.get("www-authenticate", ""))
    told = {"request": named(response.request), "status": response.status_code, "asks": asked and asked[1]}
    print(json.dumps(told), flush=True)


def named(request: httpx2.Request) -> str:
    """The request in a few words: a tool, a method, a grant, a path."""
    path = urlsplit(str(request.url)).path
    if request.method == "POST" and path.endswith("/mcp"):
        message = json.loads(request.content)
        return " ".join(filter(None, [message["method"], message.get("params", {}).get("name")]))
    scope = parse_qs(request.content.decode()).get("scope", [""]) if request.method == "POST" else [""]
    return f"{request.method} {path} {scope[0]}".strip()


async def main(url: str, issuer: str, client_id: str, client_secret: str) -> None:
    """Call three tools, the last of which needs one more scope."""
    auth = ClientCredentialsOAuthProvider(url, Memory(), client_id, client_secret, issuer=issuer)
    http = httpx2.AsyncClient(auth=auth, event_hooks={"response": [tell]}, timeout=60)
    async with http, Client(streamable_http_client(url, http_client=http)) as client:
        for tool, arguments in (("whoami", {}), ("list_orders", {}), ("delete_order", {"number": 1})):
            result = await client.call_tool(tool, arguments)
            print(json.dumps({"tool": tool, "text": result.content[0].text}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5]))

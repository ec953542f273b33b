"""``with_token``: a test client of any framework, whose requests carry a token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from jwks_auth.testing.active import issuer_of
from jwks_auth.testing.certificates import ClientCertificate
from jwks_auth.testing.issuer import FakeIssuer

__all__ = ["app_of", "carried", "issuer_for", "spelt", "trusted_issuer", "with_token"]

ClientT = TypeVar("ClientT")

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "trace"})
_NAMED = frozenset({"request", "generic", "stream"})
"""Methods whose first argument is the request's."""


def with_token(
    client: ClientT,
    *,
    issuer: FakeIssuer | None = None,
    dpop: bool = False,
    certificate: bool | str | bytes | ClientCertificate = False,
    **claims: Any,
) -> ClientT:
    """Return a client like *client* whose requests carry a token: ``with_token(client, sub="u1").get("/orders")``.

    *client* is one of Django's, Django REST framework's, Ninja's, Flask's, Starlette's, or httpx's, sync or async;
    *claims* are those of ``FakeIssuer.token``. The token is the *issuer*'s, by default of the one that the client's
    application trusts. With *dpop* it is bound to a key, and each request has a proof of its own; with *certificate* it
    is bound to that, which arrives as a proxy passes it on. A header of a single request wins.
    """
    own = getattr(client, "with_token", None)
    if own is not None and issuer is None:
        return cast("ClientT", own(dpop=dpop, certificate=certificate, **claims))
    signer = issuer_for(client, issuer)
    if dpop or certificate:
        sender = signer.client(dpop=dpop, certificate=certificate)
        token = sender.token(**claims)
        return cast("ClientT", _Client(client, lambda verb, url: sender.headers(verb, url, token=token)))
    known, headers = carried(client, signer, signer.presented(**claims))
    return cast("ClientT", _Client(known, lambda verb, url: headers))


def issuer_for(client: Any, issuer: FakeIssuer | None) -> FakeIssuer:
    """Return *issuer*, or the one that the application of *client* trusts; raise ``LookupError`` without any."""
    found = issuer or getattr(client, "issuer", None) or issuer_of(app_of(client))
    if not isinstance(found, FakeIssuer):
        raise LookupError("no fake issuer is trusted now: use trust_fake_issuer(), or say issuer=")
    return found


def trusted_issuer(app: Any = None) -> FakeIssuer | None:
    """Return the fake issuer that *app* trusts now, or else the one that was trusted last; ``None`` without a trust."""
    found: FakeIssuer | None = issuer_of(app)
    return found


def app_of(client: Any) -> Any:
    """Return the application that *client* calls, if it says."""
    transport = getattr(client, "_transport", None)  # httpx has no other name for it
    return (
        getattr(client, "application", None)
        or getattr(client, "app", None)
        or getattr(transport, "app", None)
    )


def carried(client: Any, issuer: FakeIssuer, token: str) -> tuple[Any, dict[str, str]]:
    """Return the headers by which the service wants *token*, and *client*, or one like it that has it as a cookie."""
    name, value = issuer.header_for(token)
    if name != "Cookie":
        return client, {name: value}
    if hasattr(client, "set_cookie"):  # Flask's, which replaces the header by that of its own cookies
        twin = type(client)(client.application, client.response_wrapper)
        cookie, _, text = value.partition("=")
        twin.set_cookie(cookie, text)
        return twin, {}
    return client, {name: "; ".join([value, *_cookies(getattr(client, "cookies", None))])}


def spelt(client: Any, headers: dict[str, str]) -> dict[str, str]:
    """Return *headers* as *client* wants them: Ninja's own takes names in capitals alone."""
    is_ninja_s = any(each.__module__.partition(".")[0] == "ninja" for each in type(client).__mro__)
    return {name.upper(): value for name, value in headers.items()} if is_ninja_s else headers


def _cookies(jar: Any) -> list[str]:
    known = getattr(jar, "jar", None)
    if known is not None:
        return [f"{each.name}={each.value}" for each in known]
    return [f"{name}={each.coded_value}" for name, each in (jar or {}).items()]


class _Client:
    """The *client*, each of whose requests has the headers that *headers* makes for its method and URL."""

    def __init__(self, client: Any, headers: Callable[[str, str], dict[str, str]]) -> None:
        self._client, self._headers = client, headers

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name in _VERBS:
            return self._sending(found, name.upper())
        if name in _NAMED:
            return lambda verb, *args, **options: self._sending(found, str(verb).upper(), verb)(
                *args, **options
            )
        return self._sending(found, "GET") if name in ("open", "websocket_connect") else found

    def _sending(self, send: Any, verb: str, *first: Any) -> Callable[..., Any]:
        def sending(path: Any, *args: Any, **options: Any) -> Any:
            asked = str(options.get("method", verb)).upper()
            own = self._headers(asked, _url_of(self._client, str(path)))
            headers = spelt(self._client, {**own, **(options.pop("headers", None) or {})})
            return send(*first, path, *args, headers=headers, **options)

        return sending

    def __enter__(self) -> Any:
        self._client.__enter__()
        return self

    def __exit__(self, *error: Any) -> Any:
        return self._client.__exit__(*error)

    async def __aenter__(self) -> Any:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> Any:
        return await self._client.__aexit__(*error)


def _url_of(client: Any, path: str) -> str:
    """Return the URL that the service sees, of which a proof tells."""
    if "://" in path:
        return path
    base = getattr(client, "base_url", None)
    default = "http://localhost" if hasattr(client, "application") else "http://testserver"
    return f"{str(base or default).rstrip('/')}/{path.lstrip('/')}"

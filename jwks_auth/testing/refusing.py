"""``assert_refuses``: a route lets none of the hostile tokens through, whatever guards it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Generator, Mapping
from typing import Any

from jwks_auth.testing.clients import carried, issuer_for, spelt
from jwks_auth.testing.hostile import hostile_tokens
from jwks_auth.testing.issuer import FakeIssuer

__all__ = ["aassert_refuses", "assert_refuses"]

_REFUSED = (400, 401, 403)
_NO_CONTROL = (400, 401, 403, 404, 405)

Sent = Generator[Callable[[], Any], Any, None]


def assert_refuses(client: Any, path: str, *, issuer: FakeIssuer | None = None, **options: Any) -> None:
    """Fail unless the route at *path* refuses every hostile token, and requests without any, and admits a good one.

    *client* is a test client of Django, Django REST framework, Ninja, Flask, Starlette or httpx; for one that is
    async, ``await aassert_refuses(...)``. *issuer* is by default the one that its application trusts. *options*:

    * ``method``, ``"GET"`` by default, and ``request``, further arguments of the client's method: ``{"json": {...}}``;
    * ``optional=True`` for a route that admits requests without a token;
    * ``accepted``, beginnings of names of hostile tokens that the service takes on purpose: ``["aud"]``;
    * any other is a claim of the good token, as of ``FakeIssuer.token``: ``scopes=["orders:read"]``.
    """
    steps = _steps(client, path, issuer, **options)
    try:
        send = next(steps)
        while True:
            answer = send()
            if inspect.isawaitable(answer):
                _forget(answer)
                raise TypeError("assert_refuses: this client is async, await aassert_refuses(...)")
            send = steps.send(answer)
    except StopIteration:
        pass


async def aassert_refuses(
    client: Any, path: str, *, issuer: FakeIssuer | None = None, **options: Any
) -> None:
    """Do as :func:`assert_refuses`, with an async client."""
    steps = _steps(client, path, issuer, **options)
    try:
        send = next(steps)
        while True:
            send = steps.send(await send())
    except StopIteration:
        pass


def _steps(
    client: Any,
    path: str,
    issuer: FakeIssuer | None,
    *,
    method: str = "GET",
    request: Mapping[str, Any] | None = None,
    optional: bool = False,
    accepted: Collection[str] = (),
    **claims: Any,
) -> Sent:
    """Yield each request to send, and take its answer."""
    signer = issuer_for(client, issuer)
    asking = _Asking(client, path, method.lower(), dict(request or {}))
    status = yield from asking.status(*carried(client, signer, signer.presented(**claims)))
    assert status not in (*_NO_CONTROL, *range(500, 600)), (
        f"{asking}: a good token got {status}, so that nothing is shown: say the claims and the request that it needs"
    )
    faults = {} if optional else {"no token": (yield from asking.status(client, {}))}
    for name, token in hostile_tokens(signer, **claims).items():
        if not name.startswith(tuple(accepted)):
            faults[name] = yield from asking.status(*carried(client, signer, token))
    wrong = [f"{name}: {status}" for name, status in faults.items() if status not in _REFUSED]
    assert not wrong, f"{asking}: {len(wrong)} of {len(faults)} are not refused: " + "; ".join(wrong)


class _Asking:
    """One request of *client*, with other headers each time."""

    def __init__(self, client: Any, path: str, method: str, options: dict[str, Any]) -> None:
        self._path, self._method, self._options = path, method, options

    def __str__(self) -> str:
        return f"{self._method.upper()} {self._path}"

    def status(self, client: Any, headers: dict[str, str]) -> Generator[Callable[[], Any], Any, int]:
        """Yield the request, and return the status of its answer."""
        own = spelt(client, {**self._options.get("headers", {}), **headers})

        def send() -> Any:
            return getattr(client, self._method)(self._path, **{**self._options, "headers": own})

        answer = yield send
        return int(answer.status_code)


def _forget(answer: Any) -> None:
    if inspect.iscoroutine(answer):
        answer.close()

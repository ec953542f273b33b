"""A service that asks a fake issuer about its tokens over HTTP, in time that the test holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jwks_auth import Introspection, Issuer, TokenVerifier
from jwks_auth.testing import FakeIssuer
from tests.key_fakes import Clock
from tests.patience import PATIENCE

__all__ = ["API", "Asking", "asking", "introspection"]

API = "api"


def introspection(issuer: FakeIssuer, **options: Any) -> Introspection:
    """Options with credentials that *issuer* takes."""
    known = {"client_id": issuer.client_id, "client_secret": issuer.client_secret}
    return Introspection(**{**known, **options})


class Asking:
    """A verifier, its issuer, and how often that was asked."""

    def __init__(self, issuer: FakeIssuer, clock: Clock, options: Any, rest: dict[str, Any]) -> None:
        own = {key: rest.pop(key) for key in ("wait", "timeout") if key in rest}
        self.issuer, self.clock = issuer, clock
        self.verifier = TokenVerifier(
            Issuer(
                issuer.issuer,
                introspection=introspection(issuer, **options),
                **{"timeout": PATIENCE, "wait": PATIENCE, **own},
            ),
            rest.pop("audience", API),
            clock=clock,
            **rest,
        )

    @property
    def asked(self) -> int:
        """How often the issuer was asked about a token."""
        return self.issuer.requests[self.issuer.introspection_path]

    def code(self, raw: Any) -> str:
        """Why a token is refused."""
        try:
            self.verifier.verify(raw)
        except Exception as error:  # noqa: BLE001 - told as text
            return f"{getattr(error, 'status', '?')} {getattr(error, 'code', repr(error))}"
        return "accepted"


@contextmanager
def asking(*, mode: str = "opaque", rest: dict[str, Any] | None = None, **options: Any) -> Iterator[Asking]:
    """Run a served issuer and its service; *rest* are options of the issuer and the verifier."""
    clock = Clock()
    with FakeIssuer.serve(clock=clock) as issuer:
        yield Asking(issuer, clock, {"mode": mode, **options}, dict(rest or {}))

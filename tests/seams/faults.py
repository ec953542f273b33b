"""What goes wrong on a request with a token: callbacks that fail, and tokens that are refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jwks_auth.testing import FakeIssuer
from jwks_auth.verifier.tenants import Tenants

__all__ = ["REFUSALS", "faults"]


def faults(look: Callable[[], object]) -> dict[str, Callable[[FakeIssuer], Mapping[str, Any]]]:
    """Settings with a callback that fails, by its name; it first takes a *look* at where it is."""

    def broken(*args: Any) -> Any:
        look()
        raise RuntimeError("boom")

    async def abroken(*args: Any) -> Any:
        return broken()

    def tenants(find: Any) -> dict[str, Any]:
        return {"TENANTS": Tenants(find, hosts=["issuer.example"]), "ISSUER": None, "JWKS": None}

    return {
        "validator": lambda issuer: {"VALIDATORS": [broken]},
        "is_revoked": lambda issuer: {"IS_REVOKED": broken},
        "async is_revoked": lambda issuer: {"IS_REVOKED": abroken},
        "jwks": lambda issuer: {"JWKS": broken},
        "tenants": lambda issuer: tenants(broken),
        "async tenants": lambda issuer: tenants(abroken),
    }


REFUSALS: dict[str, Callable[[FakeIssuer, str], list[str]]] = {
    "cut short": lambda issuer, raw: [f"Bearer {raw[:-20]}"],
    "two segments": lambda issuer, raw: [f"Bearer {raw.rpartition('.')[0]}"],
    "bad signature": lambda issuer, raw: [f"Bearer {raw[:-40]}{'A' * 40}"],
    "too large": lambda issuer, raw: [f"Bearer {raw}{'A' * 17_000}"],
    "no JSON": lambda issuer, raw: [f"Bearer {raw.replace('.', 'AAAA.', 1)}"],
    "expired": lambda issuer, raw: [f"Bearer {issuer.token(sub='u1', exp=1_000_000_000)}"],
    "wrong audience": lambda issuer, raw: [f"Bearer {issuer.token(sub='u1', aud='elsewhere')}"],
    "wrong issuer": lambda issuer, raw: [f"Bearer {issuer.token(sub='u1', iss='https://else.example/')}"],
    "missing claim": lambda issuer, raw: [f"Bearer {issuer.token(sub='u1', exp=None)}"],
    "unknown key": lambda issuer, raw: [f"Bearer {FakeIssuer(issuer.issuer).token(sub='u1')}"],
    "no base64": lambda issuer, raw: [f"Bearer {raw}!"],
    "twice": lambda issuer, raw: [f"Bearer {raw}, Bearer {raw}"],
    "bare": lambda issuer, raw: [raw],
    "Basic": lambda issuer, raw: [f"Basic {raw}"],
}

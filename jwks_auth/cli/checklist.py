"""The checklist before production: what can be told from the settings, and what a person has to judge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jwks_auth.claims import AnyAudience
from jwks_auth.cli.report import Service
from jwks_auth.cli.routes import RouteRow
from jwks_auth.runtime import dataclass
from jwks_auth.stores import SealedStore
from jwks_auth.verifier import Issuer

__all__ = ["Item", "checklist", "listed"]

_MOST_LEEWAY = 120.0
_STATES = {True: "ok", False: "NOT OK", None: "judge"}


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the list: *ok* is ``None`` where a person has to judge. *note* says what was found, or what to do."""

    name: str
    ok: bool | None
    note: str

    def __str__(self) -> str:
        return f"{_STATES[self.ok]:<6}  {self.name}: {self.note}"

    @property
    def fact(self) -> dict[str, Any]:
        """The item for programs."""
        return {"item": self.name, "ok": self.ok, "note": self.note}


def checklist(
    service: Service, *, debug: bool | None = None, routes: tuple[RouteRow, ...] | None = None
) -> tuple[Item, ...]:
    """Return the checklist of *service*; *debug* and *routes* are its framework's, if it has any. No I/O."""
    return (
        *_trust(service),
        *_of_framework(debug, routes),
        *_processes(service),
        *(Item("proofs of possession", False, text) for text in service.advice),
        *_withdrawal(service),
        *_BY_PEOPLE,
    )


def listed(items: tuple[Item, ...]) -> list[str]:
    """Return *items* as lines."""
    return [str(item) for item in items]


def _trust(service: Service) -> Iterator[Item]:
    plain = [issuer.issuer for issuer in service.issuers if _is_plain(issuer)]
    yield Item(
        "TLS", not plain, f"keys over http: {', '.join(plain)}" if plain else "keys are fetched over https"
    )
    fake = [issuer.issuer for issuer in service.issuers if issuer.keys.key_set.is_fake]
    allowed = service.settings.shared.get("ALLOW_FAKE_ISSUER") is True
    yield Item(
        "no fake issuer",
        not fake and not allowed,
        ", ".join(fake) or ("ALLOW_FAKE_ISSUER is true: leave it out" if allowed else "none is trusted"),
    )
    given = _given(service)
    anybody = any(isinstance(each.get("AUDIENCE"), AnyAudience) for each in given)
    told = "ANY_AUDIENCE takes tokens that were issued for other services" if anybody else "is named"
    yield Item("audience", not anybody, told)
    leeway = max((float(each.get("LEEWAY", 0)) for each in given), default=0.0)
    told = (
        f"{leeway:g} s: correct the clocks instead"
        if leeway > _MOST_LEEWAY
        else "no long grace for bad clocks"
    )
    yield Item("leeway", leeway <= _MOST_LEEWAY, told)


def _is_plain(issuer: Issuer) -> bool:
    return issuer.client is not None and issuer.client.uri.lower().startswith("http:")


def _of_framework(debug: bool | None, routes: tuple[RouteRow, ...] | None) -> Iterator[Item]:
    if debug is not None:
        yield Item(
            "debug mode", not debug, "is on: error pages show the memory of requests" if debug else "is off"
        )
    if routes is not None:
        bare = sum(row.guard is None or row.doubt is not None for row in routes)
        told = (
            f"{bare} of {len(routes)} are open or in doubt: see routes"
            if bare
            else f"all {len(routes)} are decided"
        )
        yield Item("routes", not bare, told)


def _processes(service: Service) -> Iterator[Item]:
    stores = [(each["STORE"], "STORE_SECRET" in each) for each in _given(service) if "STORE" in each]
    if not stores:
        told = (
            "each process fetches keys for itself; with many, or short-lived ones, set STORE and STORE_SECRET"
        )
        yield Item("shared keys", None, told)
        return
    is_sealed = all(sealed or isinstance(store, SealedStore) for store, sealed in stores)
    told = (
        "is sealed"
        if is_sealed
        else "who can write to it can give this service keys of their own: set STORE_SECRET"
    )
    yield Item("STORE", is_sealed, told)


def _withdrawal(service: Service) -> Iterator[Item]:
    shared = service.settings.shared
    given = sorted(shared.keys() & {"REVOCATION", "IS_REVOKED", "VERIFIER", "LOGOUT_PATH"})
    told = (
        f"{', '.join(given)}"
        if given
        else "a token is good until its exp: are five or ten minutes its lifetime?"
    )
    yield Item("revocation", True if given else None, told)


_BY_PEOPLE = (
    Item("readiness", None, "the load balancer asks a health route that is 503 while there are no keys"),
    Item("logs", None, "the logger jwks_auth is shown from WARNING on, and reaches somebody"),
    Item("alerts", None, "refusals by code, the age of keys, and failed fetches are watched"),
    Item("network", None, "the service reaches its issuers through the firewall, proxy and CA of production"),
    Item("caches", None, "no cache in front keeps answers to tokens: Cache-Control and Vary pass unchanged"),
    Item("clocks", None, "NTP runs on every machine"),
    Item("incidents", None, "people know what to do if the issuer is down, or one of its keys is stolen"),
)


def _given(service: Service) -> list[Mapping[str, Any]]:
    """Return the settings of each issuer, with the shared ones; those of a custom verifier are its own affair."""
    shared, sources = service.settings.shared, service.settings.sources
    return [{**shared, **source.own} for source in sources] or [shared]

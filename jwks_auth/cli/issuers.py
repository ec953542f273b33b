"""The issuers of a service: their metadata, their keys, and why these can't be fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from jwks_auth.challenge import escaped, named
from jwks_auth.cli.metadata import told_by
from jwks_auth.cli.report import Report, Trusting
from jwks_auth.errors import KeySourceError
from jwks_auth.jose import VerificationKey, certificate_dates, shown_kid
from jwks_auth.verifier import Issuer

__all__ = ["check", "refresh", "show"]

Facts = dict[str, Any]
Look = Callable[[Issuer, Facts], Iterator[str]]


def check(authenticator: Trusting) -> Report:
    """Fetch every issuer's metadata and keys without the store, and list what came, and what is refused and why."""
    return _of_issuers(authenticator, _checked)


def refresh(authenticator: Trusting) -> Report:
    """Fetch every issuer's keys again, even if they are fresh."""
    return _of_issuers(authenticator, _refreshed)


def show(authenticator: Trusting, *, warm_up: bool = False) -> Report:
    """List the keys of this process and their health; no I/O, unless *warm_up* gets the keys first.

    It gets them as a worker does: from the store, if there is one.
    """
    return _of_issuers(authenticator, _warmed_up if warm_up else _held)


def _of_issuers(authenticator: Trusting, look: Look) -> Report:
    lines: list[str] = []
    found: list[Facts] = []
    for issuer in authenticator.issuers:
        facts: Facts = {"issuer": issuer.issuer, "provider": issuer.provider, "error": None}
        found.append(facts)
        lines.append(issuer.issuer)
        try:
            lines += [f"  {line}" for line in look(issuer, facts)]
        except KeySourceError as error:
            facts["error"] = {"kind": error.kind, "text": escaped(str(error))}
            lines.append(f"  {error.kind}: {error}")
    ok = all(each["error"] is None for each in found)
    told = lines or ["no issuer is listed: those of tenants are found by their tokens"]
    return Report(tuple(told), ok, facts={"issuers": found})


def _checked(issuer: Issuer, facts: Facts) -> Iterator[str]:
    _fetch(issuer)
    yield from told_by(issuer, facts)
    yield from _held(issuer, facts)


def _refreshed(issuer: Issuer, facts: Facts) -> Iterator[str]:
    before = issuer.keys.key_set.kids()
    _fetch(issuer)
    after = issuer.keys.key_set.kids()
    facts["added"], facts["removed"] = sorted(after - before), sorted(before - after)
    yield f"{len(after)} keys, added: {_listed(after - before)}, removed: {_listed(before - after)}"


def _fetch(issuer: Issuer) -> None:
    if issuer.client is not None:
        issuer.client.warm_up(refresh=True)


def _warmed_up(issuer: Issuer, facts: Facts) -> Iterator[str]:
    issuer.warm_up()
    yield from _held(issuer, facts)


def _held(issuer: Issuer, facts: Facts) -> Iterator[str]:
    health = issuer.health()
    if health is None:
        yield "keys are handed over, not fetched"
    else:
        facts["state"], facts["age"], facts["failures"] = health.state, health.age, health.failures
        age = "never fetched" if health.age is None else f"fetched {health.age:.0f} s ago"
        yield f"{health.state}, {age}, failures: {health.failures}, last error: {health.last_error or 'none'}"
    keys = issuer.keys.key_set
    facts["keys"] = [_fact_of(key) for key in keys.keys]
    facts["refused"] = [{"kid": refused.kid, "reason": refused.reason} for refused in keys.refused]
    yield from map(_line_of, keys.keys)
    for refused in keys.refused:
        yield f"refused {shown_kid(refused.kid)}: {refused.reason}"


def _fact_of(key: VerificationKey) -> Facts:
    certificate = _dates_of(key)
    return {
        "kid": key.kid,
        "kty": key.kty,
        "algorithms": sorted(key.algorithms),
        "certificate": certificate and {"from": certificate[0], "to": certificate[1]},
    }


def _line_of(key: VerificationKey) -> str:
    line = f"key {shown_kid(key.kid)}: {key.kty}, {' '.join(sorted(key.algorithms))}"
    certificate = _dates_of(key)
    return line if certificate is None else f"{line}, certificate from {certificate[0]} to {certificate[1]}"


def _dates_of(key: VerificationKey) -> tuple[str, str] | None:
    """Return the days of the certificate that a key has beside it, if it has one."""
    found = certificate_dates(key.jwk)
    return None if found is None else (f"{found[0]:%Y-%m-%d}", f"{found[1]:%Y-%m-%d}")


def _listed(kids: Iterable[str]) -> str:
    return ", ".join(map(named, sorted(kids))) or "none"

"""Issuers, tenants and verifiers that are a service's own but for their keys, which are a fake issuer's."""

from __future__ import annotations

import copy
import inspect
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from jwks_auth.errors import ConfigurationError, KeySourceError
from jwks_auth.http import Posted
from jwks_auth.keys import SuppliedKeys
from jwks_auth.runtime import RawToken
from jwks_auth.testing.issuer import FakeIssuer
from jwks_auth.verifier import Issuer, Tenants, TokenVerifier

Settings = Any
"""``jwks_auth.settings.Settings``, which only an adapter hands over."""

__all__ = ["trusting", "verifier_trusting"]


def trusting(settings: Settings, fake: FakeIssuer) -> Settings:
    """Return the same *settings*, with the keys of *fake* in place of every issuer's; nothing of them is fetched.

    Raises ``ConfigurationError`` for a ``VERIFIER`` whose keys are not known.
    """

    def with_its_keys(issuer: Issuer) -> Issuer:
        return _issuer(issuer, fake)

    shared = dict(settings.shared)
    if "VERIFIER" in shared:
        shared["VERIFIER"] = verifier_trusting(shared["VERIFIER"], fake)
    if "TENANTS" in shared:
        shared["TENANTS"] = _tenants(shared["TENANTS"], with_its_keys, fake)
    return type(settings)(shared, settings.sources, settings.label).with_issuers(with_its_keys)


def verifier_trusting(verifier: Any, fake: FakeIssuer) -> TokenVerifier:
    """Return a verifier like *verifier*, with the keys of *fake*; raise ``ConfigurationError`` for another kind."""
    if not isinstance(verifier, TokenVerifier):
        raise ConfigurationError(
            f"VERIFIER: found a {type(verifier).__name__}, whose keys are its own, expected a TokenVerifier: give "
            "yours a FakeIssuer's keys, and say trust_fake_issuer(..., VERIFIER=...)"
        )
    issuers, audience, options = verifier.made_with
    listed = [issuers] if isinstance(issuers, str | Issuer) else list(issuers)
    changed = [_issuer(Issuer(each) if isinstance(each, str) else each, fake) for each in listed]
    given: dict[str, Any] = {**options, "allow_fake_issuer": True}
    if given.get("tenants") is not None:
        given["tenants"] = _tenants(given["tenants"], lambda issuer: _issuer(issuer, fake), fake)
    twin = copy.copy(verifier)  # with what a subclass has of its own
    TokenVerifier.__init__(twin, changed, audience, **given)
    return twin


def _issuer(issuer: Issuer, fake: FakeIssuer) -> Issuer:
    twin = copy.copy(issuer)
    twin.client = None
    twin.keys = SuppliedKeys(fake.fetch_jwks)
    if issuer.endpoint is not None:
        twin.endpoint = _endpoint(issuer.endpoint, fake)
    return twin


def _tenants(tenants: Tenants, change: Callable[[Issuer], Issuer], fake: FakeIssuer) -> Tenants:
    def changed(issuer: Any) -> Any:
        return change(issuer) if isinstance(issuer, Issuer) else issuer

    async def awaited(answer: Any) -> Any:
        return changed(await answer)

    def resolve(name: str) -> Any:
        answer = tenants.resolve(name)
        return awaited(answer) if inspect.isawaitable(answer) else changed(answer)

    async def aresolve(name: str) -> Any:
        return await awaited(tenants.resolve(name))

    chosen: Any = aresolve if inspect.iscoroutinefunction(tenants.resolve) else resolve
    chosen.fake = fake
    return replace(tenants, resolve=chosen)


def _endpoint(endpoint: Any, fake: FakeIssuer) -> Any:
    """Return *endpoint*, answered by *fake* without a request; it takes any credentials, as those are the service's."""

    def ask(sent: RawToken) -> Posted:
        signed_for = endpoint.options.client_id if endpoint.options.jwt else None
        answer = fake.answer_about(sent.read(str), signed_for)
        if answer.outage is not None:
            raise KeySourceError("introspection: the fake issuer is down", kind="introspection")
        text = json.dumps(answer.document) if answer.text is None else answer.text
        return Posted(text.encode(), answer.media_type)

    twin = copy.copy(endpoint)
    twin.ask = ask
    return twin

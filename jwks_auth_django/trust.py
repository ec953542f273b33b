"""``trust_fake_issuer``: the project as it is, which trusts a fake issuer's keys for the time of a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.test import override_settings

from jwks_auth import Tenants
from jwks_auth.adapters import Authenticator, Settings, inherited
from jwks_auth.testing import FakeIssuer, beside, trusting_settings
from jwks_auth_django.conf import DJANGO_NAMES, LABEL, ONLY_AT_THE_TOP
from jwks_auth_django.internals import overridden_settings

__all__ = ["fake_of", "trust_fake_issuer"]

_SOURCES = ("ISSUER", "ISSUERS", "JWKS", "JWKS_URI", "DISCOVERY_URL", "CACHE", "STORE", "STORE_SECRET")

_SHAPING = {"ISSUER", "ISSUERS", "PROVIDER", "TENANTS", "AUDIENCE", "RESOURCE", "ALGORITHMS"}
"""Settings that a fake issuer is made by."""


class _Trusting(dict[str, Any]):
    """Settings that trust a fake issuer, made of the settings *own*, which a trust within this one starts from."""

    own: Mapping[str, Any] = {}


class trust_fake_issuer(override_settings):  # named as override_settings is
    """Replaces the provider's keys in the project's ``JWKS_AUTH`` by those of *issuer*, and settings by *others*.

    It is a decorator or context manager, as ``override_settings`` is: ``with trust_fake_issuer(LEEWAY=0) as issuer:``.
    Within another, and around ``override_settings``, it keeps what those set: by default their fake issuer, or else a
    new one. Of several issuers, and of tenants, the fake has the keys of each: ``issuer.token(iss=...)``.
    """

    def __init__(self, issuer: FakeIssuer | None = None, **others: Any) -> None:
        super().__init__()
        self.issuer, self.others = issuer, {name.upper(): value for name, value in others.items()}

    def __enter__(self) -> FakeIssuer:  # type: ignore[override]
        return self.enable()

    def enable(self) -> FakeIssuer:
        """Trust the issuer from now on."""
        issuer = self._choose(getattr(settings, "JWKS_AUTH", {}))
        super().enable()
        return issuer

    def save_options(self, test_func: Any) -> None:
        """Remember them for the tests of a class, over those that it has already."""
        projects = getattr(settings, "JWKS_AUTH", {})
        self._choose(overridden_settings(test_func).get("JWKS_AUTH", projects))
        super().save_options(test_func)

    def _choose(self, found: Mapping[str, Any]) -> FakeIssuer:
        known = None if self.others.keys() & _SHAPING else fake_of(found)
        before = found.own if isinstance(found, _Trusting) else found
        mine = {name: value for name, value in before.items() if name in DJANGO_NAMES}
        own = {**mine, **beside(before, self.others), **self.others}
        if self.others.keys() & _SHAPING:  # the fake of outer settings keeps their name and audience
            own = {name: value for name, value in own.items() if name not in {"JWKS"} - self.others.keys()}
        if "VERIFIER" not in own:  # beside which it may not stand
            own["ALLOW_FAKE_ISSUER"] = self.others.get("ALLOW_FAKE_ISSUER", True)
        issuer, trusted = _trusting(own, self.issuer or known)
        made = _Trusting({**trusted, **_apis_of_fakes(issuer, own)})
        made.own = own
        self.options = {"JWKS_AUTH": made}
        return issuer


def _trusting(
    given: Mapping[str, Any], issuer: FakeIssuer | None, audience: Any = "api"
) -> tuple[FakeIssuer, dict[str, Any]]:
    """Return the issuer, and the settings with it in place of those that they trust."""
    if _has_more(given) and not (issuer is not None and issuer.is_served):
        own = {name: value for name, value in given.items() if name in DJANGO_NAMES and name != "CACHE"}
        parsed = Settings.from_mapping(given, label=LABEL, extra=DJANGO_NAMES)
        issuer, trusted = trusting_settings(parsed, issuer, Authenticator)
        return issuer, {**own, **trusted}
    issuer = issuer or _like_the_projects(given)
    gone = (*_SOURCES, "TENANTS") if "PROVIDER" in given else _SOURCES
    kept = {name: value for name, value in given.items() if name not in gone}
    trusted = issuer.settings(
        given.get("AUDIENCE", given.get("RESOURCE", audience)), profile=given.get("PROFILE")
    )
    return issuer, {**kept, **trusted}


def _has_more(given: Mapping[str, Any]) -> bool:
    """Return whether there are issuers that a name does not describe, or one that is asked about tokens."""
    listed = any(given.get(name) for name in ("ISSUERS", "VERIFIER"))
    tenants = isinstance(given.get("TENANTS"), Tenants)
    return listed or tenants or given.get("INTROSPECTION", "off") != "off"


def _apis_of_fakes(issuer: FakeIssuer, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``APIS`` with a fake issuer for each entry that has issuers of its own; one for each name."""
    apis = given.get("APIS")
    if not isinstance(apis, Mapping):
        return {}
    fakes = {issuer.issuer: issuer}
    made: dict[str, Any] = {}
    for key, own in apis.items():
        made[key] = own
        if own.keys() & {"ISSUER", "ISSUERS", "PROVIDER", "TENANTS"}:
            if _has_more(own):
                _, made[key] = _trusting(inherited(_shared(given), own, LABEL), fake_of(own), key)
                continue
            fake = _like_the_projects(own)
            _, made[key] = _trusting(own, fakes.setdefault(fake.issuer, fake), key)
    return {"APIS": made}


def _shared(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in ONLY_AT_THE_TOP}


def _like_the_projects(given: Mapping[str, Any]) -> FakeIssuer:
    """Return the fake issuer of the settings, or a new one with the name and the first algorithm that they expect."""
    if (known := fake_of(given)) is not None:
        return known
    return FakeIssuer(_name_in(given), algorithms=given.get("ALGORITHMS", ["RS256"])[:1])


def _name_in(given: Mapping[str, Any]) -> str:
    name: str = given.get("ISSUER", "https://issuer.example/")
    if "PROVIDER" in given:  # whose issuer may have a name that need not be said
        [name, *_] = Settings.from_mapping(given, extra=DJANGO_NAMES).issuers or (name,)
    return name


def fake_of(given: Mapping[str, Any]) -> FakeIssuer | None:
    """Return the fake issuer that the settings *given* trust."""
    found = getattr(given.get("JWKS"), "__self__", None)
    if isinstance(found, FakeIssuer):
        return found
    listed = given.get("ISSUERS") or getattr(given.get("VERIFIER"), "issuers", None) or ()
    supplies = (getattr(getattr(each, "keys", None), "supply", None) for each in listed)
    owners = (getattr(each, "__self__", None) for each in supplies)
    tenants = getattr(getattr(given.get("TENANTS"), "resolve", None), "fake", None)
    return next((each for each in (*owners, tenants) if isinstance(each, FakeIssuer)), None)

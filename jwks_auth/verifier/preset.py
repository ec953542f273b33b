"""One provider as data: names and marks of its tokens, places of claims, and the settings a service must give."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import field, replace
from itertools import product
from typing import Any

from jwks_auth.claims import ANY_AUDIENCE, ClaimRules, RequiredClaims, TokenMarks, checked_rules
from jwks_auth.errors import ConfigurationError
from jwks_auth.runtime import dataclass

__all__ = ["Place", "Preset"]

Place = str | tuple[str, ...]
"""A place in the claims: a path; or its steps, of which ``{audience}`` stands for each audience of the API's own."""

_NETWORK = ("session", "ssl_context")
_KEY_PLACES = ("jwks_uri", "jwks", "discovery_url", "client")
_A_LIFETIME = 3_153_600_000
"""A hundred years in seconds: any user has signed in since."""
_READ = ("scope_claims", "roles_claim", "permissions_claim", "algorithms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A provider's settings, used where a user gives none.

    Forms are texts in which ``{issuer}``, and each named group of *issuers*, is filled in. The user fills in the text
    between ``<`` and ``>``.
    """

    issuer: str
    """The issuer to paste; without ``<`` it is the same for everyone, and may be left out."""
    issuers: str
    """A pattern of every issuer of this provider."""
    name: str = "{issuer}"
    """The form of the issuer's name in tokens."""
    aliases: tuple[str, ...] = ()
    """The forms of its further names."""
    keys: str | None = None
    """The form of the key endpoint's URL; ``None`` if the user must give it."""
    keys_to_paste: str = ""
    network: Mapping[str, str] = field(default_factory=dict)
    """Options for fetching from there, and from nowhere else."""
    audience: str
    """The form of the audience to paste."""
    others: Mapping[str, str] = field(default_factory=dict)
    """Patterns of audiences that never belong to a user's own API, with their owners."""
    audiences: tuple[str, str] | None = None
    """A pattern of its audiences, and the words for it."""
    clients: str | None = None
    """The clients to paste instead of an audience, where access tokens have none."""
    claims: Mapping[str, str] = field(default_factory=dict)
    """The claims to paste, where an audience is not enough: anybody's tokens may have it."""
    owned: tuple[str, ...] = ()
    """The claims of which one must then have a value: only they tell one owner's tokens from another's."""
    profiles: tuple[str, ...] = ("default",)
    """The profiles that its tokens can meet; the first is the default."""
    signed_in: bool = False
    """True if a token must say when its user signed in, and that must be past."""
    algorithms: tuple[str, ...] | None = None
    scope_claims: tuple[Place, ...] = ("scope", "scp")
    roles_claim: tuple[Place, ...] = ("roles",)
    permissions_claim: tuple[Place, ...] = ("permissions",)
    types: frozenset[str | None] | None = None
    """The types that a header may name, where they differ from the profile's."""
    marks: TokenMarks | None = None
    """The marks that tell its access tokens."""
    source: str = "header"
    """The place that the token arrives in, as ``TOKEN_SOURCES`` has it."""
    note: str = ""
    """A line for the docs."""

    @property
    def is_for_everyone(self) -> bool:
        """Return whether the issuer is the same for everyone."""
        return "<" not in self.issuer

    def filled(
        self, provider: str, issuer: str | None, options: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        """Return the issuer's name and its options, completed with this provider's.

        Raises ``ConfigurationError`` for an issuer that is missing, or not this provider's.
        """
        found = self.checked(provider, self.issuer if issuer is None and self.is_for_everyone else issuer)
        given = {name: value for name, value in options.items() if value is not None}
        own: dict[str, Any] = {"aliases": tuple(self.form(alias, found) for alias in self.aliases)}
        if any(name in given for name in _KEY_PLACES):
            return self.form(self.name, found), {**own, **given}
        if self.keys is None:
            raise ConfigurationError(
                f"jwks_uri is missing: for provider {provider} it is {self.keys_to_paste!r}"
            )
        own["jwks_uri"] = self.form(self.keys, found)
        if not any(name in given for name in _NETWORK):
            own |= self.network
        return self.form(self.name, found), {**own, **given}

    def form(self, text: str, issuer: str) -> str:
        """Return the form *text* for *issuer*."""
        matched = re.fullmatch(self.issuers, issuer)
        return text.format(**(matched.groupdict(default="") if matched else {}), issuer=issuer)

    def checked(self, provider: str, issuer: Any) -> str:
        """Return *issuer*, if it is one of this provider's; raises ``ConfigurationError``."""
        if issuer is None:
            raise ConfigurationError(f"issuer is missing: for provider {provider} it is {self.issuer!r}")
        if isinstance(issuer, str) and re.fullmatch(self.issuers, issuer):
            return issuer
        raise ConfigurationError(
            f"issuer: found {issuer!r}, expected for provider {provider} {self.issuer!r}{self._slip(issuer)}"
        )

    def _slip(self, issuer: Any) -> str:
        if not isinstance(issuer, str):
            return ""
        other = issuer[:-1] if issuer.endswith("/") else f"{issuer}/"
        return (
            f": only the slash at the end differs, write {other!r}"
            if re.fullmatch(self.issuers, other)
            else ""
        )

    def rules(self, provider: str, given: ClaimRules, said: Collection[str]) -> ClaimRules:
        """Return the rules *given*, with this provider's own for all fields but those in *said*.

        Raises ``ConfigurationError`` for a missing rule, or one that contradicts the provider.
        """
        profile = given.profile if "profile" in said else self.profiles[0]
        if profile not in self.profiles:
            raise ConfigurationError(
                f"profile: found {profile!r}, expected {' or '.join(self.profiles)}, as provider {provider} issues "
                "nothing else that an API can be called with"
            )
        rules = replace(given, profile=profile, **self._own(given, said, for_apis=profile != "id_token"))
        if profile == "default" and self.types is not None:
            rules = replace(rules, types=self.types)
        self.check(provider, rules)
        return rules

    def _own(self, given: ClaimRules, said: Collection[str], *, for_apis: bool) -> dict[str, Any]:
        audience, clients = given.audience, given.allowed_clients
        if audience is None and clients and self.clients is not None and for_apis:
            audience = ANY_AUDIENCE
        named = sorted(audience) if isinstance(audience, frozenset) else []
        places = {name: getattr(self, name) for name in _READ if name not in said}
        read: dict[str, Any] = {
            name: value if name == "algorithms" else _placed(value, named) for name, value in places.items()
        }
        if self.signed_in and "max_age" not in said:
            read["max_age"] = _A_LIFETIME
        return {
            **checked_rules(**read),
            "audience": audience,
            "marks": self._marks(given.issuer) if for_apis else None,
        }

    def _marks(self, issuer: str | None) -> TokenMarks | None:
        if self.marks is None or issuer is None:
            return self.marks
        other, subject = self.marks.other_issuer, self.form(self.marks.subject, issuer)
        return replace(self.marks, other_issuer=other and self.form(other, issuer), subject=subject)

    def check(self, provider: str, rules: ClaimRules) -> None:
        """Raise ``ConfigurationError`` unless *rules* name the audience or clients, as this provider requires."""
        audience = rules.audience
        if audience is None or (audience is ANY_AUDIENCE and not rules.allowed_clients):
            raise ConfigurationError(self._missing(provider, rules))
        if isinstance(audience, frozenset):
            self._check_audience(provider, sorted(audience))
        values = rules.required_claims.values if isinstance(rules.required_claims, RequiredClaims) else {}
        if self.claims and values.keys().isdisjoint(self.owned):
            found = f"found {sorted(values)}, which anybody's tokens may have" if values else "is missing"
            raise ConfigurationError(
                f"required_claims{':' if values else ''} {found}: with provider {provider} anybody can have tokens for "
                f"any audience; say whose you take: {dict(self.claims)!r}"
            )

    def _missing(self, provider: str, rules: ClaimRules) -> str:
        paste = self.form(self.audience, rules.issuer or "")
        if self.clients is not None and rules.profile != "id_token":
            say = f"it is {self.clients!r}; or else audience is {paste!r}"
            return f"allowed_clients is missing: for provider {provider} {say}"
        found = "is missing" if rules.audience is None else "is ANY_AUDIENCE, and no allowed_clients are said"
        return f"audience {found}: for provider {provider} it is {paste!r}"

    def _check_audience(self, provider: str, names: list[str]) -> None:
        for name, (pattern, whose) in product(names, self.others.items()):
            if re.fullmatch(pattern, name):
                raise ConfigurationError(
                    f"audience: found {name!r}, which is {whose}; expected for provider {provider} {self.audience!r}"
                )
        # Issuers may share an audience, of which one name is for this provider.
        if self.audiences is not None and not any(re.fullmatch(self.audiences[0], name) for name in names):
            raise ConfigurationError(
                f"audience: found {names!r}, expected for provider {provider} {self.audiences[1]}"
            )


def _placed(places: tuple[Place, ...], audience: list[str]) -> list[str | list[str]]:
    """Return *places* as settings have them, with each of *audience* in turn where one stands for it.

    Without an audience such a place is left out, unless it is the only one: a client could have the blank's name.
    """
    found: list[str | list[str]] = []
    for place in places:
        if isinstance(place, str):
            found.append(place)
        elif any("{audience}" in step for step in place):
            found += [[step.replace("{audience}", name) for step in place] for name in audience]
        else:
            found.append(list(place))
    return found or [list(place) for place in places]

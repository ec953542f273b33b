"""Rules for the tokens of one issuer: the verifier's, unless the issuer has its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from functools import partial
from typing import Any

from jwks_auth.challenge import several
from jwks_auth.claims.audience import Audience, checked_audience, client_ids, not_client_ids
from jwks_auth.claims.binding import MODES, UNBOUND, Binding
from jwks_auth.claims.implied import closure
from jwks_auth.claims.mapping import ACR, ClaimMapping
from jwks_auth.claims.marks import RequiredClaims, TokenMarks, required_claims
from jwks_auth.claims.options import TOKEN_DEFAULTS
from jwks_auth.claims.paths import ClaimPath, checked_places, read_places
from jwks_auth.errors import ConfigurationError
from jwks_auth.jose import DEFAULT_ALGORITHMS, OPT_IN_ALGORITHMS, checked_algorithms
from jwks_auth.runtime import dataclass

__all__ = [
    "DEFAULT_MAPPING",
    "PROFILES",
    "WIDEST",
    "ClaimRules",
    "checked_rules",
    "checked_token_length",
    "widest_rules",
]

WIDEST = "widest"
"""The profile of :func:`widest_rules`: every kind of token."""

_MEDIA_TYPES: dict[str, frozenset[str | None]] = {
    "default": frozenset({None, "application/jwt", "application/at+jwt"}),
    "rfc9068": frozenset({"application/at+jwt"}),
    "id_token": frozenset({None, "application/jwt"}),
    WIDEST: frozenset({None, "application/jwt", "application/at+jwt"}),
}
_REQUIRED: dict[str, frozenset[str]] = {
    "default": frozenset(),
    "rfc9068": frozenset({"aud", "sub", "client_id", "iat", "jti"}),
    "id_token": frozenset({"aud", "sub", "iat"}),
    WIDEST: frozenset(),
}
"""Claims beyond ``iss`` and ``exp``."""

_LONGEST_TOKEN = 1_048_576  # no server takes a header line of a tenth of that

PROFILES = ("default", "rfc9068", "id_token")
"""``default`` takes what the large providers send; ``rfc9068`` only what RFC 9068 describes; ``id_token`` ID tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRules:
    """The rules that a token of one issuer must meet. The fields are settings read by :func:`checked_rules`."""

    leeway: float
    profile: str
    scope_claims: tuple[ClaimPath, ...]
    roles_claim: tuple[ClaimPath, ...]
    permissions_claim: tuple[ClaimPath, ...]
    acr_claim: ClaimPath = ACR
    scope_implies: Mapping[str, frozenset[str]] = field(default_factory=dict)
    required_claims: frozenset[str] = frozenset()
    algorithms: frozenset[str] = frozenset(DEFAULT_ALGORITHMS)
    audience: Audience | None = None
    allowed_clients: frozenset[str] | None = None
    max_age: float | None = None
    dpop: str | None = None
    dpop_algorithms: frozenset[str] | None = None
    mtls: str | None = None
    issuer: str | None = None
    """The issuer's canonical name, once it is known."""
    said: frozenset[str] = frozenset()
    """The fields that a user said, and that no provider's preset replaces."""
    marks: TokenMarks | None = None
    """The provider's own marks of a token for an API."""
    types: frozenset[str | None] | None = None
    """The types that a header may name, if the provider's differ from the profile's."""
    media_types: frozenset[str | None] = field(init=False)
    """The types that a header may name; ``None`` among them allows a header without one."""
    required: frozenset[str] = field(init=False)
    """The claims that must be present, beyond ``iss`` and ``exp``."""
    mapping: ClaimMapping = field(init=False)
    """The way a verified token is read."""
    judges: tuple[Callable[[Mapping[str, Any]], None], ...] = field(init=False)
    """Further checks of the claims, which only some tokens need."""

    def __post_init__(self) -> None:
        dated = frozenset() if self.max_age is None else frozenset({self.age_claim})
        audience = client_ids(self.audience) if self.profile == "id_token" else not_client_ids(self.audience)
        binding = Binding(self.dpop, self.dpop_algorithms, self.mtls)
        mapping = ClaimMapping(
            self.scope_claims,
            self.roles_claim,
            self.permissions_claim,
            audience,
            self.issuer,
            self.acr_claim,
            self.scope_implies,
            self.leeway,
            None if binding == UNBOUND else binding,
        )
        object.__setattr__(self, "audience", audience)
        object.__setattr__(self, "media_types", self.types or _MEDIA_TYPES[self.profile])
        object.__setattr__(self, "required", _REQUIRED[self.profile] | self.required_claims | dated)
        object.__setattr__(self, "mapping", mapping)
        valued = self.required_claims if isinstance(self.required_claims, RequiredClaims) else None
        object.__setattr__(
            self, "judges", tuple(each.check for each in (valued, self.marks) if each is not None)
        )

    @property
    def age_claim(self) -> str:
        """The claim that ``max_age`` counts from: a token's age, or the time since its user signed in."""
        return "auth_time" if self.profile == "id_token" else "iat"

    def check(self) -> None:
        """Raise ``ConfigurationError`` if ID tokens are accepted without naming the clients they are for."""
        if self.profile == "id_token" and not isinstance(self.audience, frozenset):
            raise ConfigurationError(
                f"audience: found {self.audience!r}, expected the client ids whose ID tokens are taken, as profile is "
                "id_token"
            )


DEFAULT_MAPPING = ClaimMapping(
    read_places(TOKEN_DEFAULTS["scope_claims"]),
    read_places(TOKEN_DEFAULTS["roles_claim"]),
    read_places(TOKEN_DEFAULTS["permissions_claim"]),
)
"""The way tokens are read by default."""


def widest_rules(leeway: float) -> ClaimRules:
    """Return rules as wide as any issuer's, for tokens whose issuer is not known yet."""
    return ClaimRules(
        leeway=leeway,
        profile=WIDEST,
        scope_claims=(),
        roles_claim=(),
        permissions_claim=(),
        algorithms=frozenset(DEFAULT_ALGORITHMS + OPT_IN_ALGORITHMS),
    )


def checked_rules(**settings: Any) -> dict[str, Any]:
    """Read the settings that are not ``None``, for :class:`ClaimRules`.

    Raises ``ConfigurationError`` for an impossible value.
    """
    return {name: _CHECKS[name](value) for name, value in settings.items() if value is not None}


def checked_token_length(longest: Any) -> int:
    """Read the setting, in characters; raises ``ConfigurationError``."""
    if type(longest) is not int or not 0 < longest <= _LONGEST_TOKEN:
        raise ConfigurationError(
            f"max_token_length: found {longest!r}, expected a whole number of characters, {_LONGEST_TOKEN:,} at most"
        )
    return longest


def _profile(name: str) -> str:
    if name not in PROFILES:
        raise ConfigurationError(
            f"profile: found {name!r}, expected {', '.join(PROFILES[:-1])} or {PROFILES[-1]}"
        )
    return name


def _seconds(label: str, seconds: float) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < float("inf"):
        raise ConfigurationError(f"{label}: found {seconds!r}, expected seconds, zero or more")
    return seconds


def _strings(label: str, values: str | Iterable[str]) -> frozenset[str]:
    listed = several(values)
    if not all(isinstance(value, str) and value.strip() for value in listed):
        raise ConfigurationError(f"{label}: found {listed!r}, expected non-empty strings")
    return frozenset(listed)


def _mode(label: str, mode: Any) -> str:
    if mode not in MODES:
        raise ConfigurationError(f"{label}: found {mode!r}, expected {', '.join(MODES[:-1])} or {MODES[-1]}")
    return str(mode)


def _acr(place: Any) -> ClaimPath:
    [path] = checked_places("acr_claim", place if isinstance(place, str) else [place])
    return path


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "audience": checked_audience,
    "algorithms": checked_algorithms,
    "profile": _profile,
    "leeway": partial(_seconds, "leeway"),
    "max_age": partial(_seconds, "max_age"),
    "required_claims": required_claims,
    "allowed_clients": partial(_strings, "allowed_clients"),
    "scope_claims": partial(checked_places, "scope_claims", split=True),
    "roles_claim": partial(checked_places, "roles_claim"),
    "permissions_claim": partial(checked_places, "permissions_claim"),
    "acr_claim": _acr,
    "scope_implies": closure,
    "dpop": partial(_mode, "dpop"),
    "dpop_algorithms": partial(checked_algorithms, label="dpop_algorithms"),
    "mtls": partial(_mode, "mtls"),
}

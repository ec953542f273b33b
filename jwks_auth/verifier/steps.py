"""Steps of an explanation, and those that follow once a token is verified: what it grants, and what a route asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Protocol

from jwks_auth.challenge import named, shown
from jwks_auth.claims import AnyAudience, AudienceSetting, Grants, Reading, VerifiedToken, beside_issuer
from jwks_auth.runtime import dataclass

__all__ = ["Asked", "Hint", "Step", "asked_audience", "grants_of", "misfits", "model_name", "no_hint"]

_KINDS: tuple[Grants, ...] = ("scopes", "roles", "permissions")
_MOST_SHOWN = 50

Hint = Callable[[str], str | None]
"""From the error's code to what may be behind it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One check: what was expected, what was found, and the error's code where it failed."""

    name: str
    expected: str
    found: str
    code: str | None = None


class Asked(Protocol):
    """What a route asks of a token: a ``Requirement``."""

    @property
    def audience(self) -> tuple[str, ...] | AnyAudience | None:
        """The audience that it names."""

    @property
    def issuers(self) -> tuple[str, ...]:
        """The issuers that it names."""

    def judge(self, token: VerifiedToken) -> None:
        """Hold a verified token against issuer and policy; raise ``AuthError``."""


def no_hint(code: str) -> None:
    """Hint at nothing."""


def asked_audience(asked: Asked) -> AudienceSetting:
    """Return the audience that a route asks for, as a verifier's ``admit`` takes it."""
    return beside_issuer(asked.audience) if asked.issuers else asked.audience


def grants_of(token: VerifiedToken) -> Iterator[Step]:
    """Yield what is found at each place of scopes, roles and permissions, with the reason where nothing is."""
    for kind in _KINDS:
        readings = token.mapping.read(kind, token.payload)
        places = " and ".join(named(each.place.name) for each in readings)
        yield Step(kind, f"names at {places}", "; ".join(filter(None, map(_read, readings))) or "none")


def _read(reading: Reading) -> str | None:
    place = named(reading.place.name)
    if reading.fault is not None:
        return f"none at {place}, as {reading.fault}"
    names = sorted(reading.names)
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return f"{', '.join(map(named, names[:_MOST_SHOWN]))}{more} from {place}" if names else None


def model_name(model: Any) -> str:
    """Return the name of a claims model."""
    return getattr(model, "__name__", type(model).__name__)


def misfits(model: Any, token: VerifiedToken) -> list[str]:
    """Return what does not fit a claims model, field by field: pydantic's, a dataclass, or a function of claims."""
    if is_dataclass(model) and isinstance(model, type) and not hasattr(model, "__pydantic_validator__"):
        needed = (each for each in fields(model) if each.default is each.default_factory is MISSING)
        return [f"{each.name}: is missing" for each in needed if token.get(each.name) is None]
    try:
        if hasattr(model, "validated"):
            model.validated(token)
        else:
            getattr(model, "model_validate", getattr(model, "validate_python", model))(dict(token.payload))
    except Exception as error:  # noqa: BLE001  the model is the user's
        return _by_field(error)
    return []


def _by_field(error: Exception) -> list[str]:
    errors: Any = getattr(error, "errors", None)  # pydantic's
    if not callable(errors):
        return [shown(str(error))]
    return [f"{'.'.join(map(str, each['loc'])) or 'the claims'}: {each['msg']}" for each in errors()]

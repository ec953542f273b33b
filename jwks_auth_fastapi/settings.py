"""``JWKSAuthSettings``: the settings as a pydantic-settings model, read from the environment."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import Any, Unpack

from pydantic import PrivateAttr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from jwks_auth import ConfigurationError
from jwks_auth.adapters import PREFIX, ROWS, Settings, SettingsOptions
from jwks_auth_fastapi.openapi import OpenAPISettings
from jwks_auth_fastapi.vocabulary import Vocabulary

__all__ = ["JWKSAuthSettings"]


class ModelOptions(SettingsOptions, total=False):
    """The arguments of :class:`JWKSAuthSettings`: every setting, and those of pydantic-settings."""

    openapi: OpenAPISettings | Mapping[str, Any]
    _case_sensitive: bool
    _env_file: Any
    _env_file_encoding: str
    _env_ignore_empty: bool
    _env_nested_delimiter: str
    _env_prefix: str
    _secrets_dir: Any


class JWKSAuthSettings(Vocabulary):
    """A service's settings: arguments in lower case, else variables such as ``JWKS_AUTH_ISSUER``.

    Lists are JSON or separated by spaces, objects are JSON. Of several issuers each has settings of its own:
    ``JWKS_AUTH_ISSUERS__ACME__ISSUER``, ``JWKS_AUTH_ISSUERS__ACME__AUDIENCE``, or ``JWKS_AUTH_ISSUERS`` has
    them as JSON.
    A ``.env`` file is read only when named: ``JWKSAuthSettings(_env_file=".env")``. ``None`` is the default
    of the core, which docs/reference/settings.md lists with the meaning of each.

    Raises :class:`~jwks_auth.ConfigurationError` naming the variable. An unknown ``JWKS_AUTH_*`` variable
    is a warning, as others may share the prefix; an unknown argument is an error.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="ignore",
        arbitrary_types_allowed=True,
    )

    openapi: OpenAPISettings = OpenAPISettings()

    _core: Settings = PrivateAttr()

    def __init__(self, **stated: Unpack[ModelOptions]) -> None:
        values: dict[str, Any] = {**stated}
        prefix = values.get("_env_prefix") or self.model_config.get("env_prefix", "")
        # First, because a misspelt variable is the reason why another is missing.
        for text in _unknown_variables(type(self), prefix):
            warnings.warn(text, stacklevel=2)
        try:
            super().__init__(**values)
        except ValidationError as error:
            # pydantic's text shows the values, which may be secrets.
            raise ConfigurationError(_named(error, prefix)) from None
        except SettingsError as error:
            raise ConfigurationError(f"{prefix}*: {error}") from None
        unknown = {
            n.upper(): v for n, v in values.items() if n not in type(self).model_fields and n[0] != "_"
        }
        given = {name: getattr(self, name.lower()) for name in ROWS}
        self._core = Settings.from_mapping({**given, **unknown}, label=prefix + "{}")

    @field_validator("*", mode="before")
    @classmethod
    def _read(cls, value: Any, info: ValidationInfo) -> Any:
        name = (info.field_name or "").upper()
        if value is None or name not in ROWS:
            return value
        if name == "ISSUERS" and isinstance(value, Mapping):
            value = list(
                value.values()
            )  # pydantic-settings reads JWKS_AUTH_ISSUERS__<any name>__* as a mapping
        return Settings.read(name, value, label=cls.model_config.get("env_prefix", "") + "{}")

    @property
    def core(self) -> Settings:
        """The parsed settings, as ``Authenticator`` takes them."""
        return self._core


def _named(error: ValidationError, prefix: str) -> str:
    faults = error.errors(include_input=False, include_url=False)
    return "; ".join(_fault(fault.get("ctx", {}).get("error"), fault, prefix) for fault in faults)


def _fault(cause: Any, fault: Mapping[str, Any], prefix: str) -> str:
    if isinstance(cause, ConfigurationError):
        return str(cause)
    return f"{prefix}{'__'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"


def _unknown_variables(model: type[BaseSettings], prefix: str) -> list[str]:
    found = {name.upper() for name in os.environ if name.upper().startswith(prefix.upper())}
    names = {name.removeprefix(prefix.upper()).partition("__")[0] for name in found}
    return Settings.unknown(names, label=prefix + "{}", extra=(name.upper() for name in model.model_fields))

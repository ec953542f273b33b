"""The way to an issuer's endpoints: a session or authorities of the service's own, a token in a file, a size."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jwks_auth.errors import ConfigurationError
from jwks_auth.http.bearer import check_bearer_file
from jwks_auth.runtime import dataclass

if TYPE_CHECKING:
    from jwks_auth.http.transport import Session

__all__ = ["Network"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The network settings of one client, which stay as they are. Nothing is fetched here."""

    session: Session | None = None
    ca_file: str | os.PathLike[str] | None = None
    bearer_file: str | os.PathLike[str] | None = None
    max_bytes: int

    def check(self, headers: Mapping[str, Any], *, ssl_context: object) -> None:
        """Refuse unusable files, and two settings for one thing. Raises ``ConfigurationError``."""
        deciding = {"session": self.session, "ssl_context": ssl_context, "ca_file": self.ca_file}
        given = [name for name, value in deciding.items() if value is not None]
        if len(given) > 1:
            raise ConfigurationError(f"{' and '.join(given)}: expected one of them to decide on TLS")
        asked = {
            "bearer_file": self.bearer_file is not None,
            "headers": any(name.lower() == "authorization" for name in headers),
            "session": isinstance(getattr(self.session, "auth", None), tuple),  # it would win without a word
        }
        if sum(asked.values()) > 1:
            found = " and ".join(name for name, has in asked.items() if has)
            raise ConfigurationError(f"{found}: expected one of them to have Authorization")
        if self.ca_file is not None:
            from jwks_auth.http.trust import check_ca_file  # and certifi, which others need not load

            check_ca_file(self.ca_file)
        check_bearer_file(self.bearer_file)

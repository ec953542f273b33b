"""The rows of settings for answers: what refusals and the service's metadata say."""

from __future__ import annotations

from jwks_auth.settings import discovery
from jwks_auth.settings import readers as read
from jwks_auth.settings.setting import Setting, Taker

__all__ = ["ANSWERS"]

_ANSWER = Taker.ANSWER

ANSWERS = (
    Setting("REALM", read.parameter, _ANSWER, "the realm in challenges", default_doc="`api`"),
    Setting(
        "ERROR_BODY",
        read.one_of("rfc6750", "problem+json"),
        _ANSWER,
        "the body of refusals: RFC 6750's `error` and `error_description`, or problem details (RFC 9457); forms of a "
        "framework's own, as DRF's, [stay](frameworks.md#error-bodies)",
        default_doc="`rfc6750`",
    ),
    Setting(
        "RESOURCE_METADATA",
        read.parameter,
        _ANSWER,
        "URL of the protected-resource metadata, named in challenges (RFC 9728)",
        default_doc="derived from `RESOURCE`",
    ),
    Setting(
        "RESOURCE",
        discovery.resource,
        _ANSWER,
        "the URL by which clients know this service, whose [metadata](../how-to/discovery.md) it then serves; "
        "`AUDIENCE` where that is not given",
    ),
    Setting("RESOURCE_NAME", read.text, _ANSWER, "its name for people, in that document"),
    Setting(
        "RESOURCE_DOCUMENTATION",
        discovery.resource,
        _ANSWER,
        "the URL of its documentation for developers, there too",
    ),
    Setting("RESOURCE_SCOPES", discovery.advertised, _ANSWER, "the scopes that clients are told of there"),
)
"""The group of these rows."""

"""Refusals: logged once, and answered with all that the client needs for another try."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from jwks_auth.challenge import fields
from jwks_auth.claims import Policy
from jwks_auth.errors import AuthError, KeySourceError, MissingTokenError, Refused
from jwks_auth.proofs import InvalidProofError, Offer
from jwks_auth.request.answers import ErrorBody, Rejection
from jwks_auth.request.credentials import Credentials
from jwks_auth.request.memo import Memo
from jwks_auth.request.requirement import Requirement
from jwks_auth.runtime import dataclass

if TYPE_CHECKING:
    from jwks_auth.telemetry import Telemetry

__all__ = ["Refusals"]

log = logging.getLogger("jwks_auth")


@dataclass(frozen=True, slots=True)
class Refusals:
    """One authenticator's refusals.

    *schemes* has the word for challenges by the request's scheme; the first one is for all others. *metadata_of* gives
    the URL of the metadata document for a route's audience, if there is one.
    """

    realm: str
    schemes: dict[str, str]
    vary: tuple[str, ...]
    clock: Callable[[], float]
    metadata_of: Callable[[Any], str | None]
    on_rejected: Callable[[Refused], object] | None
    log_refusal: Callable[..., None]
    form: ErrorBody
    offer: Offer | None = None
    telemetry: Telemetry | None = None

    def tell(
        self, error: Refused, memo: Memo, credentials: Credentials, requirement: Requirement | None = None
    ) -> None:
        """Log the refusal and call *on_rejected*, once in a request."""
        if memo.told:
            return
        memo.told = True
        if self.telemetry is not None:
            self.telemetry.refused(error, memo, credentials)
        self.log_refusal(error, credentials, memo.raw, requirement=requirement, token=memo.token)
        if self.on_rejected is not None and not isinstance(error, MissingTokenError):
            try:
                self.on_rejected(error)
            except Exception:  # a failing callback must not turn the refusal into a 500
                log.exception("on_rejected failed", extra=fields("on_rejected_failed"))

    def answer(
        self, error: Refused, credentials: Credentials, memo: Memo, policies: Iterable[Policy]
    ) -> Rejection:
        """Return the finished answer (RFC 6750 section 3), which the memo keeps."""
        if isinstance(error, AuthError):
            challenges = self._challenges(error, credentials, memo, tuple(policies))
            headers = [("WWW-Authenticate", challenge) for challenge in challenges]
            headers += error.headers if isinstance(error, InvalidProofError) else ()
        else:
            wait = error.retry_after if isinstance(error, KeySourceError) else 0
            headers = [("Retry-After", str(max(1, math.ceil(wait))))]
        headers.append(("Vary", ", ".join(self.vary)))
        rejection = Rejection(
            error.status, tuple(headers), error.error or error.code, error.description, form=self.form
        )
        # The first is the refusal itself: DRF asks for a bare challenge afterwards, whatever the reason was.
        memo.rejections.setdefault(rejection.status, rejection)
        return rejection

    def _challenges(
        self, error: AuthError, credentials: Credentials, memo: Memo, policies: tuple[Policy, ...]
    ) -> Sequence[str]:
        sent, asked, now = credentials.scheme, (*memo.policies, *policies), self.clock()
        named = () if error.status not in (401, 403) else asked
        parameters: dict[str, Any] = {
            "realm": self.realm,
            "resource_metadata": self.metadata_of(memo.audience),
            "scheme": self.schemes.get(sent) or next(iter(self.schemes.values())),
            "scopes": tuple(scope for policy in named for scope in policy.scopes_for(memo.token, now)),
        }
        if self.offer is None:
            return error.challenges(**parameters)
        senders = [way for policy in asked for way in policy.senders_for(memo.token, now)]
        return self.offer.challenges(error, sent=sent, senders=senders, **parameters)

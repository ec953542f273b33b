"""``DevIssuer``: a ``FakeIssuer`` that answers as a provider does, and keeps its keys."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import field
from typing import Any

from jwks_auth.claims import ANY_AUDIENCE
from jwks_auth.devissuer.grants import Grant, Grants
from jwks_auth.devissuer.metadata import ENDPOINTS, METADATA
from jwks_auth.devissuer.people import PEOPLE, Person
from jwks_auth.devissuer.state import State
from jwks_auth.errors import ConfigurationError, InvalidTokenError
from jwks_auth.jose import FAKE, KeySet, half_hash, parse_jws
from jwks_auth.request import Authenticator
from jwks_auth.runtime import dataclass
from jwks_auth.testing import FakeIssuer, SigningKey

__all__ = ["Behaviour", "DevIssuer"]

_LEAST_OF_ID_TOKENS = 60
_MOST_KEYS = 20
_MOST_INVENTED = 50


@dataclass(slots=True)
class Behaviour:
    """The ways of the issuer that the control page changes. *fault* is one of ``FAULTS``; times are in seconds."""

    lifetime: int = 300
    opaque: bool = False
    nonces: bool = False
    fault: str = ""
    delay: float = 0.0
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))


class DevIssuer(FakeIssuer):
    """An issuer with *people*, whose default audience is *audience*; *state* keeps what has to survive a restart."""

    def __init__(
        self,
        issuer: str,
        *,
        audience: str = "api",
        people: tuple[Person, ...] = PEOPLE,
        state: State | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(issuer, clock=clock)
        self.audience, self.listed = audience, people
        self.behaviour = Behaviour()
        self.lock = threading.RLock()
        self._state = state or State(None)
        self.invented: tuple[Person, ...] = ()
        self._restore(self._state.load())
        self.save()
        named = {
            "ISSUER": issuer,
            "AUDIENCE": ANY_AUDIENCE,
            "JWKS": self.fetch_jwks,
            "DPOP": "accept",
            "DPOP_REPLAY": "memory",
        }
        self.own_api = Authenticator({**named, "PUBLIC_URL": issuer, "ALLOW_FAKE_ISSUER": True})
        """Judges the tokens that come to the issuer's own endpoint of facts about people."""

    @property
    def clock(self) -> Callable[[], float]:
        """The time, in seconds since 1970."""
        return self._clock

    # --- what is kept

    def _restore(self, kept: Mapping[str, Any]) -> None:
        try:
            if kept:
                keys = [SigningKey.from_pem(*each) for each in kept["keys"]]
                self._keys = tuple(keys)
                self._signing_key(None, None)  # there has to be one
                self._withdrawn = frozenset(kept["withdrawn"])
                self.invented = tuple(map(Person.from_mapping, kept["people"]))
                self._told, self._revoked = dict(kept["opaque"]), set(kept["revoked"])
            self.grants = Grants(self._clock, kept.get("families", {}))
            self.grants.ended = set(kept.get("ended", ()))
            for family in self.grants.families:
                self.grants.grant_of(family)
        except (ValueError, LookupError, TypeError, ConfigurationError):
            raise self._state.unusable() from None

    def save(self) -> None:
        """Keep everything that has to survive a restart."""
        self._state.save(
            {
                "keys": [(key.kid, key.alg, key.private_pem().decode()) for key in self._keys],
                "withdrawn": sorted(self._withdrawn),
                "people": [person.as_mapping() for person in self.invented],
                "opaque": self._told,
                "revoked": sorted(self._revoked),
                "families": self.grants.families,
                "ended": sorted(self.grants.ended),
            }
        )

    def note(self, path: str) -> None:
        """Count a request."""
        self._count(path)

    def outage(self, mode: str = "error") -> ExitStack:
        """Start an outage, as the control page does."""
        over = super().outage(mode)
        self.behaviour.fault = mode
        return over

    def recover(self) -> None:
        """End an outage."""
        super().recover()
        self.behaviour.fault = ""

    # --- people

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody who can be picked."""
        return (*self.listed, *self.invented)

    def person(self, sub: str) -> Person | None:
        """Return the person with this identifier."""
        return next((person for person in self.people if person.sub == sub), None)

    def remember(self, person: Person) -> None:
        """Keep somebody who was invented; the last one of a name counts."""
        others = [each for each in self.invented if each.sub != person.sub]
        self.invented = (*others, person)[-_MOST_INVENTED:]

    # --- keys

    def all_keys(self) -> list[tuple[SigningKey, bool]]:
        """Return every key, newest last, and whether it is published."""
        return [(key, key.kid not in self._withdrawn) for key in self._keys]

    def renew(self, alg: str) -> str:
        """Sign with a new key of *alg* from now on; the oldest of very many is forgotten."""
        kid = self.rotate(alg)
        self._keys = self._keys[-_MOST_KEYS:]
        return kid

    def publish(self, kid: str) -> None:
        """Publish a key that was withdrawn."""
        self._withdrawn -= {kid}

    def is_opaque(self, token: str) -> bool:
        """Return whether *token* is one whose claims only the issuer can tell."""
        return token in self._told

    def revoke_for(self, token: str, client_id: str) -> None:
        """Revoke an access token, if it is that client's."""
        claims = self._told.get(token) or self.read(token)
        if claims is not None and claims.get("client_id") == client_id:
            self.revoke(token)

    def introspect(self, token: str) -> dict[str, Any]:
        """The answer about a token; one of a grant that is over is inactive, opaque ones too."""
        answer = super().introspect(token)
        return {"active": False} if answer.get("sid") in self.grants.ended else answer

    def _claims_of(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a token that a published key has signed."""
        return self.read(token)

    def read(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a token that a published key has signed, expired or not."""
        try:
            parsed = parse_jws(token)
            key = KeySet.from_dict(self.jwks()).select(parsed.kid, parsed.alg)
            return parsed.claims if key is not None and parsed.is_signed(key.verify) else None
        except InvalidTokenError:
            return None

    def _signing_key(self, alg: str | None, kid: str | None) -> SigningKey:
        """Return the newest published key, unless another is asked for; the newest of all if none is published."""
        if alg is None and kid is None:
            published = [key for key, is_published in self.all_keys() if is_published]
            return (published or list(self._keys))[-1]
        return super()._signing_key(alg, kid)

    # --- tokens

    def signed(self, payload: Mapping[str, Any], *, typ: str = "at+jwt", kid: str | None = None) -> str:
        """Return a token with exactly this payload; *kid* picks a key, a withdrawn one too."""
        return self._signing_key(None, kid).sign(json.dumps(payload).encode(), {"typ": typ})

    def access_token(self, grant: Grant) -> str:
        """Return an access token for *grant*."""
        audience = grant.audience or (self.audience,)
        filled = self.claims(
            expires_in=self.behaviour.lifetime,
            sub=grant.sub,
            aud=audience[0] if len(audience) == 1 else list(audience),
            client_id=grant.client_id,
            scope=" ".join(grant.scopes) or None,
            cnf={"jkt": grant.jkt} if grant.jkt else None,
            **_of_session(grant),
        )
        # What the issuer says itself no claim of a person's can replace.
        payload = {**grant.claims, **filled}
        if not self.behaviour.opaque:
            return self.signed(payload)
        token = secrets.token_urlsafe(32)
        self.tell_of(token, payload)
        return token

    def token_response(self, grant: Grant, *, refresh_token: str | None = None) -> dict[str, Any]:
        """Return the answer of the token endpoint (RFC 6749 section 5.1, OpenID Connect Core 3.1.3.3)."""
        access = self.access_token(grant)
        answer = {
            "access_token": access,
            "token_type": "DPoP" if grant.jkt else "Bearer",
            "expires_in": self.behaviour.lifetime,
            "scope": " ".join(grant.scopes),
        }
        if refresh_token is not None:
            answer["refresh_token"] = refresh_token
        if "openid" in grant.scopes:
            answer["id_token"] = self._id_token_of(grant, access)
        return answer

    def _id_token_of(self, grant: Grant, access: str) -> str:
        filled = self.claims(
            expires_in=max(self.behaviour.lifetime, _LEAST_OF_ID_TOKENS),
            sub=grant.sub,
            aud=grant.client_id,
            client_id=None,
            jti=None,
            nonce=grant.nonce or None,
            at_hash=half_hash(access, self.key.alg),
            **_of_session(grant),
        )
        return self.signed({**grant.claims, **filled}, typ="JWT")

    # --- documents

    def discovery(self) -> dict[str, Any]:
        """The metadata (OpenID Connect Discovery 1.0, RFC 8414); marked as the keys are."""
        base = self.issuer.rstrip("/")
        places = {f"{name}_endpoint": f"{base}/{path}" for name, path in ENDPOINTS.items()}
        return {"issuer": self.issuer, "jwks_uri": self.jwks_uri, **places, **METADATA, FAKE: True}


def _of_session(grant: Grant) -> dict[str, Any]:
    return {"auth_time": grant.auth_time or None, "acr": grant.acr or None, "sid": grant.sid or None}

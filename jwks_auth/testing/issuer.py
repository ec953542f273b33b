"""``FakeIssuer``: an identity provider that a test owns."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self

from jwks_auth.challenge import checked_scopes, several
from jwks_auth.claims import DEFAULT_MAPPING, VerifiedToken
from jwks_auth.jose import FAKE, half_hash
from jwks_auth.keys import mark_fake
from jwks_auth.testing.certificates import ClientCertificate
from jwks_auth.testing.endpoints import Endpoints
from jwks_auth.testing.keys import SigningKey
from jwks_auth.testing.logout import LogoutTokens
from jwks_auth.testing.senders import FakeClient
from jwks_auth.testing.server import IssuerServer
from jwks_auth.testing.shape import Shape

__all__ = ["FakeIssuer"]


class FakeIssuer(Endpoints, LogoutTokens, Shape):
    """An identity provider with real keys; no socket, unless made by :meth:`serve`.

    *issuer* is its URL, exactly as tokens carry it. There is one key for each of *algorithms*; the first
    signs unless :meth:`token` is told otherwise. *clock* gives the seconds since the epoch.

    ``jwks_uri`` is the address of the key set. ``requests`` counts the requests by path:
    ``issuer.requests[issuer.jwks_path]`` is the number of times the key set was read, over HTTP or by the
    callable in :meth:`settings`.
    """

    def __init__(
        self,
        issuer: str = "https://issuer.example/",
        *,
        algorithms: Sequence[str] = ("RS256",),
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(issuer)
        Shape.__init__(self)
        self._profile: str | None = None
        self._clock = clock
        self._served = False
        self._withdrawn: frozenset[str] = frozenset()
        self._keys: tuple[SigningKey, ...] = tuple(SigningKey.generate(alg) for alg in algorithms)
        self._default_alg = algorithms[0]

    @property
    def is_served(self) -> bool:
        """True behind a server, from which services fetch the keys."""
        return self._served

    @classmethod
    @contextmanager
    def serve(cls, *, path: str = "", **options: Any) -> Iterator[Self]:
        """Run an issuer behind a real HTTP server on 127.0.0.1, on a port that the system chooses.

        In ``with FakeIssuer.serve() as issuer:``, ``issuer.issuer`` is the server's URL followed by *path*; *options*
        are the constructor's. Threads of this process answer requests for discovery (OpenID Connect and RFC 8414) and
        the key set, with ETags. The end of the block closes everything.
        """
        with IssuerServer() as server:
            issuer = cls(server.url + path, **options)
            issuer._served = True
            server.start(issuer._answer)
            try:
                yield issuer
            finally:
                issuer.recover()

    # --- tokens

    def token(
        self,
        *,
        alg: str | None = None,
        kid: str | None = None,
        key: SigningKey | None = None,
        header: Mapping[str, Any] | None = None,
        expires_in: float = 300,
        **claims: Any,
    ) -> str:
        """A signed access token (RFC 9068), good for *expires_in* seconds; a claim of ``None`` is left out.

        ``iss``, ``sub``, ``aud``, ``client_id``, ``iat``, ``exp`` and ``jti`` are filled in and can be
        overridden; ``scopes=["a", "b"]`` is short for ``scope="a b"``. The newest key signs: of the first
        algorithm, or of *alg* (``"none"``: unsigned). *kid* picks an older key, withdrawn ones too; of a name
        the issuer never had it only goes into the header. *key* signs with a key that is not the issuer's.
        *header* members override; ``None`` removes.
        """
        named = {"kid": kid} if kid is not None else {}
        payload = json.dumps(self.claims(expires_in=expires_in, **claims)).encode()
        return (key or self._signing_key(alg, kid)).sign(
            payload, {"typ": "at+jwt", **named, **(header or {})}
        )

    def opaque(self, *, prefix: str = "", expires_in: float = 300, **claims: Any) -> str:
        """An opaque access token, which only this issuer can read: its endpoint in :meth:`serve` tells the claims.

        They are those of :meth:`token`; *prefix* is the beginning of the token.
        """
        token = f"{prefix}{secrets.token_urlsafe(24)}"
        self.tell_of(token, self.claims(expires_in=expires_in, **claims))
        return token

    def id_token(self, *, access_token: str | None = None, code: str | None = None, **claims: Any) -> str:
        """A signed ID token (OpenID Connect Core 2), whose ``aud`` is the client's id; arguments as in :meth:`token`.

        It has ``auth_time`` too, ``at_hash`` for an *access_token* and ``c_hash`` for a *code*.
        """
        signer = claims.get("key") or self._signing_key(claims.get("alg"), claims.get("kid"))
        hashes = {"at_hash": half_hash(access_token, signer.alg), "c_hash": half_hash(code, signer.alg)}
        header = {"typ": "JWT", **(claims.get("header") or {})}
        filled = {"client_id": None, "jti": None, "auth_time": int(self._clock()), **hashes}
        return self.token(**{**filled, **claims, "header": header})

    def claims(
        self, *, expires_in: float = 300, scopes: str | Iterable[str] = (), **claims: Any
    ) -> dict[str, Any]:
        """The claims that :meth:`token` would sign."""
        now = int(self._clock())
        filled: dict[str, Any] = {
            "iss": self.issuer,
            "sub": "user",
            "aud": self.audiences.get(str(claims.get("iss", self.issuer)), self.audience),
            "client_id": "client",
            "iat": now,
            "exp": now + expires_in,
            "jti": str(uuid.uuid4()),
        }
        if asked := list(checked_scopes(scopes)):
            self.scopes_in(filled, asked)
        return {name: value for name, value in {**filled, **claims}.items() if value is not None}

    def verified(self, **claims: Any) -> VerifiedToken:
        """A token as views get it, with *claims* as in :meth:`token`, for policies and DRF's ``force_authenticate``."""
        payload = self.claims(**claims)
        return VerifiedToken(payload, {}, payload, replace(DEFAULT_MAPPING, issuer=self.issuer))

    def headers(self, **claims: Any) -> dict[str, str]:
        """Request headers with a fresh token of the *profile* of :meth:`settings`; arguments as in :meth:`token`."""
        name, value = self.header_for(self.presented(**claims))
        return {name: value}

    def presented(self, **claims: Any) -> str:
        """The token that a client sends: of the *profile* of :meth:`settings`; arguments as in :meth:`token`."""
        return (self.id_token if self._profile == "id_token" else self.token)(**claims)

    def client(
        self,
        *,
        dpop: bool = False,
        certificate: bool | str | bytes | ClientCertificate = False,
        alg: str = "ES256",
    ) -> FakeClient:
        """A client of this issuer; with *dpop* its tokens are bound to a key of its own, and its ``headers`` prove.

        With *certificate*, ``True`` or one in PEM or DER, they are bound to that: see :class:`FakeClient`.
        """
        shown = ClientCertificate.of(certificate)
        return FakeClient(self, dpop=dpop, certificate=shown, alg=alg, clock=self._clock)

    def sign(self, payload: bytes, header: Mapping[str, Any] | None = None, *, alg: str | None = None) -> str:
        """Return any bytes, signed by the newest key (of *alg*); *header* as in :meth:`token`, but no ``typ``."""
        return self._signing_key(alg, None).sign(payload, header)

    # --- keys

    @property
    def kid(self) -> str:
        """The id of the key that signs by default."""
        return self.key.kid

    @property
    def key(self) -> SigningKey:
        """The key that signs by default: the newest of the first algorithm."""
        return self._signing_key(None, None)

    def rotate(self, alg: str | None = None, *, kid: str | None = None) -> str:
        """Publish a new key and sign with it from now on; returns its id.

        The old keys stay published; see :meth:`withdraw`. *alg*, by default the first algorithm, may be a new one.
        """
        key = SigningKey.generate(alg or self._default_alg, kid=kid)
        self._keys = (*self._keys, key)
        return key.kid

    def withdraw(self, kid: str) -> None:
        """Take a key out of the published set; ``token(kid=...)`` still signs with it, as a thief would."""
        if kid not in {key.kid for key in self._keys}:
            raise ValueError(f"{kid!r} is not a key of this issuer: it has {[key.kid for key in self._keys]}")
        self._withdrawn |= {kid}

    def jwks(self) -> dict[str, Any]:
        """The published key set (RFC 7517), newest key last; marked, so that no service takes it by mistake."""
        return {"keys": [key.jwk() for key in self._keys if key.kid not in self._withdrawn], FAKE: True}

    # --- documents for a service

    def settings(
        self,
        audience: Any = "api",
        *,
        profile: str | None = None,
        introspection: str | None = None,
        prefix: str = "",
    ) -> dict[str, Any]:
        """Settings for any framework under test: ``ISSUER``, ``AUDIENCE`` and, without a server, ``JWKS``.

        Names get *prefix*, for Flask ``"JWKS_AUTH_"``. Tokens made from now on are for *audience* (the first,
        if it is a list), and :meth:`headers` has those of *profile*. ``JWKS`` is a callable, so rotation, withdrawal
        and outages are seen. *introspection* is that setting, with credentials for the endpoint in :meth:`serve`.
        """
        if isinstance(audience, (str, list, tuple)):
            self.audience = several(audience)[0]
        settings: dict[str, Any] = {"ISSUER": self.issuer, "AUDIENCE": audience}
        self._profile = profile
        if profile is not None:
            settings["PROFILE"] = profile
        if not self._served:
            settings["JWKS"] = self.fetch_jwks
        if introspection is not None:
            settings["INTROSPECTION"] = introspection
            settings["INTROSPECTION_CLIENT"] = {"ID": self.client_id, "SECRET": self.client_secret}
        return {prefix + name: value for name, value in settings.items()}

    @mark_fake
    def fetch_jwks(self) -> dict[str, Any]:
        """The key set as a client gets it: counted in ``requests``, ``ConnectionError`` in an outage."""
        self._count(self.jwks_path)
        if self._outage:
            raise ConnectionError(f"{self.issuer} is down: outage({self._outage!r})")
        return self.jwks()

    def _signing_key(self, alg: str | None, kid: str | None) -> SigningKey:
        if alg == "none":
            return SigningKey(kid or self.kid, "none", None)
        wanted = alg or self._default_alg
        named = [key for key in self._keys if key.kid == kid and alg in (None, key.alg)]
        able = named or [key for key in self._keys if key.alg == wanted]
        if not able:
            raise ValueError(f"this issuer has no {wanted} key: add it to algorithms=, or rotate({wanted!r})")
        return able[-1]

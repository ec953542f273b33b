"""A provider's documentation as data, and the tests that every provider's module runs on it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Any, ClassVar

import pytest

from jwks_auth import ANY_AUDIENCE, ConfigurationError, InvalidTokenError, VerifiedToken
from jwks_auth.settings import Settings
from jwks_auth.testing.keys import SigningKey
from jwks_auth.verifier import PROVIDERS

__all__ = ["LABEL", "Documented", "ProviderTests", "Token"]

LABEL = 'JWKS_AUTH["{}"]'

ODD: tuple[Any, ...] = (
    None,
    7,
    10**40,
    -0.5,
    True,
    "",
    "x",
    [],
    [7],
    [[]],
    {},
    {"a": {"b": [None]}},
    ["x"] * 10_001,
)
"""Values that no documentation has."""


@cache
def key_of(alg: str) -> SigningKey:
    """Return one key for an algorithm; making one takes a while."""
    return SigningKey.generate(alg, kid=f"key-{alg}")


@dataclass(frozen=True, kw_only=True)
class Token:
    """One of the provider's tokens, and all that is *read* of it; or the *code* of its refusal.

    Dates need not be among the *claims*. *header* stands beside ``alg`` and ``kid``, instead of the usual one.
    *settings* stand beside those that are pasted.
    """

    claims: Mapping[str, Any]
    header: Mapping[str, Any] | None = None
    code: str | None = None
    read: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Documented:
    """A provider: what a newcomer pastes, its keys, its tokens, and mistakes with what is said of them."""

    settings: Mapping[str, Any]
    keys_at: str | None
    tokens: Mapping[str, Token]
    mistakes: tuple[tuple[Mapping[str, Any], str], ...] = ()
    alg: str = "RS256"
    header: Mapping[str, Any] = field(default_factory=lambda: {"typ": "JWT"})
    key: Mapping[str, Any] = field(default_factory=lambda: {"use": "sig", "alg": "RS256"})

    def jwks(self) -> dict[str, Any]:
        """Return the key set, with the members that this provider writes."""
        plain = key_of(self.alg).jwk()
        kept = {name: value for name, value in plain.items() if name not in ("use", "alg", "key_ops")}
        return {"keys": [{**kept, **self.key}]}

    def sent(self, token: Token) -> str:
        """Return the token as it is sent."""
        now = int(time.time())
        claims = {"iat": now - 60, "exp": now + 300, **token.claims}
        header = self.header if token.header is None else token.header
        return key_of(self.alg).sign(json.dumps(claims).encode(), header)

    def with_settings(self, change: Mapping[str, Any]) -> Any:
        """Return the verifier of the pasted settings and *change*, with the keys at hand."""
        return Settings.from_mapping({**self.settings, "JWKS": self.jwks(), **change}, label=LABEL).verifier()

    def verify(self, token: Token) -> VerifiedToken:
        """Return what the pasted settings make of a token."""
        found: VerifiedToken = self.with_settings(token.settings).verify(self.sent(token))
        return found


class ProviderTests:
    """The tests of one provider."""

    documented: ClassVar[Documented]

    @property
    def provider(self) -> str:
        """The provider's name."""
        return str(self.documented.settings["PROVIDER"])

    def test_its_tokens_are_taken_and_read(self) -> None:
        """Of users and of services, with their roles, permissions, scopes and clients."""
        taken = {name: token for name, token in self.documented.tokens.items() if token.code is None}
        assert taken
        for name, token in taken.items():
            found = self.documented.verify(token)
            read = {each: getattr(found, each) for each in token.read}
            assert read == token.read, name

    def test_all_else_that_it_signs_is_refused(self) -> None:
        """ID tokens, and tokens of other clients, APIs and tenants."""
        refused = {name: token for name, token in self.documented.tokens.items() if token.code is not None}
        assert refused
        found = {}
        for name, token in refused.items():
            with pytest.raises(InvalidTokenError) as caught:
                pytest.fail(f"{name} was taken: {self.documented.verify(token)!r}")
            found[name] = caught.value.code
        assert found == {name: token.code for name, token in refused.items()}

    def test_its_keys_are_where_it_says(self) -> None:
        """Without discovery, and with nothing fetched at start-up."""
        settings = dict(self.documented.settings)
        if self.documented.keys_at is None:
            with pytest.raises(ConfigurationError, match=r'^JWKS_AUTH\["JWKS_URI"\] is missing'):
                Settings.from_mapping(settings, label=LABEL).verifier()
        else:
            issuer = Settings.from_mapping(settings).verifier().issuers[0]
            assert issuer.client.uri == self.documented.keys_at

    def test_mistakes_are_told_at_start_up(self) -> None:
        """By the setting's name, with what to paste."""
        for change, message in self.documented.mistakes:
            with pytest.raises(ConfigurationError, match=message):
                pytest.fail(f"{change} was taken: {self.documented.with_settings(change)!r}")

    @pytest.mark.parametrize("audience", [None, ANY_AUDIENCE, "ANY_AUDIENCE"])
    def test_neither_audience_nor_clients_is_never_enough(self, audience: Any) -> None:
        """A preset does not make a service take every token of its provider."""
        with pytest.raises(ConfigurationError, match=r'^JWKS_AUTH\["(AUDIENCE|ALLOWED_CLIENTS)"\]'):
            self.documented.with_settings({"AUDIENCE": audience, "ALLOWED_CLIENTS": None})

    def test_a_profile_at_odds_is_an_error(self) -> None:
        """The message has those that would do."""
        for profile in {"default", "rfc9068", "id_token"} - set(PROVIDERS[self.provider].profiles):
            with pytest.raises(
                ConfigurationError, match=rf"PROFILE.*'{profile}', expected .* {self.provider}"
            ):
                self.documented.with_settings({"PROFILE": profile})

    def test_no_cookie_is_turned_on(self) -> None:
        """Cookies stand in ``TOKEN_SOURCES`` by the user's hand."""
        assert "cookie" not in PROVIDERS[self.provider].source

    def test_no_value_of_a_claim_breaks_it(self) -> None:
        """Whatever a claim holds, the token is refused or read; never an error of another kind."""
        token = next(
            each for each in self.documented.tokens.values() if each.code is None and not each.settings
        )
        verifier = self.documented.with_settings({})
        marks = PROVIDERS[self.provider].marks
        names = {
            *token.claims,
            *(marks.any_of if marks else ()),
            *(marks.values if marks else ()),
            "nonce",
            "cnf",
        }
        for name, value in product(sorted(names), ODD):
            raw = self.documented.sent(Token(claims={**token.claims, name: value}))
            try:
                found = verifier.verify(raw)
            except InvalidTokenError:
                continue
            assert all(isinstance(each, frozenset) for each in (found.roles, found.scopes, found.permissions))
            assert found.client_id is None or isinstance(found.client_id, str)

"""A client whose ``match_kid`` is a program's own says which keys verify, to a verifier as to anybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
import pytest

from jwks_auth import InvalidTokenError, Issuer, KeySourceError, PyJWKClient, Tenants, TokenVerifier
from jwks_auth.testing import FakeIssuer
from tests.seams.sites import EVERY_SITE, Site

Match = Callable[[list[jwt.PyJWK], Any], Any]


def client_of(issuer: FakeIssuer, match: Match | None) -> PyJWKClient:
    """A client of *issuer*; *match*: how it matches kids."""

    class Client(PyJWKClient):
        def fetch_data(self) -> Any:
            return issuer.jwks()

    class Own(Client):
        @staticmethod
        def match_kid(signing_keys: list[jwt.PyJWK], kid: str) -> jwt.PyJWK | None:
            assert match is not None
            found: jwt.PyJWK | None = match(signing_keys, kid)
            return found

    return (Client if match is None else Own)("https://issuer.example/keys")


def exact(keys: list[jwt.PyJWK], kid: Any) -> Any:
    """As PyJWT does."""
    return jwt.PyJWKClient.match_kid(keys, kid)


def lenient(keys: list[jwt.PyJWK], kid: Any) -> Any:
    """Kids are written in any case."""
    return next((key for key in keys if str(key.key_id).lower() == str(kid).lower()), None)


def dropping(keys: list[jwt.PyJWK], kid: Any) -> Any:
    """A key that is not trusted any more, though it is still published."""
    return None


def raising(keys: list[jwt.PyJWK], kid: Any) -> Any:
    """The same in PyJWT's words."""
    raise jwt.PyJWKClientError("not trusted")


def foreign(keys: list[jwt.PyJWK], kid: Any) -> Any:
    """A key that is none of the issuer's."""
    return jwt.PyJWKSet.from_dict(FakeIssuer().jwks()).keys[0]


def first(keys: list[jwt.PyJWK], kid: Any) -> Any:
    """Whatever the kid."""
    return keys[0]


def broken(keys: list[jwt.PyJWK], kid: Any) -> Any:
    """A mistake in the program."""
    raise ZeroDivisionError


@pytest.mark.parametrize("match", [None, exact, lenient, first])
async def test_a_matching_key_verifies(match: Match | None) -> None:
    """Cold and warm, sync and async."""
    issuer = FakeIssuer()
    for _ in range(2):
        verifier = TokenVerifier(Issuer(issuer.issuer, client=client_of(issuer, match)), "api")
        for _ in range(2):
            assert verifier.verify(issuer.token(aud="api")).subject == "user"
            assert (await verifier.averify(issuer.token(aud="api"))).subject == "user"


@pytest.mark.parametrize("match", [dropping, raising, foreign])
async def test_a_key_that_the_client_drops_verifies_nothing(match: Match) -> None:
    """Though it is in the set."""
    issuer = FakeIssuer()
    verifier = TokenVerifier(Issuer(issuer.issuer, client=client_of(issuer, match)), "api")
    raw = issuer.token(aud="api")
    for attempt in (lambda: verifier.verify(raw), lambda: verifier.averify(raw)):
        for _ in range(2):
            with pytest.raises(InvalidTokenError) as caught:
                await attempt()  # type: ignore[misc]
            assert caught.value.code == "unknown_key"


def test_a_kid_in_another_case() -> None:
    """Only the client that takes it for the same does."""
    issuer = FakeIssuer()
    raw = issuer.token(aud="api", header={"kid": issuer.kid.upper()})
    assert issuer.kid.upper() != issuer.kid
    assert TokenVerifier(Issuer(issuer.issuer, client=client_of(issuer, lenient)), "api").verify(raw)
    with pytest.raises(InvalidTokenError):
        TokenVerifier(Issuer(issuer.issuer, client=client_of(issuer, None)), "api").verify(raw)


def test_a_matching_key_verifies_its_own_algorithms_only() -> None:
    """Whatever the client says of the kid: the key is bound to its algorithm, and the signature is checked."""
    issuer = FakeIssuer(algorithms=("RS256", "ES256"))
    verifier = TokenVerifier(Issuer(issuer.issuer, client=client_of(issuer, first)), "api")
    assert verifier.verify(issuer.token(aud="api", alg="RS256"))
    with pytest.raises(InvalidTokenError, match="unknown key"):
        verifier.verify(issuer.token(aud="api", alg="ES256"))
    with pytest.raises(InvalidTokenError, match="signature"):
        verifier.verify(FakeIssuer(issuer.issuer).token(aud="api"))


def test_a_token_without_a_kid_is_the_clients_to_place() -> None:
    """And where it can't, the one key that fits serves."""
    issuer = FakeIssuer()
    for match in (exact, first, dropping):
        verifier = TokenVerifier(Issuer(issuer.issuer, client=client_of(issuer, match)), "api")
        raw = issuer.token(aud="api", header={"kid": None})
        assert verifier.verify(raw).subject == "user"


def test_a_new_key_is_fetched_for_a_client_of_ones_own() -> None:
    """A rotation is noticed as ever, and the set is there to look at."""
    issuer = FakeIssuer()
    client = client_of(issuer, lenient)
    ours = Issuer(issuer.issuer, client=client)
    verifier = TokenVerifier(ours, "api")
    verifier.verify(issuer.token(aud="api"))
    issuer.rotate()
    assert verifier.verify(issuer.token(aud="api")).subject == "user"
    assert ours.keys.key_set is client.source.key_set


@pytest.mark.parametrize("site", EVERY_SITE.values(), ids=EVERY_SITE)
def test_a_dropped_key_verifies_nothing_in_any_framework(site: Site) -> None:
    """401 for it, 200 with the method as it was, and 503 for one with a mistake in it."""
    issuer = FakeIssuer("https://issuer.example/")
    answers = []
    for match in (None, lenient, dropping, broken):
        ours = Issuer(issuer.issuer, client=client_of(issuer, match))
        tenants = Tenants(lambda name, ours=ours: ours, hosts=["issuer.example"])  # type: ignore[misc]
        with site({"AUDIENCE": "api", "TENANTS": tenants}) as app:
            answers += [app.request("GET", "/me", list(issuer.headers(sub="u1").items())).status]
    assert answers == [200, 200, 401, 503]


def test_a_method_with_a_mistake_is_the_services_fault() -> None:
    """503, with the cause for the log."""
    issuer = FakeIssuer()
    verifier = TokenVerifier(Issuer(issuer.issuer, client=client_of(issuer, broken)), "api")
    for _ in range(2):
        with pytest.raises(KeySourceError) as caught:
            verifier.verify(issuer.token(aud="api"))
        assert caught.value.kind == "callback"
        assert isinstance(caught.value.__cause__, ZeroDivisionError)

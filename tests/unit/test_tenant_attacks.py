"""Tokens made up to hurt a verifier that finds issuers by their ``iss``, or the developer who asks about them."""

from __future__ import annotations

import time
from typing import Any

import pytest

from jwks_auth import InvalidTokenError, Issuer, JWKSAuthError, KeySourceError, PyJWKClient, TokenVerifier
from jwks_auth.adapters import Authenticator
from jwks_auth.cli import show
from jwks_auth.testing import FakeIssuer
from jwks_auth.verifier.tenants import Tenants

HOST = "https://login.example"


def answering(issuer: FakeIssuer) -> PyJWKClient:
    """A client that fetches the issuer's keys, and fails for any other issuer."""

    class Client(PyJWKClient):
        def fetch_data(self) -> Any:
            return issuer.jwks()

    return Client(f"{HOST}/keys")


def failing() -> PyJWKClient:
    """A client of a tenant that is not there."""

    class Client(PyJWKClient):
        def fetch_data(self) -> Any:
            raise LookupError("no such tenant")

    return Client(f"{HOST}/keys")


def test_made_up_tenants_push_out_no_real_one() -> None:
    """With the cache full of them, the tenants whose keys are known stay."""
    real = [FakeIssuer(f"{HOST}/{name}") for name in ("a", "b", "c")]
    names = {issuer.issuer: issuer for issuer in real}
    asked: list[str] = []

    def resolve(name: str) -> Issuer:
        asked.append(name)
        return Issuer(name, client=answering(names[name]) if name in names else failing())

    verifier = TokenVerifier([], "api", tenants=Tenants(resolve, hosts=["login.example"], max_issuers=4))
    for issuer in real:
        verifier.verify(issuer.token(aud="api"))
    for number in range(20):
        with pytest.raises(JWKSAuthError):
            verifier.verify(real[0].token(aud="api", iss=f"{HOST}/made-up-{number}"))
    for issuer in real:
        verifier.verify(issuer.token(aud="api"))
    assert [asked.count(name) for name in names] == [1, 1, 1]


def test_the_last_used_stay_where_all_have_keys() -> None:
    """Room is made by the tenant that was away longest."""
    real = {f"{HOST}/{name}": FakeIssuer(f"{HOST}/{name}") for name in ("a", "b", "c")}
    asked: list[str] = []

    def resolve(name: str) -> Issuer:
        asked.append(name)
        return Issuer(name, jwks=real[name].jwks())

    verifier = TokenVerifier([], "api", tenants=Tenants(resolve, hosts=["login.example"], max_issuers=2))
    for name in ("a", "b", "a", "c", "a", "b"):
        verifier.verify(real[f"{HOST}/{name}"].token(aud="api"))
    assert [name[-1] for name in asked] == ["a", "b", "c", "b"]


@pytest.mark.parametrize(
    "path", ["/good/%2e%2e/evil", "/good/%2E./evil", "/good%2fevil", "/good/../evil", "/good/."]
)
def test_no_path_that_two_programs_read_differently(path: str) -> None:
    """What a resolver takes for one tenant's address is not fetched as another's."""
    assert not Tenants(lambda name: None, hosts=["login.example"]).may_be(f"{HOST}{path}")


@pytest.mark.parametrize("claims", [{"exp": 10**400}, {"iat": -(10**400)}, {"exp": 1e308}, {"nbf": True}])
def test_no_number_is_too_large_to_explain(claims: dict[str, Any]) -> None:
    """Whatever the claims, the developer is told what is wrong with them."""
    issuer = FakeIssuer()
    verifier = TokenVerifier(Issuer(issuer.issuer, jwks=issuer.jwks()), "api")
    failed = verifier.explain(issuer.token(aud="api", **claims)).failed
    assert failed is not None
    assert failed.code == "invalid_claim"


def test_an_explanation_holds_no_control_characters() -> None:
    """A token's own words can't write to the developer's terminal."""
    issuer = FakeIssuer()
    verifier = TokenVerifier(Issuer(issuer.issuer, jwks=issuer.jwks()), "api")
    raw = issuer.token(aud="api", kid="\x1b[2J", header={"typ": "\x1b[2J"}, email="\x1b[2J")
    assert "\x1b" not in str(verifier.explain(raw))
    raw = issuer.token(aud="api", header={"alg": "\x1b[2J"})
    assert "\x1b" not in str(verifier.explain(raw))


@pytest.mark.parametrize("kid", ["\x1b[2J", "a\nb", "\ud800", "\u202e"])
def test_neither_do_kids_that_a_provider_publishes(kid: str) -> None:
    """In an explanation and in the commands' reports; a terminal that can't show half a character is not asked to."""
    issuer = FakeIssuer()
    good, refused = {**issuer.jwks()["keys"][0], "kid": kid}, {"kty": "oct", "kid": kid}
    settings = {**issuer.settings(), "JWKS": {"keys": [good, refused]}}
    authenticator = Authenticator(settings)
    shown = "\n".join([*show(authenticator).lines, str(authenticator.verifier.explain(issuer.token()))])
    assert kid.isprintable() or kid not in shown
    assert shown.count(repr(kid)) == 3
    assert shown.encode()


class Counting:
    """A directory without tenants that notes whom it was asked about."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, name: str) -> None:
        """No tenant of ours."""
        self.asked.append(name)


HOPELESS: dict[str, tuple[dict[str, Any], str]] = {
    "expired": ({"exp": 1}, "expired"),
    "not_yet_valid": ({"nbf": 9e10}, "not_yet_valid"),
    "no_exp": ({"exp": None}, "missing_claim"),
    "audience_a_number": ({"aud": 1}, "invalid_claim"),
    "typ_of_an_id_token": ({"header": {"typ": "dpop+jwt"}}, "wrong_type"),
    "alg_none": ({"header": {"alg": "none"}}, "algorithm_not_allowed"),
    "alg_hs256": ({"header": {"alg": "HS256"}}, "algorithm_not_allowed"),
}


@pytest.mark.parametrize("name", HOPELESS)
async def test_the_directory_is_not_asked_for_a_token_that_no_key_could_make_good(name: str) -> None:
    """Its fault is told at once, so that made-up tokens of the cheapest kind cost the directory nothing."""
    recipe, code = HOPELESS[name]
    directory = Counting()
    tenants = Tenants(directory, hosts=["login.example"])
    verifier = TokenVerifier([], "api", tenants=tenants)
    raw = FakeIssuer(f"{HOST}/a").token(**{"aud": "api", **recipe})
    for attempt in (lambda: verifier.verify(raw), lambda: verifier.averify(raw)):
        with pytest.raises(InvalidTokenError) as caught:
            await attempt()  # type: ignore[misc]
        assert caught.value.code == code
    assert directory.asked == []


def test_what_a_tenant_may_set_for_itself_is_not_judged_beforehand() -> None:
    """An algorithm, a client and a profile that only it allows, and roles that only it has elsewhere."""
    tenant = FakeIssuer(f"{HOST}/a", algorithms=("ES256K",))
    own: dict[str, Any] = {"algorithms": ["ES256K"], "profile": "default", "allowed_clients": ["own"]}

    def resolve(name: str) -> Issuer:
        return Issuer(name, jwks=tenant.jwks(), roles_claim="groups", **own)

    tenants = Tenants(resolve, hosts=["login.example"])
    verifier = TokenVerifier([], "api", profile="rfc9068", allowed_clients=["app"], tenants=tenants)
    claims: dict[str, Any] = {
        "roles": {"a": 1},
        "groups": ["ops"],
        "client_id": "own",
        "header": {"typ": None},
    }
    assert verifier.verify(tenant.token(aud="api", **claims)).roles == {"ops"}
    with pytest.raises(InvalidTokenError, match="client"):
        verifier.verify(tenant.token(aud="api", **{**claims, "client_id": "app"}))


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_tenant_that_leaves_while_it_is_looked_for_is_not_kept(is_async: bool) -> None:
    """The callback's answer may be older than its leaving; kept, it would never be asked about again."""
    tenant = FakeIssuer(f"{HOST}/a")
    ours = {tenant.issuer}

    def resolve(name: str) -> Issuer | None:
        found = Issuer(name, jwks=tenant.jwks()) if name in ours else None
        ours.clear()
        verifier.forget_tenant(name)
        return found

    verifier = TokenVerifier([], "api", tenants=Tenants(resolve, hosts=["login.example"]))
    raw = tenant.token(aud="api")
    assert (await verifier.averify(raw) if is_async else verifier.verify(raw)).subject == "user"
    with pytest.raises(InvalidTokenError, match="issuer"):
        verifier.verify(raw)


def test_a_name_that_is_nobodys_is_remembered_for_a_while() -> None:
    """Half a minute, or until it is forgotten; a clock set back does not make it longer."""
    now = [time.time()]
    directory = Counting()
    tenants = Tenants(directory, hosts=["login.example"])
    verifier = TokenVerifier([], "api", tenants=tenants, clock=lambda: now[0])
    raw = FakeIssuer(f"{HOST}/a").token(aud="api")
    asked = []
    for later in (0, 29, 2, 29, -40):
        now[0] += later
        with pytest.raises(InvalidTokenError, match="issuer"):
            verifier.verify(raw)
        asked.append(len(directory.asked))
    verifier.forget_tenant(f"{HOST}/a")
    with pytest.raises(InvalidTokenError, match="issuer"):
        verifier.verify(raw)
    assert [*asked, len(directory.asked)] == [1, 1, 2, 2, 3, 4]


def test_a_callback_that_fails_for_a_known_tenant_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Somebody was served, and no longer is; the failure for a name that nobody knew is the request's alone."""
    now, tenant = [time.time()], FakeIssuer(f"{HOST}/a", clock=lambda: now[0])
    known = [Issuer(tenant.issuer, jwks=tenant.jwks)]

    def resolve(name: str) -> Issuer | None:
        if not known:
            raise OSError("the directory is down")
        return known.pop()

    tenants = Tenants(resolve, hosts=["login.example"])
    verifier = TokenVerifier([], "api", tenants=tenants, clock=lambda: now[0])
    assert verifier.verify(tenant.token(aud="api")).subject == "user"
    caplog.clear()
    with pytest.raises(KeySourceError):
        verifier.verify(FakeIssuer(f"{HOST}/b", clock=lambda: now[0]).token(aud="api"))
    assert caplog.messages == []
    now[0] += 100_000
    with pytest.raises(KeySourceError):
        verifier.verify(tenant.token(aud="api"))
    assert caplog.messages == ["tenants: the callback can't tell whether one is still ours"]
    assert caplog.records[0].kind == "callback"


def test_no_more_names_are_remembered_than_there_may_be_tenants() -> None:
    """Made-up names take no more memory than that; the oldest is forgotten first."""
    directory = Counting()
    verifier = TokenVerifier([], "api", tenants=Tenants(directory, hosts=["login.example"], max_issuers=2))
    raw = {name: FakeIssuer(f"{HOST}/{name}").token(aud="api") for name in "abc"}
    for name in "abcbca":
        with pytest.raises(InvalidTokenError, match="issuer"):
            verifier.verify(raw[name])
    assert [name[-1] for name in directory.asked] == ["a", "b", "c", "a"]

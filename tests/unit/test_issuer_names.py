"""Issuers as they are named: aliases, AD FS, and names that are no URL. None speaks for another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from jwks_auth import (
    ConfigurationError,
    InvalidTokenError,
    Issuer,
    KeySourceError,
    PyJWKClient,
    Tenants,
    TokenVerifier,
)
from jwks_auth.adapters import Authenticator, Requirement, Settings
from jwks_auth.stores.protocol import MemoryStore
from jwks_auth.testing import FakeIssuer
from jwks_auth.testing.server import Answer

GOOGLE, BARE = "https://accounts.google.com", "accounts.google.com"


def code_of(verifier: TokenVerifier, token: str) -> str | None:
    """The code of the refusal; ``None`` where there is none."""
    try:
        verifier.verify(token)
    except (InvalidTokenError, KeySourceError) as refused:
        return refused.code
    return None


@pytest.mark.parametrize(
    "name",
    [BARE, "ansible-issuer", "urn:example:a", "http://adfs.example/trust", "a@b.iam.gserviceaccount.com"],
)
def test_any_name_is_an_issuer_where_its_keys_are_given(name: str) -> None:
    """Compared as it is, with the keys handed over, or at an address; http is a name like any other."""
    fake = FakeIssuer(name)
    verifier = TokenVerifier(Issuer(name, jwks=fake.jwks()), "api")
    assert verifier.verify(fake.token()).issuer == name
    assert code_of(verifier, fake.token(iss=name + "/")) == "wrong_issuer"
    with FakeIssuer.serve() as served:
        keys = served.issuer + served.jwks_path
        verifier = TokenVerifier(Issuer(name, jwks_uri=keys), "api")
        assert verifier.verify(served.token(iss=name)).issuer == name


async def test_a_token_under_an_alias_is_the_issuers() -> None:
    """Its ``issuer`` is the canonical one, so that nobody becomes two accounts; its claims are as they were sent."""
    fake = FakeIssuer(GOOGLE)
    issuer = Issuer(GOOGLE, aliases=[BARE], jwks=fake.jwks())
    others = FakeIssuer("https://other.example/")
    for verifier in (
        TokenVerifier(issuer, "api"),
        TokenVerifier([issuer, Issuer(others.issuer, jwks=others.jwks())], "api"),
    ):
        for name in (GOOGLE, BARE):
            raw = fake.token(iss=name)
            for token in (verifier.verify(raw), await verifier.averify(raw)):
                assert (token.issuer, token["iss"], token.with_claims(1).issuer) == (GOOGLE, name, GOOGLE)
            assert verifier.explain(raw).failed is None
            assert verifier.mapping_of(name).issuer == GOOGLE
        for name in (BARE + "/", BARE.upper(), "https://" + BARE + "/"):
            assert code_of(verifier, fake.token(iss=name)) == "wrong_issuer"


def test_an_alias_is_a_setting() -> None:
    """For one issuer, and in an entry of ISSUERS; it is never shared."""
    fake = FakeIssuer(GOOGLE)
    entry = {"ISSUER": GOOGLE, "ISSUER_ALIASES": BARE, "JWKS": fake.jwks()}
    for given in ({**entry, "AUDIENCE": "api"}, {"ISSUERS": [entry], "AUDIENCE": "api"}):
        settings = Settings.from_mapping(given)
        assert settings.verifier().verify(fake.token(iss=BARE)).issuer == GOOGLE
        assert settings.issuers == (GOOGLE,)
    with pytest.raises(ConfigurationError, match="ISSUERS and ISSUER_ALIASES exclude each other"):
        Settings.from_mapping({"ISSUERS": [GOOGLE], "ISSUER_ALIASES": BARE, "AUDIENCE": "api"})
    for wrong, message in (([""], "list of strings"), (f"{GOOGLE}/.well-known/x", "document's address")):
        with pytest.raises(ConfigurationError, match=rf"\AISSUER_ALIASES: .*{message}"):
            Settings.from_mapping({**entry, "ISSUER_ALIASES": wrong, "AUDIENCE": "api"}).verifier()


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("https://a.example/", []), ("https://b.example/", ["https://a.example/"])),
        (("https://a.example/", ["https://b.example/"]), ("https://b.example/", [])),
        (("https://a.example/", ["name"]), ("https://b.example/", ["name"])),
    ],
)
def test_two_issuers_share_no_name(one: tuple[str, list[str]], two: tuple[str, list[str]]) -> None:
    """Whoever came first would judge the other's tokens; the control's names are all different."""
    keys = FakeIssuer().jwks()
    issuers = [Issuer(name, aliases=aliases, jwks=keys) for name, aliases in (one, two)]
    with pytest.raises(ConfigurationError, match=r"\Aaliases: .* one issuer would speak for the other"):
        TokenVerifier(issuers, "api")
    TokenVerifier([Issuer(one[0], aliases=["x", one[0]], jwks=keys), Issuer(two[0], jwks=keys)], "api")


def test_an_alias_takes_no_other_keys() -> None:
    """A token under Google's second name, signed by another listed provider, is no token of either."""
    google, mallory = FakeIssuer(GOOGLE), FakeIssuer("https://mallory.example/")
    verifier = TokenVerifier(
        [Issuer(GOOGLE, aliases=[BARE], jwks=google.jwks()), Issuer(mallory.issuer, jwks=mallory.jwks())],
        "api",
    )
    for name in (GOOGLE, BARE):
        assert code_of(verifier, mallory.token(iss=name)) == "wrong_issuer"
        assert code_of(verifier, mallory.token(iss=name, kid=google.kid, key=mallory.key)) is not None
        assert code_of(verifier, google.token(iss=name)) is None


def test_a_route_names_the_canonical_issuer() -> None:
    """Under an alias it would refuse every token, so that is told where the route is declared."""
    fake = FakeIssuer(GOOGLE)
    authenticator = Authenticator(
        {"ISSUER": GOOGLE, "ISSUER_ALIASES": [BARE], "JWKS": fake.jwks(), "AUDIENCE": "api"}
    )
    with pytest.raises(ConfigurationError, match=f"issuer: '{BARE}' is an alias of '{GOOGLE}'"):
        authenticator.check(Requirement.of(issuer=BARE))
    for _ in range(2):
        authenticator.check(Requirement.of(issuer=[GOOGLE, "https://unknown.example/"]))


# Tenants

TENANT, V1 = "https://login.example/t1/v2.0", "https://sts.example/t1/"


@pytest.mark.parametrize(
    "name", ["https://issuer.example", "https://ISSUER.example/", "https://other.example/"]
)
def test_a_route_names_an_issuer_of_the_service(name: str) -> None:
    """With another name it would refuse every token; a directory of tenants may know it."""
    fake = FakeIssuer("https://issuer.example/")
    settings = fake.settings(audience="api")
    with pytest.raises(ConfigurationError, match=r"expected 'https://issuer.example/', exactly so"):
        Authenticator(settings).check(Requirement.of(issuer=name))
    Authenticator(settings).check(Requirement.of(issuer=[name, fake.issuer]))
    Authenticator(TokenVerifier([], "api", tenants=tenants(lambda _: None))).check(
        Requirement.of(issuer=name)
    )


def tenants(find: Callable[[str], Any], hosts: list[str] | None = None) -> Tenants:
    """Tenants on two hosts."""
    return Tenants(find, hosts=hosts or ["login.example", "sts.example"])


async def test_a_tenant_may_have_an_alias() -> None:
    """Entra's v1 name beside v2: one tenant, whichever is asked about first."""
    fake = FakeIssuer(TENANT)
    verifier = TokenVerifier(
        [], "api", tenants=tenants(lambda name: Issuer(TENANT, aliases=[V1], jwks=fake.jwks()))
    )
    for name in (V1, TENANT):
        assert verifier.verify(fake.token(iss=name)).issuer == TENANT
        assert (await verifier.averify(fake.token(iss=name))).issuer == TENANT


@pytest.mark.parametrize("name", [TENANT, V1])
def test_a_forgotten_tenant_is_forgotten_under_all_its_names(name: str) -> None:
    """Else a customer who left would be let in by the name that nobody thought of; the control is another tenant."""
    fake, other = FakeIssuer(TENANT), "https://login.example/t2/v2.0"
    ours = [TENANT, V1, other]

    def find(asked: str) -> Issuer | None:
        aliases = [] if asked == other else [V1]
        found = other if asked == other else TENANT
        return Issuer(found, aliases=aliases, jwks=fake.jwks()) if asked in ours else None

    verifier = TokenVerifier([], "api", tenants=tenants(find))
    for each in (TENANT, V1, other):
        assert code_of(verifier, fake.token(iss=each)) is None
    ours[:] = []
    verifier.forget_tenant(name)
    codes = [code_of(verifier, fake.token(iss=each)) for each in (TENANT, V1, other)]
    assert codes == ["wrong_issuer", "wrong_issuer", None]


@pytest.mark.parametrize(
    ("issuer", "code"),
    [
        ({"issuer": TENANT}, "callback"),
        ({"issuer": "https://listed.example/", "aliases": [V1]}, "callback"),
        ({"issuer": V1, "aliases": ["https://listed.example/"]}, "callback"),
        ({"issuer": V1, "aliases": ["also-listed"]}, "callback"),
        ({"issuer": "https://elsewhere.example/", "aliases": [V1]}, "callback"),
        ({"issuer": TENANT, "aliases": [V1]}, None),
    ],
)
def test_a_tenant_speaks_for_no_listed_issuer(issuer: dict[str, Any], code: str | None) -> None:
    """Neither by its canonical name nor by an alias, nor for one that is no tenant's; the last is the control."""
    fake, listed = FakeIssuer(V1), FakeIssuer("https://listed.example/")
    verifier = TokenVerifier(
        Issuer(listed.issuer, aliases=["also-listed"], jwks=listed.jwks()),
        "api",
        tenants=tenants(lambda name: Issuer(**issuer, jwks=fake.jwks())),
    )
    assert code_of(verifier, fake.token()) == (None if code is None else "key_source_unavailable")
    assert code_of(verifier, listed.token()) is None


def test_tenants_on_this_machine_need_no_tls() -> None:
    """Over http on loopback; on any other host such a name is nobody's, and nobody is asked about it."""
    asked: list[str] = []

    def find(name: str) -> Issuer:
        asked.append(name)
        return Issuer(name)

    with FakeIssuer.serve(path="/t1") as fake:
        host = fake.issuer.removeprefix("http://").removesuffix("/t1")
        verifier = TokenVerifier([], "api", tenants=tenants(find, [host, "login.example"]))
        assert verifier.verify(fake.token()).issuer == fake.issuer
        assert code_of(verifier, fake.token(iss="http://login.example/t1")) == "wrong_issuer"
    assert asked == [fake.issuer]


# AD FS


class AdFs(FakeIssuer):
    """Names itself otherwise in access tokens; its metadata says how."""

    name_in_tokens: str | None = "http://adfs.example/adfs/services/trust"

    def _answer(self, path: str) -> Answer:
        answer = super()._answer(path)
        if answer.document is None or "jwks_uri" not in answer.document or self.name_in_tokens is None:
            return answer
        return Answer({**answer.document, "access_token_issuer": self.name_in_tokens}, answer.outage)

    def access_token(self, **claims: Any) -> str:
        """A token as AD FS makes them."""
        return self.token(iss=self.name_in_tokens, **claims)


@pytest.fixture
def adfs() -> Iterator[AdFs]:
    """An AD FS on loopback."""
    with AdFs.serve(path="/adfs") as served:
        yield served


async def test_ad_fs_is_known_by_what_its_metadata_says(adfs: AdFs) -> None:
    """Alone and among others, with the first token already, and sync as async."""
    other = Issuer("https://other.example/", jwks=FakeIssuer().jwks())
    for issuers in (adfs.issuer, [other, adfs.issuer]):
        verifier = TokenVerifier(issuers, "api")
        token = verifier.verify(adfs.access_token())
        assert (token.issuer, token["iss"]) == (adfs.issuer, adfs.name_in_tokens)
        assert (await TokenVerifier(issuers, "api").averify(adfs.access_token())).issuer == adfs.issuer
        assert verifier.verify(adfs.token()).issuer == adfs.issuer
        assert verifier.explain(adfs.access_token()).failed is None
        for name in ("http://adfs.example/", "http://other.example/adfs/services/trust"):
            assert code_of(verifier, adfs.token(iss=name)) == "wrong_issuer"


def test_ad_fs_may_be_named_as_its_tokens_do(adfs: AdFs) -> None:
    """Then the place of its metadata is given."""
    url = f"{adfs.issuer}/.well-known/openid-configuration"
    issuer = Issuer(str(adfs.name_in_tokens), discovery_url=url)
    assert TokenVerifier(issuer, "api").verify(adfs.access_token()).issuer == adfs.name_in_tokens
    with pytest.raises(InvalidTokenError, match="issuer"):
        TokenVerifier(issuer, "api").verify(adfs.token())


def test_the_name_comes_with_the_keys_from_a_store(adfs: AdFs) -> None:
    """A process that starts with another's keys asks nobody for the metadata."""
    store = MemoryStore()
    for _ in range(2):
        verifier = TokenVerifier(Issuer(adfs.issuer, store=store), "api")
        assert verifier.verify(adfs.access_token()).issuer == adfs.issuer
        assert code_of(verifier, adfs.token(iss="http://x.example/adfs/services/trust")) == "wrong_issuer"
    assert adfs.requests[adfs.jwks_path] == 1


def test_a_name_that_the_metadata_drops_is_none_any_more(adfs: AdFs) -> None:
    """As of the next answer."""
    issuer = Issuer(adfs.issuer)
    verifier = TokenVerifier(issuer, "api")
    assert code_of(verifier, adfs.access_token()) is None
    client: Any = issuer.client
    adfs.name_in_tokens, old = None, adfs.name_in_tokens
    client._discovery._ask_at = 0.0
    client.warm_up(refresh=True)
    assert code_of(verifier, adfs.token(iss=old)) == "wrong_issuer"


def test_a_key_endpoint_gives_itself_no_name() -> None:
    """Only metadata says how access tokens name the issuer; a member of the key set says nothing."""

    class Boastful(FakeIssuer):
        def jwks(self) -> dict[str, Any]:
            return {**super().jwks(), "access_token_issuer": "http://x.example/adfs/services/trust"}

    with Boastful.serve(path="/adfs") as fake:
        for issuer in (Issuer(fake.issuer), Issuer(fake.issuer, jwks_uri=fake.issuer + fake.jwks_path[5:])):
            verifier = TokenVerifier(issuer, "api")
            assert code_of(verifier, fake.token()) is None
            bad = fake.token(iss="http://x.example/adfs/services/trust")
            assert code_of(verifier, bad) == "wrong_issuer"


def test_keys_that_are_no_key_set_are_left_as_they_are() -> None:
    """Kids mapped to PEM: a further member would be one more kid."""

    class Pem(AdFs):
        def jwks(self) -> dict[str, Any]:
            key: Any = jwt.PyJWK(super().jwks()["keys"][0]).key
            return {self.kid: key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()}

    with Pem.serve(path="/adfs") as fake:
        issuer = Issuer(fake.issuer)
        assert code_of(TokenVerifier(issuer, "api"), fake.token()) is None
        assert issuer.client is not None
        assert issuer.client.fetch_data().keys() == {fake.kid}


def test_metadata_takes_no_name_from_a_listed_issuer(adfs: AdFs) -> None:
    """A provider whose metadata claims another's name gets none of its tokens, and passes off none as its own."""
    victim = FakeIssuer("https://victim.example/")
    adfs.name_in_tokens = victim.issuer
    trusted = Issuer(victim.issuer, jwks=victim.jwks())
    for issuers in ([trusted, adfs.issuer], [adfs.issuer, trusted]):
        verifier = TokenVerifier(issuers, "api")
        assert code_of(verifier, adfs.token()) is None, "the control, which reads the metadata"
        assert verifier.verify(victim.token()).issuer == victim.issuer
        assert code_of(verifier, adfs.access_token()) == "unknown_key"


@pytest.mark.parametrize("name", ["https://login.example/t1", "http://adfs.example/adfs/services/trust"])
def test_metadata_takes_no_name_from_a_tenant(adfs: AdFs, name: str) -> None:
    """Nor one that a tenant may have: the tenant's tokens are verified still. The control's name can't be one's."""
    tenant = FakeIssuer("https://login.example/t1")
    adfs.name_in_tokens = name
    there = Tenants(lambda found: Issuer(found, jwks=tenant.jwks()), hosts=["login.example"])
    verifier = TokenVerifier(adfs.issuer, "api", tenants=there)
    assert code_of(verifier, adfs.token()) is None, "the control, which reads the metadata"
    assert verifier.verify(tenant.token()).issuer == tenant.issuer
    assert code_of(verifier, adfs.access_token()) == ("unknown_key" if name == tenant.issuer else None)


def test_a_made_up_name_costs_no_fetch_of_others() -> None:
    """An issuer that does not look like AD FS is asked for nothing by a token of a name it does not have."""
    with FakeIssuer.serve() as fake:
        verifier = TokenVerifier(fake.issuer, "api")
        assert code_of(verifier, fake.token(iss="https://made-up.example/")) == "wrong_issuer"
        assert fake.requests.total() == 0


# One client for several


def test_forty_issuers_at_one_address_cost_one_fetch() -> None:
    """Of keys; each has its own name all the same, and takes no other's tokens."""
    with FakeIssuer.serve() as fake:
        keys = fake.issuer + fake.jwks_path
        entries = [
            {"ISSUER": f"https://t{at}.example/", "JWKS_URI": keys, "AUDIENCE": f"api{at}"}
            for at in range(40)
        ]
        authenticator = Authenticator({"ISSUERS": entries, "STORE": MemoryStore(), "STORE_SECRET": "s" * 16})
        authenticator.warm_up()
        verifier = authenticator.verifier
        for at in range(40):
            token = verifier.verify_any_audience(fake.token(iss=f"https://t{at}.example/", aud=f"api{at}"))  # type: ignore[arg-type]
            assert token.issuer == f"https://t{at}.example/"
        assert fake.requests[fake.jwks_path] == 1
        assert len({id(issuer.client) for issuer in authenticator.issuers}) == 1
        assert {health.keys for health in authenticator.health().values()} == {1}


def test_forty_tenants_at_one_address_cost_one_fetch() -> None:
    """Each issuer is made anew by the callback, and again when it is asked again."""
    with FakeIssuer.serve() as fake:
        keys = fake.issuer + fake.jwks_path
        verifier = TokenVerifier(
            [], "api", tenants=tenants(lambda name: Issuer(name, jwks_uri=keys, headers={"X-Key": "1"}))
        )
        for at in range(40):
            name = f"https://login.example/t{at}"
            assert verifier.verify(fake.token(iss=name)).issuer == name
        verifier.forget_tenant("https://login.example/t0")
        assert verifier.verify(fake.token(iss="https://login.example/t0"))
        assert fake.requests[fake.jwks_path] == 1


@pytest.mark.parametrize("option", [{"headers": {"X-Key": "2"}}, {"lifespan": 60}, {"store": MemoryStore()}])
def test_other_settings_of_the_network_share_nothing(option: dict[str, Any]) -> None:
    """A header may be what the endpoint answers by; nor does a client of one's own stand in for another's."""
    with FakeIssuer.serve() as fake:
        keys = fake.issuer + fake.jwks_path
        one, two = Issuer("a", jwks_uri=keys), Issuer("b", jwks_uri=keys, **option)
        own = Issuer("c", client=PyJWKClient(keys))
        TokenVerifier([one, two, own], "api")
        assert len({id(issuer.client) for issuer in (one, two, own)}) == 3

"""``FakeIssuer`` in process: PyJWT, which shares no code with it, judges what it makes."""

import json

import jwt
import pytest

from jwks_auth import InsufficientScopeError, Policy
from jwks_auth.testing import FakeIssuer, SigningKey

ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
    "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
)  # fmt: skip


def judge(issuer: FakeIssuer, token: str, **options) -> dict:
    """The claims of *token*, decoded by PyJWT with the published keys."""
    header = jwt.get_unverified_header(token)
    [member] = [key for key in issuer.jwks()["keys"] if key["kid"] == header["kid"]]
    pyjwt_name = "EdDSA" if header["alg"].startswith("Ed") else header["alg"]
    key = jwt.PyJWK(member, algorithm=pyjwt_name)
    verifier = jwt.PyJWS(algorithms=[header["alg"]] if header["alg"] == pyjwt_name else None)
    if header["alg"] != pyjwt_name:
        verifier.register_algorithm(header["alg"], key.Algorithm)
    return json.loads(verifier.decode(token, key.key, algorithms=[header["alg"]], **options))


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_each_algorithm_gives_a_token_that_verifies(alg):
    """One key for each algorithm, each published and each signing."""
    issuer = FakeIssuer(algorithms=ALGORITHMS)
    token = issuer.token(alg=alg, scope="orders:read")
    assert jwt.get_unverified_header(token)["alg"] == alg
    assert judge(issuer, token)["scope"] == "orders:read"


@pytest.mark.parametrize("alg", ["ES256K", "Ed448"])
def test_algorithms_by_opt_in_can_be_made_too(alg):
    """What the verifier accepts only when asked can be tested all the same."""
    issuer = FakeIssuer(algorithms=(alg,))
    assert judge(issuer, issuer.token())["sub"] == "user"


def test_a_token_is_a_complete_access_token():
    """Every claim and the type that RFC 9068 section 2 asks for."""
    issuer = FakeIssuer("https://acme.example/", clock=lambda: 1000.9)
    token = issuer.token()
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "kid": issuer.kid, "typ": "at+jwt"}
    claims = judge(issuer, token)
    assert claims.pop("jti")
    assert claims == {
        "iss": "https://acme.example/", "sub": "user", "aud": "api", "client_id": "client",
        "iat": 1000, "exp": 1300,
    }  # fmt: skip


def test_claims_can_be_overridden_and_removed():
    """``None`` removes; ``expires_in`` moves ``exp``; two tokens never share a ``jti``."""
    issuer = FakeIssuer(clock=lambda: 1000)
    claims = issuer.claims(aud=None, sub="u1", expires_in=-60)
    assert "aud" not in claims
    assert (claims["sub"], claims["exp"]) == ("u1", 940)
    assert claims["jti"] != issuer.claims()["jti"]


def test_scopes_are_written_as_one_claim():
    """A list or a string, as ``require_jwt`` takes them; what no token can hold is a mistake in the test."""
    issuer = FakeIssuer(algorithms=("ES256",))
    assert issuer.claims(scopes=["orders:read", "orders:write"])["scope"] == "orders:read orders:write"
    assert issuer.claims(scopes="orders:read")["scope"] == "orders:read"
    assert "scope" not in issuer.claims()
    with pytest.raises(ValueError, match="impossible"):
        issuer.claims(scopes=["a b"])


def test_header_members_can_be_overridden_and_removed():
    """The signature stays the key's own, whatever the header claims."""
    issuer = FakeIssuer()
    token = issuer.token(header={"kid": None, "typ": "JWT", "alg": "PS256"})
    assert jwt.get_unverified_header(token) == {"alg": "PS256", "typ": "JWT"}


def test_headers_carry_a_bearer_token():
    """Ready for any test client, with the arguments of ``token``."""
    issuer = FakeIssuer()
    scheme, token = issuer.headers(sub="u1")["Authorization"].split(" ")
    assert scheme == "Bearer"
    assert judge(issuer, token)["sub"] == "u1"


def test_any_bytes_can_be_signed():
    """For what a parser must survive: payloads that are not JSON, headers of any content."""
    issuer = FakeIssuer(algorithms=("ES256",))
    token = issuer.sign(b"\xff not JSON", {"crit": ["exp"], "b64": False})
    assert jwt.get_unverified_header(issuer.sign(b"{}")) == {"alg": "ES256", "kid": issuer.kid}
    assert jwt.utils.base64url_decode(token.split(".")[1]) == b"\xff not JSON"


def test_alg_none_gives_an_unsigned_token():
    """The oldest attack, spelled ``alg="none"``."""
    issuer = FakeIssuer()
    token = issuer.token(alg="none")
    assert token.endswith(".")
    assert jwt.get_unverified_header(token)["alg"] == "none"


def test_a_foreign_key_signs_under_the_issuers_name():
    """A forger's token names a published kid, and its signature is wrong."""
    issuer = FakeIssuer()
    forged = issuer.token(key=SigningKey.generate("RS256"), kid=issuer.kid)
    with pytest.raises(jwt.InvalidSignatureError):
        judge(issuer, forged)


def test_hs256_confusion_can_be_forged():
    """``SigningKey`` signs with whatever it is given: here the public key's text as an HMAC secret."""
    issuer = FakeIssuer()
    forger = SigningKey(issuer.kid, "HS256", issuer.key.public_pem())
    assert jwt.get_unverified_header(issuer.token(key=forger))["alg"] == "HS256"
    with pytest.raises(ValueError, match="no public half"):
        forger.jwk()


def test_rotation_publishes_a_key_and_signs_with_it():
    """The old key stays published, so its tokens still verify."""
    issuer = FakeIssuer()
    old_kid, old_token = issuer.kid, issuer.token()
    new_kid = issuer.rotate()
    assert issuer.kid == new_kid != old_kid
    assert [key["kid"] for key in issuer.jwks()["keys"]] == [old_kid, new_kid]
    assert jwt.get_unverified_header(issuer.token())["kid"] == new_kid
    assert judge(issuer, old_token)


def test_rotation_to_another_algorithm_and_a_chosen_kid():
    """A new algorithm appears without becoming the one that signs by default."""
    issuer = FakeIssuer()
    assert issuer.rotate("ES256", kid="chosen") == "chosen"
    assert jwt.get_unverified_header(issuer.token(alg="ES256"))["kid"] == "chosen"
    assert jwt.get_unverified_header(issuer.token())["alg"] == "RS256"


def test_a_withdrawn_key_is_gone_from_the_set_but_still_signs():
    """As a stolen key would."""
    issuer = FakeIssuer()
    old = issuer.kid
    issuer.rotate()
    issuer.withdraw(old)
    assert old not in {key["kid"] for key in issuer.jwks()["keys"]}
    assert jwt.get_unverified_header(issuer.token(kid=old))["kid"] == old


def test_an_unknown_kid_goes_into_the_header_only():
    """The newest key signs for it."""
    issuer = FakeIssuer()
    assert jwt.get_unverified_header(issuer.token(kid="nobody"))["kid"] == "nobody"


def test_mistakes_in_a_test_are_named():
    """An algorithm or kid the issuer does not have, an outage that does not exist."""
    issuer = FakeIssuer()
    with pytest.raises(ValueError, match="no ES256 key"):
        issuer.token(alg="ES256")
    with pytest.raises(ValueError, match="can't make a key for 'RS1'"):
        FakeIssuer(algorithms=("RS1",))
    with pytest.raises(ValueError, match="'nobody' is not a key"):
        issuer.withdraw("nobody")
    with pytest.raises(ValueError, match="outage mode 'fire' is unknown"):
        issuer.outage("fire")


def test_settings_hold_a_live_key_set():
    """``JWKS`` is a callable: what happens to the issuer's keys is seen through it, and counted."""
    issuer = FakeIssuer()
    settings = issuer.settings()
    assert {name: settings[name] for name in ("ISSUER", "AUDIENCE")} == {
        "ISSUER": issuer.issuer,
        "AUDIENCE": "api",
    }
    kid = issuer.rotate()
    assert settings["JWKS"]()["keys"][-1]["kid"] == kid
    assert issuer.requests[issuer.jwks_path] == 1


def test_settings_take_a_prefix_and_decide_the_audience_of_tokens():
    """The first of several audiences; anything that is no audience (a sentinel) leaves the default."""
    issuer = FakeIssuer()
    assert set(issuer.settings(["orders", "other"], prefix="JWKS_AUTH_")) == {
        "JWKS_AUTH_ISSUER", "JWKS_AUTH_AUDIENCE", "JWKS_AUTH_JWKS",
    }  # fmt: skip
    assert issuer.claims()["aud"] == "orders"
    issuer.settings(object())
    assert issuer.claims()["aud"] == "orders"


def test_settings_of_introspection_have_the_client_s_credentials():
    """Those that its own endpoint takes."""
    issuer = FakeIssuer()
    settings = issuer.settings(introspection="opaque")
    assert settings["INTROSPECTION"] == "opaque"
    assert settings["INTROSPECTION_CLIENT"] == {"ID": issuer.client_id, "SECRET": issuer.client_secret}
    assert "INTROSPECTION" not in issuer.settings()


def test_settings_name_a_profile_and_make_tokens_of_it():
    """``headers`` then carries what the service takes."""
    issuer = FakeIssuer()
    for profile, typ in (("id_token", "JWT"), (None, "at+jwt")):
        assert issuer.settings(profile=profile).get("PROFILE") == profile
        raw = issuer.headers()["Authorization"].removeprefix("Bearer ")
        assert jwt.get_unverified_header(raw)["typ"] == typ


def test_an_outage_in_process_is_a_connection_error():
    """As a context manager and as a switch."""
    issuer = FakeIssuer()
    with issuer.outage(), pytest.raises(ConnectionError, match="is down"):
        issuer.fetch_jwks()
    issuer.fetch_jwks()
    issuer.outage("hang")
    with pytest.raises(ConnectionError):
        issuer.fetch_jwks()
    issuer.recover()
    issuer.fetch_jwks()


def test_two_living_issuers_never_share_a_key():
    """RSA keys are recycled only once their issuer is gone."""
    first, second = FakeIssuer(), FakeIssuer()
    assert first.jwks()["keys"][0]["n"] != second.jwks()["keys"][0]["n"]
    modulus = first.jwks()["keys"][0]["n"]
    del first
    assert FakeIssuer().jwks()["keys"][0]["n"] == modulus


def test_a_key_does_not_show_its_private_half():
    """Neither in its repr nor in its JWK."""
    key = SigningKey.generate("ES256")
    assert "private" not in repr(key)
    assert "d" not in key.jwk()


def test_a_verified_token_without_a_signature() -> None:
    """As a verifier returns it: claims, scopes, issuer; for code that is given a token, it needs no network."""
    issuer = FakeIssuer("https://a.example/")
    token = issuer.verified(sub="u1", scopes=["orders:read"], roles=["admin"], aud=None)
    assert (token.subject, token.issuer, token.scopes) == ("u1", "https://a.example/", {"orders:read"})
    assert (token.roles, token.audience, token.raw) == ({"admin"}, (), None)
    assert not token.is_service
    Policy(scopes="orders:read", any_role=["admin"]).check(token)
    with pytest.raises(InsufficientScopeError):
        Policy(scopes="orders:write").check(token)
    assert issuer.requests.total() == 0

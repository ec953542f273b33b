"""Tokens that only their issuer can read: what it is asked, and how its answers are judged (RFC 7662)."""

from __future__ import annotations

import asyncio
import base64
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from jwks_auth import (
    ANY_AUDIENCE,
    ConfigurationError,
    Introspection,
    InvalidTokenError,
    Issuer,
    KeySourceError,
    Tenants,
    TokenVerifier,
)
from jwks_auth.testing import FakeIssuer
from jwks_auth.testing.server import Answer, Form
from tests.introspecting import API, Asking, asking, introspection
from tests.key_fakes import Clock
from tests.patience import PATIENCE, eventually


def test_an_opaque_token_is_what_its_issuer_tells_of_it() -> None:
    """The same properties as of a JWT, sync and async."""
    with asking() as service:
        raw = service.issuer.opaque(scope="orders:read", roles=["ops"])
        token = service.verifier.verify(raw)
        again = asyncio.run(service.verifier.averify(raw))
    assert (token.kind, token.subject, token.issuer) == ("opaque", "user", service.issuer.issuer)
    assert token.scopes == again.scopes == {"orders:read"}
    assert (token.roles, token.raw, token.header) == ({"ops"}, raw, {})


def test_a_jwt_is_verified_here_and_nobody_is_asked() -> None:
    """In the mode ``opaque``."""
    with asking() as service:
        token = service.verifier.verify(service.issuer.token())
    assert (token.kind, service.asked) == ("jwt", 0)


def test_an_answer_is_kept_for_as_long_as_the_options_say() -> None:
    """Thirty seconds by default, then it is asked for again."""
    with asking() as service:
        raw = service.issuer.opaque()
        for _ in range(3):
            service.verifier.verify(raw)
        assert service.asked == 1
        service.issuer.revoke(raw)
        service.clock.advance(29)
        service.verifier.verify(raw)
        service.clock.advance(2)
        assert (service.code(raw), service.asked) == ("401 inactive", 2)


def test_without_a_cache_a_revocation_counts_at_once() -> None:
    """Each request asks."""
    with asking(cache=0) as service:
        raw = service.issuer.opaque()
        service.verifier.verify(raw)
        service.issuer.revoke(raw)
        assert (service.code(raw), service.asked) == ("401 inactive", 2)


def test_a_kept_answer_is_worth_nothing_after_its_exp() -> None:
    """Of a request's claims the times are judged each time (7662-5)."""
    with asking(cache=600) as service:
        raw = service.issuer.opaque(expires_in=60)
        service.verifier.verify(raw)
        service.clock.advance(100)
        assert (service.code(raw), service.asked) == ("401 expired", 1)


def test_what_is_inactive_is_remembered_for_five_seconds() -> None:
    """A client that repeats it costs the issuer little."""
    with asking() as service:
        assert [service.code("junk"), service.code("junk")] == ["401 inactive"] * 2
        assert service.asked == 1
        service.clock.advance(6)
        assert (service.code("junk"), service.asked) == ("401 inactive", 2)


def test_a_forgotten_token_is_asked_about_again() -> None:
    """As after a logout."""
    with asking() as service:
        raw = service.issuer.opaque()
        service.verifier.verify(raw)
        service.issuer.revoke(raw)
        service.verifier.forget(raw)
        assert (service.code(raw), service.asked) == ("401 inactive", 2)
    TokenVerifier("https://issuer.example/", "api").forget(raw)  # nothing to forget


def test_a_request_changes_no_other_request_s_claims() -> None:
    """The kept answer is copied where it could be changed."""
    with asking() as service:
        raw = service.issuer.opaque(roles=["ops"])
        token: Any = service.verifier.verify(raw)
        token.claims["roles"].append("admin")
        assert service.verifier.verify(raw).roles == {"ops"}


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"aud": None}, "401 wrong_audience"),
        ({"aud": "other"}, "401 wrong_audience"),
        ({"aud": ["other", API]}, "accepted"),
        ({"aud": 7}, "401 invalid_claim"),
        ({"iss": "https://other.example/"}, "401 wrong_issuer"),
        ({"iss": 7}, "401 wrong_issuer"),
        ({"iss": None}, "accepted"),
        ({"exp": None}, "accepted"),
        ({"exp": "soon"}, "401 invalid_claim"),
        ({"exp": True}, "401 invalid_claim"),
        ({"nbf": 2e6}, "401 not_yet_valid"),
        ({"iat": 2e6}, "401 not_yet_valid"),
        ({"sub": 7}, "401 invalid_claim"),
        ({"sub": None}, "accepted"),
        ({"token_type": "bearer"}, "accepted"),
        ({"token_type": None}, "accepted"),
        ({"token_type": "access_token"}, "accepted"),
        ({"token_type": "refresh_token"}, "401 wrong_type"),
        ({"token_type": 7}, "401 wrong_type"),
        ({"token_type": "b" * 1000}, "401 wrong_type"),
        ({"token_type": "DPoP"}, "401 bound_token"),
        ({"token_type": "DPoP", "cnf": {"jkt": "x"}}, "401 bound_token"),
        ({"cnf": {"jkt": "x"}}, "401 bound_token"),
        ({"cnf": "x"}, "401 bound_token"),
        ({"token_use": "access_token"}, "accepted"),
        ({"token_use": "refresh_token"}, "401 wrong_type"),
        ({"typ": "Refresh"}, "401 wrong_type"),
        ({"at_hash": "x"}, "401 wrong_type"),
        ({"events": {}}, "401 wrong_type"),
        ({"active": False}, "401 inactive"),
        ({"active": "true"}, "503 key_source_unavailable"),
        ({"active": "false"}, "503 key_source_unavailable"),
        ({"active": 1}, "503 key_source_unavailable"),
        ({"active": None}, "503 key_source_unavailable"),
        ({"active": []}, "503 key_source_unavailable"),
    ],
    ids=str,
)
def test_an_answer_is_judged_as_a_token_is(claims: dict[str, Any], code: str) -> None:
    """By the same rules; what is not active in so many words is not (7662-3)."""
    with asking() as service:
        told = {**service.issuer.claims(), **claims}
        given = {key: value for key, value in told.items() if value is not None or key == "active"}
        service.issuer.tell_of("opaque", given)
        assert service.code("opaque") == code


def test_an_answer_without_aud_passes_where_any_audience_is_typed_out() -> None:
    """For introspected answers alone, best beside ``allowed_clients``."""
    rest = {"allowed_clients": ["shop"]}
    with asking(audience=ANY_AUDIENCE, rest=rest) as service:
        service.issuer.tell_of("good", {"client_id": "shop"})
        service.issuer.tell_of("foreign", {"client_id": "other"})
        assert [service.code("good"), service.code("foreign")] == ["accepted", "401 wrong_client"]
        assert service.code(service.issuer.token(aud="other", client_id="shop")) == "401 wrong_audience"
        with pytest.raises(InvalidTokenError, match="another audience"):
            service.verifier.verify("good", audience="api")


def test_rules_of_the_service_count_for_answers_too() -> None:
    """Required claims and the age; the strict profile is about JWTs."""
    rest = {"required_claims": ["tenant"], "max_age": 60, "profile": "rfc9068"}
    with asking(rest=rest) as service:
        now = service.clock.now
        service.issuer.tell_of("good", {"aud": API, "tenant": "a", "iat": now})
        service.issuer.tell_of("lacking", {"aud": API, "iat": now})
        service.issuer.tell_of("old", {"aud": API, "tenant": "a", "iat": now - 200})
        found = [service.code(raw) for raw in ("good", "lacking", "old")]
    assert found == ["accepted", "401 missing_claim", "401 too_old"]


def test_values_that_claims_must_have_count_for_answers_too() -> None:
    """As of a JWT, in either mode."""
    rest = {"required_claims": {"tenant": "a"}}
    with asking(rest=rest) as service:
        service.issuer.tell_of("good", {"aud": API, "tenant": "a"})
        service.issuer.tell_of("foreign", {"aud": API, "tenant": "b"})
        assert [service.code(raw) for raw in ("good", "foreign")] == ["accepted", "401 invalid_claim"]


# --- JWTs that are confirmed


def test_a_jwt_is_confirmed_by_its_issuer_where_that_is_asked_for() -> None:
    """A revocation counts within the cache's time, and the token cache saves no question."""
    with asking(mode="always", rest={"token_cache": 64}) as service:
        raw = service.issuer.token()
        for _ in range(4):
            assert service.verifier.verify(raw).kind == "jwt"
        assert asyncio.run(service.verifier.averify(raw)).kind == "jwt"
        assert service.asked == 1
        service.issuer.revoke(raw)
        service.clock.advance(31)
        assert (service.code(raw), service.asked) == ("401 inactive", 2)


def test_a_forged_jwt_is_never_sent_to_the_issuer() -> None:
    """It is verified here first."""
    with asking(mode="always") as service:
        forged = FakeIssuer(service.issuer.issuer, clock=service.clock).token()
        assert service.code(forged).startswith("401")
        assert (service.code(service.issuer.token(aud="other")), service.asked) == ("401 wrong_audience", 1)


def test_an_issuer_may_bind_a_jwt_that_names_no_key() -> None:
    """The answer's ``cnf`` counts beside the token's own; other claims are the token's."""
    with asking(mode="always") as service:
        raw = service.issuer.token()
        service.issuer.tell_of(raw, {"cnf": {"jkt": "x"}, "scope": "all"})
        token = service.verifier.verify_any_audience(raw)
        assert (token.confirmation, token.scopes, token.kind) == ({"jkt": "x"}, frozenset(), "jwt")
        assert service.code(raw) == "401 bound_token"


def test_a_long_jwt_is_confirmed_too() -> None:
    """The bound of 4 KiB is for opaque tokens."""
    with asking(mode="always") as service:
        assert service.code(service.issuer.token(padding="x" * 6000)) == "accepted"
        assert service.asked == 1


# --- what is never asked


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("x" * 4097, "401 too_large"),
        ("x" * 20_000, "401 too_large"),
        ("", "401 malformed"),
        ("with space", "401 malformed"),
        ("umläut", "401 malformed"),
        ("a=b", "401 malformed"),
        (b"bytes", "401 malformed"),
        (None, "401 malformed"),
        ("eyJhbGciOiJub25lIn0.e30.", "401 algorithm_not_allowed"),
        ("eyJhbGciOiJSUzI1NiJ9.broken.", "401 malformed"),
        ("eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0.a.b.c.d", "401 malformed"),
        (base64.b64encode(b' \n{"alg": "none"}').decode().rstrip("=") + ".a.b", "401 malformed"),
        (base64.b64encode(b" " * 60).decode() + ".a.b", "401 malformed"),
    ],
    ids=lambda given: str(given)[:24],
)
def test_what_cannot_be_an_opaque_token_is_refused_unasked(raw: Any, code: str) -> None:
    """Too long, no token68, or a JWT: good or bad, it goes nowhere."""
    with asking() as service:
        assert (service.code(raw), service.asked) == (code, 0)


def test_dots_do_not_make_a_jwt() -> None:
    """Providers' own formats have some: Ory's one, PASETO's three."""
    with asking() as service:
        for raw in ("ory_at_abc.def", "v4.local.abc.def", "a.b.c", "~~~.b.c", "eyJ.b"):
            service.issuer.tell_of(raw, service.issuer.claims())
            assert service.code(raw) == "accepted"


def test_a_jwt_of_another_issuer_is_never_sent() -> None:
    """Nor one without ``iss``; introspection would hand it to a stranger (7662-6)."""
    with asking() as service:
        for raw in (FakeIssuer("https://other.example/").token(), service.issuer.token(iss=None)):
            assert service.code(raw).startswith("401")
        assert service.asked == 0


def test_two_issuers_without_a_prefix_are_a_mistake() -> None:
    """One would get the other's tokens."""
    first, second = (
        Issuer(f"https://{name}.example/", introspection=Introspection(client_id="a", client_secret="b"))
        for name in ("one", "two")
    )
    with pytest.raises(ConfigurationError, match=r"introspection: .*one\.example.*TOKEN_PREFIX"):
        TokenVerifier([first, second], API)
    same = [
        Issuer(
            f"https://{name}.example/",
            introspection=Introspection(client_id="a", client_secret="b", token_prefix="x_"),
        )
        for name in ("one", "two")
    ]
    with pytest.raises(ConfigurationError, match="both with 'x_'"):
        TokenVerifier(same, API)


def test_a_prefix_tells_two_issuers_apart() -> None:
    """Each is asked about its own tokens, sent whole, and of a longer prefix the longer one counts."""
    with FakeIssuer.serve() as one, FakeIssuer.serve() as two:
        issuers = [
            Issuer(each.issuer, introspection=introspection(each, token_prefix=prefix))
            for each, prefix in ((one, "a_"), (two, "a_b_"))
        ]
        verifier = TokenVerifier(issuers, API)
        assert verifier.verify(one.opaque(prefix="a_")).issuer == one.issuer
        assert verifier.verify(two.opaque(prefix="a_b_")).issuer == two.issuer
        with pytest.raises(InvalidTokenError) as caught:
            verifier.verify("neither")
        asked = [each.requests[each.introspection_path] for each in (one, two)]
    assert (caught.value.code, asked) == ("malformed", [1, 1])


def test_an_own_audience_of_several_is_not_widened_by_a_route() -> None:
    """As of JWTs."""
    with FakeIssuer.serve() as one:
        asked = Issuer(one.issuer, introspection=introspection(one, audience="orders"))
        verifier = TokenVerifier([asked, "https://two.example/"], API)
        raw = one.opaque(aud=["orders", "other"])
        assert verifier.verify(raw).subject == "user"
        with pytest.raises(ConfigurationError, match="audience"):
            TokenVerifier(Issuer(one.issuer, introspection=Introspection(mode="off", audience=7)), API)
        with pytest.raises(InvalidTokenError):
            verifier.verify(raw, audience="other")


def test_tenants_are_never_asked() -> None:
    """They can't be listed, so none of them could be told by its tokens."""
    tenants = Tenants(lambda name: None, hosts=["id.example"])
    verifier = TokenVerifier([], API, tenants=tenants)
    with pytest.raises(InvalidTokenError, match="malformed"):
        verifier.verify("opaque")


# --- the issuer at fault


@pytest.mark.parametrize("mode", ["error", "drop"])
def test_an_outage_is_the_service_s_problem(mode: str) -> None:
    """503 with a time to come back, never 401; and the issuer has a rest."""
    with asking() as service:
        raw = service.issuer.opaque()
        with service.issuer.outage(mode), pytest.raises(KeySourceError) as caught:
            service.verifier.verify(raw)
        assert caught.value.status == 503
        assert service.code(raw) == "503 key_source_unavailable"  # it rests
        service.clock.advance(31)
        assert service.code(raw) == "accepted"


def test_the_rest_grows_with_each_failure() -> None:
    """Half a second, then one, ...: thirty at most."""
    with asking(url="http://127.0.0.1:9/introspect") as service:
        waits = []
        for _ in range(9):
            assert service.code("a").startswith("503")
            with pytest.raises(KeySourceError) as caught:
                service.verifier.verify("b")
            waits.append(caught.value.retry_after)
            service.clock.advance(waits[-1])
        service.clock.now -= 10_000  # the clock is set back
        assert service.code("c").startswith("503")
    assert waits == pytest.approx([0.5, 1, 2, 4, 8, 16, 30, 30, 30])


def test_refused_credentials_are_ours_to_mend(caplog: pytest.LogCaptureFixture) -> None:
    """503 and an error in the log: no client can do anything about them (7662-4)."""
    with asking(client_secret="wrong") as service, caplog.at_level(logging.WARNING):
        assert service.code(service.issuer.opaque()) == "503 key_source_unavailable"
    [record] = [each for each in caplog.records if "introspection" in each.message]
    assert record.levelno == logging.ERROR
    assert "INTROSPECTION_CLIENT" in record.message
    assert "wrong" not in record.message


def test_a_missing_endpoint_is_told() -> None:
    """The metadata names none."""
    with asking() as service:
        service.issuer.discovery = lambda: {  # type: ignore[method-assign]
            "issuer": service.issuer.issuer,
            "jwks_uri": service.issuer.jwks_uri,
        }
        with pytest.raises(KeySourceError, match="introspection_endpoint"):
            service.verifier.verify("a")


def test_one_question_serves_all_who_wait() -> None:
    """Sixty-four requests with one token make one request there, and all end when it hangs."""
    with asking(rest={"wait": 0.3}) as service:
        service.verifier.verify(service.issuer.opaque())  # the endpoint's address is known
        before = service.asked
        service.issuer.outage("hang")
        with ThreadPoolExecutor(64) as pool:
            codes = list(pool.map(service.code, ["same"] * 64))
        assert (set(codes), service.asked - before) == ({"503 key_source_unavailable"}, 1)


def test_a_hanging_issuer_does_not_hold_the_event_loop() -> None:
    """Other tasks go on while one waits, and the wait ends."""

    async def run(service: Asking) -> int:
        turns = 0
        waiting = asyncio.ensure_future(service.verifier.averify("same"))
        while not waiting.done():
            turns += 1
            await asyncio.sleep(0)
        with pytest.raises(KeySourceError, match="takes too long"):
            await waiting
        return turns

    with asking(rest={"wait": 0.3}) as service:
        service.verifier.verify(service.issuer.opaque())
        with service.issuer.outage("hang"):
            assert asyncio.run(run(service)) > 100


def test_junk_cannot_take_the_places_of_tokens_that_were_active() -> None:
    """Twelve questions about unknown tokens at once, and four more for known ones; the next is 503 (7662-7)."""
    with asking(cache=0, rest={"wait": PATIENCE}) as service:
        known = [service.issuer.opaque() for _ in range(5)]
        for raw in known:
            service.verifier.verify(raw)
        service.issuer.outage("hang")
        before = service.asked
        threads = [threading.Thread(target=service.code, args=(f"junk{n}",)) for n in range(12)]
        for thread in threads:
            thread.start()
        assert eventually(lambda: service.asked - before == 12)
        assert service.code("junk-too-many") == "503 key_source_unavailable"
        known_threads = [threading.Thread(target=service.code, args=(raw,)) for raw in known[:4]]
        for thread in known_threads:
            thread.start()
        assert eventually(lambda: service.asked - before == 16)
        assert service.code(known[4]) == "503 key_source_unavailable"
        assert service.asked - before == 16
    for thread in threads + known_threads:
        thread.join(PATIENCE)


# --- credentials


class Desk(FakeIssuer):
    """An issuer that notes what it is asked, and by whom."""

    seen: Form

    def _answer(self, path: str, form: Form | None = None) -> Answer:
        if form is None:
            return super()._answer(path)
        self.seen = form
        return Answer(self.introspect(form.fields["token"]))


def asked_with(tmp_path: Path, **options: Any) -> Form:
    """What arrives at the endpoint."""
    with Desk.serve() as issuer:
        asked = Issuer(
            issuer.issuer,
            headers={"X-Gateway": "g", "Authorization": "Basic old"},
            introspection=Introspection(**options),
        )
        TokenVerifier(asked, API).verify(issuer.opaque())
        return issuer.seen


def test_credentials_are_encoded_before_they_are_joined(tmp_path: Path) -> None:
    """RFC 6749 section 2.3.1; the issuer's headers go along, but for another Authorization (7662-2)."""
    seen = asked_with(tmp_path, client_id="a:b c", client_secret="p%é/")
    sent = base64.b64decode(seen.headers["Authorization"].removeprefix("Basic "))
    assert sent == b"a%3Ab+c:p%25%C3%A9%2F"
    assert seen.headers["X-Gateway"] == "g"
    assert seen.fields.keys() == {"token", "token_type_hint"}


def test_credentials_in_the_form(tmp_path: Path) -> None:
    """``post`` sends no header."""
    seen = asked_with(tmp_path, client_id="a", client_secret="b&c", method="post")
    assert (seen.fields["client_id"], seen.fields["client_secret"]) == ("a", "b&c")
    assert "Authorization" not in seen.headers


def test_a_bearer_token_in_a_file_is_read_for_each_question(tmp_path: Path) -> None:
    """As Kubernetes renews it."""
    file = tmp_path / "token"
    file.write_text("first\n")
    with Desk.serve() as issuer:
        options = Introspection(method="bearer", client_secret=f"file:{file}")
        verifier = TokenVerifier(Issuer(issuer.issuer, introspection=options), API)
        verifier.verify(issuer.opaque())
        assert issuer.seen.headers["Authorization"] == "Bearer first"
        file.write_text("second")
        verifier.verify(issuer.opaque())
        assert issuer.seen.headers["Authorization"] == "Bearer second"
        file.unlink()
        with pytest.raises(KeySourceError) as caught:
            verifier.verify(issuer.opaque())
    assert caught.value.kind == "credentials"


KEYS: dict[str, Any] = {
    "RS256": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


def pem_of(key: Any) -> str:
    """A private key in PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()  # type: ignore[no-any-return]


@pytest.mark.parametrize("alg", KEYS)
def test_a_private_key_signs_who_asks(tmp_path: Path, alg: str) -> None:
    """RFC 7523: for the issuer, once, and for a minute."""
    import jwt

    pem = pem_of(KEYS[alg]).replace("\n", "\\n")
    seen = asked_with(tmp_path, client_id="a", client_secret=pem, method="private_key_jwt")
    read = jwt.decode(
        seen.fields["client_assertion"],
        KEYS[alg].public_key(),
        algorithms=[alg],
        options={"verify_aud": False},
    )
    assert (read["iss"], read["sub"], read["exp"] - read["iat"]) == ("a", "a", 60)
    assert read["aud"].startswith("http://127.0.0.1")
    assert seen.fields["client_assertion_type"].endswith(":jwt-bearer")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "introspection_client: expected the ID"),
        ({"client_id": "a"}, "introspection_client: expected a SECRET"),
        ({"client_id": 7, "client_secret": "b"}, "introspection_client: expected the ID"),
        (
            {"client_id": "a", "client_secret": "b", "method": "magic"},
            "introspection_client: found the method",
        ),
        (
            {"client_id": "a", "client_secret": "file:/nowhere"},
            "introspection_client: found the file '/nowhere'",
        ),
        ({"client_id": "a", "client_secret": "b", "method": "private_key_jwt"}, "no private key"),
        (
            {
                "client_id": "a",
                "client_secret": pem_of(x25519.X25519PrivateKey.generate()),
                "method": "private_key_jwt",
            },
            "signs no assertion",
        ),
        (
            {
                "client_id": "a",
                "client_secret": pem_of(rsa.generate_private_key(65537, 1024)),
                "method": "private_key_jwt",
            },
            "fewer than 2048",
        ),
        ({"client_secret": "two words", "method": "bearer"}, "no bearer token"),
        ({"mode": "sometimes"}, "introspection: found 'sometimes'"),
        ({"cache": -1}, "introspection_cache: found -1"),
        ({"cache": float("inf")}, "introspection_cache"),
        ({"jwt": "yes"}, "introspection_jwt"),
        ({"token_prefix": ""}, "token_prefix"),
        ({"token_prefix": "a b"}, "token_prefix"),
        ({"audience": ()}, "introspection_audience: found"),
    ],
)
def test_wrong_options_are_told_at_the_start(options: dict[str, Any], message: str) -> None:
    """Each by its name, and no secret is shown."""
    with pytest.raises(ConfigurationError, match=message) as caught:
        Introspection(**options)
    assert "PRIVATE" not in str(caught.value)


def test_an_empty_file_has_no_secret(tmp_path: Path) -> None:
    """Nor is one read that is too large."""
    (tmp_path / "empty").write_text(" \n")
    with pytest.raises(ConfigurationError, match="has no secret"):
        Introspection(client_id="a", client_secret=f"file:{tmp_path / 'empty'}")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"introspection": "opaque"}, "expected an Introspection"),
        (
            {"introspection": Introspection(url="http://a.example/", client_id="a", client_secret="b")},
            r"introspection_url .*https",
        ),
        (
            {
                "jwks_uri": "https://a.example/k",
                "introspection": Introspection(client_id="a", client_secret="b"),
            },
            "no metadata can be",
        ),
    ],
    ids=["text", "http", "nowhere"],
)
def test_an_issuer_that_cannot_be_asked_is_told_at_the_start(options: dict[str, Any], message: str) -> None:
    """Before any request."""
    with pytest.raises(ConfigurationError, match=message):
        Issuer("name" if "jwks_uri" in options else "https://a.example/", **options)


def test_id_tokens_are_not_introspected() -> None:
    """The endpoint is for access tokens."""
    with pytest.raises(ConfigurationError, match=r"introspection: .*id_token"):
        TokenVerifier(
            Issuer("https://a.example/", introspection=Introspection(client_id="a", client_secret="b")),
            API,
            profile="id_token",
        )


def test_no_repr_shows_the_secret() -> None:
    """Nor does a pickle or an error report."""
    options = Introspection(client_id="a", client_secret="hush hush")
    assert "hush" not in repr(options) + repr(options.credentials()) + str(vars(Issuer("https://a.example/")))


def test_mode_off_is_none() -> None:
    """Without credentials, as on a developer's machine."""
    issuer = FakeIssuer()
    verifier = TokenVerifier(
        Issuer(issuer.issuer, jwks=issuer.jwks(), introspection=Introspection(mode="off")),
        API,
        allow_fake_issuer=True,
    )
    assert verifier.kinds == ("jwt",)
    with pytest.raises(InvalidTokenError, match="malformed"):
        verifier.verify("opaque")


def test_an_explanation_tells_of_an_opaque_token() -> None:
    """What it grants, or why it is refused."""
    with asking() as service:
        told = str(service.verifier.explain(service.issuer.opaque(scope="a")))
        assert "accepted" in told
        assert "inactive" in str(service.verifier.explain("junk"))


def test_the_clock_of_the_service_counts() -> None:
    """A clock set back makes no answer older than it is."""
    with asking() as service:
        raw = service.issuer.opaque(iat=None, exp=None)
        service.verifier.verify(raw)
        service.clock.now -= 100
        service.verifier.verify(raw)
        assert service.asked == 2
    assert isinstance(service.clock, Clock)

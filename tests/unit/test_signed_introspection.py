"""Signed answers about tokens (RFC 9701), and answers of any other shape."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from jwt.algorithms import RSAAlgorithm

from jwks_auth import Introspection, Issuer, KeySourceError, Refused, TokenVerifier
from jwks_auth.adapters import Authenticator, Settings
from jwks_auth.errors import ConfigurationError
from jwks_auth.http import Posted
from jwks_auth.testing import FakeIssuer
from jwks_auth.testing.server import Answer, Form
from jwks_auth.verifier.introspection.answers import answer_in
from jwks_auth.verifier.introspection.verdicts import Unusable
from tests.fault_server import FaultServer
from tests.introspecting import API, asking, introspection
from tests.key_fakes import Clock
from tests.patience import PATIENCE

SIGNED = "token-introspection+jwt"


class Signing(FakeIssuer):
    """Answers with whatever a test signs."""

    answering: Callable[[Any], tuple[dict[str, Any], dict[str, Any]]]

    def _answer(self, path: str, form: Form | None = None) -> Answer:
        if form is None:
            return super()._answer(path)
        claims, header = self.answering(self.introspect(form.fields["token"]))
        text = self.sign(json.dumps(claims).encode(), header)
        return Answer({}, text=text, media_type=f"application/{SIGNED}")


def code_of(change: dict[str, Any], header: dict[str, Any], stranger: bool = False) -> str:
    """What becomes of a token whose signed answer has *change*."""
    clock = Clock()
    with Signing.serve(clock=clock) as issuer:
        signer = FakeIssuer(issuer.issuer, clock=clock) if stranger else issuer
        if stranger:
            issuer.sign = signer.sign  # type: ignore[method-assign]

        def answering(answer: Any) -> tuple[dict[str, Any], dict[str, Any]]:
            now = int(clock.now)
            good = {"iss": issuer.issuer, "aud": issuer.client_id, "iat": now, "token_introspection": answer}
            claims = {key: value for key, value in {**good, **change}.items() if value is not None}
            return claims, {"typ": SIGNED, **header}

        issuer.answering = answering
        asked = Issuer(
            issuer.issuer, introspection=introspection(issuer, jwt=True), timeout=PATIENCE, wait=PATIENCE
        )
        verifier = TokenVerifier(asked, API, clock=clock)
        try:
            return str(verifier.verify(issuer.opaque()).kind)
        except Refused as error:
            return f"{error.status} {error.code}"


@pytest.mark.parametrize(
    ("change", "header", "code"),
    [
        ({}, {}, "opaque"),
        ({"aud": ["other", "api-service"]}, {}, "opaque"),
        ({"iat": 1_000_000 - 80}, {}, "opaque"),
        ({"iss": "https://other.example/"}, {}, "503"),
        ({"iss": None}, {}, "503"),
        ({"iss": 7}, {}, "503"),
        ({"aud": "other"}, {}, "503"),
        ({"aud": None}, {}, "503"),
        ({"aud": 7}, {}, "503"),
        ({"aud": []}, {}, "503"),
        ({"iat": 1_000_000 - 200}, {}, "503"),
        ({"iat": 1_000_000 + 200}, {}, "503"),
        ({"iat": None}, {}, "503"),
        ({"iat": "now"}, {}, "503"),
        ({"token_introspection": None}, {}, "503"),
        ({"token_introspection": [True]}, {}, "503"),
        ({"token_introspection": {"active": False}}, {}, "401"),
        ({}, {"typ": "at+jwt"}, "503"),
        ({}, {"typ": None}, "503"),
        ({}, {"kid": "unknown"}, "503"),
        ({}, {"alg": "HS256"}, "503"),
        ({}, {"alg": "none"}, "503"),
        ({}, {"kid": None}, "opaque"),
    ],
    ids=str,
)
def test_a_signed_answer_is_the_issuer_s_for_us_and_fresh(
    change: dict[str, Any], header: dict[str, Any], code: str
) -> None:
    """RFC 9701 section 5 (9701-1)."""
    assert code_of(change, header).startswith(code)


def test_an_answer_signed_by_a_stranger_is_none() -> None:
    """With the issuer's name, and a key of its own."""
    assert code_of({}, {}, stranger=True).startswith("503")
    assert code_of({}, {"kid": None}, stranger=True).startswith("503")


def test_an_answer_is_not_believed_for_the_name_of_a_good_key() -> None:
    """A stranger may know the ``kid``; no other key is tried."""
    clock = Clock()
    with FakeIssuer.serve(clock=clock) as issuer:
        stranger = FakeIssuer(issuer.issuer, clock=clock)
        issuer.sign = lambda payload, header: stranger.sign(  # type: ignore[method-assign]
            payload, {**header, "kid": issuer.kid}
        )
        asked = Issuer(
            issuer.issuer, introspection=introspection(issuer, jwt=True), timeout=PATIENCE, wait=PATIENCE
        )
        with pytest.raises(KeySourceError, match="signature is not good"):
            TokenVerifier(asked, API, clock=clock).verify(issuer.opaque())


def test_a_signed_answer_is_text() -> None:
    """What is no UTF-8 is a 503 too."""
    posted = Posted(b"\xff.\xfe.a", f"application/{SIGNED}")
    issuer: Any = None  # which is not needed for that
    with pytest.raises(Unusable, match="no text"):
        answer_in(posted, issuer, client_id="a", signed=True, now=0)


def test_the_fake_issuer_signs_its_answers_where_that_is_asked_for() -> None:
    """The header ``Accept`` asks."""
    with asking(jwt=True) as service:
        assert service.verifier.verify(service.issuer.opaque(scope="a")).scopes == {"a"}
        assert service.code("junk") == "401 inactive"


def test_a_signed_answer_never_passes_as_an_access_token() -> None:
    """Even one that has all claims of one: its type is another (9701-2)."""
    issuer = FakeIssuer()
    verifier = TokenVerifier(Issuer(issuer.issuer, jwks=issuer.jwks()), API, allow_fake_issuer=True)
    for typ in (SIGNED, f"application/{SIGNED}"):
        stolen = issuer.token(header={"typ": typ}, token_introspection={"active": True})
        with pytest.raises(Refused) as caught:
            verifier.verify(stolen)
        assert caught.value.code == "wrong_type"
    assert verifier.verify(issuer.token()).kind == "jwt"


def test_an_answer_of_the_other_kind_is_not_taken() -> None:
    """Unsigned where signed ones are demanded, and signed where nobody asked (9701-3)."""
    with FaultServer({"active": True, "aud": API}) as server:
        assert asked_at(server, jwt=True) == "503 introspection"
    issuer: Any = None  # which is not looked at
    for media_type, signed in ((f"application/{SIGNED}", False), ("application/json", True)):
        with pytest.raises(Unusable, match="signed"):
            answer_in(Posted(b"{}", media_type), issuer, client_id="a", signed=signed, now=0)


def asked_at(server: FaultServer, **options: Any) -> str:
    """What becomes of a token whose issuer's endpoint is *server*."""
    issuer = FakeIssuer()
    own = {"timeout": options.pop("timeout", PATIENCE), "wait": PATIENCE}
    verifier = TokenVerifier(
        Issuer(
            issuer.issuer,
            jwks=issuer.jwks(),
            introspection=Introspection(url=server.url, client_id="a", client_secret="b", **options),
            **own,
        ),
        API,
        allow_fake_issuer=True,
    )
    try:
        return str(verifier.verify("opaque").kind)
    except KeySourceError as error:
        return f"503 {error.kind}"
    except Refused as error:
        return f"{error.status} {error.code}"


@pytest.mark.parametrize(
    ("document", "outcome"),
    [
        ({"active": True, "aud": API}, "opaque"),
        ([], "503 introspection"),
        ([{"active": True}], "503 introspection"),
        ("active", "503 introspection"),
        (True, "503 introspection"),
        ({}, "503 introspection"),
        (b'{"active": false, "active": true, "aud": "api"}', "503 introspection"),
        (b'{"active": true, "aud": "api", "exp": NaN}', "503 introspection"),
        (b'{"active": true, "aud": "api", "exp": 1e999}', "503 introspection"),
        (b"\xff\xfe", "503 introspection"),
        (b"[" * 100_000, "503 introspection"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "503 introspection"),
        (b'{"active": true' + b',"a":1' * 30_000 + b"}", "503 introspection"),
        (b'{"active": true, "x": "' + b"x" * (10 << 20) + b'"}', "503 too_large"),
        ({"active": True, "aud": API, "exp": 10**400}, "401 invalid_claim"),
        ({"active": True, "aud": {"a": API}}, "401 invalid_claim"),
        ({"active": True, "aud": API, "iss": ["a"]}, "401 wrong_issuer"),
        ({"active": True, "aud": API, "scope": {"a": 1}, "roles": 7, "act": []}, "opaque"),
    ],
    ids=lambda given: str(given)[:40],
)
def test_an_answer_of_any_shape_is_a_verdict_or_a_503(document: Any, outcome: str) -> None:
    """Never 200 for nonsense, never 500."""
    with FaultServer(document) as server:
        assert asked_at(server) == outcome


@pytest.mark.parametrize(
    "mode",
    [
        "error500",
        "busy",
        "created",
        "gone",
        "html",
        "empty",
        "braces",
        "array",
        "redirect",
        "reset",
        "gzip_bomb",
        "huge",
        "truncated",
        "utf16",
        "negative_chunk",
        "bad_chunk",
        "garbage",
        "endless_headers",
    ],
)
def test_a_faulty_endpoint_is_a_503(mode: str) -> None:
    """As for keys: no redirect is followed, nothing unasked is unpacked (7662-1)."""
    with FaultServer({"active": True, "aud": API}) as server:
        server.mode = mode
        assert asked_at(server).startswith("503")


@pytest.mark.parametrize("mode", ["hang", "drip_body", "drip_headers"])
def test_a_slow_endpoint_is_given_up(mode: str) -> None:
    """At the deadline, whatever it sends."""
    with FaultServer({"active": True, "aud": API}) as server:
        server.mode = mode
        assert asked_at(server, timeout=0.5) == "503 timeout"


# --- as settings


def test_the_settings_make_the_same() -> None:
    """Of the environment too, where all is text."""
    with FakeIssuer.serve() as issuer:
        settings = {
            **issuer.settings(API, introspection="opaque"),
            "INTROSPECTION_CLIENT": json.dumps(
                {"id": issuer.client_id, "secret": issuer.client_secret, "method": "post"}
            ),
            "INTROSPECTION_CACHE": "5",
            "INTROSPECTION_JWT": "true",
            "INTROSPECTION_AUDIENCE": "api other",
            "INTROSPECTION_URL": issuer.introspection_url,
            "TOKEN_PREFIX": "x_",
            "WAIT": PATIENCE,
            "TIMEOUT": PATIENCE,
        }
        verifier = Settings.from_mapping(settings).verifier()
        assert verifier.verify(issuer.opaque(prefix="x_", aud="other")).kind == "opaque"
        with pytest.raises(Refused):
            verifier.verify(issuer.opaque())


GOOD = {"ISSUER": "https://id.example/", "AUDIENCE": API, "INTROSPECTION_CLIENT": {"ID": "a", "SECRET": "b"}}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({**GOOD, "INTROSPECTION": "sometimes"}, "INTROSPECTION: expected one of off, opaque, always"),
        (GOOD, "INTROSPECTION_CLIENT has no effect without INTROSPECTION"),
        (
            {**GOOD, "INTROSPECTION": "opaque", "INTROSPECTION_CLIENT": {"ID": "a"}},
            "INTROSPECTION_CLIENT: expected a SECRET",
        ),
        (
            {**GOOD, "INTROSPECTION": "opaque", "INTROSPECTION_CLIENT": {"PASSWORD": "hush"}},
            "INTROSPECTION_CLIENT: expected strings",
        ),
        (
            {**GOOD, "INTROSPECTION": "opaque", "INTROSPECTION_CLIENT": "hush"},
            "INTROSPECTION_CLIENT: expected strings",
        ),
        (
            {**GOOD, "INTROSPECTION": "opaque", "INTROSPECTION_URL": "http://id.example/i"},
            "INTROSPECTION_URL .*https",
        ),
        ({**GOOD, "INTROSPECTION": "opaque", "TOKEN_PREFIX": "a b"}, "TOKEN_PREFIX: found 'a b'"),
        ({**GOOD, "INTROSPECTION": "opaque", "INTROSPECTION_CACHE": -1}, "INTROSPECTION_CACHE"),
        (
            {
                "ISSUERS": ["https://a.example/", "https://b.example/"],
                **{k: v for k, v in GOOD.items() if k != "ISSUER"},
            },
            "ISSUERS and INTROSPECTION_CLIENT exclude each other",
        ),
        (
            {"ISSUERS": [Issuer("https://a.example/")], "AUDIENCE": API, "INTROSPECTION": "opaque"},
            "INTROSPECTION: found no issuer that could be asked",
        ),
    ],
    ids=lambda given: "" if isinstance(given, dict) else given[:30],
)
def test_mistakes_in_settings_are_told_by_name(settings: dict[str, Any], message: str) -> None:
    """Before the first request, and without the secret."""
    with pytest.raises(ConfigurationError, match=message) as caught:
        Authenticator(settings)
    assert "hush" not in str(caught.value)


def test_issuers_may_be_asked_each_in_its_own_way() -> None:
    """In entries of ``ISSUERS``, told apart by their prefixes."""
    with FakeIssuer.serve() as one, FakeIssuer.serve() as two:
        entries = [
            {
                "ISSUER": each.issuer,
                "INTROSPECTION": "always" if each is one else "opaque",
                "INTROSPECTION_CLIENT": {"ID": each.client_id, "SECRET": each.client_secret},
                "TOKEN_PREFIX": prefix,
            }
            for each, prefix in ((one, "one_"), (two, "two_"))
        ]
        verifier = Settings.from_mapping({"ISSUERS": entries, "AUDIENCE": API}).verifier()
        for each, prefix in ((one, "one_"), (two, "two_")):
            assert verifier.verify(each.opaque(prefix=prefix)).issuer == each.issuer
            assert verifier.verify(each.token()).kind == "jwt"
        asked = [each.requests[each.introspection_path] for each in (one, two)]
    assert asked == [2, 1]


def test_the_example_of_rfc_7662() -> None:
    """Sections 2.1 and 2.2, word for word; its tokens are long expired, and the clock is theirs."""
    example: dict[str, Any] = {
        "active": True,
        "client_id": "l238j323ds-23ij4",
        "username": "jdoe",
        "scope": "read write dolphin",
        "sub": "Z5O3upPC88QrAjx00dis",
        "aud": "https://protected.example.net/resource",
        "iss": "https://server.example.com/",
        "exp": 1419356238,
        "iat": 1419350238,
        "extension_field": "twenty-seven",
    }
    with FaultServer(example) as server:
        asked = Issuer(
            "https://server.example.com/",
            jwks=FakeIssuer().jwks(),
            introspection=Introspection(url=server.url, client_id="s6BhdRkqt3", client_secret="gX1fBat3bV"),
        )
        now = [1419350300.0]
        verifier = TokenVerifier(asked, example["aud"], allow_fake_issuer=True, clock=lambda: now[0])
        token = verifier.verify("mF_9.B5f-4.1JqM")
        assert "Authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW\r\n" in server.seen[0]
        assert (token.subject, token.scopes) == (example["sub"], {"read", "write", "dolphin"})
        assert (token.client_id, token["extension_field"]) == (example["client_id"], "twenty-seven")
        now[0] += 86_400
        with pytest.raises(Refused) as caught:
            verifier.verify("mF_9.B5f-4.1JqM")
        assert caught.value.code == "expired"
        server.document = {"active": False}
        with pytest.raises(Refused) as caught:
            verifier.verify("another")
    assert caught.value.code == "inactive"


RFC_9701 = (
    "eyJraWQiOiJ3RzZEIiwidHlwIjoidG9rZW4taW50cm9zcGVjdGlvbitqd3QiLCJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHR"
    "wczovL2FzLmV4YW1wbGUuY29tLyIsImF1ZCI6Imh0dHBzOi8vcnMuZXhhbXBsZS5jb20vcmVzb3VyY2UiLCJpYXQiOjE1MTQ"
    "3OTc4OTIsInRva2VuX2ludHJvc3BlY3Rpb24iOnsiYWN0aXZlIjp0cnVlLCJpc3MiOiJodHRwczovL2FzLmV4YW1wbGUuY29"
    "tLyIsImF1ZCI6Imh0dHBzOi8vcnMuZXhhbXBsZS5jb20vcmVzb3VyY2UiLCJpYXQiOjE1MTQ3OTc4MjIsImV4cCI6MTUxNDc"
    "5Nzk0MiwiY2xpZW50X2lkIjoicGFpQjJnb28wYSIsInNjb3BlIjoicmVhZCB3cml0ZSBkb2xwaGluIiwic3ViIjoiWjVPM3V"
    "wUEM4OFFyQWp4MDBkaXMiLCJiaXJ0aGRhdGUiOiIxOTgyLTAyLTAxIiwiZ2l2ZW5fbmFtZSI6IkpvaG4iLCJmYW1pbHlfbmF"
    "tZSI6IkRvZSIsImp0aSI6InQxRm9DQ2FaZDRYdjRPUkpVV1ZVZVRaZnNLaFczMENRQ3JXRERqd1h5NncifX0"
)
"""Header and claims of the answer in RFC 9701 section 5, octet by octet; nobody has the key that it was signed with."""


class OfTheRFC(FakeIssuer):
    """Answers as in RFC 9701's example, under a signature that a test can verify."""

    answer: str
    accepted: str

    def _answer(self, path: str, form: Form | None = None) -> Answer:
        assert form is not None
        self.accepted = form.headers["Accept"]
        assert form.fields["token"] == "2YotnFZFEjr1zCsicMWpAA"
        return Answer({}, text=self.answer, media_type=f"application/{SIGNED}")


def test_the_example_of_rfc_9701() -> None:
    """Sections 4 and 5: the request's header and token, and the answer, for the client of its ``aud`` in its minute."""
    key = rsa.generate_private_key(65537, 2048)
    signature = key.sign(RFC_9701.encode(), PKCS1v15(), SHA256())
    jwk = {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "wG6D", "alg": "RS256"}
    now, resource = [1514797900.0], "https://rs.example.com/resource"
    with OfTheRFC.serve() as server:
        server.answer = f"{RFC_9701}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"
        asked = Introspection(url=server.introspection_url, client_id=resource, client_secret="b", jwt=True)
        issuer = Issuer(
            "https://as.example.com/",
            jwks={"keys": [jwk]},
            introspection=asked,
            wait=PATIENCE,
            timeout=PATIENCE,
        )
        verifier = TokenVerifier(issuer, resource, clock=lambda: now[0])
        token = verifier.verify("2YotnFZFEjr1zCsicMWpAA")
        assert server.accepted == "application/token-introspection+jwt"
        assert (token.subject, token.client_id) == ("Z5O3upPC88QrAjx00dis", "paiB2goo0a")
        assert (token.scopes, token["birthdate"]) == ({"read", "write", "dolphin"}, "1982-02-01")
        now[0] += 3600
        with pytest.raises(KeySourceError, match="not signed just now"):
            verifier.verify("2YotnFZFEjr1zCsicMWpAA")

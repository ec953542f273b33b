"""What a provider, a store or a program hands over may be anything: it is read, or refused as documented."""

from __future__ import annotations

import base64
import json
import warnings
from math import isnan
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from jwks_auth.client.endpoint import key_set_of
from jwks_auth.client.view import KeySetView
from jwks_auth.errors import KeySourceError
from jwks_auth.http.body import max_age, retry_after
from jwks_auth.keys.freshness import Life, State
from jwks_auth.keys.record import Record
from jwks_auth.keys.state import FetchResult
from jwks_auth.stores.protocol import MemoryStore, SealedStore, StoreError
from tests.key_fakes import document, rules_of
from tests.unit.test_pem import certificate, public_pem

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner)
)
NAMES = [
    "kty",
    "crv",
    "x",
    "y",
    "n",
    "e",
    "alg",
    "use",
    "kid",
    "key_ops",
    "d",
    "k",
    "x5c",
    "pub",
    "priv",
    "oth",
]
VALUES = JSON | st.sampled_from(
    [
        "RSA",
        "EC",
        "OKP",
        "AKP",
        "ML-DSA-44",
        "",
        [],
        "oct",
        "P-256",
        "Ed25519",
        "sig",
        "enc",
        "RS256",
        "AQAB",
        "EdDSA",
    ]
)
PEM = public_pem()
DER = x509.load_pem_x509_certificate(certificate().encode()).public_bytes(Encoding.DER)
MEMBERS = JSON | st.dictionaries(st.sampled_from(NAMES), VALUES)
DOCUMENTS = JSON | st.fixed_dictionaries({"keys": JSON | st.lists(MEMBERS, max_size=5)})


@given(DOCUMENTS)
def test_any_document_is_a_key_set_or_refused(anything: Any) -> None:
    """And whatever is a key set can be shown as PyJWT shows it, or is refused there."""
    try:
        keys = key_set_of(anything)
        view = KeySetView(FetchResult(document=anything, keys=keys))
        assert len(view.signing_keys) <= len(keys.keys)
        assert view.jwk_set.keys
    except KeySourceError as exc:
        kind = exc.kind
    else:
        kind = "no_usable_keys"
    assert kind in ("not_an_object", "not_a_key_set", "no_usable_keys")


@given(st.binary(max_size=300), st.sampled_from(["CERTIFICATE", "PUBLIC KEY", "RSA PUBLIC KEY", "X509 CRL"]))
def test_a_good_pem_survives_any_neighbour(octets: bytes, label: str) -> None:
    """Whatever is in the other's block, or where it ends."""
    block = f"-----BEGIN {label}-----\n{base64.encodebytes(octets).decode()}-----END {label}-----\n"
    for text in (block, block[: len(block) // 2]):
        keys = key_set_of({"good": PEM, "other": text})
        assert "good" in keys.kids()
        assert len(keys.keys) + len(keys.refused) == 2


@given(st.data())
def test_a_certificate_with_octets_changed_is_read_or_refused(data: st.DataObject) -> None:
    """It is parsed by other code than a key set, and from the same network."""
    der = bytearray(DER)
    for _ in range(data.draw(st.integers(1, 4))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    text = f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(der).decode()}-----END CERTIFICATE-----\n"
    with warnings.catch_warnings(action="ignore"):  # of odd serial numbers
        keys = key_set_of({"changed": text})
    assert len(keys.keys) + len(keys.refused) == 1


@given(MEMBERS)
def test_a_good_key_survives_any_neighbour(member: Any) -> None:
    """In our set and in PyJWT's."""
    published = {"keys": [member, *document({"good"})["keys"]]}
    keys = key_set_of(published)
    assert "good" in keys.kids() or getattr(member, "get", {}.get)("kid") == "good"
    assert KeySetView(FetchResult(document=published, keys=keys)).jwk_set["good"]


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_record_is_read_or_refused(value: bytes) -> None:
    """A store may hold anything."""
    store = MemoryStore()
    store.put("name", value, 60)
    for read in (
        lambda: Record.from_bytes(value),
        lambda: SealedStore(store, "a secret of the fleet").get("name"),
    ):
        try:
            read()
        except (ValueError, StoreError):
            continue


HEADERS = st.text(st.characters(max_codepoint=255), max_size=40) | st.sampled_from(
    ["max-age=60", "no-store", "1e9"]
)


@given(HEADERS, HEADERS)
def test_no_header_makes_a_key_live_longer(control: str, age: str) -> None:
    """Whatever ``Cache-Control`` and ``Age`` say."""
    allowed = max_age({"Cache-Control": control, "Age": age})
    assert allowed is None or (allowed >= 0 and not isnan(allowed))
    life = Life.starting(0.0, rules_of(lifespan=900), draw=0.5, max_age=allowed)
    assert 300 <= life.expires_at <= 900
    assert life.state(4500) is State.EXPIRED


@given(HEADERS)
def test_any_retry_after_is_a_delay_or_no_wish(value: str) -> None:
    """Seconds, a date, or nonsense."""
    delay = retry_after(value)
    assert delay is None or delay >= 0

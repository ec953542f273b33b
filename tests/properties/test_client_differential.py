"""``PyJWKClient`` beside PyJWT's: whatever is asked in whatever order, what works there works here alike."""

from __future__ import annotations

from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jwks_auth import PyJWKClient
from tests.key_fakes import document, jwk

KIDS = "abcd"
TOKENS = {
    kid: jwt.encode({}, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers={"kid": kid}) for kid in KIDS
}

documents = st.one_of(
    st.sets(st.sampled_from(KIDS)).map(document),
    st.sets(st.sampled_from(KIDS), min_size=1).map(
        lambda kids: {"keys": [*document(kids)["keys"], {**jwk("e"), "use": "enc"}, {"kty": "new"}, 7]}
    ),
    st.sampled_from([{}, [], None, {"keys": None}, {"keys": {}}]),
)
steps = st.one_of(
    st.tuples(st.just("publish"), documents),
    st.tuples(st.just("get_signing_key"), st.sampled_from(KIDS)),
    st.tuples(st.just("get_signing_key_from_jwt"), st.sampled_from([*TOKENS.values(), "no token"])),
    st.tuples(st.sampled_from(["get_signing_keys", "get_jwk_set"]), st.booleans()),
    st.tuples(st.just("put"), st.sampled_from([None, document("a"), document("bc")])),
)


class Served:
    """A client of either class over a document in the test's hands."""

    def __init__(self, base: type[jwt.PyJWKClient], cache_jwk_set: bool) -> None:
        class Client(base):  # type: ignore[misc, valid-type]
            def fetch_data(client) -> Any:
                return self.document

        self.document: Any = document("a")
        self.client = Client("https://issuer.example/keys", cache_jwk_set=cache_jwk_set, cooldown_duration=0)

    def take(self, step: str, argument: Any) -> object:
        """What comes of *step*, in a form that can be compared: names of keys, or an exception."""
        if step == "publish":
            self.document = argument
            return None
        try:
            if step == "put":
                cache = self.client.jwk_set_cache
                return cache.put(argument) if cache is not None else None
            found = getattr(self.client, step)(argument)
        except jwt.PyJWTError as exc:
            return exc
        if isinstance(found, jwt.PyJWK):
            return found.key_id, found.algorithm_name, found.key.public_bytes_raw()
        return [key.key_id for key in getattr(found, "keys", found)]


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(cache_jwk_set=st.booleans(), taken=st.lists(steps, max_size=25))
def test_what_works_with_pyjwts_client_works_here(cache_jwk_set: bool, taken: list[tuple[str, Any]]) -> None:
    """The same keys in the same order, or an exception of the same class."""
    theirs, ours = Served(jwt.PyJWKClient, cache_jwk_set), Served(PyJWKClient, cache_jwk_set)
    for step, argument in taken:
        expected, found = theirs.take(step, argument), ours.take(step, argument)
        if isinstance(expected, Exception):
            assert isinstance(found, type(expected)), (step, argument, expected, found)
        else:
            assert found == expected, (step, argument)

"""The three families: what each carries, and what a client may read of it."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Iterator

import jwt
import pytest

from jwks_auth import errors
from jwks_auth.client import errors as client_errors
from jwks_auth.faults import REQUEST_FAULTS, TOKEN_FAULTS
from jwks_auth.http.answer import FetchError
from jwks_auth.keys.failures import Deferred, SharedFailure
from jwks_auth.proofs.errors import InvalidProofError

QUOTABLE = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+\Z")


@pytest.mark.parametrize("code", sorted(TOKEN_FAULTS))
def test_token_faults_are_401_with_a_constant_text(code: str) -> None:
    """6750-10, 9068-8: every fault of a token is 401 invalid_token; the code says which."""
    error = errors.InvalidTokenError(code)
    assert (error.status, error.error, error.code) == (401, "invalid_token", code)
    assert error.challenge(realm="r") == (
        f'Bearer realm="r", error="invalid_token", error_description="{TOKEN_FAULTS[code]}"'
    )
    assert isinstance(error, jwt.InvalidTokenError)
    assert isinstance(error, errors.JWKSAuthError)


@pytest.mark.parametrize("text", [*TOKEN_FAULTS.values(), *REQUEST_FAULTS.values()])
def test_descriptions_keep_to_the_charset(text: str) -> None:
    """6750-8: error_description holds %x20-21 / %x23-5B / %x5D-7E only."""
    assert QUOTABLE.match(text)


@pytest.mark.parametrize(
    "error",
    [errors.MissingTokenError(), errors.InvalidRequestError(), errors.InsufficientScopeError(["a", "b"]),
     *map(errors.InvalidTokenError, sorted(TOKEN_FAULTS))],
    ids=lambda error: str(error.code),
)  # fmt: skip
def test_6750_7_each_parameter_of_a_challenge_appears_once(error: errors.AuthError) -> None:
    """The realm comes first, and there is one challenge, whatever else is said."""
    challenge = error.challenge(realm="r", resource_metadata="https://a/b")
    names = re.findall(r'(\w+)="[^"]*"(?:, |\Z)', challenge.removeprefix("Bearer "))
    assert names[0] == "realm"
    assert len(names) == len(set(names)) == challenge.count("=")


def test_no_credentials_give_no_error_code() -> None:
    """6750-6, 6750-9, 6750-5: a realm and nothing else."""
    error = errors.MissingTokenError()
    assert (error.status, error.error, error.challenge()) == (401, None, 'Bearer realm="api"')


def test_malformed_requests_are_400() -> None:
    """6750-10: invalid_request is 400."""
    error = errors.InvalidRequestError()
    assert (error.status, error.error) == (400, "invalid_request")


def test_insufficient_scope_names_the_scopes() -> None:
    """6750-10: 403, and the scopes that are needed."""
    error = errors.InsufficientScopeError(["a", "b"])
    assert error.status == 403
    assert error.challenge(realm="r").endswith('scope="a b"')
    assert "scope=" not in errors.InsufficientScopeError().challenge(realm="r")


def test_a_string_of_scopes_is_not_its_letters() -> None:
    """Two scopes in one string are two, and what no challenge can hold is found where it is raised."""
    assert errors.InsufficientScopeError("a b").scopes == ("a", "b")
    with pytest.raises(ValueError, match="impossible"):
        errors.InsufficientScopeError(['a"b'])


@pytest.mark.parametrize("made", [errors.InvalidTokenError, errors.ForbiddenError, errors.AuthError])
def test_codes_of_ones_own(made: type[errors.AuthError]) -> None:
    """The code and the text are a service's; what could break out of a header or a log line is refused."""
    error = made("guest", "Guests may not use this API")
    assert (error.code, error.description, str(error)) == ("guest", *["Guests may not use this API"] * 2)
    for code, text in [
        ("Guest", "a"),
        ("", "a"),
        ("a\n", "a"),
        ("a", ""),
        ("a", 'a"'),
        ("a", "a\r\nb"),
        ("a", "\u00e9"),
    ]:
        with pytest.raises(ValueError, match=r"expected|stand in"):
            made(code, text)


def test_a_text_of_ones_own_for_a_code_of_ours() -> None:
    """The code stays what programs look at; without a text there is a constant one."""
    error = errors.InvalidTokenError("expired", "Sign in again")
    assert (error.code, error.description) == ("expired", "Sign in again")
    assert errors.InvalidTokenError("guest").description == "The access token is refused"
    assert errors.ForbiddenError("guest").description == "The service does not allow this request"


def test_forbidden_is_403_and_not_a_matter_of_scope() -> None:
    """A client told of ``insufficient_scope`` would come back with another token, in vain."""
    error = errors.ForbiddenError("guest", "Guests may not use this API")
    assert (error.status, error.error) == (403, "guest")
    assert error.challenge(realm="r") == (
        'Bearer realm="r", error="guest", error_description="Guests may not use this API"'
    )


def test_whatever_is_refused_has_one_base() -> None:
    """All that an adapter answers: the client's fault or the service's, never a mistake in the settings."""
    assert isinstance(errors.ForbiddenError("guest"), errors.Refused)
    assert isinstance(errors.KeySourceError(), errors.Refused)
    assert not issubclass(errors.ConfigurationError, errors.Refused)


@pytest.mark.parametrize(("said", "kept"), [(float("inf"), 86_400), (float("nan"), 0), (-5, 0), (3, 3)])
def test_a_time_to_retry_is_one_that_a_header_can_say(said: float, kept: float) -> None:
    """Whatever a callback made of it."""
    assert errors.KeySourceError(retry_after=said).retry_after == kept


def test_a_malformed_token_is_pyjwts_decode_error() -> None:
    """Code written for PyJWT keeps catching it."""
    assert isinstance(errors.MalformedTokenError(), jwt.DecodeError)


def test_challenge_names_the_resource_metadata() -> None:
    """9728-5: resource_metadata stands beside the error."""
    challenge = errors.InvalidTokenError("expired").challenge(resource_metadata="https://a/b")
    assert challenge.endswith(', resource_metadata="https://a/b"')


def test_an_unreachable_issuer_is_503_and_not_the_clients_fault() -> None:
    """Not an AuthError, so never a 401."""
    error = errors.KeySourceError("detail", kind="timeout", retry_after=3)
    assert (error.status, error.kind, error.retry_after) == (503, "timeout", 3)
    assert not isinstance(error, errors.AuthError)
    assert "detail" not in error.description


def test_configuration_errors_are_value_errors() -> None:
    """A wrong setting is a wrong value."""
    assert issubclass(errors.ConfigurationError, ValueError)


ERRORS = [
    errors.ConfigurationError("lifespan: found 0"),
    errors.MissingTokenError(),
    errors.InvalidRequestError("multiple_credentials"),
    errors.InvalidTokenError("expired"),
    errors.MalformedTokenError(),
    errors.InsufficientScopeError(["orders:read"]),
    errors.InsufficientAuthenticationError(["mfa"], 300, scopes="a b"),
    errors.ForbiddenError("guest", "Guests may not use this API"),
    errors.InvalidTokenError("guest", "Guests may not use this API"),
    errors.KeySourceError("down", kind="status", retry_after=7.0),
    client_errors.ClientConfigurationError("uri: found ftp"),
    client_errors.KeySetError("no object", kind="not_an_object"),
    client_errors.KeysUnavailableError("down", kind="status", retry_after=7.0),
    client_errors.NoUsableKeysError("empty", kind="no_usable_keys"),
    client_errors.UnknownKeyError(),
    FetchError("HTTP 404", kind="gone", http_status=404),
    Deferred(),
    SharedFailure("down", kind="tls", failures=3, seconds=7.0, told=True),
    InvalidProofError("use_dpop_nonce", "the next one's"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_errors_travel_between_processes(error: errors.JWKSAuthError) -> None:
    """A pool of processes, or a task queue, hands on what was raised: with its type, text, code and all."""
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(other) is type(error)
        assert (other.args, str(other), vars(other)) == (error.args, str(error), vars(error))


def test_every_error_travels() -> None:
    """None is left out above."""

    def below(base: type) -> Iterator[type]:
        for found in base.__subclasses__():
            yield found
            yield from below(found)

    ours = {found for found in below(errors.JWKSAuthError) if found.__module__.startswith("jwks_auth.")}
    bases = {errors.Refused, errors.AuthError}  # raised as one of their own
    assert ours - bases == {type(error) for error in ERRORS}


@pytest.mark.parametrize(
    ("error", "challenge"),
    [
        (
            errors.InsufficientAuthenticationError("myACR"),
            'Bearer realm="api", error="insufficient_user_authentication", error_description="A different or more '
            'recent authentication is required", acr_values="myACR"',
        ),
        (
            errors.InsufficientAuthenticationError(max_age=5),
            'Bearer realm="api", error="insufficient_user_authentication", error_description="A different or more '
            'recent authentication is required", max_age="5"',
        ),
    ],
)
def test_step_1_the_figures_of_rfc_9470(error: errors.AuthError, challenge: str) -> None:
    """Sections 3 and 4: the error code, ``acr_values`` and ``max_age``."""
    assert error.challenge() == challenge
    assert error.status == 401


def test_a_401_names_the_scopes_of_the_route() -> None:
    """A 403 only where one lacks; other errors, which asking for scopes would not help, none."""
    named = ', scope="a b"'
    for error in (errors.MissingTokenError(), errors.InvalidTokenError("expired")):
        assert named in error.challenge(scopes=["a", "b", "a"])
    assert ', scope="a b c"' in errors.InsufficientScopeError("b c").challenge(scopes=["a", "b"])
    for refusal in (errors.InsufficientScopeError(), errors.ForbiddenError("no"), errors.InvalidRequestError(),
                    errors.InsufficientAuthenticationError("mfa")):  # fmt: skip
        assert "scope=" not in refusal.challenge(scopes=["a", "b"])

"""The public names: other people's code is written against them, so they only ever grow."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

NAMES = {
    "jwks_auth": "PyJWKClient TokenVerifier Issuer VerifiedToken Policy KeySet ANY_AUDIENCE verify_jws JWKSAuthError "
    "ConfigurationError AuthError MissingTokenError InvalidRequestError InvalidTokenError InsufficientScopeError "
    "KeySourceError Refused ForbiddenError Verifier IDTokenVerifier",
    "jwks_auth.adapters": "Authenticator Settings Requirement Credentials Rejection Memo Admission finished_headers",
    "jwks_auth.stores": "KeySetStore MemoryStore SealedStore FileStore RedisStore CacheStore "
    "MemoryRevocations RedisRevocations CacheRevocations Revocations",
    "jwks_auth.testing": "FakeIssuer",
    "jwks_auth_django": "require_jwt RequireJWTMixin JWTRequest",
    "jwks_auth_django.backends": "JWTAuthenticationBackend",
    "jwks_auth_django.middleware": "JWTAuthenticationMiddleware",
    "jwks_auth_django.rest_framework": "JWTAuthentication HasScopes HasAnyScope HasRole IsPerson",
    "jwks_auth_django.ninja": "JWTBearer AsyncJWTBearer leave_alone",
    "jwks_auth_django.channels": "JWTAuthMiddleware",
    "jwks_auth_django.test": "JWTClient AsyncJWTClient",
    "jwks_auth_flask": "JWKSAuth require_jwt current_token token_of user_of public",
    "jwks_auth_fastapi": "JWTBearer JWKSAuthSettings VerifiedToken audit install_error_handlers",
    "jwks_auth_fastapi.starlette": "JWTAuthenticationBackend require_jwt",
}

PARAMETERS = {
    "jwks_auth.PyJWKClient": "uri cache_keys max_cached_keys cache_jwk_set lifespan headers timeout ssl_context "
    "cooldown_duration * wait stale_if_error accept_empty session store max_response_bytes on_event",
    "jwks_auth.Issuer": "issuer * audience jwks_uri jwks discovery_url client algorithms allow_http timeout wait",
    "jwks_auth.TokenVerifier": "issuers audience * leeway profile algorithms required_claims scope_claims roles_claim "
    "permissions_claim max_age validators is_revoked",
    "jwks_auth.IDTokenVerifier": "issuer client_id * algorithms leeway max_age",
    "jwks_auth.Policy": "* scopes any_scope roles any_role permissions claims person",
    "jwks_auth.verify_jws": "raw key_set algorithms",
}

PYJWT = {
    "cache_keys": False,
    "max_cached_keys": 16,
    "cache_jwk_set": True,
    "lifespan": 300,
    "headers": None,
    "timeout": 30,
    "ssl_context": None,
    "cooldown_duration": 30,
}


@pytest.mark.parametrize(("module", "names"), NAMES.items())
def test_public_names_are_exported(module: str, names: str) -> None:
    """Each is there, in ``__all__``, and described."""
    if module.startswith("jwks_auth_django"):
        import_module("tests.django_site")
    found = import_module(module)
    for name in names.split():
        assert name in found.__all__
        assert inspect.getdoc(getattr(found, name))


@pytest.mark.parametrize(("path", "expected"), PARAMETERS.items())
def test_parameters_are_as_published(path: str, expected: str) -> None:
    """Positional ones in their order, the others by keyword."""
    module, _, name = path.rpartition(".")
    signature = inspect.signature(getattr(import_module(module), name))
    positional, _, keywords = expected.partition("*")
    kinds = {parameter.kind: [] for parameter in signature.parameters.values()}  # type: ignore[var-annotated]
    for parameter in signature.parameters.values():
        kinds[parameter.kind].append(parameter.name)
    assert kinds.get(inspect.Parameter.POSITIONAL_OR_KEYWORD, []) == positional.split()
    assert set(keywords.split()) <= set(kinds.get(inspect.Parameter.KEYWORD_ONLY, []))


def test_the_clients_defaults_are_pyjwts() -> None:
    """A drop-in keeps what was not said."""
    from jwks_auth import PyJWKClient

    parameters = inspect.signature(PyJWKClient).parameters
    assert {name: parameters[name].default for name in PYJWT} == PYJWT


def test_the_promise_names_the_public_modules() -> None:
    """SECURITY.md says which modules' ``__all__`` is kept, and they are those that adapters import."""
    text = (Path(__file__).parent.parent / "SECURITY.md").read_text()
    promised = text.partition("These are public:")[2].partition("and of the modules")[0]
    assert set(re.findall(r"`(jwks_auth[.\w]*)`", promised)) == {
        n for n in NAMES if n.split(".")[0] == "jwks_auth"
    }

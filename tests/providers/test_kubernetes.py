"""Kubernetes: "Managing Service Accounts", "Configure Service Accounts for Pods", projected tokens."""

from __future__ import annotations

import pytest

from jwks_auth import ConfigurationError, Issuer
from jwks_auth.settings import Settings
from tests.providers.documented import Documented, ProviderTests, Token

ISSUER = "https://kubernetes.default.svc.cluster.local"
POD = {
    "aud": ["orders"],
    "iss": ISSUER,
    "jti": "ea28ed49-2e11-4280-9ec5-bc3d1d84661a",
    "kubernetes.io": {
        "namespace": "shop",
        "node": {"name": "127.0.0.1", "uid": "58456cb0"},
        "pod": {"name": "web-69f6", "uid": "5e0bd49b"},
        "serviceaccount": {"name": "web", "uid": "14ee3fa4"},
        "warnafter": 1700100000,
    },
    "nbf": 1700000000,
    "sub": "system:serviceaccount:shop:web",
}
GIVEN = {"PROVIDER": "kubernetes", "ISSUER": ISSUER, "AUDIENCE": "orders"}


class TestKubernetes(ProviderTests):
    """Tokens of pods, for a service of one's own."""

    documented = Documented(
        settings=GIVEN,
        keys_at="https://kubernetes.default.svc/openid/v1/jwks",
        header={},
        tokens={
            "pod": Token(claims=POD, read={"subject": "system:serviceaccount:shop:web", "roles": set()}),
            "pod of one account": Token(
                claims=POD, settings={"REQUIRED_CLAIMS": {"sub": ["system:serviceaccount:shop:web"]}}
            ),
            "pod of another account": Token(
                claims={**POD, "sub": "system:serviceaccount:evil:web"},
                settings={"REQUIRED_CLAIMS": {"sub": ["system:serviceaccount:shop:web"]}},
                code="invalid_claim",
            ),
            "for the API server": Token(claims={**POD, "aud": [ISSUER]}, code="wrong_audience"),
            "another cluster's": Token(claims={**POD, "iss": "https://oidc.eks.evil"}, code="wrong_issuer"),
            "of a kind that other servers sign": Token(
                claims={**POD, "kubernetes.io": None}, code="wrong_type"
            ),
        },
        mistakes=(
            ({"AUDIENCE": ISSUER}, r'\["AUDIENCE"\]: found .*the API server, whose tokens every pod has'),
            ({"ISSUER": None}, r'\["ISSUER"\] is missing: .*<the cluster'),
        ),
    )

    def test_its_keys_are_where_it_says(self) -> None:
        """Within a pod, by the pod's own files; elsewhere those are not there, and the start says so."""
        with pytest.raises(
            ConfigurationError, match=r"CA_FILE.*/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
        ):
            Settings.from_mapping(GIVEN).verifier()

    def test_the_pods_token_is_for_the_clusters_own_address(self) -> None:
        """An address that the user says gets neither the pod's authority, which is not here, nor its token."""
        for place in ({"jwks_uri": "https://keys.acme.dev/"}, {"discovery_url": "https://oidc.acme.dev/"}):
            issuer = Issuer(ISSUER, provider="kubernetes", audience="orders", **place)  # type: ignore[arg-type]
            assert issuer.client is not None

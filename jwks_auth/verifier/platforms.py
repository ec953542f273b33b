"""The platforms that call a service for their users, or on their own: proxies, pipelines, clusters. A row for each."""

from __future__ import annotations

from jwks_auth.claims import TokenMarks
from jwks_auth.verifier.preset import Preset

__all__ = ["PLATFORMS"]

_API = "https://<this API's identifier>"
_RS256, _ES256 = ("RS256",), ("ES256",)
_POD = "/var/run/secrets/kubernetes.io/serviceaccount/"

PLATFORMS = {
    "cloudflare-access": Preset(
        issuer="https://<team>.cloudflareaccess.com",
        issuers=r"https://[a-z0-9-]+\.cloudflareaccess\.com",
        keys="{issuer}/cdn-cgi/access/certs",
        audience="<the application's AUD tag>",
        audiences=("[0-9a-f]{64}", "the application's AUD tag, 64 hexadecimal digits"),
        algorithms=_RS256,
        roles_claim=("custom.groups",),
        marks=TokenMarks(values={"type": ("app",)}),
        source="header:Cf-Access-Jwt-Assertion",
    ),
    "google-iap": Preset(
        issuer="https://cloud.google.com/iap",
        issuers="https://cloud.google.com/iap",
        keys="https://www.gstatic.com/iap/verify/public_key-jwk",
        audience="/projects/<project number>/global/backendServices/<service id>",
        audiences=(r"/projects/\d+/.+", "'/projects/<project number>/...'"),
        algorithms=_ES256,
        source="header:X-Goog-IAP-JWT-Assertion",
    ),
    "github-actions": Preset(
        issuer="https://token.actions.githubusercontent.com",
        issuers=r"https://token\.actions\.githubusercontent\.com(?:/[\w.-]+)?",
        keys="https://token.actions.githubusercontent.com/.well-known/jwks",
        audience=_API,
        claims={"repository_owner": "<your organisation>"},
        owned=(
            "repository_owner",
            "repository_owner_id",
            "repository",
            "repository_id",
            "enterprise",
            "enterprise_id",
            "sub",
        ),
        algorithms=_RS256,
        note="anybody's workflow can ask for any audience",
    ),
    "gitlab-ci": Preset(
        issuer="https://<GitLab host>",
        issuers=r"https?://[^?#]*[^/?#]",
        keys="{issuer}/oauth/discovery/keys",
        audience=_API,
        claims={"project_path": "<group>/<project>"},
        owned=("project_path", "project_id", "namespace_path", "namespace_id", "sub"),
        algorithms=_RS256,
        marks=TokenMarks(any_of=("project_path",)),
        note="anybody's job can ask for any audience",
    ),
    "kubernetes": Preset(
        issuer="https://<the cluster's issuer>",
        issuers=r"https?://[^?#\s]+",
        keys="https://kubernetes.default.svc/openid/v1/jwks",
        network={"ca_file": _POD + "ca.crt", "bearer_file": _POD + "token"},
        audience="<this service's name>",
        others={r"https://kubernetes\.default\.svc.*": "the API server, whose tokens every pod has"},
        marks=TokenMarks(any_of=("kubernetes.io",)),
        note="inside a pod; elsewhere set `JWKS_URI` or `DISCOVERY_URL`. Any pod can ask for any audience: "
        '`REQUIRED_CLAIMS` `{"sub": ["system:serviceaccount:<namespace>:<name>"]}` keeps to some accounts',
    ),
    "spiffe": Preset(
        issuer="spiffe://<trust domain>",
        issuers=r"(?:spiffe://)?(?P<domain>[a-z0-9._-]{1,255})",
        name="spiffe://{domain}",
        keys_to_paste="https://<bundle endpoint>",
        audience="spiffe://<trust domain>/<this workload>",
        algorithms=("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"),
        types=frozenset({None, "application/jwt", "application/jose"}),
        marks=TokenMarks(subject="spiffe://{domain}/"),
        note="if SPIRE writes an `iss` into tokens, add it to `ISSUER_ALIASES`",
    ),
}

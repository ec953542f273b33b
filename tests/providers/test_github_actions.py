"""GitHub Actions: "OpenID Connect reference", "About security hardening with OpenID Connect"."""

from __future__ import annotations

from tests.providers.documented import Documented, ProviderTests, Token

ISSUER = "https://token.actions.githubusercontent.com"
API = "https://deploy.acme.dev"
JOB = {
    "jti": "example-id",
    "sub": "repo:octo-org/octo-repo:environment:prod",
    "environment": "prod",
    "aud": API,
    "ref": "refs/heads/main",
    "sha": "example-sha",
    "repository": "octo-org/octo-repo",
    "repository_owner": "octo-org",
    "actor_id": "12",
    "repository_visibility": "private",
    "repository_id": "74",
    "repository_owner_id": "65",
    "run_id": "example-run-id",
    "runner_environment": "github-hosted",
    "actor": "octocat",
    "workflow": "example-workflow",
    "event_name": "workflow_dispatch",
    "ref_type": "branch",
    "job_workflow_ref": "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main",
    "iss": ISSUER,
}
ELSEWHERE = {
    **JOB,
    "repository": "evil/octo-repo",
    "repository_owner": "evil",
    "sub": "repo:evil/octo-repo:ref:x",
}


class TestGithubActions(ProviderTests):
    """A workflow of anybody can ask for any audience, so it is said whose are taken."""

    documented = Documented(
        settings={
            "PROVIDER": "github-actions",
            "AUDIENCE": API,
            "REQUIRED_CLAIMS": {"repository_owner": "octo-org"},
        },
        keys_at=ISSUER + "/.well-known/jwks",
        header={"typ": "JWT", "x5t": "example-thumbprint"},
        key={"use": "sig", "alg": "RS256", "x5t": "example-thumbprint"},
        tokens={
            "job": Token(claims=JOB, read={"issuer": ISSUER, "subject": JOB["sub"], "client_id": None}),
            "of an enterprise": Token(
                claims={**JOB, "iss": ISSUER + "/octocat-inc"}, settings={"ISSUER": ISSUER + "/octocat-inc"}
            ),
            "of one branch": Token(
                claims=JOB, settings={"REQUIRED_CLAIMS": {"repository_id": "74", "ref": "refs/heads/main"}}
            ),
            "somebody else's": Token(claims=ELSEWHERE, code="invalid_claim"),
            "of another branch": Token(
                claims={**JOB, "ref": "refs/pull/1/merge"},
                settings={"REQUIRED_CLAIMS": {"repository_id": "74", "ref": "refs/heads/main"}},
                code="invalid_claim",
            ),
            "without an owner": Token(claims={**JOB, "repository_owner": None}, code="missing_claim"),
            "for another service": Token(claims={**JOB, "aud": "sts.amazonaws.com"}, code="wrong_audience"),
            "another enterprise's": Token(claims={**JOB, "iss": ISSUER + "/evil"}, code="wrong_issuer"),
        },
        mistakes=(
            (
                {"REQUIRED_CLAIMS": None},
                r'\["REQUIRED_CLAIMS"\] is missing: .*anybody.*repository_owner.*organisation',
            ),
            (
                {"REQUIRED_CLAIMS": {"ref": "refs/heads/main", "environment": "prod"}},
                r'\["REQUIRED_CLAIMS"\]: found .*environment.*which anybody.*repository_owner.*organisation',
            ),
            (
                {"REQUIRED_CLAIMS": {"job_workflow_ref": JOB["job_workflow_ref"]}},
                r'\["REQUIRED_CLAIMS"\]: found .*job_workflow_ref.*which anybody',
            ),
            ({"REQUIRED_CLAIMS": ["repository_owner"]}, r'\["REQUIRED_CLAIMS"\] is missing: .*anybody'),
            ({"AUDIENCE": None}, r'\["AUDIENCE"\] is missing: for provider github-actions'),
            ({"ISSUER": "https://github.com"}, r'\["ISSUER"\]: found .*token.actions.githubusercontent.com'),
        ),
    )

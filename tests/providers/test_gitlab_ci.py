"""GitLab CI: "OpenID Connect (OIDC) Authentication Using ID Tokens", the token's payload."""

from __future__ import annotations

from tests.providers.documented import Documented, ProviderTests, Token

ISSUER = "https://gitlab.com"
API = "https://deploy.acme.dev"
JOB = {
    "namespace_id": "72",
    "namespace_path": "my-group",
    "project_id": "20",
    "project_path": "my-group/my-project",
    "user_id": "1",
    "user_login": "sample-user",
    "user_email": "sample-user@example.com",
    "pipeline_id": "574",
    "pipeline_source": "push",
    "job_id": "302",
    "ref": "feature-branch-1",
    "ref_type": "branch",
    "ref_path": "refs/heads/feature-branch-1",
    "ref_protected": "false",
    "jti": "235b3a54-b797-45c7-ae9a-f72d7bc6ef5b",
    "iss": ISSUER,
    "nbf": 1681395188,
    "sub": "project_path:my-group/my-project:ref_type:branch:ref:feature-branch-1",
    "aud": API,
}


class TestGitlabCi(ProviderTests):
    """A job of anybody can ask for any audience, so it is said whose are taken."""

    documented = Documented(
        settings={
            "PROVIDER": "gitlab-ci",
            "ISSUER": ISSUER,
            "AUDIENCE": API,
            "REQUIRED_CLAIMS": {"project_path": ["my-group/my-project", "my-group/other"]},
        },
        keys_at="https://gitlab.com/oauth/discovery/keys",
        key={"use": "sig", "alg": "RS256"},
        tokens={
            "job": Token(claims=JOB, read={"subject": JOB["sub"]}),
            "of a server of one's own": Token(
                claims={**JOB, "iss": "https://git.acme.dev/gitlab"},
                settings={"ISSUER": "https://git.acme.dev/gitlab"},
            ),
            "somebody else's": Token(claims={**JOB, "project_path": "evil/my-project"}, code="invalid_claim"),
            "an application's ID token": Token(
                claims={"iss": ISSUER, "sub": "1", "aud": API, "auth_time": 1, "namespace_id": "72"},
                settings={"REQUIRED_CLAIMS": {"namespace_id": "72"}},
                code="wrong_type",
            ),
            "for another service": Token(claims={**JOB, "aud": "https://vault.dev"}, code="wrong_audience"),
            "another server's": Token(claims={**JOB, "iss": "https://git.evil.dev"}, code="wrong_issuer"),
        },
        mistakes=(
            ({"REQUIRED_CLAIMS": None}, r'\["REQUIRED_CLAIMS"\] is missing: .*anybody.*project_path'),
            (
                {"REQUIRED_CLAIMS": {"ref_protected": "true", "ref": "main"}},
                r'\["REQUIRED_CLAIMS"\]: found .*ref_protected.*which anybody.*project_path',
            ),
            ({"ISSUER": None}, r'\["ISSUER"\] is missing: .*<GitLab host>'),
            ({"ISSUER": ISSUER + "/"}, r"only the slash at the end differs"),
        ),
    )

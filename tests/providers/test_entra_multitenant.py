"""Microsoft Entra for many tenants: "Validate the issuer" in "Secure applications and APIs by validating claims"."""

from __future__ import annotations

import pytest

from jwks_auth import ConfigurationError, InvalidTokenError, Issuer, Tenants
from jwks_auth.settings import Settings
from tests.providers.documented import LABEL, Documented, ProviderTests, Token
from tests.providers.test_entra import APP, ISSUER, OTHER, TENANT, TOKENS, USER, V1_ISSUER, V1_USER

PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"
GIVEN = {"PROVIDER": "entra-multitenant", "AUDIENCE": [APP, f"api://{APP}"]}


class TestEntraMultitenant(ProviderTests):
    """Those tenants whose ids are listed; the tests hand over the keys of one."""

    documented = Documented(
        settings={**GIVEN, "ISSUER": ISSUER},
        keys_at=f"https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys",
        tokens={
            **TOKENS,
            "a personal account's": Token(
                claims={**USER, "iss": ISSUER.replace(TENANT, PERSONAL), "tid": PERSONAL}, code="wrong_issuer"
            ),
        },
        mistakes=(
            (
                {"ISSUER": "https://login.microsoftonline.com/common/v2.0"},
                r'\["ISSUER"\]: found .*/common/v2.0',
            ),
            (
                {"ISSUER": "https://login.microsoftonline.com/{tenantid}/v2.0"},
                r'\["ISSUER"\]: found .*tenantid',
            ),
        ),
    )

    def test_no_tenant_is_guessed(self) -> None:
        """Without tenants there is nothing to start with; what to paste is said."""
        with pytest.raises(
            ConfigurationError, match=r"""^JWKS_AUTH\["TENANTS"\] is missing: .*\['<tenant id>', ...\]"""
        ):
            Settings.from_mapping(GIVEN, label=LABEL)

    @pytest.mark.parametrize(
        "tenants", [[TENANT, OTHER.upper()], f"{TENANT} {OTHER}", f'["{TENANT}", "{OTHER}"]']
    )
    def test_tenants_are_listed_by_their_ids(self, tenants: object) -> None:
        """In settings and in an environment; each has keys of its own, and both its names."""
        verifier = Settings.from_mapping({**GIVEN, "TENANTS": tenants}).verifier()
        assert [issuer.names for issuer in verifier.issuers] == [
            (name, f"https://sts.chinacloudapi.cn/{tenant}/", f"https://sts.windows.net/{tenant}/")
            for tenant in (TENANT, OTHER)
            for name in [ISSUER.replace(TENANT, tenant)]
        ]
        assert len({issuer.client.uri for issuer in verifier.issuers}) == 2

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"TENANTS": ["acme.onmicrosoft.com"]}, r'\["TENANTS"\]: expected the ids of tenants'),
            ({"TENANTS": "common"}, r'\["TENANTS"\]: can.t import .common'),
            ({"TENANTS": []}, r'\["TENANTS"\]'),
            (
                {"TENANTS": [TENANT], "ISSUER": ISSUER},
                r'\["TENANTS"\] and JWKS_AUTH\["ISSUER"\] exclude each other',
            ),
            (
                {"TENANTS": [TENANT], "PROVIDER": "entra"},
                r'\["TENANTS"\]: found the ids of tenants, which PROVIDER',
            ),
            (
                {"TENANTS": [TENANT], "PROVIDER": None},
                r'\["TENANTS"\]: found the ids of tenants, which PROVIDER',
            ),
            (
                {"TENANTS": [TENANT], "AUDIENCE": None},
                r'\["AUDIENCE"\] is missing: for provider entra-multitenant',
            ),
        ],
    )
    def test_tenants_that_can_not_be_meant(self, change: dict[str, object], message: str) -> None:
        """At start-up, by the setting's name."""
        with pytest.raises(ConfigurationError, match=message):
            Settings.from_mapping({**GIVEN, **change}, label=LABEL).verifier()

    def test_a_directory_of_tenants_knows_them(self) -> None:
        """``Tenants`` finds the issuer; the preset's rules count for it, and a name that is not Entra's is refused."""

        def find(name: str) -> Issuer | None:
            known = name in (ISSUER, V1_ISSUER, "https://login.microsoftonline.com/elsewhere")
            return Issuer(name, jwks=self.documented.jwks()) if known else None

        hosts = ["login.microsoftonline.com", "sts.windows.net"]
        verifier = Settings.from_mapping({**GIVEN, "TENANTS": Tenants(find, hosts=hosts)}).verifier()
        assert verifier.verify(self.documented.sent(Token(claims=USER))).scopes == {
            "access_as_user",
            "orders.read",
        }
        for claims, code in (
            ({**TOKENS["ID token"].claims, "aud": APP}, "wrong_type"),
            ({**USER, "iss": ISSUER.replace(TENANT, OTHER)}, "wrong_issuer"),
        ):
            with pytest.raises(InvalidTokenError) as caught:
                verifier.verify(self.documented.sent(Token(claims=claims)))
            assert caught.value.code == code

    def test_v1_tokens_of_a_tenant_are_the_same_issuers(self) -> None:
        """Nobody becomes two accounts."""
        assert self.documented.verify(Token(claims=V1_USER)).issuer == ISSUER

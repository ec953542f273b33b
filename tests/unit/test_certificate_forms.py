"""Forms of certificates in headers: what each proxy's documentation says it writes, and nothing else."""

from __future__ import annotations

import base64
from contextlib import suppress
from functools import partial
from hashlib import sha256
from urllib.parse import quote, quote_from_bytes

import pytest

from jwks_auth import Issuer, TokenVerifier
from jwks_auth.proofs.certificate_forms import LONGEST, READERS, digest_of
from jwks_auth.testing import FakeIssuer
from tests.patience import cost

DER = bytes(range(256)) * 4 + b"\xfb\xef\xbe\xff\xff"
CHAIN = b"0\x82" + bytes(900)
DIGEST = sha256(DER).digest()
HEX = DIGEST.hex()
BASE64 = base64.b64encode(DER).decode()
LINES = [BASE64[at : at + 64] for at in range(0, len(BASE64), 64)]
PEM = "\n".join(["-----BEGIN CERTIFICATE-----", *LINES, "-----END CERTIFICATE-----", ""])
NGINX = quote(PEM, safe="")
AWS = quote(PEM, safe="+=/")
OTHER = base64.b64encode(CHAIN).decode()
OTHER_PEM = PEM.replace(BASE64[:64], OTHER[:64])
ENVOY = f'By=spiffe://a/ns/b/sa/c;Hash={HEX};Subject="CN=a,O=\\"b;c=d\\"";URI=spiffe://a'

GOOD = {
    "rfc9440: RFC 9440, Google Cloud, Cloudflare": ("rfc9440", f":{BASE64}:"),
    "rfc9440: without padding": ("rfc9440", f":{BASE64.rstrip('=')}:"),
    "pem-urlencoded: nginx": ("pem-urlencoded", NGINX),
    "pem-urlencoded: AWS, where a plus is a plus": ("pem-urlencoded", AWS),
    "pem-urlencoded: small letters": ("pem-urlencoded", quote(PEM, safe="").replace("%2B", "%2b")),
    "pem-urlencoded: Azure Application Gateway": ("pem-urlencoded", quote(PEM)),
    "pem-urlencoded: the same, where it does not escape": ("pem-urlencoded", PEM.replace("\n", " ")),
    "pem: Apache, a space after the last line": ("pem", PEM.replace("\n", " ")),
    "pem: Apache, spaces for line ends": ("pem", PEM.replace("\n", " ").strip()),
    "pem: without line ends": ("pem", PEM.replace("\n", "")),
    "pem: nginx's old variable": ("pem", PEM.replace("\n", "\n\t")),
    "der-base64: HAProxy, Azure, Caddy": ("der-base64", BASE64),
    "der-base64: Traefik 3": ("der-base64", f"{BASE64},{OTHER}"),
    "der-base64: a chain with spaces": ("der-base64", f"{BASE64}, {OTHER}"),
    "xfcc: Hash suffices": ("xfcc", f"Hash={HEX}"),
    "xfcc: Istio": ("xfcc", ENVOY),
    "xfcc: a gateway of Istio's, then the sidecar": (
        "xfcc",
        f'Hash={"0" * 64};Subject="CN=a.example,O=b,C=c";URI=,By=spiffe://cluster.local/ns/a/sa/b;Hash={HEX};'
        f'Subject="";URI=spiffe://cluster.local/ns/istio-system/sa/gateway',
    ),
    "xfcc: Azure Container Apps": ("xfcc", f'Hash={HEX};Cert="{PEM}";Chain="{PEM}";'),
    "xfcc: Envoy with all details": (
        "xfcc",
        f'By=spiffe://a;By=http://b;Hash={HEX};Cert="{NGINX}";Chain="{NGINX}";Subject="/C=US/CN=a";'
        "URI=http://c;DNS=a.example;DNS=b.example",
    ),
    "xfcc: large letters": ("xfcc", f"hash={HEX.upper()}"),
    "xfcc: Cert": ("xfcc", f'By=x;Cert="{NGINX}";Chain="{quote(OTHER_PEM, safe="")}"'),
    "xfcc: both": ("xfcc", f'Hash={HEX};Cert="{quote(OTHER_PEM, safe="")}"'),
    "xfcc: the last element": ("xfcc", f"Hash={'0' * 64};URI=a,{ENVOY}"),
    "xfcc: a comma in quotes": ("xfcc", f'Hash={HEX};Subject="CN=a,Hash={"0" * 64}"'),
    "xfcc: an escaped quote": ("xfcc", f'Hash={HEX};Subject="CN=a\\",Hash={"0" * 64};x=\\""'),
}
"""Values that name the certificate."""

BAD = {
    "rfc9440: no colons": ("rfc9440", BASE64),
    "rfc9440: one colon": ("rfc9440", ":"),
    "rfc9440: nothing between": ("rfc9440", "::"),
    "rfc9440: two values, joined": ("rfc9440", f":{BASE64}:,:{OTHER}:"),
    "rfc9440: PEM": ("rfc9440", f":{PEM}:"),
    "pem-urlencoded: a plus for a space": ("pem-urlencoded", NGINX.replace("%20", "+")),
    "pem-urlencoded: escaped twice": ("pem-urlencoded", quote(NGINX, safe="")),
    "pem-urlencoded: two, joined": ("pem-urlencoded", f"{NGINX},{NGINX}"),
    "pem-urlencoded: a chain": ("pem-urlencoded", NGINX + NGINX),
    "pem-urlencoded: an escape cut off": ("pem-urlencoded", NGINX.replace("%0A", "%", 1)),
    "pem: a chain": ("pem", PEM + OTHER_PEM),
    "pem: a key": ("pem", PEM.replace("CERTIFICATE", "PRIVATE KEY")),
    "pem: no end": ("pem", PEM[:200]),
    "pem: text before": ("pem", "x" + PEM),
    "pem: empty": ("pem", "-----BEGIN CERTIFICATE----------END CERTIFICATE-----"),
    "pem: not base64": ("pem", PEM.replace(BASE64[:4], "é!!!")),
    "der-base64: an empty first": ("der-base64", f",{BASE64}"),
    "der-base64: base64url": ("der-base64", base64.urlsafe_b64encode(DER).decode()),
    "der-base64: PEM": ("der-base64", PEM.replace("\n", "")),
    "der-base64: padding alone": ("der-base64", "===="),
    "xfcc: another word": ("xfcc", BASE64),
    "xfcc: no Hash and no Cert": ("xfcc", 'By=a;Subject="CN=a"'),
    "xfcc: nothing in the last element": ("xfcc", f"Hash={HEX},By=b"),
    "xfcc: a comma at the end": ("xfcc", f"Hash={HEX},"),
    "xfcc: Hash twice": ("xfcc", f"Hash={HEX};Hash={HEX}"),
    "xfcc: a short Hash": ("xfcc", f"Hash={HEX[2:]}"),
    "xfcc: no hexadecimal": ("xfcc", f"Hash={'x' * 64}"),
    "xfcc: quotes not closed": ("xfcc", f'Subject="CN=a;Hash={HEX}'),
    "xfcc: a backslash ends the quotes, or not": ("xfcc", f'Subject="CN=a\\\\",Hash={HEX};x="'),
    "xfcc: a quoted pair": ("xfcc", f'By=a;"Hash={HEX}"'),
    "pem-urlencoded: escapes alone": ("pem-urlencoded", "%2B" * 5000),
    "xfcc: parts without end": ("xfcc", f"Hash={HEX}" + ";" * 300),
    "xfcc: backslashes without end": ("xfcc", f"Hash={HEX};Subject=" + "\\" * 300),
    "xfcc: Cert unreadable": ("xfcc", 'Cert="x"'),
}
"""Values that name no certificate, or more than one."""


def cases(table: dict[str, tuple[str, str]]) -> pytest.MarkDecorator:
    """Parametrize by a table."""
    return pytest.mark.parametrize(("form", "value"), list(table.values()), ids=list(table))


@cases(GOOD)
def test_each_form_gives_the_digest(form: str, value: str) -> None:
    """A header as the proxy's documentation shows it names the client's certificate."""
    assert digest_of(form, value) == DIGEST
    assert digest_of(form, f" {value}\t") == DIGEST


@cases(BAD)
def test_anything_else_is_unreadable(form: str, value: str) -> None:
    """Any other value is an error with a constant text, and never the certificate."""
    with pytest.raises(ValueError, match=r"^(the|Hash)[a-zA-Z0-9 .,'-]+$"):
        digest_of(form, value)


@pytest.mark.parametrize("form", READERS)
def test_headers_of_clients_without_certificates(form: str) -> None:
    """What proxies write where the client sent no certificate is none."""
    assert [digest_of(form, value) for value in ("", " ", "(null)", "-")] == [None] * 4


@pytest.mark.parametrize("form", READERS)
def test_long_headers_are_not_read(form: str) -> None:
    """A header longer than any certificate is refused unread."""
    with pytest.raises(ValueError, match="too long"):
        digest_of(form, "x" * (LONGEST + 1))


def longest(form: str) -> list[str]:
    """Headers that are as long as they may be: certificates, and what else costs time to find out."""

    def pem_of(lines: list[str]) -> str:
        return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----"])

    pem = pem_of(["A" * 64] * 128)
    escaped = quote(pem_of(["A" * 62 + "+/"] * 140), safe="")
    assert len(escaped) < LONGEST - 7
    signs = "a=b;" * 60 + "c=" + "=A" * 4000
    of_xfcc = [f'Cert="{escaped}"', signs, f'Subject="{signs}"', f"a={'b,' * 100}{'c' * 8000}"]
    shapes = {
        "rfc9440": [f":{'A' * 8192}:"],
        "pem-urlencoded": [escaped, "%" * LONGEST, "%2B" * 3400, pem.replace("\n", " ")],
        "pem": [pem.replace("\n", " "), "A " * 5000],
        "der-base64": ["A" * 8192, "A," * 5000],
        "xfcc": of_xfcc,
    }
    return [each[:LONGEST] for each in (*shapes[form], " " * LONGEST, '"' * LONGEST, "é" * LONGEST)]


@pytest.mark.parametrize("form", READERS)
def test_no_header_costs_much_more_than_a_verification(form: str) -> None:
    """The token was verified before: a certificate's header is no better way to keep a service busy."""
    issuer = FakeIssuer()
    tokens = [issuer.token(sub=str(each)) for each in range(100)]

    def verify() -> None:
        verifier = TokenVerifier(Issuer(issuer.issuer, jwks=issuer.jwks()), "api")
        for token in tokens:
            verifier.verify(token)

    def read(value: str) -> None:
        for _ in range(100):
            with suppress(ValueError):
                digest_of(form, value)

    bound = 3 * cost(verify)  # a third of what it was; on machines with other work measures vary
    assert [value[:60] for value in longest(form) if cost(partial(read, value)) > bound] == []


def test_the_longest_certificate() -> None:
    """One letter more is refused."""
    assert digest_of("rfc9440", f":{'A' * 8192}:")
    with pytest.raises(ValueError, match="the certificate is too long"):
        digest_of("rfc9440", f":{'A' * 8196}:")


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize(
    "octets", [b'"', b"\\", b"%", b",", b";", b"=", b":", b"-----BEGIN CERTIFICATE-----", b"\xff"]
)
def test_headers_of_any_shape_cost_little(form: str, octets: bytes) -> None:
    """The longest header of one repeated sign is refused, without any work that grows faster than it."""
    value = (octets * LONGEST)[:LONGEST].decode("latin-1")
    for each in (value, quote_from_bytes(octets) * 1500, f'Subject="{value[:-10]}'):
        try:
            digest_of(form, each)
        except ValueError:
            continue
        raise AssertionError(each[:50])

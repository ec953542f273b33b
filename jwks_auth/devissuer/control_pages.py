"""Three parts of the control page: an overview, tokens, and keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jwks_auth.devissuer.html import Html, el
from jwks_auth.devissuer.issuer import DevIssuer
from jwks_auth.devissuer.made import Token
from jwks_auth.devissuer.metadata import ALGORITHMS, ENDPOINTS
from jwks_auth.devissuer.pages import framed
from jwks_auth.devissuer.parts import (
    area,
    card,
    facts,
    field,
    form,
    json_lines,
    labelled,
    lines,
    select,
    table,
)

__all__ = ["keys_page", "overview_page", "tokens_page"]


def overview_page(issuer: DevIssuer, asked: Sequence[tuple[str, str, int]]) -> Html:
    """Return the first page; *asked* is what was asked last: method, path and status."""
    name = issuer.issuer
    variables = f"export JWKS_AUTH_ISSUER={name} JWKS_AUTH_AUDIENCE={issuer.audience}"
    started = (variables, "flask --debug run", "fastapi dev", "DEBUG=1 python manage.py runserver")
    places = [(text, f"{name.rstrip('/')}/{path}") for text, path in ENDPOINTS.items()]
    documents = [
        ("discovery", f"{name.rstrip('/')}/.well-known/openid-configuration"),
        ("keys", issuer.jwks_uri),
    ]
    curl = 'curl -i -H "Authorization: Bearer $(jwks-auth token --scope orders:read)" http://127.0.0.1:8000/orders'
    return framed(
        "A provider to develop against",
        card("Connect an API", el("p", "In its shell; then start it as its framework does."), lines(started)),
        card(
            "Call it",
            el("p", "In another shell, where the same JWKS_AUTH_ISSUER may be set."),
            lines([curl]),
        ),
        card(
            "Connect a client",
            el(
                "p",
                "Any client_id will do, with any secret or none. Redirects stay on this machine; PKCE is required.",
            ),
            facts([*documents, *places]),
        ),
        card("Asked last", _asked(asked)),
        issuer=name,
        at="/",
    )


def _asked(asked: Sequence[tuple[str, str, int]]) -> Html:
    if not asked:
        return el("p", "Nothing yet.", class_="quiet")
    rows = [
        el("tr", el("td", method), el("td", el("code", path)), el("td", status))
        for method, path, status in asked
    ]
    return table(("Method", "Path", "Status"), rows, label="Requests")


def tokens_page(
    issuer: DevIssuer, csrf: str, *, given: Mapping[str, str], made: Token | None = None, problem: str = ""
) -> Html:
    """Return the page that makes tokens; *given* is what its form had."""
    claims = area(
        "Any claims",
        "claims",
        given.get("claims", ""),
        rows=5,
        spellcheck="false",
        hint='JSON; they replace those above, and null leaves one out: {"tier": "gold", "sub": null}',
    )
    signed = labelled("Signed by", "kid", select("kid", _kids(issuer), given.get("kid", "")))
    submit = el("div", el("button", "Make it", class_="primary"), class_="buttons")
    asked = form("/control/token", csrf, _token_fields(issuer, given), claims, signed, submit)
    return framed(
        "Tokens",
        el("p", problem, class_="problem", role="alert") if problem else None,
        _made(made) if made else None,
        card("Make a token", asked),
        issuer=issuer.issuer,
        at="/tokens",
    )


_KINDS = {
    "access": "Access token",
    "id": "ID token",
    "opaque": "Opaque access token",
    "logout": "Logout token",
}


def _token_fields(issuer: DevIssuer, given: Mapping[str, str]) -> Html:
    lifetime = given.get("expires_in", str(issuer.behaviour.lifetime))
    lasting = field(
        "Seconds until it expires", "expires_in", type="number", value=lifetime, hint="less than 0: over"
    )
    return el(
        "div",
        labelled("Kind", "kind", select("kind", _KINDS, given.get("kind", "access"))),
        field("Subject", "sub", value=given.get("sub", issuer.people[0].sub), autocomplete="off"),
        field("Audience", "audience", value=given.get("audience", issuer.audience), autocomplete="off"),
        field("Scope", "scope", value=given.get("scope", "orders:read"), autocomplete="off"),
        field("Roles", "roles", value=given.get("roles", ""), autocomplete="off"),
        lasting,
        class_="pair",
    )


def _kids(issuer: DevIssuer) -> dict[str, str]:
    keys = {
        key.kid: f"{key.kid}{'' if published else ' (withdrawn)'}" for key, published in issuer.all_keys()
    }
    return {"": "the newest key", **keys}


def _made(made: Token) -> Html:
    rows = min(12, 2 + len(made.token) // 70)
    command = f'curl -i -H "Authorization: Bearer {made.token}" http://127.0.0.1:8000/'
    return el(
        "section",
        area("The token", "token", made.token, rows=rows, readonly=True, spellcheck="false"),
        el(
            "div",
            el("div", el("h2", "Header"), json_lines(made.header)) if made.header else None,
            el("div", el("h2", "Claims"), json_lines(made.claims)),
            class_="columns",
        ),
        el("h2", "With curl"),
        lines([command]),
        class_="card",
        id="made",
        aria_label="The token that was made",
    )


def keys_page(issuer: DevIssuer, csrf: str, *, notice: str = "") -> Html:
    """Return the page of the keys."""
    signing = issuer.kid
    rows = [
        _key(key.kid, key.alg, csrf, published=published, signs=key.kid == signing)
        for key, published in issuer.all_keys()
    ]
    rotate = form(
        "/control/rotate",
        csrf,
        labelled("Algorithm", "alg", select("alg", {alg: alg for alg in ALGORITHMS}, issuer.key.alg)),
        el("div", el("button", "Rotate", class_="primary"), class_="buttons"),
    )
    return framed(
        "Keys",
        card("In the key set", table(("Key", "Algorithm", "State", "Change"), rows, label="Keys")),
        card("A new key", el("p", "It signs from now on, and the others stay published."), rotate),
        issuer=issuer.issuer,
        at="/keys",
        notice=notice,
    )


def _key(kid: str, alg: str, csrf: str, *, published: bool, signs: bool) -> Html:
    state = (
        "signs"
        if signs and published
        else "signs, but is withdrawn"
        if signs
        else "published"
        if published
        else "withdrawn"
    )
    path, verb = ("/control/withdraw", "Withdraw") if published else ("/control/publish", "Publish")
    button = el("button", verb, name="kid", value=kid, class_="small", aria_label=f"{verb} {kid}")
    return el(
        "tr", el("td", el("code", kid)), el("td", alg), el("td", state), el("td", form(path, csrf, button))
    )

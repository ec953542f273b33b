"""The part of the control page for faults, the tokens from now on, and sessions."""

from __future__ import annotations

from jwks_auth.devissuer.html import Html, el
from jwks_auth.devissuer.issuer import DevIssuer
from jwks_auth.devissuer.pages import framed
from jwks_auth.devissuer.parts import card, field, form, option, table

__all__ = ["FAULTS", "behaviour_page"]

FAULTS = {
    "": "Works",
    "error": "Down: answers 503",
    "broken": "Broken: answers 500",
    "hang": "Silent: keeps connections open",
    "drop": "Gone: closes connections unanswered",
    "junk": "Wrong: answers 200 with a page of HTML",
}
"""The ways in which the endpoints fail, by their values in the form."""


def behaviour_page(issuer: DevIssuer, csrf: str, *, notice: str = "", problem: str = "") -> Html:
    """Return the page of faults, tokens' lifetime, and sessions."""
    return framed(
        "Behaviour",
        el("p", problem, class_="problem", role="alert") if problem else None,
        el("div", _faults(issuer, csrf), _tokens(issuer, csrf), class_="columns"),
        _signed_in(issuer, csrf),
        issuer=issuer.issuer,
        at="/faults",
        notice=notice,
    )


def _faults(issuer: DevIssuer, csrf: str) -> Html:
    now = issuer.behaviour
    kinds = [
        option("radio", "fault", value, text, checked=now.fault == value) for value, text in FAULTS.items()
    ]
    seconds = f"{now.delay:g}"
    return card(
        "Faults",
        form(
            "/control/fault",
            csrf,
            el("fieldset", el("legend", "The endpoints"), el("div", kinds, class_="options")),
            field(
                "Seconds before each answer", "delay", type="number", min=0, max=60, step="0.1", value=seconds
            ),
            _apply(),
        ),
    )


def _tokens(issuer: DevIssuer, csrf: str) -> Html:
    now = issuer.behaviour
    lasting = field(
        "Seconds that they last", "lifetime", type="number", min=1, max=86_400, value=str(now.lifetime)
    )
    ways = el(
        "div",
        option("checkbox", "opaque", "on", "Access tokens are opaque", checked=now.opaque),
        option("checkbox", "nonces", "on", "Proofs of DPoP need a nonce", checked=now.nonces),
        class_="options",
    )
    return card("Tokens from now on", form("/control/tokens", csrf, lasting, ways, _apply()))


def _apply() -> Html:
    return el("div", el("button", "Apply", class_="primary"), class_="buttons")


def _signed_in(issuer: DevIssuer, csrf: str) -> Html:
    grants = [issuer.grants.grant_of(family) for family in issuer.grants.families]
    rows = [
        el(
            "tr",
            el("td", each.sub),
            el("td", each.client_id),
            el("td", el("code", " ".join(each.scopes) or "none")),
        )
        for each in grants
    ]
    nobody = el("p", "Nobody has signed in.", class_="quiet")
    listed = (
        table(("Subject", "Client", "Scopes"), rows, label="People who have signed in") if rows else nobody
    )
    told = "Codes and refresh tokens are refused from then on, and introspection calls their access tokens inactive."
    return card(
        "Signed in", listed, el("p", told), form("/control/expire", csrf, el("button", "Expire everything"))
    )

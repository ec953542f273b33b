"""The frame of every page, and those that a client's requests lead to: signing in, signing out, and refusals."""

from __future__ import annotations

from typing import Protocol

from jwks_auth.devissuer.html import Child, Html, el
from jwks_auth.devissuer.parts import area, field
from jwks_auth.devissuer.people import Person
from jwks_auth.runtime import dataclass

__all__ = ["Asked", "Issuer", "consent_page", "error_page", "framed", "signed_out_page"]


class Issuer(Protocol):
    """The parts of the issuer that pages show."""

    issuer: str
    audience: str

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody who can be picked."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A client's request, as far as the page tells of it."""

    client_id: str
    scopes: tuple[str, ...]
    audience: tuple[str, ...]
    hint: str = ""
    acr: str = ""


_MENU = (("/", "Overview"), ("/tokens", "Tokens"), ("/keys", "Keys"), ("/faults", "Behaviour"))


def framed(title: str, *content: Child, issuer: str, at: str = "", notice: str = "") -> Html:
    """Return a page; *at* is its place in the menu, which pages of a client's requests lack."""
    entries = [
        el("li", el("a", text, href=path, aria_current="page" if path == at else None))
        for path, text in _MENU
    ]
    menu = el("nav", el("ul", entries), aria_label="Pages") if at else None
    brand = el("p", el("span", "jwks-auth", class_="brand"), " dev issuer", class_="name")
    top = el("header", el("div", brand, menu, class_="wide"))
    told = el("p", notice, class_="notice", role="status") if notice else None
    warning = el(
        "p", "For development only: whoever reaches this page can sign in as anybody. ", el("code", issuer)
    )
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", f"{title} · dev issuer"),
        el("link", rel="icon", href="/icon.svg", type="image/svg+xml"),
        el("link", rel="stylesheet", href="/style.css"),
    )
    skip = el("a", "Skip to content", href="#main", class_="skip")
    main = el("main", el("h1", title), told, content, id="main", class_="wide")
    return el(
        "html", head, el("body", skip, top, main, el("footer", el("div", warning, class_="wide"))), lang="en"
    )


def consent_page(issuer: Issuer, asked: Asked, *, back: str, name: str, problem: str = "") -> Html:
    """Return the page that asks who signs in. *name* is the request's, *back* the address that the answer goes to."""
    host = el("code", back.partition("://")[2].partition("/")[0].partition("?")[0])
    lead = el("p", el("strong", asked.client_id), " asks to sign somebody in. The answer goes to ", host, ".")
    acr = el("code", f"acr={asked.acr}")
    step_up = el("p", "It asks for ", acr, ", which the tokens will say.") if asked.acr else None
    wrong = el("p", problem, class_="problem", role="alert") if problem else None
    return framed("Sign in", lead, step_up, wrong, _consent(issuer, asked, name), issuer=issuer.issuer)


def _consent(issuer: Issuer, asked: Asked, name: str) -> Html:
    audience = " ".join(asked.audience) or issuer.audience
    hint = "The services that the access token is for, as their AUDIENCE has it."
    answers = el(
        "div",
        el("button", "Sign in", name="answer", value="allow", class_="primary"),
        el("button", "Refuse", name="answer", value="deny", formnovalidate=True),
        class_="buttons",
    )
    return el(
        "form",
        el("input", type="hidden", name="request", value=name),
        _who(issuer, asked.hint),
        _scopes(asked),
        field("Audience", "audience", value=audience, autocomplete="off", hint=hint),
        answers,
        method="post",
        action="/authorize",
        class_="card",
    )


def _who(issuer: Issuer, hint: str) -> Html:
    people = issuer.people
    picked = next((each.sub for each in people if hint in (each.sub, each.email) and hint), people[0].sub)
    cards = [_person(each, number, checked=each.sub == picked) for number, each in enumerate(people)]
    return el("fieldset", el("legend", "Who?"), el("div", cards, class_="people"), _somebody_new())


def _person(person: Person, number: int, *, checked: bool) -> Html:
    radio = el(
        "input",
        type="radio",
        name="person",
        value=f"sub:{person.sub}",
        id=f"person-{number}",
        checked=checked,
        autofocus=checked,
    )
    roles = el("span", ", ".join(person.roles), class_="roles") if person.roles else None
    told = el("span", el("b", person.name or person.sub), el("span", person.sub, class_="sub"), class_="who")
    return el("label", radio, told, roles, for_=f"person-{number}", class_="person")


def _somebody_new() -> Html:
    radio = el("input", type="radio", name="person", value="new", id="person-new")
    head = el(
        "label", radio, el("span", el("b", "Somebody new"), class_="who"), for_="person-new", class_="person"
    )
    fields = el(
        "div",
        field("Subject", "sub", autocomplete="off", hint="sub, as in tokens"),
        field("Name", "name", autocomplete="off"),
        field("E-mail", "email", autocomplete="off", inputmode="email"),
        field("Roles", "roles", autocomplete="off", hint="with spaces between them"),
        area(
            "Further claims", "claims", "", rows=3, spellcheck="false", hint='JSON, such as {"tier": "gold"}'
        ),
        class_="new",
    )
    return el("div", head, fields, class_="invent")


def _scopes(asked: Asked) -> Html:
    boxes = [
        el(
            "label",
            el("input", type="checkbox", name="scope", value=scope, id=f"scope-{number}", checked=True),
            el("code", scope),
            for_=f"scope-{number}",
            class_="scope",
        )
        for number, scope in enumerate(asked.scopes)
    ]
    none = None if boxes else el("p", "It asks for none.", class_="quiet")
    more = el(
        "div",
        field(
            "Further scopes", "more", autocomplete="off", hint="beside those above, with spaces between them"
        ),
        field("Further roles", "more_roles", autocomplete="off", hint="beside those of the person"),
        class_="pair",
    )
    listed = el("div", boxes, class_="scopes") if boxes else None
    return el("fieldset", el("legend", "Scopes and roles"), none, listed, more)


def error_page(issuer: str, description: str) -> Html:
    """Return the page for a request that can't be answered by its client."""
    return framed(
        "This request can't be answered", el("p", description, class_="problem", role="alert"), issuer=issuer
    )


def signed_out_page(issuer: str, back: str) -> Html:
    """Return the page after signing out; *back* is the client's address, if it gave one."""
    told = el("p", "The dev issuer keeps nobody signed in: it asks each time.")
    link = el("p", el("a", "Back to the application", href=back, class_="primary")) if back else None
    return framed("You are signed out", told, link, issuer=issuer)

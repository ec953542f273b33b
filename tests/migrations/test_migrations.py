"""Each migration that docs/migrations describes: the same requests to the app before and to the app after."""

from __future__ import annotations

import re
from importlib.util import find_spec

import pytest

from jwks_auth.adapters import ROWS
from tests.migrations.measure import Measured, measured
from tests.migrations.pages import DOCS, apps, changes, page_of, settings
from tests.migrations.peers import PEERS, Peer
from tests.needs import missing

NAMES = [peer.name for peer in PEERS]
ANSWERS: dict[str, Measured] = {}


@pytest.fixture(params=PEERS, ids=NAMES)
def peer(request: pytest.FixtureRequest) -> Peer:
    """A package that people come from, installed."""
    found: Peer = request.param
    for name in found.modules:
        if find_spec(name) is None:  # the app's own process imports it
            missing(f"the package {name!r} is not installed")
    return found


@pytest.fixture
def found(peer: Peer) -> Measured:
    """The answers of both apps, asked for once, by the first test that needs them: tokens must be fresh."""
    if peer.name not in ANSWERS:
        ANSWERS[peer.name] = measured(peer)
    return ANSWERS[peer.name]


def test_the_page_says_what_was_measured(peer: Peer, found: Measured) -> None:
    """``python -m tests.migrations.pages`` writes it."""
    assert changes(found).splitlines() == changes_on_page(peer)


def changes_on_page(peer: Peer) -> list[str]:
    """The tables and lists under the peer's heading."""
    body = page_of(peer).read_text().partition(f"\n## {peer.heading}\n\n")[2].partition("\n## ")[0]
    return body.partition("\n<!-- why -->\n")[0].rstrip("\n").splitlines()


def test_a_good_token_passes_before_and_after(found: Measured) -> None:
    """The control: or else every row is a refusal."""
    for name in ("a good token", "a good token with the scope"):
        assert found.before[name].passed
        assert found.after[name].passed


def test_nothing_passes_after_that_no_service_should_take(found: Measured) -> None:
    """Whatever the page says of the app before; and no answer is an error of the server."""
    good = {"a good token", "a token after `bearer` in lower case", "issued twenty minutes ago, not expired"}
    good |= {
        "a good token with the scope",
        "a good token of somebody unknown",
        "no `sub`",
        "expired ten seconds ago",
    }
    good |= {
        "no `kid`, rightly signed",
        "a key published a moment ago",
        "a good token, provider down, keys fetched",
    }
    assert {name for name, answer in found.after.items() if answer.passed} <= good
    assert {answer.status for answer in found.after.values()} <= {200, 400, 401, 403, 503}


def test_an_outage_costs_no_key_that_is_held(found: Measured) -> None:
    """Without keys it is the provider's fault, not the client's."""
    assert found.after["a good token, provider down, keys fetched"].passed
    assert found.after["a good token, provider down, no keys fetched yet"].status == 503


def test_doctor_gives_the_settings_of_the_app_after(peer: Peer, found: Measured) -> None:
    """But for what the page says is left out, or to be done by hand."""
    listed = {name: several(value) for name, value in found.settings.items()}
    if peer.row is not None:
        said = {name: value for name, value in found.doctor.items() if not str(value).startswith("<the ")}
        given = {name: several(value) for name, value in said.items()}
        assert peer.left.keys() <= given.keys()
        kept = {name: value for name, value in given.items() if name not in peer.left}
        assert kept == {name: value for name, value in listed.items() if name not in peer.by_hand}
    assert listed.keys() >= set(peer.by_hand)


def several(value: object) -> object:
    """One name alone as a list."""
    return [value] if isinstance(value, str) else value


def test_the_page_shows_the_apps_that_were_measured(peer: Peer) -> None:
    """Letter by letter, each in its tab."""
    assert apps(peer) in page_of(peer).read_text()


def test_the_page_has_the_settings_that_doctor_knows(peer: Peer) -> None:
    """Row by row; of packages that are told in code the page has a table of its own."""
    page = page_of(peer).read_text()
    if peer.row is not None:
        assert settings(peer.row) in page
        assert "jwks-auth doctor" in page
    assert "## Settings\n\n| before" in page
    for name in (*peer.left, *peer.by_hand):
        assert f"`{name}`" in page


def test_every_page_is_measured_and_listed() -> None:
    """No page without apps, and none that the index does not name."""
    pages = {path.stem for path in DOCS.glob("*.md")} - {"index"}
    assert pages == {peer.page for peer in PEERS}
    assert set(re.findall(r"\]\(([\w-]+)\.md\)", (DOCS / "index.md").read_text())) == pages


@pytest.mark.parametrize("page", sorted({peer.page for peer in PEERS}))
def test_the_tables_name_settings_that_exist(page: str) -> None:
    """Each name in capitals at the right is one of ours."""
    table = (DOCS / f"{page}.md").read_text().partition("## Settings\n\n")[2].partition("\n\n")[0]
    right = [line.rsplit("|", 2)[1] for line in table.splitlines()[2:]]
    named = {name for cell in right for name in re.findall(r"\b[A-Z]{2,}(?:_[A-Z]+)*\b", cell)}
    assert named - set(ROWS) <= {
        "USER",
        "CACHE",
        "PEM",
        "OPENAPI",
        "UI",
        "ID",
        "HTTPS_PROXY",
        "HS",
        "API",
        "AUTH",
    }

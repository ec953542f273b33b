"""The demo's table: what is right, what is marked, and what the challenges say."""

from example_projects.demo import table
from example_projects.demo.cases import Case, demo_cases
from example_projects.demo.servers import Answer
from jwks_auth.testing import FakeIssuer

SCOPE = 'Bearer realm="api", error="insufficient_scope", error_description="No", scope="orders:read"'
CASE = Case("missing scope", "/orders", 403, challenge=SCOPE)


def answer(status: int, challenge: str | None = None, **headers: str) -> Answer:
    """An application's answer."""
    values = {name.replace("_", "-"): [value] for name, value in headers.items()}
    return Answer(status, {**values, **({"www-authenticate": [challenge]} if challenge else {})}, b"")


def test_a_cell_is_the_status_and_the_gist_of_the_challenge():
    """Its error; the bare scheme where there is no error; nothing where there is no challenge."""
    assert table.cell(answer(403, SCOPE)) == "403 insufficient_scope"
    assert table.cell(answer(401, 'Bearer realm="api"')) == "401 Bearer"
    assert table.cell(answer(200)) == "200"
    assert table.cell(answer(503, retry_after="2")) == "503 Retry-After"
    assert table.cell(answer(503)) == "503"


def test_only_the_exact_challenge_is_right():
    """Another text, a missing challenge or another status is wrong; so is 503 that does not say when."""
    assert table.is_right(CASE, answer(403, SCOPE))
    assert not table.is_right(CASE, answer(403, SCOPE.replace("No", "no")))
    assert not table.is_right(CASE, answer(403))
    assert not table.is_right(CASE, answer(401, SCOPE))
    down = Case("down", "/me", 503)
    assert table.is_right(down, answer(503, retry_after="1"))
    assert not table.is_right(down, answer(503))


def test_a_wrong_cell_is_marked_and_explained():
    """The row says which, what was expected, and what each application sent."""
    right, wrong = answer(403, SCOPE), answer(200)
    assert "WRONG" not in table.row(CASE, [right, right])
    text = table.row(CASE, [right, wrong])
    assert "WRONG 200" in text
    assert f"expected 403 {SCOPE}" in text
    assert "got      200 None" in text


def test_columns_stay_apart_however_long_a_cell_is():
    """Two spaces at least, so that no cell runs into its neighbour."""
    wrong = answer(403, SCOPE.replace("No", "no"))
    assert "WRONG 403 insufficient_scope  WRONG" in table.row(CASE, [wrong, wrong])


def test_the_legend_has_each_challenge_once():
    """In full, as it is sent."""
    cases = demo_cases(FakeIssuer())
    lines = table.legend(cases).splitlines()
    assert len(lines) == len(set(lines))
    assert '  401 Bearer realm="api"' in lines

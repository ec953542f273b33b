"""A page of docs/providers, and the parts of it that are rendered: from its row, its settings and a token's claims."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jwks_auth.settings import Settings
from jwks_auth.verifier import PROVIDERS
from jwks_auth.verifier.preset import Place, Preset
from tests.provider_pages.shown import PAGES, Shown
from tests.providers.documented import Token

__all__ = ["FOLDER", "FRAMEWORKS", "claims", "code", "place", "refusals", "snippet", "text", "written"]

FOLDER = Path(__file__).parents[2] / "docs" / "providers"
FRAMEWORKS = {
    "Django": ("settings.py", "JWKS_AUTH = {{\n{}}}\n", '    "{}": {},\n', str.upper),
    "Flask": (
        "app.py",
        "app.config.update(\n{})\nauth = JWKSAuth(app)\n",
        "    JWKS_AUTH_{}={},\n",
        str.upper,
    ),
    "FastAPI": (
        "main.py",
        "settings = JWKSAuthSettings(\n{})\nauth = JWTBearer(settings)\n",
        "    {}={},\n",
        str.lower,
    ),
}
"""Where each framework has settings: the file, all of them, one of them, and how it writes their names."""

READ = ("subject", "client_id", "is_service", "scopes", "roles", "permissions")
_AROUND = """The app around them is [the tutorial's](../tutorial/first-route.md). The provider's name says the rest:

"""
_PLAIN = Preset(issuer="", issuers="", audience="")
_PLACES = {"scopes": "scope_claims", "roles": "roles_claim", "permissions": "permissions_claim"}
_REFUSAL = re.compile(r"^\| `(\w+)` \| (\d{3}) ([^|]+) \|", re.MULTILINE)


def code(*texts: str) -> str:
    """Return *texts* as code, one beside the other."""
    return ", ".join(f"`{text}`" for text in texts) or "-"


def place(of: Place) -> str:
    """Return a place as settings have it."""
    return of if isinstance(of, str) else of[0] if len(of) == 1 else str(list(of)).replace("'", '"')


def text(name: str) -> str:
    """Return the page of that provider."""
    return (FOLDER / f"{name}.md").read_text()


def snippet(name: str, framework: str) -> str:
    """Return the settings that the page shows in the framework's tab."""
    tab = text(name).partition("## Settings\n")[2].partition(f'=== "{framework}"\n')[2]
    block = tab.partition("```python")[2].partition("    ```")[0]
    return re.sub("^    ", "", block.partition("\n")[2], flags=re.MULTILINE)


def claims(name: str) -> dict[str, Any]:
    """Return the claims of the token that the page shows."""
    found: dict[str, Any] = json.loads(text(name).partition("```json\n")[2].partition("```")[0])
    return found


def refusals(name: str) -> list[tuple[str, int, str]]:
    """Return code, status and text of each refusal in the page's table."""
    table = text(name).partition("## Refusals\n")[2]
    return [(found[1], int(found[2]), found[3].strip()) for found in _REFUSAL.finditer(table)]


def written(name: str, page: str) -> str:
    """Return *page* with its rendered parts anew."""
    for heading, part in (("Settings", _settings), ("What your API reads", _read)):
        before, _, after = page.partition(f"## {heading}\n")
        rest = after[after.index("\n## ") :]
        page = f"{before}## {heading}\n\n{part(name, PAGES[name])}{rest}"
    return page


def _settings(name: str, shown: Shown) -> str:
    tabs = "\n".join(_tab(framework, shown.settings) for framework in FRAMEWORKS)
    return f"{tabs}\n{_AROUND}{_known(name, shown)}"


def _tab(framework: str, settings: Mapping[str, Any]) -> str:
    file, whole, line, case = FRAMEWORKS[framework]
    lines = "".join(line.format(case(name), _value(value)) for name, value in settings.items())
    block = f'```python title="{file}"\n{whole.format(lines)}```\n'
    return f'=== "{framework}"\n\n' + re.sub("^(?=.)", "    ", block, flags=re.MULTILINE)


def _value(value: Any) -> str:
    written = json.dumps(value)
    if isinstance(value, list) and len(written) > 72:
        items = "".join(f"        {json.dumps(each)},\n" for each in value)
        return f"[\n{items}    ]"
    return written


def _known(name: str, shown: Shown) -> str:
    row = PROVIDERS[name]
    audience = shown.settings.get("AUDIENCE", "")
    own = audience if isinstance(audience, str) else audience[0]
    places = {
        kind: getattr(row, name)
        for kind, name in _PLACES.items()
        if getattr(row, name) != getattr(_PLAIN, name)
    }
    header = "Authorization" if row.source == "header" else row.source.partition(":")[2]
    signed = code(*row.algorithms) if row.algorithms else "any of the default algorithms"
    found = [
        f"{kind} in {code(*(place(each).replace('{audience}', own) for each in of))}"
        for kind, of in places.items()
    ]
    known = [
        f"keys at `{shown.documented.keys_at}`",
        f"tokens signed with {signed}, in the header `{header}`",
        *(["; ".join(found)] if found else []),
    ]
    return "".join(f"* {each}\n" for each in known)


def _read(_: str, shown: Shown) -> str:
    given = {**shown.documented.settings, **shown.settings, "TENANTS": None, "JWKS": shown.documented.jwks()}
    token = Settings.from_mapping(given).verifier().verify(shown.documented.sent(Token(claims=shown.claims)))
    rows = {f"`token.{each}`": getattr(token, each) for each in READ}
    if shown.route:
        asked = ", ".join(f'{kind}="{value}"' for kind, value in shown.route.items())
        rows["a route asks for it with"] = asked
    table = "".join(f"| {what} | {_shown(value)} |\n" for what, value in rows.items() if value)
    members = ",\n".join(f"  {json.dumps(each)}: {json.dumps(value)}" for each, value in shown.claims.items())
    sample = f"```json\n{{\n{members}\n}}\n```"
    return f"A token, without its dates:\n\n{sample}\n\n| your code | reads |\n|---|---|\n{table}"


def _shown(value: Any) -> str:
    return code(*sorted(value)) if isinstance(value, frozenset) else code(str(value))

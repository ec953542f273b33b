"""Each log record carries ``code``, ``issuer`` and ``kind``, which formatters of JSON and structlog show."""

from __future__ import annotations

import ast
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from pythonjsonlogger.json import JsonFormatter

from jwks_auth import PyJWKClient, Refused
from jwks_auth.adapters import Authenticator, Credentials
from jwks_auth.testing import FakeIssuer
from tests.patience import eventually

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("jwks_auth", "jwks_auth_django", "jwks_auth_flask", "jwks_auth_fastapi")
METHODS = {"debug", "info", "warning", "error", "exception", "critical", "log"}


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Each call of a logger in the four packages."""
    for path in sorted(each for package in PACKAGES for each in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = getattr(node.func.value, "id", "")
                if owner in ("log", "_log", "logger") and node.func.attr in METHODS:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_every_call_of_a_logger_has_the_fields() -> None:
    """None is forgotten, and no message is put together beforehand of others' words."""
    found = dict(calls())
    assert len(found) > 30
    assert [at for at, call in found.items() if not any(word.arg == "extra" for word in call.keywords)] == []


def in_json() -> logging.Formatter:
    """python-json-logger's."""
    return JsonFormatter("%(levelname)s %(message)s")


def in_structlog() -> logging.Formatter:
    """structlog's, for records of the standard library's."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(),
        ],
    )


@contextmanager
def told(formatter: logging.Formatter) -> Iterator[list[dict[str, Any]]]:
    """The lines of our loggers, as *formatter* writes them."""
    log, lines = logging.getLogger("jwks_auth"), list[dict[str, Any]]()

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(self.format(record)))

    handler, before = Lines(), log.level
    handler.setFormatter(formatter)
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        log.removeHandler(handler)
        log.setLevel(before)


def refuse(auth: Authenticator, value: str) -> None:
    """One refused request."""
    credentials = Credentials([value])
    with pytest.raises(Refused):
        auth.authenticate(credentials)


@pytest.mark.parametrize("formatter", [in_json, in_structlog])
def test_json_formatters_show_them(issuer: FakeIssuer, formatter: Callable[[], logging.Formatter]) -> None:
    """The code of a refusal, the issuer once it is verified to be its token's, the kind of a failure."""
    with told(formatter()) as lines:
        auth = Authenticator(issuer.settings(audience="api"), in_tests=True)
        refuse(auth, issuer.headers(exp=1)["Authorization"])
        refuse(auth, issuer.headers(aud="elsewhere")["Authorization"])
        refuse(auth, issuer.headers(iss="https://evil.example/\u202e\n")["Authorization"])
    assert [(line["code"], line["issuer"], line["kind"]) for line in lines] == [
        ("trust", issuer.issuer, None),
        ("expired", None, None),
        ("wrong_audience", issuer.issuer, None),
        ("wrong_issuer", None, None),
    ]
    assert "evil" not in json.dumps([[line[name] for name in ("code", "issuer", "kind")] for line in lines])


@pytest.mark.parametrize("formatter", [in_json, in_structlog])
def test_a_fetch_that_fails_names_its_kind(formatter: Callable[[], logging.Formatter]) -> None:
    """And the configured issuer whose keys they are."""
    with FakeIssuer.serve() as issuer, told(formatter()) as lines:
        auth = Authenticator({"ISSUER": issuer.issuer, "AUDIENCE": "api"})
        with issuer.outage():
            refuse(auth, issuer.headers()["Authorization"])
        eventually(lambda: any(line["code"] == "refresh_failed" for line in lines))
    failed = [line for line in lines if line["code"] == "refresh_failed"]
    assert [(line["issuer"], line["kind"]) for line in failed] == [(issuer.issuer, "discovery")]
    [refusal] = [line for line in lines if line["code"] == "key_source_unavailable"]
    assert refusal["kind"] == "discovery"


def test_a_format_may_name_them(caplog: pytest.LogCaptureFixture) -> None:
    """Every record has all three, so that ``%(code)s`` is no error; a client without an issuer has none to name."""
    caplog.set_level(logging.DEBUG, "jwks_auth")

    class Failing(PyJWKClient):
        def fetch_data(self) -> Any:
            raise OSError

    with pytest.raises(Exception, match="fetch_data failed"):
        Failing("https://issuer.example/keys").get_signing_key("a")
    eventually(lambda: bool(caplog.records))  # the thread of the fetch tells of it
    records = [record for record in caplog.records if record.name.startswith("jwks_auth")]
    written = [
        logging.Formatter("%(code)s %(issuer)s %(kind)s").format(record).splitlines()[0] for record in records
    ]
    assert written == ["refresh_failed None callback"]

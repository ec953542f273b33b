"""Tokens sent to a worker by Celery, with the serialiser that takes objects."""

from __future__ import annotations

import threading
from typing import Any

from jwks_auth import VerifiedToken
from tests.needs import need_module
from tests.unit.test_tokens_kept import verified


def test_a_token_is_sent_to_a_celery_worker() -> None:
    """By Celery's own serialiser, through its broker in memory; the credential stays in this process."""
    need_module("celery")
    from celery import Celery, signals
    from celery.contrib.testing.worker import start_worker

    # With somebody at this signal Celery leaves the log of this process alone, which the other tests read, too.
    signals.setup_logging.connect(_keep_the_log)
    app = Celery("tests", broker="memory://", backend="cache+memory://")
    app.conf.update(task_serializer="pickle", result_serializer="pickle", accept_content=["pickle"])
    found: list[Any] = []

    @app.task(name="note")  # type: ignore[untyped-decorator,unused-ignore]
    def note(token: VerifiedToken) -> str:
        found.append((token, threading.get_ident()))
        return token.subject or ""

    token, raw = verified()
    with start_worker(app, pool="solo", perform_ping_check=False, loglevel="ERROR"):
        assert note.delay(token).get(timeout=60) == token.subject
    [(received, thread)] = found
    assert thread != threading.get_ident()
    assert received.claims == token.claims
    assert received.roles == {"ops"}
    assert received.raw is None
    assert token.raw == raw


def _keep_the_log(**_: Any) -> None:
    """Take the setting up of logs upon itself, and do nothing."""

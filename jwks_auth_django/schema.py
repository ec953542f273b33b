"""The database's schema: migrations that it lacks, for the log and the checks."""

from __future__ import annotations

import re

from django.db import Error as DatabaseError
from django.db import OperationalError, ProgrammingError, connections
from django.db.migrations.executor import MigrationExecutor

__all__ = ["explained", "unapplied_migrations"]

_LACKING = re.compile(r"no such|no column|unknown column", re.IGNORECASE)
"""The words of SQLite and MySQL for a table or column that is not there; PostgreSQL has a class of errors for it."""

_MOST = 5


def unapplied_migrations(using: str) -> list[str]:
    """Return the project's migrations that the database lacks, in their order."""
    executor = MigrationExecutor(connections[using])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def explained(error: DatabaseError, using: str) -> str:
    """Return what is to be done about *error* if it comes from a forgotten migration; otherwise an empty text."""
    forgotten = isinstance(error, ProgrammingError) or (
        isinstance(error, OperationalError) and _LACKING.search(str(error))
    )
    if not forgotten:  # the database may be down: it is not asked again
        return ""
    try:
        missing = unapplied_migrations(using)
    except DatabaseError:  # as within a transaction that has failed
        return "; if migrations are not applied, run manage.py migrate"
    return f"; run manage.py migrate, the database lacks {', '.join(missing[:_MOST])}" if missing else ""

"""Each provider as its own documentation shows it: a module for each row of ``PROVIDERS``."""

import pytest

pytest.register_assert_rewrite("tests.providers.documented")

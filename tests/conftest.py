"""What every test run shares."""

import inspect
import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

LONG = int(os.environ.get("CLINICPBX_EXAMPLES", "0"))
"""How many examples each property is tried with instead of its own number; 0: its own."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`CLINICPBX_EXAMPLES=10000 scripts/test -k test_reading`: the long run."""
    for item in items if LONG else ():
        test = getattr(item, "obj", None)
        if inspect.ismethod(test):  # a state machine sets its own settings
            item.add_marker(pytest.mark.timeout(0))
        elif hasattr(test, "is_hypothesis_test"):
            known = getattr(test, "_hypothesis_internal_use_settings", settings.default)
            test._hypothesis_internal_use_settings = settings(known, max_examples=LONG, derandomize=False)
            item.add_marker(pytest.mark.timeout(0))


@pytest.fixture(autouse=True)
def _logs_of_its_own() -> Iterator[None]:
    """A test that starts a process's logging leaves none of it, nor its stderr, to the next."""
    yield
    structlog.reset_defaults()

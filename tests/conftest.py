"""Shared by all tests: pytester, the text form of a run, and the number of examples that hypothesis tries."""

from __future__ import annotations

import importlib
import importlib.util
import os

import pytest
from hypothesis import settings

if importlib.util.find_spec("numpy"):
    # it can be loaded once in a process, so not first by a pytester, which throws its modules away
    importlib.import_module("numpy")

pytest_plugins = ["pytester"]
collect_ignore = ["typing"]  # for mypy alone: not all of it can run

settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True)
settings.register_profile("quick", deadline=None, max_examples=10, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=500)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture
def pytester(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project of its own, without pytest-asyncio, which warns when a project does not configure it."""
    inline_run = pytester.inline_run
    pytester.plugins.append("no:asyncio")
    monkeypatch.setattr(
        pytester, "inline_run", lambda *arguments, **kw: inline_run("-p", "no:asyncio", *arguments, **kw)
    )
    return pytester


@pytest.fixture(name="sequence")
def _sequence():
    """Writes the events of a result (or a list of events) as 'RUN_START > STEP_START[brew] > ...'."""

    def text(run):
        events = getattr(run, "all_events", run)
        return " > ".join(
            f"{event.event_type.name}{f'[{event.step_key}]' if event.step_key else ''}" for event in events
        )

    return text

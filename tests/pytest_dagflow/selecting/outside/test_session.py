"""Tests of the watch of a session: it begins before the conftests and ends with the session."""

from __future__ import annotations

import os

import pytest

from pytest_dagflow.selecting.outside.watch import current_watch

CONFTEST = """
import os
from pathlib import Path

import pytest

SETTINGS = Path(__file__).with_name("settings.txt").read_text()

@pytest.fixture(scope="session")
def prices():
    return Path("prices.txt").read_text(), os.environ.get("DAG_PRICES")
"""
TESTS = """
import threading
from pathlib import Path

import pytest

from pytest_dagflow.selecting.outside.session import watch_of

TABLE = Path(__file__).with_name("table.txt").read_text()

def test_one(prices, tmp_path, pytestconfig, monkeypatch):
    (tmp_path / "x.txt").write_text("1")
    assert (tmp_path / "x.txt").read_text() == "1"
    monkeypatch.setenv("DAG_SET", "1")
    thread = threading.Thread(target=Path("thread.txt").read_text)
    thread.start()
    thread.join()

    watch = watch_of(pytestconfig)
    readers = {
        file: [(Path(site.filename).name, site.test) for site in sites] for file, sites in watch.files.items()
    }
    assert readers == {
        "settings.txt": [("conftest.py", "")],
        "table.txt": [("test_it.py", "")],
        "prices.txt": [("conftest.py", "")],
        "thread.txt": [("", "test_it.py::test_one")],
    }
    assert list(watch.variables) == ["DAG_PRICES"]
    assert watch.folders == {}
"""


def test_reads_at_import_and_in_session_fixtures_count(pytester: pytest.Pytester):
    """Conftests, test modules, fixtures and threads are seen; pytest itself and temporary folders are not."""
    for name in ("settings", "table", "prices", "thread"):
        (pytester.path / f"{name}.txt").write_text("1")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_it=TESTS)
    before = current_watch(), type(os.environ).__getitem__

    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")

    result.assert_outcomes(passed=1)
    assert (current_watch(), type(os.environ).__getitem__) == before


def test_the_watch_ends_after_an_error_in_a_conftest(pytester: pytest.Pytester):
    """The session that does not begin leaves no watch behind."""
    pytester.makeconftest("raise ValueError")
    before = current_watch()

    assert pytester.runpytest_inprocess().ret == pytest.ExitCode.USAGE_ERROR
    assert current_watch() is before

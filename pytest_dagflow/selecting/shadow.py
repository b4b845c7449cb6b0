"""The report of `--dag-shadow`: the failures that a selection would have missed, and the tests it saves."""

from __future__ import annotations

import pytest

from pytest_dagflow.selecting.runs_of_tests import runs_of
from pytest_dagflow.session import SelectionResult


def compare_failures(config: pytest.Config, selection: SelectionResult) -> list[str]:
    """Return the lines about the failures of this session that the selection would have missed."""
    failed = {test_id for test_id, run in runs_of(config).items() if run.is_failed}
    dropped = set(selection.dropped)
    missed = sorted(failed & dropped)
    tests = f"{len(dropped)} of {selection.tests} tests"
    if not failed:
        return [f"dag-shadow: no test failed; the selection would have saved {tests}"]
    lines = [f"dag-shadow: the selection would have missed {test_id}" for test_id in missed]
    total = f"{len(missed)} of {len(failed)} failures missed"
    return [*lines, f"dag-shadow: {total}; the selection would have saved {tests}"]

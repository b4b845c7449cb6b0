"""Snapshots of runs by other plugins: the lines of `canonical_events` with syrupy and inline-snapshot."""

from __future__ import annotations

import pytest

_SUITE = """
    from dagflow import RetryPolicy, job, op
    from dagflow.testing import canonical_events

    @op
    def beans():
        return 1

    @op
    def brew(beans):
        return beans

    @job
    def cafe():
        brew(beans())
"""


def test_with_syrupy(pytester: pytest.Pytester):
    """The snapshot of one run holds for the next one, and shows one line for a changed event."""
    pytest.importorskip("syrupy")

    def run(*options: str) -> pytest.RunResult:
        return pytester.runpytest_subprocess("-p", "syrupy", *options)

    test = """
    def test_events(execute_in_process, snapshot):
        assert canonical_events(execute_in_process(cafe), form="lines") == snapshot
    """
    pytester.makepyfile(test_it=_SUITE + test)

    run("--snapshot-update").assert_outcomes(passed=1)
    run("-W", "error").assert_outcomes(passed=1)

    pytester.makepyfile(test_it=_SUITE.replace("        return beans", "        raise ValueError") + test)
    result = run()
    result.assert_outcomes(failed=1)

    pytester.makepyfile(test_it=_SUITE.replace("(beans())", "(beans.alias('mill')())") + test)
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*STEP_START beans*", "*STEP_START mill*"])


def test_with_inline_snapshot(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """The lines are written into the test, and hold there."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # inline-snapshot refuses to write in a worker
    pytest.importorskip("inline_snapshot")
    pytester.makepyfile(
        _SUITE
        + """
    from inline_snapshot import snapshot

    def test_events(execute_in_process):
        assert canonical_events(execute_in_process(cafe), form="lines") == snapshot()
    """
    )

    pytester.runpytest_subprocess("-p", "inline_snapshot", "-p", "no:xdist", "--inline-snapshot=create")

    assert "STEP_START beans" in (pytester.path / "test_with_inline_snapshot.py").read_text()
    pytester.runpytest_subprocess("-p", "inline_snapshot", "-p", "no:xdist").assert_outcomes(passed=1)

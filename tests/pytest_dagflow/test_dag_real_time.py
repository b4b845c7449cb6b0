"""Tests of the time of runs in tests: skipped waits for retries, and their opt-out `dag_real_time`."""

from __future__ import annotations

import pytest

FLAKY = """
    import sys, threading, time
    import pytest
    from dagflow import RetryPolicy, job, op

    @op(retry_policy=RetryPolicy(max_retries=2, delay=1800))
    def flaky(context):
        if context.retry_number < 2:
            raise OSError("no answer")

    @job
    def patient():
        flaky()

    @op(retry_policy=RetryPolicy(max_retries=1, delay=1.05))
    def soon(context):
        if context.retry_number < 1:
            raise OSError("no answer")

    @job
    def short():
        soon()

    def seconds_of(a_job):
        start = time.monotonic()
        assert a_job.execute_in_process().success
        return time.monotonic() - start
"""


@pytest.fixture
def flaky(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a job that waits for an hour, and one that waits for a second."""
    pytester.makepyfile(flaky=FLAKY)
    return pytester


@pytest.mark.not_in_wasm("it has no threads")
def test_nobody_waits_for_retries(flaky: pytest.Pytester):
    """Waits are skipped in tests, in fixtures of each scope, and on threads; timestamps stay real."""
    flaky.makepyfile(
        """
        import threading, time
        import pytest
        from flaky import patient

        @pytest.fixture(scope="session")
        def made():
            return patient.execute_in_process()

        def test_in_a_fixture(made):
            assert made.success

        def test_timestamps():
            events = patient.execute_in_process().all_events
            assert abs(events[-1].timestamp - time.time()) < 60

        def test_on_a_thread():
            found = []
            thread = threading.Thread(target=lambda: found.append(patient.execute_in_process()))
            thread.start()
            thread.join()
            assert found[0].success
        """
    )

    result = flaky.runpytest()

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["dagflow: skipped 10800 s of waits for retries;*'dag_real_time' makes*"])


def test_a_runtime_that_the_test_imports(flaky: pytest.Pytester):
    """Waits are skipped, although dagflow is imported by the test itself."""
    flaky.makepyfile(
        """
        import sys

        def test_it():
            assert "dagflow" not in sys.modules
            import dagflow
            from flaky import patient
            assert patient.execute_in_process().success
            assert "Source" in type(dagflow.__loader__).__name__
        """
    )

    flaky.runpytest_subprocess("-p", "no:randomly").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "where",
    [
        "@pytest.mark.dag_real_time\ndef test_it(): assert seconds_of(short) > 1",
        "@pytest.mark.dag_real_time()\ndef test_it(): assert seconds_of(short) > 1",
        "pytestmark = pytest.mark.dag_real_time\ndef test_it(): assert seconds_of(short) > 1",
        "@pytest.mark.dag_real_time\nclass TestIt:\n def test_it(self): assert seconds_of(short) > 1",
        "import unittest\n@pytest.mark.dag_real_time\nclass TestIt(unittest.TestCase):\n"
        " def test_it(self): assert seconds_of(short) > 1",
        "@pytest.mark.parametrize('n', [pytest.param(1, marks=pytest.mark.dag_real_time)])\n"
        "def test_it(n): assert seconds_of(short) > 1",
    ],
)
def test_the_marker_waits(flaky: pytest.Pytester, where: str):
    """With the marker `dag_real_time` the waits are real, wherever it stands, and shown at once if long."""
    flaky.makepyfile(f"import pytest\nfrom flaky import seconds_of, short\n{where}")

    result = flaky.runpytest_subprocess("--strict-markers")

    result.assert_outcomes(passed=1)
    result.stderr.fnmatch_lines(
        ["dagflow: step 'soon' waits 1.05 s for its attempt 2, after OSError: no answer"]
    )
    assert "skipped" not in str(result.stdout)


def test_the_ini_key_waits(flaky: pytest.Pytester):
    """With the ini key `dag_real_time` all tests wait."""
    flaky.makeini("[pytest]\ndag_real_time = true")
    flaky.makepyfile("from flaky import seconds_of, short\ndef test_it(): assert seconds_of(short) > 1")

    flaky.runpytest().assert_outcomes(passed=1)


def test_the_marker_takes_no_argument(flaky: pytest.Pytester):
    """An argument is an error that shows the usage."""
    flaky.makepyfile("import pytest\n@pytest.mark.dag_real_time(5)\ndef test_it(): pass")

    result = flaky.runpytest()

    assert result.ret != 0
    result.stdout.fnmatch_lines(["*usage: dag_real_time()*"])


def test_collection_waits(flaky: pytest.Pytester):
    """A run during the import of a test module waits: it is not part of a test."""
    flaky.makepyfile(
        "from flaky import seconds_of, short\nS = seconds_of(short)\ndef test_it(): assert S > 1"
    )

    flaky.runpytest_subprocess().assert_outcomes(passed=1)


def test_an_explicit_clock_wins(flaky: pytest.Pytester):
    """`dag_clock` and `run_options` replace the clock that skips waits."""
    flaky.makepyfile(
        """
        from dagflow.testing import VirtualClock, run_options
        from flaky import patient

        def test_fixture(dag_clock):
            events = patient.execute_in_process().all_events
            assert events[-1].timestamp - events[0].timestamp >= 3599

        def test_block():
            with run_options(clock=VirtualClock(0)) as options:
                patient.execute_in_process()
            assert options.clock.now() == 3600

        def test_a_block_of_something_else():
            with run_options(pick=lambda keys: keys[-1]):
                assert patient.execute_in_process().success
        """
    )

    result = flaky.runpytest()

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["dagflow: skipped 3600 s of*"])


def test_a_failed_test_says_what_it_skipped(flaky: pytest.Pytester):
    """The report of a failed test has its own skipped seconds and the name of the marker."""
    flaky.makepyfile(
        """
        from flaky import patient

        def test_first():
            patient.execute_in_process()

        def test_fails():
            patient.execute_in_process()
            raise AssertionError
        """
    )

    result = flaky.runpytest()

    line = "skipped 3600 s of waits for retries in this test; the marker 'dag_real_time' makes it wait"
    result.stdout.fnmatch_lines([line, "dagflow: skipped 7200 s of*"])


@pytest.mark.not_in_wasm("it has no processes")
def test_the_workers_of_xdist_skip_too(flaky: pytest.Pytester):
    """The summary has the seconds of all workers of xdist."""
    pytest.importorskip("xdist")
    flaky.makepyfile(
        """
        import pytest
        from flaky import patient

        @pytest.mark.parametrize("number", range(4))
        def test_it(number):
            patient.execute_in_process()
        """
    )

    result = flaky.runpytest_subprocess("-n", "2")

    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["dagflow: skipped 14400 s of*"])

"""Tests of the fixture `dag_clock`."""

from __future__ import annotations

import pytest

FLAKY = """
    import pytest
    from dagflow import Backoff, RetryPolicy, job, op

    @op(retry_policy=RetryPolicy(max_retries=3, delay=3600, backoff=Backoff.EXPONENTIAL))
    def flaky(context):
        if context.retry_number < 2:
            raise OSError("no answer")
        return context.retry_number

    @job
    def patient():
        flaky()
"""


@pytest.fixture
def flaky(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a job that waits for hours."""
    pytester.makepyfile(flaky=FLAKY)
    return pytester


def test_nobody_waits_and_each_wait_is_recorded(flaky: pytest.Pytester):
    """Virtual time covers runs started by any function, for any order of the fixtures."""
    flaky.makepyfile(
        """
        import pytest
        from flaky import patient

        def test_bound(execute_in_process, dag_clock):
            result = execute_in_process(patient)

            assert result.output_for_node("flaky") == 2
            assert dag_clock.sleeps == pytest.approx([3600, 3 * 3600])

        def test_own(dag_clock):
            events = patient.execute_in_process().all_events

            assert events[-1].timestamp - events[0].timestamp == pytest.approx(4 * 3600)

        @pytest.fixture
        def made(execute_in_process):
            return execute_in_process(patient)

        def test_fixture(made, dag_clock):
            assert len(dag_clock.sleeps) == 2
        """
    )

    flaky.runpytest("-p", "no:asyncio", "-W", "error").assert_outcomes(passed=3)


def test_it_can_be_set(flaky: pytest.Pytester):
    """The argument is a datetime or seconds; the time decides which partitions exist."""
    flaky.makepyfile(
        """
        from datetime import datetime, timezone
        import pytest
        from dagflow import DailyPartitionsDefinition, DagflowUnknownPartitionError, asset

        @asset(partitions_def=DailyPartitionsDefinition("2024-01-01"))
        def water(context):
            return context.partition_key

        def test_now(dag_clock, materialize_to_memory):
            dag_clock.move_to(datetime(2024, 1, 3, tzinfo=timezone.utc))
            assert materialize_to_memory([water], partition_key="2024-01-02").success
            with pytest.raises(DagflowUnknownPartitionError):
                materialize_to_memory([water], partition_key="2024-01-03")

        def test_seconds(dag_clock, materialize_to_memory):
            dag_clock.move_to(datetime(2024, 1, 3).timestamp())
            dag_clock.move_to(1704240000)
            result = materialize_to_memory([water], partition_key="2024-01-02")

            assert {event.timestamp for event in result.all_events} == {1704240000}
        """
    )

    flaky.runpytest().assert_outcomes(passed=2)


def test_it_can_be_set_by_text_and_advanced(flaky: pytest.Pytester):
    """The argument may be a date or a string in ISO format, and `advance` moves the time forward."""
    flaky.makepyfile(
        """
        from datetime import date, timedelta
        import pytest
        from dagflow import DailyPartitionsDefinition, asset

        @asset(partitions_def=DailyPartitionsDefinition("2024-01-01"))
        def water(context):
            return context.partition_key

        @pytest.mark.parametrize("moment", ["2024-01-05", "2024-01-05T00:00:00Z", date(2024, 1, 5)])
        def test_text(dag_clock, materialize_to_memory, moment):
            dag_clock.move_to(moment)
            assert materialize_to_memory([water], partition_key="2024-01-04").success

        def test_advance(dag_clock, materialize_to_memory):
            dag_clock.move_to("2024-01-04")
            dag_clock.advance(timedelta(days=1))
            assert materialize_to_memory([water], partition_key="2024-01-04").success
            assert dag_clock.sleeps == []
        """
    )

    flaky.runpytest().assert_outcomes(passed=4)


def test_it_moves_back_and_has_time_zones(flaky: pytest.Pytester):
    """A moment without a time zone is in UTC, and may be earlier; `advance` refuses to move back."""
    flaky.makepyfile(
        """
        from datetime import datetime, timedelta, timezone
        import pytest
        from dagflow import CheckError

        def test_it(dag_clock):
            for moment in ("2024-01-05T12:00", "2024-01-05T13:00+01:00", datetime(2024, 1, 5, 12),
                           datetime(2024, 1, 5, 7, tzinfo=timezone(timedelta(hours=-5)))):
                dag_clock.move_to("2024-02-29")
                dag_clock.move_to(moment)
                assert dag_clock.now() == 1704456000
            with pytest.raises(CheckError, match="move_to.. moves a clock back"):
                dag_clock.advance(timedelta(seconds=-1))
            with pytest.raises(CheckError, match="cannot be set to 'soon'"):
                dag_clock.move_to("soon")
            assert dag_clock.now() == 1704456000
        """
    )

    flaky.runpytest().assert_outcomes(passed=1)


TIME_OF_USER_CODE = """
    import time
    from datetime import date, datetime, timezone
    import pytest
    from dagflow import RetryPolicy, asset, job, op

    @op(retry_policy=RetryPolicy(max_retries=1, delay=60))
    def clock_of_op(context):
        if context.retry_number == 0:
            raise OSError("no answer")
        return datetime.now(timezone.utc).isoformat(), time.time()

    @job
    def timed():
        clock_of_op()

    @asset
    def today():
        return datetime.now(timezone.utc).date().isoformat()

    def test_runs(dag_clock, execute_in_process):
        dag_clock.move_to("2024-02-29T23:59:30")
        shown, seconds = execute_in_process(timed).output_for_node("clock_of_op")
        assert shown == "2024-03-01T00:00:30+00:00"
        assert seconds == pytest.approx(dag_clock.now(), abs=1e-6)

    def test_direct_calls(dag_clock):
        dag_clock.move_to("2024-02-29")
        assert today() == "2024-02-29"
        dag_clock.advance(86400)
        assert today() == "2024-03-01"

    def test_other_tests():
        assert today() > "2025"
"""


def test_the_time_of_user_code_moves_with_the_extra(pytester: pytest.Pytester):
    """With time-machine, runs and direct calls read the time of the clock; other tests do not."""
    pytest.importorskip("time_machine")
    pytester.makepyfile(TIME_OF_USER_CODE)

    result = pytester.runpytest("-W", "error")

    result.assert_outcomes(passed=3)
    assert "dagflow: dag_clock moved only" not in str(result.stdout)


def test_without_the_extra_a_note_says_so(pytester: pytest.Pytester):
    """The session ends with one line if a test moved the clock; a test that only waits has no line."""
    pytester.makeconftest("import sys\nsys.modules['time_machine'] = None")
    pytester.makepyfile(
        test_moves=TIME_OF_USER_CODE,
        test_waits="from test_moves import timed\n"
        "def test_waits(dag_clock): assert timed.execute_in_process().success",
    )

    moved = pytester.runpytest("test_moves.py", "-W", "error")
    waited = pytester.runpytest("test_waits.py", "-W", "error")

    moved.assert_outcomes(passed=1, failed=2)
    note = (
        "dagflow: dag_clock moved only the time of dagflow, *; install pytest-dagflow[[]time[]] to move both"
    )
    moved.stdout.fnmatch_lines([note])
    assert str(moved.stdout).count("dag_clock moved only") == 1
    waited.assert_outcomes(passed=1)
    waited.stdout.no_fnmatch_line(note)


@pytest.mark.not_in_wasm("it has no processes")
def test_the_note_comes_from_a_worker_of_xdist(pytester: pytest.Pytester):
    """The controller prints the note once."""
    pytest.importorskip("xdist")
    pytester.makeconftest("import sys\nsys.modules['time_machine'] = None")
    pytester.makepyfile(
        "import pytest\n@pytest.mark.parametrize('n', range(4))\n"
        "def test_it(dag_clock, n): dag_clock.advance(5)"
    )

    result = pytester.runpytest_subprocess("-n", "2")

    result.assert_outcomes(passed=4)
    assert str(result.stdout).count("dag_clock moved only") == 1


def test_only_the_test_that_asks_has_it(flaky: pytest.Pytester):
    """Tests without the fixture use real time."""
    flaky.makepyfile(
        """
        import time
        from dagflow import job

        @job
        def nothing():
            pass

        def test_virtual(dag_clock):
            dag_clock.move_to(0)
            assert nothing.execute_in_process().all_events[0].timestamp == 0

        def test_real():
            assert abs(nothing.execute_in_process().all_events[0].timestamp - time.time()) < 60
        """
    )

    flaky.runpytest("-p", "no:randomly").assert_outcomes(passed=2)


def test_a_class_may_ask_for_it(flaky: pytest.Pytester):
    """A class uses it by `usefixtures`."""
    flaky.makepyfile(
        """
        import unittest
        import pytest
        from flaky import patient

        @pytest.mark.usefixtures("dag_clock")
        class TestPatience(unittest.TestCase):
            def test_patient(self):
                self.assertTrue(patient.execute_in_process().success)
        """
    )

    flaky.runpytest().assert_outcomes(passed=1)

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

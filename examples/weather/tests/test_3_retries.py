"""Step 3: time is a fixture. The op waits minutes between its attempts, but the tests do not."""

import pytest
from dagflow import DagflowMaxRetriesExceededError
from pytest_dagflow import (
    assert_event_sequence,
    assert_failed,
    assert_not_ran,
    assert_retried,
    assert_succeeded,
    ev,
)

from weather.station import StationTimeout
from weather.storm import station_watch, watch_config


def test_the_op_asks_until_the_station_answers(execute_in_process, dag_clock):
    """`dag_clock` ends each delay at once and records it."""
    result = execute_in_process(station_watch, run_config=watch_config("2012-12-17", timeouts=2))

    assert_succeeded(result)
    assert_retried(result, "fetch_reading", times=2, delays=[30, 90])
    assert dag_clock.sleeps == pytest.approx([30, 90])


def test_the_op_gives_up_after_the_third_retry(execute_in_process, dag_clock):
    """With raise_on_error=False a failed run returns a result; the storm desk did not run."""
    run_config = watch_config("2012-12-17", timeouts=4)

    result = execute_in_process(station_watch, run_config=run_config, raise_on_error=False)

    assert_failed(result, "fetch_reading", error=StationTimeout, match="no answer about 2012-12-17")
    assert_not_ran(result, "storm_desk")
    assert sum(dag_clock.sleeps) == pytest.approx(30 + 90 + 210)


def test_the_events_of_a_run_that_raised_are_not_lost(execute_in_process, dag_clock, dag_events):
    """`dag_events` has the events of every run of this test, also of direct calls of dagflow."""
    with pytest.raises(DagflowMaxRetriesExceededError, match="no answer"):
        station_watch.execute_in_process(watch_config("2012-12-17", timeouts=4))

    assert_event_sequence(dag_events, [ev.step_up_for_retry("fetch_reading", times=3), ev.run_failure()])

"""Step 9: what if it goes wrong. Given values, faults, written tests, every executor, and properties."""

import pytest
from dagflow import execute_job, reconstructable
from dagflow.testing import write_test
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_dagflow import assert_failed, assert_not_ran, assert_retried, assert_succeeded

from weather.assets import clean_observations, monthly_statistics, raw_observations, records, report
from weather.storm import station_watch, watch_config
from weather.units import MonthStatistics

ALL = [raw_observations, clean_observations, monthly_statistics, records, report]


def test_the_report_of_a_wet_year(materialize_to_memory, dag_stub):
    """`dag_stub` gives the values that the report reads, so no day of the archive is computed."""
    dag_stub(records, [])
    dag_stub("monthly_statistics", {"2012-01-01": MonthStatistics(31, 900.0, 20, 9.0, 3.0)})

    result = materialize_to_memory(ALL, selection="report")

    assert "rain in 2012: 900 mm" in result.asset_value("report")


def test_a_broken_reading_stops_the_storm_desk(execute_in_process, dag_faults):
    """`dag_faults` replaces the reading of the station by a value of a wrong type."""
    dag_faults.wrong_type("fetch_reading", on_attempt=None)

    result = execute_in_process(
        station_watch, run_config=watch_config("2012-12-17", timeouts=0), raise_on_error=False
    )

    assert_failed(result, "fetch_reading")
    assert_not_ran(result, "storm_desk")


def test_a_step_becomes_a_test(materialize_to_memory, tmp_path):
    """`write_test` writes a test that calls the function with the inputs of the step, and needs no run."""
    result = materialize_to_memory(ALL, selection="*clean_observations", partition_key="2012-02-29")

    path = write_test(result, "clean_observations", tmp_path)

    assert 'sky="snow"' in path.read_text()


@pytest.mark.dag_executors("in_process", "multiprocess")
def test_every_executor_asks_again(dag_instance, dag_clock, dag_faults):
    """The first attempt fails, in this process and in others."""
    dag_faults.fail("fetch_reading", error=OSError("no route to the station"))

    result = execute_job(
        reconstructable(station_watch), dag_instance, run_config=watch_config("2012-12-17", timeouts=0)
    )

    assert_succeeded(result)
    assert_retried(result, "fetch_reading", times=1, delays=[30])


@settings(max_examples=10, deadline=None)
@given(failures=st.integers(1, 4))
def test_the_op_survives_three_failures(dag_sandbox, failures):
    """Each example has a sandbox of its own: instance, time, stubs and faults."""
    with dag_sandbox() as dag:
        dag.faults.fail("fetch_reading", on_attempt=range(1, failures + 1), error=OSError)

        result = dag.execute_in_process(
            station_watch, run_config=watch_config("2012-12-17", timeouts=0), raise_on_error=False
        )

        assert result.success is (failures <= 3)
        assert len(dag.clock.sleeps) == min(failures, 3)
        dag.faults.sometimes("the op gives up", not result.success)

"""Step 4: which nodes ran, which were skipped, and their outputs, by the small assertions."""

from pytest_dagflow import (
    assert_before,
    assert_failed,
    assert_output,
    assert_ran,
    assert_same_run,
    assert_skipped,
    assert_succeeded,
)

from weather.archive import Archive
from weather.assets import clean_observations, raw_observations
from weather.storm import station_watch, storm_desk, watch_config


def test_a_stormy_day_raises_the_alarm(execute_in_process):
    """A node inside a graph is named by its path."""
    result = execute_in_process(station_watch, run_config=watch_config("2012-12-17"))

    assert_output(result, "storm_desk.send_alert", "STORM on 2012-12-17: wind 34.2 km/h, rain 2 mm")
    assert_before(result, "storm_desk.triage", "storm_desk.send_alert")


def test_a_calm_day_does_not(execute_in_process):
    """The alert is skipped, but the logbook is written."""
    result = execute_in_process(station_watch, run_config=watch_config("2014-08-11"))

    assert_succeeded(result)
    assert_skipped(result, "storm_desk.send_alert")
    assert_ran(result, "storm_desk.write_logbook")


def test_the_storm_desk_runs_without_the_station(execute_in_process, archive):
    """A graph runs alone, with the values of its inputs as an argument."""
    reading = clean_observations(archive.lookup("2015-03-15"))

    result = execute_in_process(storm_desk, input_values={"reading": reading})

    assert_ran(result, "triage", "send_alert", "write_logbook")


def test_a_part_of_the_job_runs_alone(execute_in_process):
    """`op_selection` has the syntax of `--dag-select`."""
    result = execute_in_process(
        station_watch, run_config=watch_config("2014-08-11"), op_selection=["fetch_reading"]
    )

    assert [event.step_key for event in result.get_step_success_events()] == ["fetch_reading"]


def test_the_same_day_gives_the_same_run(execute_in_process):
    """Two runs have the same steps, outcomes and outputs; ids and times are not compared."""
    run_config = watch_config("2012-12-17")

    assert_same_run(
        execute_in_process(station_watch, run_config=run_config),
        execute_in_process(station_watch, run_config=run_config),
    )


def test_a_line_that_cannot_be_true_is_refused(materialize_to_memory):
    """A resource argument replaces the resource of `dag_resources`."""

    class Misprint:
        def lookup(self, day):
            return {**Archive().lookup(day), "temp_min": "99"}

    result = materialize_to_memory(
        [raw_observations, clean_observations],
        partition_key="2012-01-01",
        resources={"archive": Misprint()},
        raise_on_error=False,
    )

    assert_failed(result, "clean_observations", error=ValueError, match="low 99.0 is above high 12.8")


def test_the_instance_remembers_the_run(materialize_to_memory, dag_instance):
    """All bound calls of a test run on its own `dag_instance`."""
    result = materialize_to_memory([raw_observations, clean_observations], partition_key="2012-01-01")

    assert [run.run_id for run in dag_instance.get_runs()] == [result.run_id]

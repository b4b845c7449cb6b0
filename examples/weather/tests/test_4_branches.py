"""Fourth: what ran, what was skipped, what came out. The small assertions, a line each."""

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
    """The alert is skipped, the logbook is written all the same."""
    result = execute_in_process(station_watch, run_config=watch_config("2014-08-11"))

    assert_succeeded(result)
    assert_skipped(result, "storm_desk.send_alert")
    assert_ran(result, "storm_desk.write_logbook")


def test_the_storm_desk_runs_without_the_station(execute_in_process, archive):
    """A graph is run alone: what it needs from outside is given to it."""
    reading = clean_observations(archive.lookup("2015-03-15"))

    result = execute_in_process(storm_desk, input_values={"reading": reading})

    assert_ran(result, "triage", "send_alert", "write_logbook")


def test_a_part_of_the_job_runs_alone(execute_in_process):
    """`op_selection` takes the same words as `--dag-select`."""
    result = execute_in_process(
        station_watch, run_config=watch_config("2014-08-11"), op_selection=["fetch_reading"]
    )

    assert [event.step_key for event in result.get_step_success_events()] == ["fetch_reading"]


def test_the_same_day_gives_the_same_run(execute_in_process):
    """Same steps, same outcomes, same outputs; ids and times do not count."""
    run_config = watch_config("2012-12-17")

    assert_same_run(
        execute_in_process(station_watch, run_config=run_config),
        execute_in_process(station_watch, run_config=run_config),
    )


def test_a_line_that_cannot_be_true_is_refused(materialize_to_memory):
    """A resource that is given in the test goes before the one of `dag_resources`."""

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
    """Every bound call of a test runs on its `dag_instance`, which no other test has seen."""
    result = materialize_to_memory([raw_observations, clean_observations], partition_key="2012-01-01")

    assert [run.run_id for run in dag_instance.get_runs()] == [result.run_id]

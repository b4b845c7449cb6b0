"""Step 4: the source, the sensor and the project as a whole."""

from dagflow import Definitions, build_sensor_context, observe
from pytest_dagflow import assert_check, assert_event_sequence, assert_materialized, ev

from almanac.archive import Archive
from almanac.project import defs, new_file, print_year
from almanac.tables import published_file


def test_the_version_of_the_file(dag_instance, dag_resources):
    """`observe` runs the function of the source; the observation has the version."""
    result = observe([published_file], instance=dag_instance, resources=dag_resources)

    (observation,) = result.asset_observations_for_node("published_file")
    assert observation.data_version == Archive().version()
    assert_event_sequence(result, [ev.asset_observation("published_file")])


def tick(cursor=None, archive=None):
    """Evaluate a tick of the sensor."""
    resources = {"archive": archive or Archive()}
    return new_file.evaluate_tick(build_sensor_context(cursor=cursor, resources=resources, definitions=defs))


def test_a_new_file_starts_a_run_of_each_year(torn_archive):
    """The first tick and a tick after a change of the file request four runs."""
    first = tick()
    changed = tick(first.cursor, torn_archive)

    assert [request.partition_key for request in first.run_requests] == ["2012", "2013", "2014", "2015"]
    assert changed.cursor != first.cursor
    assert len(changed.run_requests) == 4


def test_an_old_file_starts_no_run():
    """A tick without requests has a reason."""
    version = Archive().version()

    assert tick(version).skip_message == f"version {version} is printed"


def test_a_request_runs_the_job(execute_in_process):
    """The request has what the job needs: a partition."""
    request = tick().run_requests[-1]

    result = execute_in_process(defs.resolve_job_def(print_year.name), partition_key=request.partition_key)

    assert_check(result, "days", "year_is_complete")
    assert_materialized(result, "page", partition="2015")


def test_the_project_is_whole():
    """All jobs, sensors and resources of the project fit together."""
    Definitions.validate_loadable(defs)

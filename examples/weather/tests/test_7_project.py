"""Step 7: the project as a whole. `pytest.ini` names it, and tests run parts of it by name."""

import pytest
from dagflow import DagflowInstance, Definitions
from pytest_dagflow import assert_check, assert_materialized, assert_ran

from weather.project import archive


def test_the_project_loads(dag_definitions):
    """Jobs find their resources, schedules their jobs, and partitions fit."""
    Definitions.validate_loadable(dag_definitions)


def test_a_selection_of_the_project_runs_in_memory(dag_run):
    """The expression is that of `--dag-select`; assets run with their checks."""
    result = dag_run("*clean_observations", partition_key="2012-02-29")

    assert_materialized(result, "clean_observations", partition="2012-02-29")
    assert_check(result, "clean_observations", "plausible")


@pytest.mark.dag_config("storm.yaml")
def test_a_job_runs_by_its_name(dag_run, dag_local_instance):
    """The run config comes from a file beside the test. The instance stores runs under `tmp_path`."""
    result = dag_run("station_watch", instance=dag_local_instance)

    assert_ran(result, "storm_desk.send_alert")
    with DagflowInstance.local_temp(dag_local_instance.root_directory) as again:
        assert again.get_run_by_id(result.run_id).is_success


@pytest.mark.dag_config("storm.yaml")
def test_a_part_of_a_job_runs_alone(dag_run):
    """Ops of an expression are the op selection of their job. A config that is passed wins key by key."""
    calm = {"ops": {"fetch_reading": {"config": {"day": "2014-08-11"}}}}

    result = dag_run("job:station_watch and not storm_desk", run_config=calm)

    assert [event.step_key for event in result.get_step_success_events()] == ["fetch_reading"]
    assert result.output_for_node("fetch_reading").day.isoformat() == "2014-08-11"


@pytest.mark.dag_env(WEATHER_ARCHIVE="no such file.csv")
def test_the_environment_names_the_archive(build_init_resource_context):
    """The variable is set during this test only."""
    with pytest.raises(FileNotFoundError, match="no such file"):
        archive(build_init_resource_context())

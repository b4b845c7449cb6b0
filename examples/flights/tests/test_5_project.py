"""Step 5: the project as a whole. `pytest.ini` names it, and tests run parts of it by name."""

import pytest
from dagflow import Definitions, InMemoryIOManager
from pandas import DataFrame
from pytest_dagflow import (
    assert_before,
    assert_event_sequence,
    assert_failed,
    assert_not_ran,
    assert_output,
    assert_ran,
    chain,
    ev,
    par,
)

from flights.bulletin import write_page
from flights.partitions import ORIGIN_MONTHS
from flights.project import storage
from flights.tables import departures, ranking, reference


@pytest.fixture
def dag_resources(january, tmp_path):
    """Return the resources of this module: the small inbox, and tables in memory."""
    files = storage(str(january), f"{tmp_path}/flights.duckdb", f"{tmp_path}/pages")
    return files | {"tables": InMemoryIOManager()}


@pytest.mark.dag_nodes("*")
def test_the_project_loads(dag_definitions):
    """Jobs find their resources, schedules their jobs, and partitions fit."""
    Definitions.validate_loadable(dag_definitions)


@pytest.mark.dag_partitions(ORIGIN_MONTHS, keys=["2013-01-01|EWR", "2013-01-01|JFK", "2013-01-01|LGA"])
def test_a_job_runs_by_its_name(dag_run, partition_key):
    """Each call of the test loads what the calls before it stored. The job runs the checks of its assets."""
    dag_run("airlines or planes or weather")

    result = dag_run("load_month", partition_key=partition_key)

    assert_ran(result, "departures", "departures_each_flight_once", "enriched_flights")
    assert (
        len(result.output_for_node("enriched_flights")) == {"E": 305, "J": 297, "L": 240}[partition_key[11]]
    )


def test_only_one_table_of_the_three(dag_run):
    """A run selects one asset of the function; the others are not made."""
    result = dag_run("airlines")

    assert_event_sequence(result, [ev.materialization("airlines")], forbid=[ev.materialization("planes")])
    assert len(result.asset_value("airlines")) == 16


@pytest.fixture
def given_tables(dag_stub):
    """Give the tables that the bulletin reads, so that no flight is loaded."""
    row = {"origin": ["JFK"], "airline": "B6", "flights": 10, "cancelled": 1, "late": 2}
    dag_stub("punctuality", DataFrame(row))
    dag_stub("monthly_weather", DataFrame({"origin": ["JFK"], "wet_hours": 3, "fog_hours": 0}))


def test_the_page_of_a_month(dag_run, given_tables):
    """The two kinds of lines are independent of each other: `par`. Both cause the page."""
    result = dag_run("bulletin", partition_key="2013-01-01")

    assert_event_sequence(
        result,
        [
            par(
                chain(ev.step_start("bulletin.airport_lines"), ev.output("bulletin.airport_lines")),
                chain(ev.step_start("bulletin.weather_lines"), ev.output("bulletin.weather_lines")),
            ),
            ev.step_start("bulletin.write_page"),
            ev.materialization("bulletin", partition="2013-01-01"),
            ev.run_success(),
        ],
    )
    assert_output(result, "bulletin.airport_lines", ["- JFK: 10 flights, 1 cancelled, 20 % late"])
    assert_output(result, "bulletin.weather_lines", ["- JFK: 3 hours of rain or snow, 0 of fog"])


def test_a_failure_of_a_line(dag_run, dag_faults, given_tables):
    """`dag_faults` lets an op of the graph fail: the other op runs, and no page is written."""
    dag_faults.fail("bulletin.weather_lines", error=OSError("no forecast"))

    result = dag_run("bulletin", partition_key="2013-01-01", raise_on_error=False)

    assert_failed(result, "bulletin.weather_lines", error=OSError, match="no forecast")
    assert_ran(result, "bulletin.airport_lines")
    assert_not_ran(result, "bulletin.write_page")


def test_the_ranking_waits_for_its_tables(january, tmp_path, materialize):
    """`--dag-mutate` asked for this test: the ranking reads both tables in the database, not as inputs."""
    resources = storage(str(january), f"{tmp_path}/year.duckdb", f"{tmp_path}/pages")

    result = materialize(
        [reference, departures, ranking], partition_key="2013-01-01|JFK", resources=resources
    )

    assert_before(result, "departures", "ranking")
    assert_before(result, "airlines", "ranking")


def test_the_whole_page():
    """`--dag-mutate` asked for this test: no other one reads the headings and the order."""
    assert write_page(["- JFK"], ["- rain"]) == "# Flights\n- JFK\n\n# Weather\n- rain\n"

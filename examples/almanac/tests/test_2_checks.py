"""Step 2: checks, as functions and in runs, with a blocking one that fails."""

import pytest
from dagflow import AssetSelection, DagflowAssetCheckFailedError
from pytest_dagflow import (
    assert_check,
    assert_event_sequence,
    assert_failed,
    assert_materialized,
    assert_not_ran,
    assert_succeeded,
    ev,
)

from almanac.archive import Archive, Day
from almanac.checks import sky_fits, year_is_complete
from almanac.tables import YEARS, days, page, published_file, tables

CHECKED = [published_file, days, year_is_complete, sky_fits]


def test_a_check_is_a_function():
    """Call it with the value of its asset."""
    whole = Archive().days_of("2012")

    assert year_is_complete(whole).passed
    assert not year_is_complete(whole[1:]).passed
    assert not year_is_complete([*whole, whole[0]]).passed


def test_several_checks_of_one_function():
    """The results have the names of the checks."""
    wet_sun = Day("2013-01-01", 3.0, 5.0, 1.0, 2.0, "sun")

    results = {result.check_name: result.passed for result in sky_fits([wet_sun])}

    assert results == {"rainy_days_are_wet": True, "sunny_days_are_dry": False}


@pytest.mark.dag_partitions(YEARS)
def test_every_year_is_complete(partition_key, materialize_to_memory):
    """`assert_check` passes if the check was evaluated and passed."""
    result = materialize_to_memory(CHECKED, partition_key=partition_key)

    assert_check(result, "days", "year_is_complete")


@pytest.mark.dag_partitions(YEARS, keys=["2012", "2013"])
def test_after_2012_sunny_days_have_rain(partition_key, materialize_to_memory):
    """A check with the severity WARN does not fail the run. `ev.check` compares the metadata too."""
    result = materialize_to_memory(CHECKED, partition_key=partition_key)

    assert_succeeded(result)
    assert_check(result, "days", "sunny_days_are_dry", passed=partition_key == "2012")
    wrong = {"2012": 0, "2013": 34}[partition_key]
    assert_event_sequence(result, [ev.check("days", "sunny_days_are_dry", metadata={"wrong": wrong})])


def test_a_blocking_check_stops_everything_downstream(materialize_to_memory, torn_archive):
    """The days are stored, the check fails, and no table is made of them."""
    result = materialize_to_memory(
        [*CHECKED, tables, page],
        partition_key="2012",
        resources={"archive": torn_archive},
        raise_on_error=False,
    )

    assert_materialized(result, "days")
    assert_check(result, "days", "year_is_complete", passed=False)
    assert_failed(result, "days_year_is_complete", error=DagflowAssetCheckFailedError)
    assert_not_ran(result, "tables", "page.print_lines")


def test_checks_run_alone(materialize):
    """A selection of checks loads the stored asset. `materialize` stores it under `tmp_path`."""
    materialize([published_file, days], partition_key="2014")

    result = materialize(CHECKED, selection=AssetSelection.checks(sky_fits), partition_key="2014")

    assert_check(result, "days", "sunny_days_are_dry", passed=False)
    assert [event.step_key for event in result.get_step_success_events()] == ["sky_fits"]

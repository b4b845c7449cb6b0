"""Step 1: a function with several assets, a selection of them, and an asset that a graph of ops makes."""

import pytest
from pytest_dagflow import assert_before, assert_event_sequence, assert_materialized, assert_output, ev

from almanac.archive import Archive, Day
from almanac.tables import YEARS, days, page, published_file, tables, warmest_month

ASSETS = [published_file, days, tables, page]
SUNDAY = Day("2012-01-01", 0.0, 10.0, 4.0, 4.7, "sun")
MONDAY = Day("2012-01-02", 10.9, 12.0, 2.0, 4.5, "rain")


@pytest.mark.dag_nodes("days")
def test_the_archive_has_leap_days():
    """A test of plain code names the nodes that use it, so that `--dag-select` finds it."""
    assert len(Archive().days_of("2012")) == 366


def test_the_function_is_called_with_values(build_asset_context):
    """The call of a function that yields returns a generator of outputs."""
    outputs = tables(build_asset_context(partition_key="2012"), [SUNDAY, MONDAY])

    assert {output.output_name: output.value for output in outputs} == {
        "rain": {"2012-01": 10.9},
        "temperature": {"2012-01": 7.0},
        "wind": {"2012-01": 4.6},
    }


@pytest.mark.dag_partitions(YEARS)
def test_each_year_has_three_tables(partition_key, materialize_to_memory):
    """One step materializes the three assets of the year."""
    result = materialize_to_memory([published_file, days, tables], partition_key=partition_key)

    for name in ("rain", "temperature", "wind"):
        assert_materialized(result, name, partition=partition_key, metadata={"months": 12})


@pytest.mark.dag_partitions(YEARS, first=1)
def test_a_run_makes_only_the_selected_table(partition_key, materialize_to_memory):
    """`selection` has keys of assets; the function yields what the run needs."""
    result = materialize_to_memory(ASSETS, selection=["days", "rain"], partition_key=partition_key)

    assert_materialized(result, "rain")
    assert_event_sequence(result, [ev.materialization("rain")], forbid=[ev.materialization("wind")])


def test_an_op_of_the_graph_is_a_function():
    """Most of a graph asset is tested without a run."""
    assert warmest_month({"2012-01": 7.0, "2012-08": 19.2}) == "warmest month: 2012-08, 19.2 C"


@pytest.mark.dag_partitions(page, keys=["2012"])
def test_the_page(partition_key, materialize_to_memory):
    """The ops of a graph asset are steps, named by their paths."""
    result = materialize_to_memory(ASSETS, partition_key=partition_key)

    assert result.asset_value("page").startswith("wettest month: 2012-11, 210.5 mm\n")
    assert_output(result, "page.warmest_month", "warmest month: 2012-08, 19.9 C")
    assert_before(result, "page.wettest_month", "page.print_lines")

"""Step 6: the tables about all days, on the real data."""

from datetime import date

import pytest
from dagflow import materialize
from pytest_dagflow import assert_output

from weather.assets import clean_observations, monthly_statistics, raw_observations, records, report
from weather.units import Record

TABLES = [raw_observations, clean_observations, monthly_statistics, records, report]


@pytest.fixture(scope="module")
def summary(four_years, module_dag_instance):
    """Run the two tables once for this module, on an instance of the same scope."""
    return materialize(
        TABLES, selection=[records, report], instance=module_dag_instance, resources=four_years
    )


def test_the_records(summary):
    """An asset without partitions reads all 1,461 days."""
    assert_output(
        summary,
        "records",
        [
            Record("hottest day", date(2014, 8, 11), date(2014, 8, 11), 35.6, "C"),
            Record("wettest day", date(2015, 3, 15), date(2015, 3, 15), 55.9, "mm"),
            Record("longest dry spell", date(2012, 7, 23), date(2012, 9, 8), 48, "days"),
        ],
    )


def test_what_counts_as_dry_is_configured(four_years, materialize):
    """If days with less than one millimetre are dry, the spell of 2012 lasts until October."""
    result = materialize(
        TABLES,
        selection=[records],
        run_config={"ops": {"records": {"config": {"dry_below_mm": 1.0}}}},
        resources=four_years,
    )

    assert result.asset_value("records")[2].value == 81


def test_the_report(summary):
    """The report has one line for each record."""
    assert "hottest day: 35.6 C, on 2014-08-11\n" in summary.asset_value("report")


def test_every_month_is_in_the_session(four_years, session_dag_instance):
    """The instance of the session has all materialized months."""
    assert len(session_dag_instance.get_materialized_partitions(monthly_statistics.key)) == 48

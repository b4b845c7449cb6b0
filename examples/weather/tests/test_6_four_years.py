"""Step 6: the tables about all days, on the real data."""

from datetime import date

import pytest
from dagflow import InMemoryIOManager, materialize
from pytest_dagflow import assert_output

from weather.assets import DAYS, clean_observations, monthly_statistics, raw_observations, records, report
from weather.units import Observation, Record

TABLES = [raw_observations, clean_observations, monthly_statistics, records, report]
REPORT = """\
Weather at Seattle-Tacoma airport

hottest day: 35.6 C, on 2014-08-11
wettest day: 55.9 mm, on 2015-03-15
longest dry spell: 48 days, from 2012-07-23 to 2012-09-08

rain in 2012: 1226 mm
rain in 2013: 828 mm
rain in 2014: 1233 mm
rain in 2015: 1139 mm
"""


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
    """The whole text: the report has one line for each record, and one for each year."""
    assert summary.asset_value("report") == REPORT


def test_the_last_day_counts(materialize):
    """`--dag-mutate` asked for this test, because no record is on the last of the real days."""
    store = InMemoryIOManager()
    for high, key in enumerate(DAYS.get_partition_keys()):
        day = Observation(date.fromisoformat(key), 0.0, float(high), 0.0, 0.0, "sun")
        store.assets[clean_observations.key, key] = day

    result = materialize(TABLES, selection=[records], resources={"io_manager": store})

    assert result.asset_value("records")[0].first == date(2015, 12, 31)


def test_every_month_is_in_the_session(four_years, session_dag_instance):
    """The instance of the session has all materialized months."""
    assert len(session_dag_instance.get_materialized_partitions(monthly_statistics.key)) == 48

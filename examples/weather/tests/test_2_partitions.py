"""Step 2: a partition key is a parameter. One test per day or month, with the key in its name."""

import pytest
from pytest_dagflow import assert_materialized

from weather.assets import DAYS, MONTHS, clean_observations, monthly_statistics, raw_observations


@pytest.mark.dag_partitions(DAYS, boundaries=True)
def test_a_day_is_cleaned(partition_key, materialize_to_memory):
    """The days are the first and the last, month and year ends, and the leap day."""
    result = materialize_to_memory([raw_observations, clean_observations], partition_key=partition_key)

    assert result.asset_value("clean_observations").day.isoformat() == partition_key


@pytest.mark.dag_partitions(monthly_statistics, keys=["2012-02-01", "2013-02-01"])
def test_a_month_reads_its_days(partition_key, materialize):
    """`materialize` stores values under `tmp_path`, so the month loads the days from earlier calls."""
    daily = [raw_observations, clean_observations]
    days = [day for day in DAYS.get_partition_keys() if day[:7] == partition_key[:7]]
    for day in days:
        materialize(daily, partition_key=day)

    result = materialize(
        [*daily, monthly_statistics], selection=[monthly_statistics], partition_key=partition_key
    )

    assert result.asset_value("monthly_statistics").days == len(days)
    assert_materialized(
        result,
        "monthly_statistics",
        partition=partition_key,
        metadata={"days": len(days)},
    )


@pytest.mark.dag_partitions(MONTHS, sample=3)
def test_a_month_has_statistics(partition_key, four_years, materialize):
    """A sample of months loads the days of the session fixture."""
    result = materialize(
        [raw_observations, clean_observations, monthly_statistics],
        selection=[monthly_statistics],
        partition_key=partition_key,
        resources=four_years,
    )

    assert 28 <= result.output_for_node("monthly_statistics").days <= 31

"""Step 2: airports by month, days, and months of days. A partition key is a parameter of a test."""

import pytest
from dagflow import MultiPartitionKey
from pytest_dagflow import assert_materialized

from flights.partitions import DAYS, ORIGIN_MONTHS, ORIGINS
from flights.published import Inbox
from flights.tables import departures, enriched_flights, punctuality, reference
from flights.weather import daily_weather, monthly_weather

FLIGHTS = [departures, reference, enriched_flights, punctuality]
WEATHER = [reference, daily_weather, monthly_weather]


@pytest.mark.dag_partitions(ORIGIN_MONTHS, keys=["2013-01-01|EWR", "2013-11-01|JFK"])
def test_an_airport_in_a_month(partition_key, materialize):
    """The joins keep each flight once. The tables are in a database under `tmp_path`."""
    result = materialize(FLIGHTS, selection="*enriched_flights", partition_key=partition_key)

    rows = {"2013-01-01|EWR": 9893, "2013-11-01|JFK": 8710}[partition_key]
    assert_materialized(result, "departures", partition=partition_key, metadata={"rows": rows})
    assert_materialized(result, "enriched_flights", partition=partition_key, metadata={"rows": rows})


@pytest.mark.dag_partitions(punctuality, keys=["2013-02-01"])
def test_a_month_reads_three_airports(partition_key, materialize):
    """The mapping drops the dimension of the airports. The snow of February cancelled 1,261 flights."""
    materialize([reference])
    for origin in ORIGINS.get_partition_keys():
        key = MultiPartitionKey({"month": partition_key, "origin": origin})
        materialize(FLIGHTS, selection=["departures", "enriched_flights"], partition_key=key)

    result = materialize(FLIGHTS, selection="punctuality", partition_key=partition_key)

    table = result.asset_value("punctuality").groupby("origin")[["flights", "cancelled", "late"]].sum()
    assert table.to_dict("index") == {
        "EWR": {"flights": 9107, "cancelled": 499, "late": 1992},
        "JFK": {"flights": 8421, "cancelled": 393, "late": 1678},
        "LGA": {"flights": 7423, "cancelled": 369, "late": 1126},
    }


@pytest.fixture(scope="module")
def weather(inbox):
    """Return the weather of the year, read once for this module."""
    return Inbox(folder=str(inbox)).reference("weather")


@pytest.mark.dag_partitions(DAYS, boundaries=True)
def test_a_day_has_no_hour_twice(partition_key, materialize_to_memory, dag_stub, weather):
    """The boundaries are the ends of months, and the days when the clocks change, of 23 and 25 hours."""
    dag_stub("weather", weather)
    window = DAYS.time_window_for_partition_key(partition_key)

    result = materialize_to_memory(WEATHER, selection="daily_weather", partition_key=partition_key)

    hours = (window.end.timestamp() - window.start.timestamp()) / 3600
    assert hours == {"2013-03-10": 23, "2013-11-03": 25}.get(partition_key, 24)
    assert (result.asset_value("daily_weather")["hours"] <= hours).all()


@pytest.mark.dag_partitions(monthly_weather, keys=["2013-02-01"])
def test_a_month_reads_its_days(partition_key, materialize):
    """The days are loaded by a run each; the month loads them as a dict."""
    materialize(WEATHER, selection="weather")
    for day in DAYS.get_partition_keys()[31:59]:
        materialize(WEATHER, selection="daily_weather", partition_key=day)

    result = materialize(WEATHER, selection="monthly_weather", partition_key=partition_key)

    rows = result.asset_value("monthly_weather")[["origin", "days", "wet_hours", "fog_hours"]]
    assert rows.to_dict("records") == [
        {"origin": "EWR", "days": 28, "wet_hours": 67, "fog_hours": 28},
        {"origin": "JFK", "days": 28, "wet_hours": 72, "fog_hours": 19},
        {"origin": "LGA", "days": 28, "wet_hours": 72, "fog_hours": 21},
    ]

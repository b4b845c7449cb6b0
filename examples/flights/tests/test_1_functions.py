"""Step 1: assets and ops are functions of frames. Call them with small frames, or with the real files."""

import pytest
from dagflow import MultiPartitionKey
from pandas import DataFrame, Series, Timestamp

from flights.bulletin import airport_lines, weather_lines, write_page
from flights.published import Inbox
from flights.tables import departures, enriched_flights, punctuality, reference

SUNDAY = Timestamp("2013-11-03")
FIRST, SECOND = SUNDAY.replace(hour=5), SUNDAY.replace(hour=6)
"""Two hours in UTC that are both one o'clock in New York, because the clocks go back."""


@pytest.mark.dag_nodes("departures")
def test_the_inbox_has_twelve_months(inbox):
    """A test of plain code names the node that uses it, so that `--dag-select` finds it."""
    months = Inbox(folder=str(inbox)).months()

    assert (months[0], months[-1], len(months)) == ("2013-01-01", "2013-12-01", 12)


@pytest.mark.dag_nodes("departures")
def test_a_month_that_has_not_arrived(tmp_path):
    """The error names the file."""
    with pytest.raises(FileNotFoundError, match=r"flights-2013-01\.parquet has not arrived"):
        Inbox(folder=str(tmp_path)).flights("EWR", "2013-01-01")


def test_an_asset_reads_a_partition_of_two_dimensions(build_asset_context):
    """The context has the key, and the inbox comes from `dag_resources`."""
    key = MultiPartitionKey({"month": "2013-02-01", "origin": "LGA"})

    flights = departures(build_asset_context(partition_key=key))

    assert len(flights) == 7423
    assert set(flights["origin"]) == {"LGA"}


def test_one_function_has_three_tables(build_asset_context):
    """The call of a function that yields returns a generator of outputs."""
    rows = {output.output_name: len(output.value) for output in reference(build_asset_context())}

    assert rows == {"airlines": 16, "planes": 3322, "weather": 26115}


def test_the_weather_is_joined_by_the_hour_in_utc():
    """The hour that New York has twice has two rows of weather, and the flight gets one of them."""
    flight = DataFrame(
        {"origin": "JFK", "time_hour": [SECOND], "carrier": "B6", "flight": 1, "tailnum": "N1"}
    )
    airlines = DataFrame({"carrier": ["B6"], "name": ["JetBlue Airways"]})
    planes = DataFrame({"tailnum": ["N2"], "built": [1999], "manufacturer": "-", "model": "-", "seats": 100})
    weather = DataFrame({"origin": "JFK", "time_hour": [FIRST, SECOND], "day": SUNDAY, "temp": [50.0, 41.0]})
    weather = weather.assign(wind_speed=9.0, precip=0.0, visib=10.0)

    (row,) = enriched_flights(flight, airlines, planes, weather).to_dict("records")

    assert (row["airline"], row["temp"]) == ("JetBlue Airways", 41.0)
    assert DataFrame([row])["seats"].isna().all()  # no plane is called N1


@pytest.mark.parametrize(("delay", "late"), [(-5, 0), (15, 0), (16, 1), (None, 0)])
def test_more_than_fifteen_minutes_are_late(delay, late):
    """The flights of a month are a dict of partition key to frame. A flight without a delay is cancelled."""
    delays = Series([delay], dtype="float")
    flight = DataFrame({"origin": "JFK", "airline": "B6", "dep_time": delays + 900, "dep_delay": delays})

    (row,) = punctuality({"2013-01-01|JFK": flight}).to_dict("records")

    assert row == {
        "origin": "JFK", "airline": "B6", "flights": 1, "cancelled": int(delay is None), "late": late
    }  # fmt: skip


def test_the_ops_of_the_bulletin():
    """The ops of a graph asset need no graph."""
    flights = DataFrame({"origin": "JFK", "flights": [900, 300], "cancelled": [3, 0], "late": [84, 60]})
    weather = DataFrame({"origin": ["JFK"], "wet_hours": [50], "fog_hours": [2]})

    page = write_page(airport_lines(flights), weather_lines(weather))

    assert "- JFK: 1,200 flights, 3 cancelled, 12 % late\n" in page
    assert "- JFK: 50 hours of rain or snow, 2 of fog\n" in page

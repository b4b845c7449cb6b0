"""Step 1: ops and assets are functions. Call them, with a context from a fixture if they need one."""

from datetime import date

import pytest

from weather.assets import clean_observations, monthly_statistics, raw_observations
from weather.station import fetch_reading, station
from weather.storm import STORM_RAIN_MM, triage, write_logbook
from weather.units import STORM_WIND_KMH, Observation


def test_an_op_is_called_like_the_function_that_it_is():
    """An op without context needs no fixture and no run."""
    assert write_logbook("snow until noon") == "Snow until noon"


def test_an_asset_reads_its_partition_and_its_resources_from_a_context(build_asset_context):
    """The archive comes from `dag_resources` in conftest.py."""
    row = raw_observations(build_asset_context(partition_key="2012-01-01"))

    assert row["temp_max"] == "12.8"
    assert clean_observations(row).high_c == 12.8


def test_a_resource_is_open_while_the_test_runs(build_op_context):
    """The line is opened at the first use, and closed at the end of the test, even after a failure."""
    context = build_op_context(
        resources={"station": station},
        resources_config={"station": {"config": {"timeouts": 0}}},
        op_config={"day": "2014-08-11"},
    )

    assert fetch_reading(context).high_c == 35.6
    assert context.resources.station.is_open


def test_what_an_asset_says_about_its_value_stays_in_the_context(build_asset_context):
    """The metadata of an output can be read after the call; this month has one day."""
    first = clean_observations(raw_observations(build_asset_context(partition_key="2012-01-02")))
    context = build_asset_context(partition_key="2012-01-01")

    monthly_statistics(context, {"2012-01-02": first})

    assert context.get_output_metadata("result") == {"days": 1, "rain_mm": 10.9}


@pytest.mark.parametrize(
    ("day", "outputs"),
    [
        pytest.param("2012-12-17", ["entry", "storm"], id="windy"),
        pytest.param("2015-03-15", ["entry", "storm"], id="wet"),
        pytest.param("2014-08-11", ["entry"], id="calm"),
    ],
)
def test_only_a_stormy_day_has_a_storm(day, outputs, build_asset_context):
    """The call of an op that yields returns a generator of outputs."""
    reading = clean_observations(raw_observations(build_asset_context(partition_key=day)))

    assert [output.output_name for output in triage(reading)] == outputs


@pytest.mark.parametrize(("wind", "rain"), [(STORM_WIND_KMH, 0), (0, STORM_RAIN_MM)])
def test_a_storm_begins_at_its_limit(wind, rain):
    """`--dag-mutate` asked for these tests: no other reading is at a limit, no other one has metadata."""
    *_, storm = triage(Observation(date(2012, 1, 1), rain, 5.0, 0.0, wind, "rain"))

    assert storm.output_name == "storm"
    assert {name: one.value for name, one in storm.metadata.items()} == {"wind_kmh": wind, "rain_mm": rain}

"""Step 4: checks, as functions and in runs. A blocking one stops what comes after it."""

import pytest
from dagflow import AssetSelection, DagflowAssetCheckFailedError
from pandas import DataFrame, concat
from pytest_dagflow import (
    assert_check,
    assert_event_sequence,
    assert_failed,
    assert_materialized,
    assert_not_ran,
    assert_succeeded,
    ev,
)

from flights.checks import (
    each_flight_once,
    joins_are_complete,
    no_flight_leaves_an_hour_early,
    wind_is_possible,
)
from flights.partitions import ORIGIN_MONTHS
from flights.published import Inbox
from flights.tables import departures, enriched_flights, reference
from flights.weather import daily_weather

CHECKED = [
    departures,
    reference,
    enriched_flights,
    each_flight_once,
    no_flight_leaves_an_hour_early,
    joins_are_complete,
]


@pytest.fixture(scope="module")
def new_year(january):
    """Return the 297 flights that left JFK on the first day."""
    return Inbox(folder=str(january)).flights("JFK", "2013-01-01")


def test_a_check_is_a_function(new_year):
    """Call it with a frame."""
    assert each_flight_once(new_year).passed
    assert not each_flight_once(new_year[:0]).passed
    assert no_flight_leaves_an_hour_early(new_year).passed
    assert not no_flight_leaves_an_hour_early(new_year.assign(dep_delay=-1439)).passed


def test_an_hour_early_is_the_limit(new_year):
    """`--dag-mutate` asked for this test and the next two: no real flight, plane or wind is at a limit."""
    at_limit = no_flight_leaves_an_hour_early(new_year.assign(dep_delay=-60))
    below = no_flight_leaves_an_hour_early(new_year.assign(dep_delay=-61))

    assert (at_limit.passed, below.passed) == (True, False)
    assert below.metadata["early"].value == 297


@pytest.mark.parametrize(("unknown", "passed"), [(1, True), (2, False)])
def test_every_twentieth_plane_may_be_unknown(unknown, passed):
    """All airlines must be known. The rows are 20 flights, of which the last have no airline and no seats."""
    known = 20 - unknown
    joined = DataFrame(
        {"airline": ["JetBlue"] * known + [None] * unknown, "seats": [20.0] * known + [None] * unknown}
    )

    airlines, planes = joins_are_complete(joined)

    assert (airlines.passed, planes.passed) == (False, passed)
    assert airlines.metadata["unknown"].value == planes.metadata["unknown"].value == unknown


@pytest.mark.parametrize(
    ("winds", "passed", "strongest"), [([], True, 0), ([250.0], True, 250), ([251.0], False, 251)]
)
def test_the_strongest_wind_is_possible(winds, passed, strongest):
    """A day without rows has no wind."""
    result = wind_is_possible(DataFrame({"max_wind": winds}))

    assert result.passed is passed
    assert result.metadata["strongest"].value == strongest


@pytest.mark.dag_partitions(ORIGIN_MONTHS, keys=["2013-01-01|JFK"])
def test_a_blocking_check_stops_the_join(partition_key, materialize, dag_stub, new_year):
    """A file that the publisher sent twice is stored and refused: no flight of it is joined."""
    dag_stub(departures, concat([new_year, new_year]))

    result = materialize(CHECKED, partition_key=partition_key, raise_on_error=False)

    assert_check(result, "departures", "each_flight_once", passed=False)
    assert_failed(result, "departures_each_flight_once", error=DagflowAssetCheckFailedError)
    assert_not_ran(result, "enriched_flights", "joins_are_complete")
    assert_event_sequence(result, [ev.check("departures", "each_flight_once", metadata={"twice": 297})])


@pytest.mark.dag_partitions(ORIGIN_MONTHS, keys=["2013-01-01|LGA"])
def test_the_register_lacks_many_planes(partition_key, materialize):
    """A check with the severity WARN does not fail the run. At LGA almost every third plane is unknown."""
    result = materialize(CHECKED, partition_key=partition_key)

    assert_succeeded(result)
    assert_check(result, "enriched_flights", "airlines_are_known")
    assert_event_sequence(
        result, [ev.check("enriched_flights", "planes_are_known", passed=False, metadata={"unknown": 2436})]
    )


@pytest.mark.dag_partitions(daily_weather, keys=["2013-02-12"])
def test_a_wind_that_cannot_be(partition_key, materialize):
    """The check finds a real error of the data. It is not blocking, so the run goes on."""
    result = materialize([reference, daily_weather, wind_is_possible], partition_key=partition_key)

    assert_materialized(result, "daily_weather", metadata={"rows": 3})
    assert_event_sequence(
        result,
        [
            ev.materialization("daily_weather", partition="2013-02-12"),
            ev.check("daily_weather", "wind_is_possible", passed=False, metadata={"strongest": 1048}),
            ev.run_success(),
        ],
    )


@pytest.mark.dag_partitions(ORIGIN_MONTHS, keys=["2013-01-01|EWR"])
def test_checks_run_alone(partition_key, materialize):
    """A selection of checks loads the stored rows."""
    materialize([departures], partition_key=partition_key)

    result = materialize(
        [departures, each_flight_once],
        selection=AssetSelection.checks(each_flight_once),
        partition_key=partition_key,
    )

    assert_event_sequence(result, [ev.check("departures", "each_flight_once", metadata={"flights": 9893})])

"""The checks. The first is blocking: a month with a flight twice, or with none, goes no further.

The real data do not pass the last two. The register lacks every sixth plane, which is a warning, and on 12
February 2013 the wind at Newark is said to be faster than sound.
"""

from __future__ import annotations

from collections.abc import Iterator

from dagflow import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    asset_check,
    multi_asset_check,
)
from pandas import DataFrame

from flights.partitions import DAYS, ORIGIN_MONTHS
from flights.tables import departures, enriched_flights
from flights.weather import daily_weather

EARLIEST_MINUTES = -60
MISSING_PLANES_PERCENT = 5
STRONGEST_WIND_MPH = 250


@asset_check(asset=departures, partitions_def=ORIGIN_MONTHS, blocking=True)
def each_flight_once(departures: DataFrame) -> AssetCheckResult:
    """There are flights, and an airline uses a flight number once in an hour."""
    twice = int(departures.duplicated(["time_hour", "carrier", "flight"]).sum())
    return AssetCheckResult(
        passed=not twice and not departures.empty, metadata={"flights": len(departures), "twice": twice}
    )


@asset_check(asset=departures, partitions_def=ORIGIN_MONTHS)
def no_flight_leaves_an_hour_early(departures: DataFrame) -> AssetCheckResult:
    """A delay below an hour is an error of the clock, usually at midnight."""
    early = int((departures["dep_delay"] < EARLIEST_MINUTES).sum())
    return AssetCheckResult(passed=not early, metadata={"early": early})


@multi_asset_check(
    specs=[
        AssetCheckSpec("airlines_are_known", asset=enriched_flights, partitions_def=ORIGIN_MONTHS),
        AssetCheckSpec("planes_are_known", asset=enriched_flights, partitions_def=ORIGIN_MONTHS),
    ]
)
def joins_are_complete(enriched_flights: DataFrame) -> Iterator[AssetCheckResult]:
    """The reference data have the airline and the plane of each flight."""
    airlines = int(enriched_flights["airline"].isna().sum())
    yield AssetCheckResult(
        check_name="airlines_are_known", passed=not airlines, metadata={"unknown": airlines}
    )
    planes = int(enriched_flights["seats"].isna().sum())
    yield AssetCheckResult(
        check_name="planes_are_known",
        passed=100 * planes <= MISSING_PLANES_PERCENT * len(enriched_flights),
        severity=AssetCheckSeverity.WARN,
        metadata={"unknown": planes},
    )


@asset_check(asset=daily_weather, partitions_def=DAYS)
def wind_is_possible(daily_weather: DataFrame) -> AssetCheckResult:
    """No wind is stronger than the strongest that was ever measured."""
    strongest = float(daily_weather["max_wind"].max()) if len(daily_weather) else 0.0
    return AssetCheckResult(passed=strongest <= STRONGEST_WIND_MPH, metadata={"strongest": round(strongest)})

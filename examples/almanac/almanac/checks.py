"""The checks of the days. The first is blocking: no table is made of a year with missing days.

The others warn. They find a real change of the file: in 2012 no day with rain is called "sun", but later many
are.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterator

from dagflow import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    asset_check,
    multi_asset_check,
)

from almanac.archive import Day
from almanac.tables import YEARS, days


@asset_check(asset=days, blocking=True, partitions_def=YEARS)
def year_is_complete(days: list[Day]) -> AssetCheckResult:
    """Each day of the year occurs once."""
    dates = {day.date for day in days}
    year = int(min(dates, default="1")[:4])
    expected = 366 if isleap(year) else 365
    return AssetCheckResult(
        passed=len(days) == len(dates) == expected,
        metadata={"days": len(days), "expected": expected},
    )


@multi_asset_check(
    specs=[
        AssetCheckSpec("rainy_days_are_wet", asset=days, partitions_def=YEARS),
        AssetCheckSpec("sunny_days_are_dry", asset=days, partitions_def=YEARS),
    ]
)
def sky_fits(days: list[Day]) -> Iterator[AssetCheckResult]:
    """The word about the sky fits the rain of the day."""
    wrong = {
        "rainy_days_are_wet": [day.date for day in days if day.sky == "rain" and not day.rain_mm],
        "sunny_days_are_dry": [day.date for day in days if day.sky == "sun" and day.rain_mm],
    }
    for name, dates in wrong.items():
        yield AssetCheckResult(
            check_name=name,
            passed=not dates,
            severity=AssetCheckSeverity.WARN,
            metadata={"wrong": len(dates), "first": ", ".join(dates[:3])},
        )

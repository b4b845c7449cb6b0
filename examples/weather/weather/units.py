"""Observations with units, and calculations with them. This module is independent of the pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

KMH_PER_MS = 3.6
STORM_WIND_KMH = 30


@dataclass(frozen=True)
class Observation:
    """The weather of one day."""

    day: date
    rain_mm: float
    high_c: float
    low_c: float
    wind_kmh: float
    sky: str


@dataclass(frozen=True)
class MonthStatistics:
    """The weather of one month."""

    days: int
    rain_mm: float
    wet_days: int
    mean_high_c: float
    mean_low_c: float


@dataclass(frozen=True)
class Record:
    """One line of the table of records."""

    name: str
    first: date
    last: date
    value: float
    unit: str


def parse_observation(row: Mapping[str, str]) -> Observation:
    """Return the observation in a row of strings, with types and units.

    Raises:
        ValueError: The low is above the high, or a field is invalid.
    """
    observation = Observation(
        day=datetime.strptime(row["date"], "%Y/%m/%d").date(),
        rain_mm=float(row["precipitation"]),
        high_c=float(row["temp_max"]),
        low_c=float(row["temp_min"]),
        wind_kmh=round(float(row["wind"]) * KMH_PER_MS, 1),
        sky=row["weather"],
    )
    if observation.low_c > observation.high_c:
        raise ValueError(f"{observation.day}: low {observation.low_c} is above high {observation.high_c}")
    return observation


def summarize(month: Sequence[Observation]) -> MonthStatistics:
    """Return counts and means of the days of a month."""
    return MonthStatistics(
        days=len(month),
        rain_mm=round(sum(day.rain_mm for day in month), 1),
        wet_days=sum(day.rain_mm > 0 for day in month),
        mean_high_c=round(sum(day.high_c for day in month) / len(month), 1),
        mean_low_c=round(sum(day.low_c for day in month) / len(month), 1),
    )


def longest_dry_spell(days: Iterable[Observation], dry_below_mm: float) -> list[Observation]:
    """Return the longest run of consecutive days with less rain than `dry_below_mm`; the first if equal."""
    spells = groupby(sorted(days, key=lambda day: day.day), key=lambda day: day.rain_mm < dry_below_mm)
    return max((list(spell) for dry, spell in spells if dry), key=len, default=[])

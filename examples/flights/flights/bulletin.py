"""The bulletin: a page for each month. A graph of ops makes it of two tables."""

from __future__ import annotations

from dagflow import Out, graph_asset, op
from pandas import DataFrame

from flights.partitions import MONTHS
from flights.sql import query
from flights.tables import WHEN_COMPLETE


@op
def airport_lines(punctuality: DataFrame) -> list[str]:
    """Return a line for each airport."""
    airports = query(
        """
        SELECT origin, sum(flights)::INTEGER AS flights, sum(cancelled)::INTEGER AS cancelled,
               round(100 * sum(late) / sum(flights)) AS late
        FROM punctuality GROUP BY origin ORDER BY origin
        """,
        punctuality=punctuality,
    )
    return [
        f"- {row.origin}: {row.flights:,} flights, {row.cancelled} cancelled, {row.late:.0f} % late"
        for row in airports.itertuples()
    ]


@op
def weather_lines(monthly_weather: DataFrame) -> list[str]:
    """Return a line for each airport."""
    return [
        f"- {row.origin}: {row.wet_hours} hours of rain or snow, {row.fog_hours} of fog"
        for row in monthly_weather.itertuples()
    ]


@op(out=Out(io_manager_key="pages"))
def write_page(flights: list[str], weather: list[str]) -> str:
    """Return the page."""
    return "\n".join(["# Flights", *flights, "", "# Weather", *weather, ""])


@graph_asset(partitions_def=MONTHS, group_name="bulletin", automation_condition=WHEN_COMPLETE)
def bulletin(punctuality: DataFrame, monthly_weather: DataFrame) -> str:
    """The page of a month."""
    return write_page(airport_lines(punctuality), weather_lines(monthly_weather))

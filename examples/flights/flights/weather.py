"""The tables of weather: by day, and by month from the days of the month."""

from __future__ import annotations

from dagflow import AssetExecutionContext, AssetIn, TimeWindowPartitionMapping, asset
from pandas import DataFrame, concat

from flights.partitions import DAYS, MONTHS
from flights.sql import query
from flights.tables import WHEN_COMPLETE


@asset(partitions_def=DAYS, io_manager_key="tables", group_name="weather")
def daily_weather(context: AssetExecutionContext, weather: DataFrame) -> DataFrame:
    """The weather of a day in New York, by airport. The day has 23 or 25 hours when the clocks change."""
    return query(
        f"""
        SELECT origin, day, count(*) AS hours, count(*) FILTER (precip > 0) AS wet_hours,
               count(*) FILTER (visib <= 1) AS fog_hours, max(wind_speed) AS max_wind
        FROM weather WHERE day = DATE '{context.partition_key}' GROUP BY ALL ORDER BY ALL
        """,
        weather=weather,
    )


@asset(
    partitions_def=MONTHS,
    ins={"daily_weather": AssetIn(partition_mapping=TimeWindowPartitionMapping())},
    io_manager_key="tables",
    group_name="weather",
    automation_condition=WHEN_COMPLETE,
)
def monthly_weather(daily_weather: dict[str, DataFrame]) -> DataFrame:
    """The weather of a month, by airport."""
    return query(
        """
        SELECT origin, count(*) AS days, sum(wet_hours)::INTEGER AS wet_hours,
               sum(fog_hours)::INTEGER AS fog_hours, max(max_wind) AS max_wind
        FROM days GROUP BY origin ORDER BY origin
        """,
        days=concat(daily_weather.values()),
    )

"""The tables of flights: as published, joined with the reference data, by month, and of the year.

departures (month and airport) ---> enriched_flights (month and airport) -> punctuality (month)
airlines, planes, weather ------->
departures, airlines -------------> ranking (the year)
"""

from __future__ import annotations

from collections.abc import Iterator

from dagflow import (
    AssetExecutionContext,
    AssetIn,
    AssetOut,
    AutomationCondition,
    MultiToSingleDimensionPartitionMapping,
    Output,
    asset,
    multi_asset,
)
from pandas import DataFrame, concat

from flights.partitions import MONTHS, ORIGIN_MONTHS
from flights.published import REFERENCES, Inbox
from flights.sql import query
from flights.warehouse import Warehouse

LATE_MINUTES = 15
"""A flight is late if it leaves more than so many minutes after its time, as the Bureau counts."""

WHEN_COMPLETE = AutomationCondition.eager().without(AutomationCondition.in_latest_time_window())
"""Compute a partition when all it reads is there, and again when some of it changes. Old months count too."""


@asset(partitions_def=ORIGIN_MONTHS, io_manager_key="tables", group_name="published")
def departures(context: AssetExecutionContext, inbox: Inbox) -> DataFrame:
    """The flights that left an airport in a month, as published."""
    keys = context.partition_key.keys_by_dimension
    return inbox.flights(keys["origin"], keys["month"])


@multi_asset(
    outs={name: AssetOut(io_manager_key="tables", is_required=False) for name in REFERENCES},
    group_name="published",
    can_subset=True,
)
def reference(context: AssetExecutionContext, inbox: Inbox) -> Iterator[Output[DataFrame]]:
    """The airlines, the planes and the weather by hour. A run may select some of the three."""
    for name in REFERENCES:
        if name in context.selected_output_names:
            yield Output(inbox.reference(name), name)


@asset(partitions_def=ORIGIN_MONTHS, io_manager_key="tables", group_name="flights")
def enriched_flights(
    departures: DataFrame, airlines: DataFrame, planes: DataFrame, weather: DataFrame
) -> DataFrame:
    """The flights with their airline, plane and weather.

    The weather is joined by the hour in UTC: in the night of 3 November 2013 New York has the hour 1 twice.
    """
    return query(
        """
        SELECT departures.*, airlines.name AS airline, built, seats, temp, wind_speed, precip, visib
        FROM departures
        LEFT JOIN airlines USING (carrier)
        LEFT JOIN planes USING (tailnum)
        LEFT JOIN (SELECT * EXCLUDE (day) FROM weather) USING (origin, time_hour)
        ORDER BY time_hour, carrier, flight
        """,
        departures=departures,
        airlines=airlines,
        planes=planes,
        weather=weather,
    )


@asset(
    partitions_def=MONTHS,
    ins={
        "enriched_flights": AssetIn(
            partition_mapping=MultiToSingleDimensionPartitionMapping(partition_dimension_name="month")
        )
    },
    io_manager_key="tables",
    group_name="flights",
    automation_condition=WHEN_COMPLETE,
)
def punctuality(enriched_flights: dict[str, DataFrame]) -> DataFrame:
    """The flights of a month by airport and airline: how many, how many cancelled, how many late."""
    return query(
        f"""
        SELECT origin, airline, count(*) AS flights,
               count(*) FILTER (dep_time IS NULL) AS cancelled,
               count(*) FILTER (dep_delay > {LATE_MINUTES}) AS late
        FROM flights GROUP BY ALL ORDER BY ALL
        """,
        flights=concat(enriched_flights.values()),
    )


@asset(deps=[departures, "airlines"], io_manager_key="tables", group_name="flights")
def ranking(warehouse: Warehouse) -> DataFrame:
    """The airlines of the year, the most punctual first. The database computes it: no flight is loaded."""
    return warehouse.query(
        f"""
        SELECT name AS airline, count(*) AS flights,
               round(100 * count(*) FILTER (dep_delay <= {LATE_MINUTES}) / count(*), 1) AS on_time_percent
        FROM departures JOIN airlines USING (carrier)
        GROUP BY airline ORDER BY on_time_percent DESC, airline
        """
    )

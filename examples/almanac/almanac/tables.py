"""The assets: a source, the days of a year, three tables from one function, and a page from a graph of ops.

published_file -> days -> rain, temperature, wind -> page
"""

from __future__ import annotations

from collections.abc import Iterator

from dagflow import (
    AssetExecutionContext,
    AssetOut,
    DataVersion,
    Output,
    ResourceParam,
    StaticPartitionsDefinition,
    asset,
    graph_asset,
    multi_asset,
    observable_source_asset,
    op,
)

from almanac.archive import Archive, Day

YEARS = StaticPartitionsDefinition(["2012", "2013", "2014", "2015"])

Table = dict[str, float]


@observable_source_asset(group_name="source")
def published_file(archive: ResourceParam[Archive]) -> DataVersion:
    """The file of the weather service, which somebody else writes."""
    return DataVersion(archive.version())


@asset(deps=[published_file], partitions_def=YEARS, group_name="source")
def days(context: AssetExecutionContext, archive: ResourceParam[Archive]) -> list[Day]:
    """The days of a year."""
    return archive.days_of(context.partition_key)


@multi_asset(
    outs={name: AssetOut(is_required=False) for name in ("rain", "temperature", "wind")},
    partitions_def=YEARS,
    group_name="tables",
    can_subset=True,
)
def tables(context: AssetExecutionContext, days: list[Day]) -> Iterator[Output[Table]]:
    """The rain, the temperature and the wind of each month. A run may select some of the three."""
    columns = {
        "rain": lambda day: day.rain_mm,
        "temperature": lambda day: (day.high_c + day.low_c) / 2,
        "wind": lambda day: day.wind_ms,
    }
    for name, value_of in columns.items():
        if name in context.selected_output_names:
            months: dict[str, list[float]] = {}
            for day in days:
                months.setdefault(day.date[:7], []).append(value_of(day))
            table = {month: _summary(name, values) for month, values in months.items()}
            yield Output(table, name, metadata={"months": len(table)})


def _summary(name: str, values: list[float]) -> float:
    """Return the sum of the rain of a month, or the mean of anything else."""
    return round(sum(values) if name == "rain" else sum(values) / len(values), 1)


@op
def wettest_month(rain: Table) -> str:
    """Return a line about the month with most rain."""
    month = max(rain, key=rain.__getitem__)
    return f"wettest month: {month}, {rain[month]:g} mm"


@op
def warmest_month(temperature: Table) -> str:
    """Return a line about the month with the highest mean temperature."""
    month = max(temperature, key=temperature.__getitem__)
    return f"warmest month: {month}, {temperature[month]:g} C"


@op
def print_lines(first: str, second: str) -> str:
    """Return a page."""
    return f"{first}\n{second}\n"


@graph_asset(partitions_def=YEARS, group_name="print")
def page(rain: Table, temperature: Table) -> str:
    """The page of a year."""
    return print_lines(wettest_month(rain), warmest_month(temperature))

"""The tables of the pipeline: two by day, one by month, and two about all four years.

    raw_observations -> clean_observations -> monthly_statistics -> report
                                           -> records            ->

No partition mapping is defined: by default a month reads its days, and an asset without partitions reads all
days or months.
"""

from __future__ import annotations

from dagflow import (
    AssetExecutionContext,
    DailyPartitionsDefinition,
    Field,
    MonthlyPartitionsDefinition,
    asset,
)

from weather.units import (
    MonthStatistics,
    Observation,
    Record,
    longest_dry_spell,
    parse_observation,
    summarize,
)

DAYS = DailyPartitionsDefinition(start_date="2012-01-01", end_date="2016-01-01")
MONTHS = MonthlyPartitionsDefinition(start_date="2012-01-01", end_date="2016-01-01")


@asset(partitions_def=DAYS, required_resource_keys={"archive"}, group_name="daily")
def raw_observations(context: AssetExecutionContext) -> dict[str, str]:
    """The row of the archive for a day, as strings."""
    return context.resources.archive.lookup(context.partition_key)


@asset(partitions_def=DAYS, group_name="daily")
def clean_observations(raw_observations: dict[str, str]) -> Observation:
    """The observation of a day, with types and units."""
    return parse_observation(raw_observations)


@asset(partitions_def=MONTHS, group_name="summary")
def monthly_statistics(
    context: AssetExecutionContext, clean_observations: dict[str, Observation]
) -> MonthStatistics:
    """Rain and mean temperatures of a month. Its days arrive as a dict of partition key to value."""
    month = summarize(list(clean_observations.values()))
    context.add_output_metadata({"days": month.days, "rain_mm": month.rain_mm})
    return month


@asset(config_schema={"dry_below_mm": Field(float, default_value=0.1)}, group_name="summary")
def records(context: AssetExecutionContext, clean_observations: dict[str, Observation]) -> list[Record]:
    """The hottest day, the wettest day and the longest dry spell of all days."""
    days = list(clean_observations.values())
    hottest = max(days, key=lambda day: day.high_c)
    wettest = max(days, key=lambda day: day.rain_mm)
    dry = longest_dry_spell(days, context.op_config["dry_below_mm"])
    return [
        Record("hottest day", hottest.day, hottest.day, hottest.high_c, "C"),
        Record("wettest day", wettest.day, wettest.day, wettest.rain_mm, "mm"),
        Record("longest dry spell", dry[0].day, dry[-1].day, len(dry), "days"),
    ]


@asset(group_name="summary")
def report(records: list[Record], monthly_statistics: dict[str, MonthStatistics]) -> str:
    """A page of text: the records, then the rain of each year."""
    rain: dict[str, float] = {}
    for month, statistics in monthly_statistics.items():
        rain[month[:4]] = rain.get(month[:4], 0) + statistics.rain_mm
    lines = ["Weather at Seattle-Tacoma airport", ""]
    lines += [f"{record.name}: {record.value:g} {record.unit}, {_span(record)}" for record in records]
    lines += ["", *(f"rain in {year}: {millimetres:.0f} mm" for year, millimetres in rain.items())]
    return "\n".join(lines) + "\n"


def _span(record: Record) -> str:
    if record.first == record.last:
        return f"on {record.first}"
    return f"from {record.first} to {record.last}"

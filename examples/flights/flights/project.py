"""The project: the jobs, what starts them, the resources, and all definitions. `pytest.ini` names it."""

from __future__ import annotations

from dagflow import (
    AssetSelection,
    AutomationConditionSensorDefinition,
    Definitions,
    EnvVar,
    MultiPartitionKey,
    RunRequest,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    build_schedule_from_partitioned_job,
    define_asset_job,
    sensor,
)

from flights.bulletin import bulletin
from flights.checks import (
    each_flight_once,
    joins_are_complete,
    no_flight_leaves_an_hour_early,
    wind_is_possible,
)
from flights.partitions import DAYS, ORIGIN_MONTHS, ORIGINS
from flights.published import Inbox
from flights.tables import departures, enriched_flights, punctuality, ranking, reference
from flights.warehouse import Pages, Tables, Warehouse
from flights.weather import daily_weather, monthly_weather

load_month = define_asset_job(
    "load_month", selection=AssetSelection.assets(departures, enriched_flights), partitions_def=ORIGIN_MONTHS
)
load_day = define_asset_job("load_day", selection=[daily_weather], partitions_def=DAYS)

every_morning = build_schedule_from_partitioned_job(load_day, name="every_morning", hour_of_day=6)
"""The weather of the day before, each morning at six in New York."""


@sensor(job=load_month, minimum_interval_seconds=6 * 3600)
def new_months(context: SensorEvaluationContext, inbox: Inbox) -> SensorResult | SkipReason:
    """Load each month that has arrived after that of the cursor, for each airport."""
    months = [month for month in inbox.months() if month > (context.cursor or "")]
    if not months:
        return SkipReason(f"no file after {context.cursor}" if context.cursor else "no file has arrived")
    requests = [
        RunRequest(
            run_key=f"{month[:7]}-{origin}",
            partition_key=MultiPartitionKey({"month": month, "origin": origin}),
        )
        for month in months
        for origin in ORIGINS.get_partition_keys()
    ]
    return SensorResult(run_requests=requests, cursor=months[-1])


when_complete = AutomationConditionSensorDefinition(
    "when_complete", target=AssetSelection.all(), minimum_interval_seconds=6 * 3600
)
"""The tables of months and the bulletin, when all that they read is there."""


def storage(inbox: str, database: str, pages: str) -> dict[str, object]:
    """Return the resources, with the paths of two folders and of the database file."""
    warehouse = Warehouse(path=database)
    return {
        "inbox": Inbox(folder=inbox),
        "warehouse": warehouse,
        "tables": Tables(warehouse=warehouse),
        "pages": Pages(folder=pages),
    }


defs = Definitions(
    assets=[
        departures,
        reference,
        enriched_flights,
        punctuality,
        ranking,
        daily_weather,
        monthly_weather,
        bulletin,
    ],
    asset_checks=[each_flight_once, no_flight_leaves_an_hour_early, joins_are_complete, wind_is_possible],
    jobs=[load_month, load_day],
    schedules=[every_morning],
    sensors=[new_months, when_complete],
    resources=storage(EnvVar("FLIGHTS_INBOX"), EnvVar("FLIGHTS_DATABASE"), EnvVar("FLIGHTS_PAGES")),
)

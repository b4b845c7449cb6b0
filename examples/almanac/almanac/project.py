"""The project: a job of a selection, a sensor that starts it after each new file, and all definitions."""

from __future__ import annotations

from dagflow import (
    AssetSelection,
    Definitions,
    ResourceParam,
    RunRequest,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    define_asset_job,
    sensor,
)

from almanac.archive import Archive
from almanac.checks import sky_fits, year_is_complete
from almanac.tables import YEARS, days, page, published_file, tables

TO_PRINT = AssetSelection.assets(page).upstream()
"""The page and all that it needs, with their checks. The wind is not needed."""

print_year = define_asset_job("print_year", selection=TO_PRINT)


@sensor(job=print_year)
def new_file(context: SensorEvaluationContext, archive: ResourceParam[Archive]) -> SensorResult | SkipReason:
    """Print each year again if the file has changed. The cursor is its version."""
    version = archive.version()
    if version == context.cursor:
        return SkipReason(f"version {version} is printed")
    requests = [RunRequest(f"{version}-{year}", partition_key=year) for year in YEARS.get_partition_keys()]
    return SensorResult(run_requests=requests, cursor=version)


defs = Definitions(
    assets=[published_file, days, tables, page],
    asset_checks=[year_is_complete, sky_fits],
    jobs=[print_year],
    sensors=[new_file],
    resources={"archive": Archive()},
)

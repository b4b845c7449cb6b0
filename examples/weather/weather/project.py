"""The project: all tables, the job, and what watches them. `pytest.ini` names it for the tests."""

from __future__ import annotations

import os
from pathlib import Path

from dagflow import Definitions, InitResourceContext, resource

from weather.archive import DATA, Archive
from weather.assets import clean_observations, monthly_statistics, raw_observations, records, report
from weather.storm import station_watch
from weather.watch import every_morning, new_alerts, plausible


@resource
def archive(context: InitResourceContext) -> Archive:
    """Return the archive: the published file, or the file that the variable WEATHER_ARCHIVE names."""
    return Archive(Path(os.environ.get("WEATHER_ARCHIVE", DATA)))


definitions = Definitions(
    assets=[raw_observations, clean_observations, monthly_statistics, records, report],
    asset_checks=[plausible],
    jobs=[station_watch],
    schedules=[every_morning],
    sensors=[new_alerts],
    resources={"archive": archive},
)

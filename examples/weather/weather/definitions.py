"""The project: its assets, its job and its resources, as tools find them."""

from dagflow import Definitions, ResourceDefinition

from weather.archive import Archive
from weather.assets import (
    clean_observations,
    monthly_statistics,
    raw_observations,
    records,
    report,
)
from weather.storm import station_watch

defs = Definitions(
    assets=[raw_observations, clean_observations, monthly_statistics, records, report],
    jobs=[station_watch],
    resources={"archive": ResourceDefinition(lambda _: Archive())},
)

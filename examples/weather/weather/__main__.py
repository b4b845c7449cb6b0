"""The program that computes every table and prints the report: `python -m weather` in this folder."""

from __future__ import annotations

import sys
from tempfile import TemporaryDirectory

import dagflow

from weather.archive import Archive
from weather.assets import (
    DAYS,
    MONTHS,
    clean_observations,
    monthly_statistics,
    raw_observations,
    records,
    report,
)


def main() -> None:
    """Materialize the days, then the months, then the tables about all days, and print the report."""
    daily = [raw_observations, clean_observations]
    everything = [*daily, monthly_statistics, records, report]
    with TemporaryDirectory() as folder, dagflow.DagflowInstance.ephemeral() as instance:
        resources = {"archive": Archive(), "io_manager": dagflow.FilesystemIOManager(base_dir=folder)}
        for day in DAYS.get_partition_keys():
            dagflow.materialize(daily, partition_key=day, instance=instance, resources=resources)
        for month in MONTHS.get_partition_keys():
            dagflow.materialize(
                everything,
                selection=[monthly_statistics],
                partition_key=month,
                instance=instance,
                resources=resources,
            )
        result = dagflow.materialize(
            everything, selection=[records, report], instance=instance, resources=resources
        )
        sys.stdout.write(result.asset_value("report"))


if __name__ == "__main__":
    main()

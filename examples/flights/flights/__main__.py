"""The year, from the files to the ranking of the airlines: `python -m flights FOLDER`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import dagflow

from flights.partitions import ORIGIN_MONTHS
from flights.project import storage
from flights.published import unpack
from flights.tables import departures, ranking, reference


def main() -> None:
    """Unpack the files, load the flights of each airport and month, and print the ranking."""
    parser = argparse.ArgumentParser(prog="python -m flights", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder for the files and the database")
    folder = parser.parse_args().folder
    unpack(folder / "inbox")
    resources = storage(str(folder / "inbox"), str(folder / "flights.duckdb"), str(folder / "pages"))
    with dagflow.DagflowInstance.ephemeral() as instance:
        dagflow.materialize([reference], instance=instance, resources=resources)
        for key in ORIGIN_MONTHS.get_partition_keys():
            dagflow.materialize([departures], partition_key=key, instance=instance, resources=resources)
        result = dagflow.materialize(
            [departures, reference, ranking], selection=[ranking], instance=instance, resources=resources
        )
    sys.stdout.write(result.asset_value("ranking").to_string(index=False) + "\n")


if __name__ == "__main__":
    main()

"""The shared fixtures: the archive as a resource of every run, and four years that are computed once."""

import pytest
from dagflow import InMemoryIOManager, materialize

from weather.archive import Archive
from weather.assets import DAYS, MONTHS, clean_observations, monthly_statistics, raw_observations


@pytest.fixture(scope="session")
def archive():
    """Return the published file, read once."""
    return Archive()


@pytest.fixture
def dag_resources(archive):
    """Return the resources of every context and run that a fixture of the plugin makes."""
    return {"archive": archive}


@pytest.fixture(scope="session")
def four_years(archive, session_dag_instance):
    """Compute all 1,461 days and 48 months once, and return the resources by which runs load them."""
    resources = {"archive": archive, "io_manager": InMemoryIOManager()}
    daily = [raw_observations, clean_observations]
    for day in DAYS.get_partition_keys():
        materialize(daily, partition_key=day, instance=session_dag_instance, resources=resources)
    for month in MONTHS.get_partition_keys():
        materialize(
            [*daily, monthly_statistics],
            selection=[monthly_statistics],
            partition_key=month,
            instance=session_dag_instance,
            resources=resources,
        )
    return resources

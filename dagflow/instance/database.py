"""The database of a store: its tables, its connection, and what its errors mean.

A SQLite file or a PostgreSQL database. There is one connection and one lock, so several threads can use it,
and several processes can use one database, which has one writer at a time: on SQLite a change begins with
BEGIN IMMEDIATE, on PostgreSQL with a lock on the row of the table `dagflow_meta`. So numbers of lines become
visible in the order in which they grow. Before the process forks, the connection is closed.
"""

from __future__ import annotations

import os
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import unquote

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from dagflow.errors import DagflowStorageError
from dagflow.instance.home import without_password

_BUSY_SECONDS = 60
_CREATION = 4_227_196_032  # any number: who holds the advisory lock of this number may make the tables


class _AnyText(sa.TypeDecorator[str]):
    """A text of any characters. Those that a database does not take, NUL and lone surrogates, are written as
    their number behind the mark SUBSTITUTE.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """What is stored."""
        if value is None or value.isprintable():  # which has none of them
            return value
        return _UNSTORABLE.sub(lambda found: f"\x1a{ord(found[0]):04x}", value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """What was to be stored."""
        if value is None or "\x1a" not in value:
            return value
        return _STORED.sub(lambda found: chr(int(found[1], 16)), value)


_UNSTORABLE = re.compile("[\x00\x1a\ud800-\udfff]")
_STORED = re.compile("\x1a([0-9a-f]{4})")

TABLES = sa.MetaData()
_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
META = sa.Table("dagflow_meta", TABLES, sa.Column("version", sa.Integer, nullable=False))
RUNS = sa.Table(
    "dagflow_runs",
    TABLES,
    sa.Column("id", _number, primary_key=True),
    sa.Column("run_id", _AnyText, nullable=False, unique=True),
    sa.Column("job_name", _AnyText, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # the run as JSON; its status stands in the column
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("updated", sa.Double, nullable=False),
    sa.Column("started", sa.Double),
    sa.Column("ended", sa.Double),
    sa.Column("host", sa.Text),
    sa.Column("pid", sa.Integer),
    sa.Column("process_start", sa.Text),
    sa.Index("dagflow_runs_by_status", "status"),
    sa.Index("dagflow_runs_by_job", "job_name"),
    sqlite_autoincrement=True,
)
TAGS = sa.Table(
    "dagflow_run_tags",
    TABLES,
    sa.Column("run_id", _AnyText, primary_key=True),
    sa.Column("key", _AnyText, primary_key=True),
    sa.Column("value", _AnyText, nullable=False),
    sa.Index("dagflow_run_tags_by_key", "key", "value"),
)
LINES = sa.Table(
    "dagflow_lines",
    TABLES,
    sa.Column("id", _number, primary_key=True),
    sa.Column("run_id", _AnyText, nullable=False),
    *(sa.Column("timestamp", sa.Double, nullable=False), sa.Column("level", sa.Integer, nullable=False)),
    *(sa.Column(name, sa.Text) for name in ("step_key", "event_type", "asset_key")),
    sa.Column("partition", _AnyText),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("position", sa.Integer),  # in the log of the run; None: it comes from outside of the run
    sa.Index("dagflow_lines_by_run", "run_id", "id"),
    sa.Index("dagflow_lines_by_type", "event_type", "id"),
    sqlite_autoincrement=True,
)
OF_ASSETS = LINES.c.asset_key.is_not(None)
sa.Index(
    "dagflow_lines_by_asset",
    LINES.c.asset_key,
    LINES.c.event_type,
    LINES.c.id,
    sqlite_where=OF_ASSETS,
    postgresql_where=OF_ASSETS,
)
WIPED = sa.Table(
    "dagflow_wiped_assets",
    TABLES,
    sa.Column("asset_key", sa.Text, primary_key=True),
    sa.Column("line", _number, nullable=False),
)
DYNAMIC = sa.Table(
    "dagflow_dynamic_partitions",
    TABLES,
    sa.Column("id", _number, primary_key=True),
    sa.Column("name", _AnyText, nullable=False),
    sa.Column("key", _AnyText, nullable=False),
    sa.UniqueConstraint("name", "key"),
    sqlite_autoincrement=True,
)

_NOTHING = sa.select(1)
_ALONE = sa.select(META.c.version).with_for_update()

MIGRATIONS: tuple[Callable[[sa.Connection], None], ...] = ()
"""What brings tables from each version to the next, from version 1 on. The tables above are the newest."""

_ADVICE = (  # what to do, by what the database said; the first that fits
    (("URL", "plugin"), "Write the url as 'sqlite:///...' or 'postgresql+psycopg://...'."),
    (("Python int", "out of range"), "Nothing has so large a number: give a smaller one."),
    (("full", "disk I/O", "too large"), "Make room for it; what was written before can still be read."),
    (
        ("not a database", "malformed", "encrypted"),
        "It is damaged, or no file of dagflow: put a copy in its place, or move it away to begin anew.",
    ),
    (("locked",), "Another process kept it to itself for too long: end that, or try again."),
    (("unable to open", "readonly", "permission"), "See whether its folder exists and may be written to."),
    (("connect", "server", "password"), "See whether the server runs there and lets you in."),
)


class Database:
    """One connection, made when it is first needed.

    Args:
        url: As SQLAlchemy writes it.

    Attributes:
        lock: Held by whoever uses the connection.
        name: What messages call it; without a password.
    """

    def __init__(self, url: str) -> None:
        self.lock: threading.RLock = threading.RLock()
        self.name: str = _name(url)
        self._url = url
        self._engine: sa.Engine | None = None
        self._connection: sa.Connection | None = None
        self._close: Callable[[], Any] = _nothing
        _databases.add(self)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that only reads.

        Raises:
            DagflowStorageError: The database cannot be read.
        """
        with self.lock, self._translated("read"), self._begun("BEGIN", _NOTHING) as transaction:
            yield transaction.connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that changes something, while no other does. What it did is kept when the block ends,
        and undone when an error ends it.

        Raises:
            DagflowStorageError: The database cannot be written to.
        """
        with self.lock, self._translated("written to"), self._begun("BEGIN IMMEDIATE", _ALONE) as transaction:
            yield transaction.connection

    def _begun(self, begin: str, first: sa.Select[Any]) -> sa.RootTransaction:
        """A transaction that has begun.

        Args:
            begin: How SQLite begins it.
            first: How a server does, which may have closed the connection in the meantime: then there is
                another try with a new one, since nothing is lost yet.
        """
        while True:
            is_new = self._connection is None
            connection = self._connected()
            try:
                transaction = _begin(connection, begin)
                if connection.dialect.name != "sqlite":
                    connection.execute(first)
                return transaction
            except BaseException as error:
                self.close()
                if is_new or not getattr(error, "connection_invalidated", False):
                    raise

    def close(self) -> None:
        """Close the connection; the next transaction makes another."""
        with self.lock:
            with suppress(SQLAlchemyError):
                self._close()
            self._connection = None

    def forget_connection(self) -> None:
        """In a forked child: begin anew, with a lock that nobody holds."""
        self.lock = threading.RLock()

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        """Raises DagflowStorageError for whatever SQLAlchemy or a driver raises."""
        try:
            yield
        except (SQLAlchemyError, UnicodeError, OverflowError) as error:
            self.close()
            said = " ".join(str(getattr(error, "orig", None) or error).split())
            advice = next((text for words, text in _ADVICE if any(word in said for word in words)), "")
            raise DagflowStorageError(
                f"{self.name} cannot be {doing}: {said}{'' if said[-1:] in '.?!' else '.'} {advice}".rstrip()
            ) from error

    def _connected(self) -> sa.Connection:
        if self._connection is None:
            if self._engine is None:
                self._engine = _engine(self._url, self.name)
            connection = self._engine.connect()
            self._close = weakref.finalize(self, connection.close)
            try:
                _prepare(connection, self.name)
            except BaseException:
                self.close()
                raise
            self._connection = connection
        return self._connection


def _engine(url: str, name: str) -> sa.Engine:
    made = _parsed(url)
    backend = made.get_backend_name()
    if backend == "sqlite":
        if not made.database or made.database == ":memory:":
            raise DagflowStorageError(
                f"the storage url '{url}' names no file. Write 'sqlite:///' and a path, or use "
                "DagflowInstance.ephemeral() to keep nothing."
            )
        arguments: dict[str, Any] = {"timeout": _BUSY_SECONDS, "check_same_thread": False}
    elif backend == "postgresql":
        if made.drivername == "postgresql":
            made = made.set(drivername="postgresql+psycopg")
        arguments = {} if "connect_timeout" in made.query else {"connect_timeout": 10}
    else:
        raise DagflowStorageError(
            f"{name} is in a database '{backend}'. Use 'sqlite:///...' or 'postgresql+psycopg://...'."
        )
    try:
        engine = sa.create_engine(made, poolclass=sa.NullPool, connect_args=arguments)
    except ModuleNotFoundError as error:
        advice = 'pip install "pytest-dagflow[postgres]"'
        if made.get_driver_name() != "psycopg":
            advice = (
                f"or write '{'sqlite' if backend == 'sqlite' else 'postgresql+psycopg'}://...' as the url"
            )
        raise DagflowStorageError(f"{name} needs the module '{error.name}'. Install it: {advice}.") from error
    if backend == "sqlite":
        sa.event.listen(engine, "connect", _on_connect)
        sa.event.listen(engine, "begin", _on_begin)
    return engine


def _parsed(url: str) -> sa.URL:
    try:
        made = sa.make_url(url)
    except ValueError as error:  # of a port that is no number
        raise ArgumentError(f"Could not parse the URL: {error}") from error
    if made.get_backend_name() != "sqlite":
        return made
    path = url.partition(":///")[2].partition("?")[0]
    return made.set(
        database=unquote(path)
    )  # SQLAlchemy 2.0 reads '%3F' in it as three characters, 2.1 as one


def _name(url: str) -> str:
    """What the messages call a store; without a password."""
    try:
        made = _parsed(url)
    except SQLAlchemyError:
        return "the storage url"
    is_file = made.get_backend_name() == "sqlite"
    return f"the store '{made.database if is_file else without_password(url)}'"


def _on_connect(connection: Any, _: Any) -> None:
    """Let SQLite begin transactions when told to, and let readers and a writer not wait for each other."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=NORMAL")
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:  # the first to ask for this mode needs the file for itself, and SQLite does not wait for that
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            break
        except Exception as error:  # of the driver, which only SQLAlchemy imports
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
    cursor.close()


def _on_begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _begin(connection: sa.Connection, begin: str) -> sa.RootTransaction:
    connection.execution_options(begin=begin)
    return connection.begin()


def _prepare(connection: sa.Connection, name: str) -> None:
    """Make the tables, or bring them to the newest version."""
    newest = 1 + len(MIGRATIONS)
    with _begin(connection, "BEGIN"):
        if _version(connection) == newest:
            return
    with _begin(connection, "BEGIN IMMEDIATE"):
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CREATION)))
        version = _version(connection)
        if version is None:
            TABLES.create_all(connection)
            connection.execute(META.insert().values(version=newest))
            return
        if not 0 < version <= newest:
            raise DagflowStorageError(
                f"{name} has version {version} of the tables, and this dagflow knows them from 1 up to "
                f"version {newest}. Use a newer dagflow, or another home."
            )
        for migrate in MIGRATIONS[version - 1 :]:
            migrate(connection)
        connection.execute(META.update().values(version=newest))


def _version(connection: sa.Connection) -> int | None:
    if not sa.inspect(connection).has_table(META.name):
        return None
    return connection.execute(sa.select(META.c.version)).scalar()


def _nothing() -> None:
    """What closes a connection that was never made."""


# A connection that two processes have would break what SQLite keeps of its locks in memory, and a lock that
# another thread holds would be held for ever in the child.

_databases: weakref.WeakSet[Database] = weakref.WeakSet()
_forking = threading.Lock()
_held: list[Database] = []


def _before_fork() -> None:
    _forking.acquire()
    for database in list(_databases):
        database.lock.acquire()
        _held.append(database)
        database.close()


def _after_fork_in_parent() -> None:
    while _held:
        _held.pop().lock.release()
    _forking.release()


def _after_fork_in_child() -> None:
    global _forking
    while _held:
        _held.pop().forget_connection()
    _forking = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )

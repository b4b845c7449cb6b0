"""The database of a store: its tables, its connection, and the translation of its errors.

It is a SQLite file or a PostgreSQL database. One connection and one lock serve several threads. Several
processes can use one database, which has one writer at a time. On SQLite a change begins with BEGIN
IMMEDIATE, on PostgreSQL with a lock on the row of the table `dagflow_meta`. So line ids become visible in
ascending order. The connection is closed before the process forks.
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
_CREATION = 4_227_196_032  # an arbitrary number: the id of the advisory lock for the creation of the tables


class _AnyText(sa.TypeDecorator[str]):
    """A string of any characters. Databases reject NUL and lone surrogates, so these are stored as the
    character SUBSTITUTE and their code in hex.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Return the string to store."""
        if value is None or value.isprintable():  # a printable string has none of these characters
            return value
        return _UNSTORABLE.sub(lambda found: f"\x1a{ord(found[0]):04x}", value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Return the original string of a stored one."""
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
    sa.Column("body", sa.Text, nullable=False),  # the run as JSON; the column `status` has its status
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
    sa.Column("position", sa.Integer),  # in the log of the run; NULL if written from outside of the run
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
"""The functions that migrate tables to the next version, from version 1 on. The tables above are current."""

_ADVICE = (  # words of the database's error, and the advice for it; the first match counts
    (("URL", "plugin"), "Write the url as 'sqlite:///...' or 'postgresql+psycopg://...'."),
    (("Python int", "out of range"), "The number is too large for the database: use a smaller one."),
    (("full", "disk I/O", "too large"), "Free some disk space; the data written before can still be read."),
    (
        ("not a database", "malformed", "encrypted"),
        "It is damaged, or is not a file of dagflow: restore a copy, or move it away to start anew.",
    ),
    (("locked",), "Another process locked it for too long: end that process, or try again."),
    (("unable to open", "readonly", "permission"), "Check that its folder exists and is writable."),
    (("connect", "server", "password"), "Check that the server is running and accepts your login."),
)


class Database:
    """One connection to a database, opened by the first transaction.

    Args:
        url: The database URL, in the form of SQLAlchemy. It is not checked before the first transaction.

    Attributes:
        lock: The lock that a thread holds while it uses the connection. Reentrant.
        name: The name of the database in messages, without a password.
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
        """Open a transaction for queries and yield its connection. Transactions cannot be nested.

        Raises:
            DagflowStorageError: The URL is invalid, or the database or a query in the block fails.
        """
        with self.lock, self._translated("read"), self._begun("BEGIN", _NOTHING) as transaction:
            yield transaction.connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Open a transaction for changes and yield its connection. Transactions cannot be nested.

        It waits until no other process writes. The changes are committed at the end of the block, and rolled
        back if the block raises.

        Raises:
            DagflowStorageError: The URL is invalid, or the database or a statement in the block fails. Also
                raised if another process has locked a SQLite file for 60 seconds.
        """
        with self.lock, self._translated("written to"), self._begun("BEGIN IMMEDIATE", _ALONE) as transaction:
            yield transaction.connection

    def _begun(self, begin: str, first: sa.Select[Any]) -> sa.RootTransaction:
        """Begin a transaction. If the server has closed the connection, retry with a new one.

        Args:
            begin: The statement that begins the transaction on SQLite.
            first: The first query on a server. It fails if the server has closed the connection.
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
        """Close the connection and ignore errors. The next transaction opens another one."""
        with self.lock:
            with suppress(SQLAlchemyError):
                self._close()
            self._connection = None

    def forget_connection(self) -> None:
        """Replace the lock by a new, free lock. Called in a forked child only.

        The connection needs no action: the parent closed it before the fork.
        """
        self.lock = threading.RLock()

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        """Translate the errors of SQLAlchemy and of a driver to DagflowStorageError."""
        try:
            yield
        except (SQLAlchemyError, UnicodeError, OverflowError) as error:
            self.close()
            reason = " ".join(str(getattr(error, "orig", None) or error).split())
            advice = next((advice for words, advice in _ADVICE if any(word in reason for word in words)), "")
            end = "" if reason[-1:] in ".?!" else "."
            raise DagflowStorageError(
                f"{self.name} cannot be {doing}: {reason}{end} {advice}".rstrip()
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
    parsed = _parsed(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise DagflowStorageError(
                f"the storage url '{url}' names no file. Write 'sqlite:///' and a path, or use "
                "DagflowInstance.ephemeral() for an instance in memory."
            )
        arguments: dict[str, Any] = {"timeout": _BUSY_SECONDS, "check_same_thread": False}
    elif backend == "postgresql":
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        arguments = {} if "connect_timeout" in parsed.query else {"connect_timeout": 10}
    else:
        raise DagflowStorageError(
            f"{name} is in an unsupported database '{backend}'. Use 'sqlite:///...' or "
            "'postgresql+psycopg://...'."
        )
    try:
        engine = sa.create_engine(parsed, poolclass=sa.NullPool, connect_args=arguments)
    except ModuleNotFoundError as error:
        advice = 'pip install "pytest-dagflow[postgres]"'
        if parsed.get_driver_name() != "psycopg":
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
        parsed = sa.make_url(url)
    except ValueError as error:  # the port is not a number
        raise ArgumentError(f"Could not parse the URL: {error}") from error
    if parsed.get_backend_name() != "sqlite":
        return parsed
    path = url.partition(":///")[2].partition("?")[0]
    # SQLAlchemy 2.0 reads '%3F' in the path as three characters, 2.1 as one
    return parsed.set(database=unquote(path))


def _name(url: str) -> str:
    """Return the name of a store for messages, without a password."""
    try:
        parsed = _parsed(url)
    except SQLAlchemyError:
        return "the storage url"
    is_file = parsed.get_backend_name() == "sqlite"
    return f"the store '{parsed.database if is_file else without_password(url)}'"


def _on_connect(connection: Any, _: Any) -> None:
    """Set up SQLite: transactions begin by a statement only, and readers do not block the writer (WAL)."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=NORMAL")
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:  # the first change to this mode needs exclusive access, and SQLite does not wait for that
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            break
        except Exception as error:  # an error of the driver, which only SQLAlchemy imports
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
    """Create the tables, or migrate them to the newest version."""
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
                f"{name} has version {version} of the tables, and this dagflow supports versions 1 up to "
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
    """Do nothing: the close function before the first connection."""


# SQLite keeps its locks in memory, so a connection shared by two processes would break them. A lock that
# another thread holds during the fork would never be released in the child.

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

"""Fixtures of instances and stores of each type: in memory, in a SQLite file, and in a PostgreSQL server.

The first test that needs the server starts it. Such tests are skipped if its programs or psycopg are missing.
"""

from __future__ import annotations

import glob
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

import pytest

from dagflow import DagflowInstance
from dagflow.instance.memory import MemoryStore
from dagflow.instance.sql import SqlStore

STORE_TYPES = ("memory", "sqlite", "postgres")
STORED = STORE_TYPES[1:]


def _program(name: str) -> str | None:
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(folders))


def _reason_for_no_server() -> str | None:
    for program in ("initdb", "pg_ctl"):
        if _program(program) is None:
            return f"PostgreSQL's program '{program}' is not installed"
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed"
    if os.getuid() == 0:
        if shutil.which("runuser") is None:
            return "PostgreSQL does not start as root, and there is no 'runuser'"
        import pwd  # imported lazily: it does not exist on all platforms

        try:
            pwd.getpwnam("postgres")
        except KeyError:
            return "PostgreSQL does not start as root, and there is no user 'postgres'"
    return None


def _run(*command: str) -> None:
    as_other = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    with tempfile.TemporaryFile() as output:  # not a pipe, because the server would keep it open
        done = subprocess.run(
            [*as_other, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            check=False,
        )
        output.seek(0)
        assert done.returncode == 0, output.read().decode()


@pytest.fixture(scope="session")
def postgres_server():
    """The URL of a PostgreSQL server that runs until the end of the session."""
    reason = _reason_for_no_server()
    if reason is not None:
        pytest.skip(reason)
    is_root = os.getuid() == 0
    parent = "/tmp" if is_root else None  # the user 'postgres' needs access to it
    with tempfile.TemporaryDirectory(prefix="pg-", dir=parent, ignore_cleanup_errors=True) as folder:
        if is_root:
            shutil.chown(folder, "postgres")
        data = os.path.join(folder, "data")
        pg_ctl = str(_program("pg_ctl"))
        _run(str(_program("initdb")), "-D", data, "-U", "cafe", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses='' -c fsync=off -c synchronous_commit=off -k {folder}"
        _run(pg_ctl, "start", "-w", "-D", data, "-l", os.path.join(folder, "log"), "-o", options)
        try:
            yield f"postgresql+psycopg://cafe@/postgres?host={folder}"
        finally:
            _run(pg_ctl, "stop", "-w", "-m", "immediate", "-D", data)


@pytest.fixture
def url_of(request, tmp_path):
    """A function that returns the URL of a new empty storage of a type."""

    def url(store_type: str) -> str:
        if store_type == "sqlite":
            return f"sqlite:///{tmp_path / 'kept.db'}"
        import sqlalchemy

        server = request.getfixturevalue("postgres_server")
        schema = f"s{uuid.uuid4().hex}"
        engine = sqlalchemy.create_engine(server, poolclass=sqlalchemy.NullPool)
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text(f"create schema {schema}"))
        return f"{server}&options=-csearch_path%3D{schema}"

    return url


@pytest.fixture(params=STORE_TYPES)
def store(request, url_of):
    """An empty store of each type."""
    if request.param == "memory":
        yield MemoryStore()
        return
    store = SqlStore(url_of(request.param))
    yield store
    store.close()


@pytest.fixture(params=STORED)
def url(request, url_of):
    """The URL of an empty storage of each stored type."""
    return url_of(request.param)


@pytest.fixture(params=STORE_TYPES)
def instance(request, url_of, tmp_path):
    """An empty instance over a store of each type."""
    if request.param == "memory":
        instance = DagflowInstance.ephemeral()
    else:
        overrides = {"storage": {"url": url_of(request.param)}}
        instance = DagflowInstance.local_temp(str(tmp_path), overrides)
    with instance:
        yield instance


@pytest.fixture
def lasting(tmp_path: Path):
    """An empty instance in a SQLite file."""
    with DagflowInstance.local_temp(str(tmp_path)) as instance:
        yield instance


@pytest.fixture
def start():
    """A function that starts a Python program in its own process, which is killed after the test."""
    started = []

    def run(text: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", text, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def output_of(start):
    """A function that runs a Python program and returns its output. The program must succeed."""

    def run(text: str, *arguments: object) -> str:
        process = start(text, *arguments)
        printed, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        return printed

    return run

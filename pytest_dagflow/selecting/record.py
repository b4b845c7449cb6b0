"""The record of earlier sessions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pytest_dagflow.options import RECORD_OPTION
from pytest_dagflow.selecting.record_file import Record, RecordError, read_record
from pytest_dagflow.session import cache_file, session_of

_FILE_NAME = "record.jsonl"
_RECORD_KEY = pytest.StashKey["EarlierRecord"]()


@dataclass
class EarlierRecord:
    """The record of earlier sessions.

    Attributes:
        path: The file of the record; None if there is no place for it.
        record: The record, with those of `--dag-record-from`.
        absence: The reason why there is no record; empty if there is one.
        ignored: The reasons why files are ignored.
    """

    path: Path | None
    record: Record = field(default_factory=Record)
    absence: str = ""
    ignored: list[str] = field(default_factory=list)


def record_of(config: pytest.Config) -> EarlierRecord:
    """Return the record of earlier sessions. The first call reads it."""
    if _RECORD_KEY not in config.stash:
        config.stash[_RECORD_KEY] = read_again(config)
    return config.stash[_RECORD_KEY]


def read_whole_record(config: pytest.Config) -> EarlierRecord:
    """Return the record of earlier sessions, with all of its lines read. A broken line makes it useless."""
    found = record_of(config)
    found.record.read_all()
    if found.record.broken and not found.absence:
        found.ignored += reasons_of(found.record)
        found.absence = found.ignored[0]
    return found


def read_again(config: pytest.Config) -> EarlierRecord:
    """Read the record, which another session may have written since the start of this session."""
    options = session_of(config).options
    path = options.record or cache_file(config, _FILE_NAME)
    found = EarlierRecord(path)
    for file in [*([path] if path else []), *options.record_from]:
        _merge_file(found, file, is_named=file == options.record)
    if not found.record.time:
        found.absence = found.ignored[0] if found.ignored else _absence(path)
    return found


def reasons_of(record: Record) -> list[str]:
    """Return the reasons why lines of a record are ignored."""
    return [f"of '{file}' is ignored: its line is broken" for file in record.broken]


def _merge_file(found: EarlierRecord, file: Path, *, is_named: bool) -> None:
    """Add the record of a file, or the reason why it is ignored."""
    try:
        found.record.merge(read_record(file))
    except RecordError as error:
        reason = f"'{file}' is ignored: {error}"
        if error.is_foreign and is_named:
            found.path = None
            reason += f". It is not replaced: name another file with {RECORD_OPTION}"
        found.ignored.append(reason)


def _absence(path: Path | None) -> str:
    if path is None:
        return f"pytest's cache is off or has no folder; {RECORD_OPTION}=PATH keeps the record in a file"
    return "no session has written one yet"


def deleted_tests(config: pytest.Config, record: Record, collected: set[str]) -> set[str]:
    """Return the tests of a record that no longer exist in the collected files."""
    if any("::" in argument for argument in config.args) or config.getoption("lf", False):
        return set()  # only a part of a file was collected
    files = {test_id.partition("::")[0] for test_id in collected}
    return {test_id for file in files for test_id in record.tests_in(file)} - collected

"""The file of the record: its form, its reading and writing, and the merge of several records.

A record is a text file with one JSON value in each line, so that it can be copied to other machines:

    {"dagflow_record": 2, "time": 1700000000.0, "untested": {"asset:milk@kitchen": {"code": "3f2a..."}}}
    ["tests/test_it.py", {"names": [...], "prints": [...], "sets": [...], "tests": {"test_brew": [...]}}]

Each line after the first one holds the tests of one file, with its own tables of names, prints and sets of
nodes. A session reads and writes only the lines of its own test files; the others are copied as they are.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

_FORMAT = "dagflow_record"
_VERSION = 2
_H = TypeVar("_H", bound=Hashable)

Print = Mapping[str, str]
"""A hash for each facet of a node or a test. A facet without content is absent."""


class RecordError(Exception):
    """A file that is not a record of this version. The message is the reason.

    Attributes:
        is_foreign: Whether another program wrote the file, so that it must not be replaced.
    """

    def __init__(self, reason: str, *, is_foreign: bool = False) -> None:
        super().__init__(reason)
        self.is_foreign = is_foreign


@dataclass
class TestRecord:
    """The record of one test.

    Attributes:
        passed: The time of its last pass, in seconds since the epoch; 0 if it is not known to have passed.
        failed: The time of its last failure or skip; 0 without one.
        ran: The name and the job of each node that ran in its last pass, and in failures since then.
        failed_in_run: The name and the job of each node that failed in its last failure.
        nodes: The prints of its nodes at its last pass, by the name of the node.
        own: The print of the test itself at its last pass: its body, parameters, fixtures and hooks.
    """

    __test__ = False

    passed: float = 0.0
    failed: float = 0.0
    ran: tuple[tuple[str, str], ...] = ()
    failed_in_run: tuple[tuple[str, str], ...] = ()
    nodes: Mapping[str, Print] = field(default_factory=dict)
    own: Print = field(default_factory=dict)

    @property
    def is_passed(self) -> bool:
        """Whether the test is known to have passed, and has not failed since."""
        return self.passed > self.failed

    def merged(self, other: TestRecord) -> TestRecord:
        """Return the union of two records of a test: the newest pass, and the newest failure."""
        newest = self if self.passed > other.passed else other
        failing = self if self.failed > other.failed else other
        ran = newest.ran
        if failing.failed > newest.passed:  # it may have run other nodes since
            ran = tuple(dict.fromkeys((*ran, *failing.ran)))
        return TestRecord(newest.passed, failing.failed, ran, failing.failed_in_run, newest.nodes, newest.own)


class Record:
    """The records of tests by test id, each read when it is first used.

    Attributes:
        time: The time at which it was written, in seconds since the epoch; 0 if there is no record.
        untested: The prints of the nodes that no test touches, by the name of the node.
        broken: The test files whose lines cannot be read. Their tests are unknown.
    """

    def __init__(self) -> None:
        self.time: float = 0.0
        self.untested: dict[str, Print] = {}
        self.broken: list[str] = []
        # a file is in one of the two dicts: as the line of the record, or read
        self._lines: dict[str, str] = {}
        self._files: dict[str, dict[str, TestRecord]] = {}

    def get(self, test_id: str) -> TestRecord | None:
        """Return the record of a test; None if the test is unknown."""
        file, _, name = test_id.partition("::")
        return self._tests_of(file).get(name)

    def put(self, test_id: str, test: TestRecord) -> None:
        """Replace the record of a test."""
        file, _, name = test_id.partition("::")
        tests = self._tests_of(file)
        tests[name] = test
        self._files[file] = tests

    def remove(self, test_id: str) -> None:
        """Forget a test."""
        file, _, name = test_id.partition("::")
        self._tests_of(file).pop(name, None)

    def tests_in(self, file: str) -> Iterator[str]:
        """Yield the ids of the tests of a file."""
        for name in self._tests_of(file):
            yield f"{file}::{name}" if name else file

    def values(self) -> Iterator[TestRecord]:
        """Yield the record of each test."""
        for file in [*self._files, *self._lines]:
            yield from self._tests_of(file).values()

    def items(self) -> Iterator[tuple[str, TestRecord]]:
        """Yield the id and the record of each test."""
        for file in [*self._files, *self._lines]:
            for name, test in self._tests_of(file).items():
                yield f"{file}::{name}" if name else file, test

    def _tests_of(self, file: str) -> dict[str, TestRecord]:
        line = self._lines.pop(file, None)
        if line is not None:
            try:
                self._files[file] = _read_tests(line)
            except RecordError:
                self.broken.append(file)
        return self._files.get(file, {})

    def merge(self, other: Record) -> None:
        """Add the tests of another record. The newest pass of a test wins, and the newest failure."""
        for file in [*other._files, *other._lines]:
            if file not in self._files and file not in self._lines and file in other._lines:
                self._lines[file] = other._lines[file]
                continue
            if file in self._lines and self._lines[file] == other._lines.get(file):
                continue
            tests = self._tests_of(file)
            for name, test in other._tests_of(file).items():
                tests[name] = tests[name].merged(test) if name in tests else test
            self._files[file] = tests
        if other.time >= self.time:
            self.untested.update(other.untested)
        else:
            self.untested = {**other.untested, **self.untested}
        self.time = max(self.time, other.time)

    def lines(self) -> Iterator[str]:
        """Yield the lines of the file."""
        yield _dump({_FORMAT: _VERSION, "time": round(self.time, 3), "untested": self.untested})
        for file, tests in self._files.items():
            if tests:
                yield _dump([file, _write_tests(tests)])
        yield from self._lines.values()

    def read_all(self) -> None:
        """Read every line, to find the broken ones."""
        for file in list(self._lines):
            self._tests_of(file)

    def keep_files(self, exists: Callable[[str], bool]) -> None:
        """Forget the tests of the files that no longer exist."""
        for tests in (self._files, self._lines):
            for file in [file for file in tests if not exists(file)]:
                del tests[file]

    @classmethod
    def of_lines(cls, lines: Iterable[str]) -> Record:
        """Return the record of the lines of a file.

        Raises:
            RecordError: The lines are not a record of this version.
        """
        record = cls()
        numbered = iter(lines)
        head = _load(next(numbered, ""), is_foreign=True)
        if not isinstance(head, dict) or _FORMAT not in head:
            raise RecordError("it is not a record of dagflow", is_foreign=True)
        if head[_FORMAT] != _VERSION:
            raise RecordError(f"it has the version {head[_FORMAT]}, and this is version {_VERSION}")
        try:
            record.time = float(head["time"])
            record.untested = dict(head["untested"])
        except (KeyError, TypeError, ValueError) as error:
            raise RecordError("its first line is broken") from error
        for line in numbered:
            if line:
                record._lines[_file_of(line)] = line
        return record


def read_record(path: Path) -> Record:
    """Read a record.

    Args:
        path: The file.

    Returns:
        The record; an empty one if there is no file.

    Raises:
        RecordError: The file is not a record of this version, or cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Record()
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"it cannot be read: {error}", is_foreign=True) from error
    if not text.strip():
        return Record()
    return Record.of_lines(text.splitlines())


def write_record(path: Path, record: Record) -> None:
    """Write a record.

    Raises:
        OSError: The file cannot be written.
    """
    replace_file(path, record.lines())


def replace_file(path: Path, lines: Iterable[str]) -> None:
    """Write a file of lines, so that another process reads the old or the new one as a whole.

    Raises:
        OSError: The file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in lines)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _load(line: str, *, is_foreign: bool = False) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        reason = "it is not a record of dagflow" if is_foreign else "a line of it is broken"
        raise RecordError(reason, is_foreign=is_foreign) from error


def _file_of(line: str) -> str:
    """Return the test file of a line, without reading the rest of the line."""
    try:
        file, _ = json.JSONDecoder().raw_decode(line, 1)
    except ValueError as error:
        raise RecordError("a line of it is broken") from error
    if not isinstance(file, str) or not line.endswith("}]"):
        raise RecordError("a line of it is broken")
    return file


class _Table(Generic[_H]):
    """Values, each with its index."""

    def __init__(self) -> None:
        self.index: dict[_H, int] = {}

    def add(self, value: _H) -> int:
        """Return the index of a value, which is added if it is new."""
        return self.index.setdefault(value, len(self.index))


def _write_tests(tests: Mapping[str, TestRecord]) -> dict[str, Any]:
    names: _Table[str] = _Table()
    prints: _Table[tuple[tuple[str, str], ...]] = _Table()
    sets: _Table[tuple[int, ...]] = _Table()

    known: dict[int, int] = {}  # tests that touch the same nodes share one dict

    def pairs(found: Iterable[tuple[str, str]]) -> int:
        return sets.add(tuple(names.add(text) for pair in found for text in pair))

    def nodes(found: Mapping[str, Print]) -> int:
        if id(found) not in known:
            numbers = [(names.add(node), prints.add(tuple(facets.items()))) for node, facets in found.items()]
            known[id(found)] = sets.add(tuple(number for pair in numbers for number in pair))
        return known[id(found)]

    rows = {
        name: [
            round(test.passed, 3),
            round(test.failed, 3),
            pairs(test.ran),
            pairs(test.failed_in_run),
            nodes(test.nodes),
            prints.add(tuple(test.own.items())),
        ]
        for name, test in tests.items()
    }
    # a print is the flat list of its facets and hashes, as indices of names
    flat = [[names.add(text) for pair in facets for text in pair] for facets in prints.index]
    return {"names": list(names.index), "prints": flat, "sets": list(sets.index), "tests": rows}


def _read_tests(line: str) -> dict[str, TestRecord]:
    stored = _load(line)
    try:
        _, tables = stored
        names: list[str] = tables["names"]
        prints: list[Print] = [_pairs_to_dict(numbers, names, names) for numbers in tables["prints"]]
        sets = tables["sets"]
        # tests that touch the same nodes share one dict
        pairs: dict[int, tuple[tuple[str, str], ...]] = {}
        nodes: dict[int, dict[str, Print]] = {}
        tests: dict[str, TestRecord] = {}
        for name, (passed, failed, ran, failed_in_run, touched, own) in tables["tests"].items():
            for number in (ran, failed_in_run):
                if number not in pairs:
                    pairs[number] = tuple(_pairs(sets[number], names, names))
            if touched not in nodes:
                nodes[touched] = _pairs_to_dict(sets[touched], names, prints)
            tests[name] = TestRecord(
                float(passed), float(failed), pairs[ran], pairs[failed_in_run], nodes[touched], prints[own]
            )
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise RecordError("a line of it is broken") from error
    return tests


_V = TypeVar("_V")


def _pairs(numbers: list[int], names: list[str], values: Sequence[_V]) -> Iterator[tuple[str, _V]]:
    for first, second in zip(numbers[::2], numbers[1::2], strict=True):
        yield names[first], values[second]


def _pairs_to_dict(numbers: list[int], names: list[str], values: Sequence[_V]) -> dict[str, _V]:
    return dict(_pairs(numbers, names, values))

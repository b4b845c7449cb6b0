"""Benchmarks of `--dag-select` and of the record."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest

from pytest_dagflow.selecting.record_file import Record, TestRecord, read_record, write_record

if TYPE_CHECKING:
    from collections.abc import Callable

TESTS = 10_000
NODES = 5_000
FILES = 20
SHARDS = 100
TIMER = """
from time import process_time
import pytest

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems():
    start = process_time()
    yield
    print("took", process_time() - start)
"""
ASSET = """
@asset(group_name="g{group}", deps={deps})
def a{number}():
    return {value}
"""
TEST = """
def test_{number}(tmp_path):
    result = materialize_to_memory([a{node}])
    assert result.success, tmp_path
"""


def _write_assets(folder: Path, value: int = 1) -> None:
    """Write 5,000 assets; those of one group return another value."""
    source = ["from dagflow import asset\n"]
    for number in range(NODES):
        deps, group = [f"a{number // 2}"] if number else [], number % 50
        source.append(ASSET.format(number=number, group=group, deps=deps, value=value if group == 7 else 1))
    (folder / "shop.py").write_text("".join(source))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write 5,000 assets and 10,000 tests."""
    _write_assets(tmp_path)
    for file in range(FILES):
        tests = (TEST.format(number=number, node=number % NODES) for number in range(file, TESTS, FILES))
        head = "from dagflow import materialize_to_memory\nfrom shop import *\n"
        (tmp_path / f"test_{file}.py").write_text(head + "".join(tests))
    (tmp_path / "conftest.py").write_text(TIMER)
    return tmp_path


def _found(name: str, output: str) -> float:
    found = re.search(rf"{name} (\S+)", output)
    assert found is not None, output
    return float(found[1])


def test_a_selection_of_10_000_tests(
    table: Any, python: Callable[..., str], project: Path, wheel: Path
) -> None:
    """Measure the selection by group, and that of the changed nodes of one group of fifty."""

    def select(expression: str, *arguments: str) -> str:
        options = ("-q", "-p", "no:randomly", "-s", "--dag-select", expression, *arguments)
        return python("-m", "pytest", *options, project, PYTHONPATH=str(wheel))

    table.add("select", "dagflow", _found("took", select("group:g7", "--co")))
    select("*")  # writes the record
    _write_assets(project, value=2)
    output = select("changed()", "--co")

    assert f"{TESTS // 50} of {TESTS} tests" in output
    table.add("select_changed", "dagflow", _found("took", output))


def test_records_of_shards(table: Any, tmp_path: Path) -> None:
    """Measure the merge of 100 records of 1,000 tests, and the size of the record of all of them."""
    facets = ("code", "types", "partitions", "resources", "retry", "arguments")

    def shard(number: int) -> Record:
        record = Record()
        record.time = 1_700_000_000.0 + number
        for test in range(1000):
            own = number * 1000 + test
            prints = {f"{facet}": f"{hash((facet, own)) & 0xFFFFFFFFFFFF:012x}" for facet in facets}
            nodes = {f"asset:shop/asset_{own}_{side}@shop.assets": prints for side in "ab"}
            ran = tuple((f"shop/asset_{own}_{side}", "__ephemeral_asset_job__") for side in "ab")
            body = {"its body": f"{hash(own) & 0xFFFFFFFFFFFF:024x}"}
            test_id = f"tests/shop/test_part_{own // 100}.py::test_that_the_asset_is_right_{own}"
            record.put(test_id, TestRecord(record.time, 0.0, ran, (), nodes, body))
        return record

    paths = [tmp_path / f"{number}.jsonl" for number in range(SHARDS)]
    for number, path in enumerate(paths):
        write_record(path, shard(number))
    start = perf_counter()
    merged = Record()
    for path in paths:
        merged.merge(read_record(path))
    merged.read_all()
    table.add("record_read", "dagflow", perf_counter() - start)
    write_record(tmp_path / "all.jsonl", merged)

    assert len(list(merged.values())) == SHARDS * 1000
    table.add("record_size", "dagflow", (tmp_path / "all.jsonl").stat().st_size)


SESSION = """
from dagflow import asset, materialize_to_memory
"""
SESSION_TEST = """
@asset
def water_{number}(): return 1

@asset
def tea_{number}(water_{number}): return water_{number} + 1

def test_tea_{number}():
    assert materialize_to_memory([water_{number}, tea_{number}]).output_for_node("tea_{number}") == 2
"""


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Write 200 tests of two assets each."""
    _write_session(tmp_path)
    return tmp_path


def _write_session(folder: Path, value: int = 1) -> None:
    """Write the tests; the first asset returns another value."""
    tests = [SESSION_TEST.format(number=number) for number in range(200)]
    changed = tests[0].replace("return 1", f"return {value} and 1")
    (folder / "test_tea.py").write_text(SESSION + "".join([changed, *tests[1:]]))


def test_the_cost_of_the_record(
    table: Any, used: Callable[..., float], median_of: Callable[..., float], session: Path
) -> None:
    """Measure the CPU time of the session with and without a record, and that of a selection by it.

    The first session computes all prints. The later ones find that no file changed.
    """
    record = "--dag-record=record.jsonl"
    values = itertools.count(2)

    def first() -> float:
        (session / "record.jsonl").unlink(missing_ok=True)
        return used("-p", "no:cacheprovider", record)

    def changed() -> float:
        _write_session(session, next(values))
        return used(record, "--dag-select=changed()")

    first()
    table.add("session_first", "dagflow", median_of(first, 7))
    table.add("session_unrecorded", "dagflow", median_of(lambda: used("-p", "no:cacheprovider"), 7))
    recorded = median_of(lambda: used("-p", "no:cacheprovider", record), 7)
    table.add("session_recorded", "dagflow", recorded)
    table.add("session_changed", "dagflow", median_of(changed, 3))


def test_the_cost_of_testmon(
    table: Any, used: Callable[..., float], median_of: Callable[..., float], session: Path
) -> None:
    """Measure the same sessions with pytest-testmon, which records by coverage."""
    pytest.importorskip("testmon")
    options = ("-p", "no:dagflow", "--testmon")  # it fails without the cache of pytest
    values = itertools.count(2)

    def first() -> float:
        for file in session.glob(".testmondata*"):
            file.unlink()
        return used(*options)

    def changed() -> float:
        _write_session(session, next(values))
        return used(*options)

    first()
    table.add("session_first", "testmon", median_of(first, 3))
    table.add("session_changed", "testmon", median_of(changed, 3))

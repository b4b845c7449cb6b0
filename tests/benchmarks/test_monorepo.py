"""Benchmarks of a drawn monorepo: 500 modules with 50,000 assets, and 100,000 tests.

The tests are neither collected nor run: `drawn_session.py` makes the items, and dagflow selects and records
them as in any session. At half and quarter size the figures show whether the cost grows linearly. The second
session finds the parsed modules of the first one in pytest's cache, and parses only the edited module.

The cost grows linearly. A selection by name in a quarter, in the half and in the whole takes 1.6, 3.2 and
7 s, that of `changed()` 4 to 7, 9 and 18 to 26 s. The first record of the whole takes 51 s and 17 MB on disk.
The selection by name needs 0.9 GB; before it the session has 0.5 GB, for pytest's items, the definitions and
the compiled tests. The next limits of `changed()` are its memory, 1.6 GB, and the prints of nodes and tests,
each a closure of its own, and then the links.
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

import pytest

from pytest_dagflow.selecting.record_file import Record, read_record, write_record

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = Path(__file__).with_name("drawn_session.py")
OPTIONS = ("-q", "-s", "-p", "no:randomly", "--dag-record=record.jsonl")
MODULES, ASSETS = 500, 100
MEGABYTE = 1_000_000
SHARDS = 100


def _tests(number: int) -> str:
    """Return the source of the tests of a module: two for each asset."""
    lines = ["from dagflow import materialize_to_memory", f"from proj import m{number}", ""]
    for index in range(ASSETS):
        for side in "ab":
            lines.append(f"def test_{index}_{side}():")
            lines.append(f"    assert materialize_to_memory([m{number}.a{number}_{index}]).success")
    return "\n".join([*lines, ""])


@pytest.mark.parametrize("divisor", [4, 2, 1])
def test_a_monorepo(
    table: Any, python: Callable[..., str], draw_module: Callable[..., str], tmp_path: Path, divisor: int
) -> None:
    """Measure a first record, a selection by name, and that of the changed nodes after an edit."""
    pick, count = random.Random(1), MODULES // divisor
    (tmp_path / "proj").mkdir()
    (tmp_path / "proj/__init__.py").write_text("")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    for number in range(count):
        (tmp_path / f"proj/m{number}.py").write_text(draw_module(number, pick, ASSETS))
        (tmp_path / f"test_{number}.py").write_text(_tests(number))

    first = python(PROGRAM, *OPTIONS)
    size = (tmp_path / "record.jsonl").stat().st_size
    last = tmp_path / f"proj/m{count - 1}.py"
    last.write_text(last.read_text().replace("rows = [n * y", "rows = [n + y"))
    named = python(PROGRAM, *OPTIONS[:-1], "-p", "no:cacheprovider", "--dag-select=key:a3_5+")
    second = python(PROGRAM, *OPTIONS, "--dag-select=changed()")

    assert f"2 of {2 * ASSETS * count} tests" in named
    assert f"{2 * ASSETS} of {2 * ASSETS * count} tests" in second
    size_of = f"_{divisor}" if divisor > 1 else ""
    table.add(f"monorepo_select{size_of}", "dagflow", _found("took", named))
    table.add(f"monorepo_changed{size_of}", "dagflow", _found("took", second))
    if divisor == 1:
        table.add("monorepo_memory", "dagflow", _found("memory", named) * MEGABYTE)
        table.add("monorepo_changed_memory", "dagflow", _found("memory", second) * MEGABYTE)
        table.add("monorepo_record", "dagflow", _found("recorded in", first))
        table.add("monorepo_size", "dagflow", size)
        shards = _write_shards(tmp_path)
        start = process_time()
        merged = Record()
        for path in shards:
            merged.merge(read_record(path))
        merged.read_all()
        table.add("monorepo_shards", "dagflow", process_time() - start)
        assert len(list(merged.values())) == 2 * ASSETS * count


def _write_shards(folder: Path) -> list[Path]:
    """Divide the record among 100 files, each with tests of every test file."""
    whole = read_record(folder / "record.jsonl")
    shards = [Record() for _ in range(SHARDS)]
    for number, (test_id, test) in enumerate(whole.items()):
        shards[number % SHARDS].put(test_id, test)
    paths = [folder / f"shard-{number}.jsonl" for number in range(SHARDS)]
    for path, shard in zip(paths, shards, strict=True):
        shard.time = whole.time
        write_record(path, shard)
    return paths


def _found(name: str, output: str) -> float:
    found = re.search(rf"{name} ([\d.]+)", output)
    assert found is not None, output
    return float(found[1])

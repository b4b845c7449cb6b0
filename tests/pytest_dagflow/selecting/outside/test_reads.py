"""Tests of the reads of blocks of code: by the code that read, by literals, by imports."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from pytest_dagflow.selecting.outside.places import Places
from pytest_dagflow.selecting.outside.reads import Reads
from pytest_dagflow.selecting.outside.states import States
from pytest_dagflow.selecting.outside.watch import Site, Watch


def block_at(filename: str, line: int) -> str | None:
    """Return the block of a line: there is one in each ten lines of shop.py."""
    return f"shop.py::block{line // 10}" if filename.endswith("shop.py") else None


def files_named_in(blocks: Iterable[str]) -> list[str]:
    """Return the files in literals: only one block has one."""
    return ["literal.csv"] if "shop.py::block2" in blocks else []


@pytest.fixture
def reads(tmp_path: Path) -> Reads:
    """Return the reads of two blocks, of a test, and of unknown code."""
    watch = Watch(Places(str(tmp_path)))
    watch.files["x.csv"] = {Site("/shop.py", 3): None, Site("/shop.py", 11): None}
    watch.files["lost.csv"] = {Site("", 0): None}
    watch.folders["data"] = {Site("", 0, "test_it.py::test_it"): None}
    watch.variables["TOKEN"] = {Site("/shop.py", 12): None}
    return Reads(watch, States(watch.places, {}), block_at, files_named_in)


def test_each_block_has_its_reads(reads: Reads):
    """A block has the files and variables that it read, and the files that its code names."""
    assert reads.keys_of_block("shop.py::block0") == {"file:x.csv"}
    assert reads.keys_of_block("shop.py::block1") == {"file:x.csv", "env:TOKEN"}
    assert reads.keys_of_block("shop.py::block2") == {"file:literal.csv"}


def test_all_code_has_the_reads_of_unknown_code(reads: Reads):
    """A read between tests may be that of any code, and all code depends on Python."""
    found = reads.of_code(["package:PyYAML", "glob:*.sql"])

    assert found.keys() == {"file:lost.csv", "package:PyYAML", "glob:*.sql", "package:python"}
    assert found["file:lost.csv"] == "missing"


def test_a_read_without_code_belongs_to_the_test(reads: Reads):
    """The test that ran has it."""
    assert reads.of_test("test_it.py::test_it") == {"folder:data": "missing"}
    assert reads.of_test("test_it.py::test_other") == {}

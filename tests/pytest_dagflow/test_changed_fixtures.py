"""`changed()` beside fixtures of one name: those of a folder, a module and a class, and parameters.

The prints of the fixtures are computed once for the tests that have the same ones.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import pytest

TESTS = """
import pytest
from dagflow import asset, materialize_to_memory

@asset
def {name}():
    return 1

def run(ml):
    assert materialize_to_memory([{name}]).success and ml

def test_{name}(ml):
    run(ml)

def test_{name}_without():
    run(1)
"""
OWN = """
@pytest.fixture
def ml(ml):
    return ml + 20

class TestOwn:
    @pytest.fixture
    def ml(self):
        return 30

    def test_class(self, ml):
        run(ml)

@pytest.mark.parametrize("ml", [40, 41])
def test_each(ml):
    run(ml)
"""
FILES = {
    "conftest.py": "import pytest\n\n@pytest.fixture\ndef ml():\n    return 10\n",
    "hot/conftest.py": "def pytest_runtest_setup(item):\n    return None\n",
    "hot/test_tea.py": TESTS.format(name="tea"),
    "cold/test_ice.py": TESTS.format(name="ice"),
    "cold/test_own.py": TESTS.format(name="own") + OWN,
}


class Edit(NamedTuple):
    """An edit of a file, and the tests that must run."""

    file: str
    old: str
    new: str
    tests: str


ALL = "ice ice_without own own_without tea tea_without"
EDITS = [
    Edit("conftest.py", "return 10", "return 11", "ice own tea"),
    Edit("cold/test_own.py", "ml + 20", "ml + 21", "own"),
    Edit("cold/test_own.py", "return 30", "return 31", "class"),
    Edit("cold/test_own.py", "[40, 41]", "[40, 42]", "each[40] each[42]"),
    Edit("hot/conftest.py", "return None", "return item and None", "tea tea_without"),
    Edit("conftest.py", "@pytest.fixture\n", "@pytest.fixture(autouse=True)\n", ALL),
]


def test_the_tests_of_an_edited_fixture_run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each edit runs the tests for which the fixture or hook wins, also beside tests of the same name."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    pytester.makeini("[pytest]\naddopts = -p no:randomly --import-mode=importlib -v\n")
    for name, source in FILES.items():
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
    pytester.runpytest_inprocess().assert_outcomes(passed=9)

    for edit in EDITS:
        path = pytester.path / edit.file
        source = path.read_text()
        assert edit.old in source
        path.write_text(source.replace(edit.old, edit.new))
        result = pytester.runpytest_inprocess("--dag-select", "changed()")
        lines = [line for line in result.outlines if " PASSED" in line]
        ran = sorted(line.split("::test_")[1].split()[0] for line in lines)
        assert " ".join(ran) == edit.tests, edit

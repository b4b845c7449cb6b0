"""Edits of every kind beside code: each runs exactly the tests whose result it can change.

`test_dag_changed.py` has the edits of code; here are declarations of definitions, the environment, files and
the parts of a test.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import pytest

FILES = {
    "bar.py": """
import enum
import os
import pathlib

import dagflow as dg
import yaml

CUPS = dg.StaticPartitionsDefinition(["s", "m"])
RETRY = dg.RetryPolicy(max_retries=1)
HERE = pathlib.Path(__file__).parent

class Size(enum.Enum):
    SMALL = 1

class Base:
    factor = 3

class Mill(dg.ConfigurableResource):
    grams: int = 7

    def grind(self):
        return self.grams * Base.factor

class Options(dg.Config):
    sugar: int = 1

@dg.asset
def sized():
    return Size.SMALL.value

@dg.asset(partitions_def=CUPS)
def cups(context):
    return context.partition_key

@dg.asset(retry_policy=RETRY)
def retried():
    return 1

@dg.asset
def ground(mill: Mill):
    return mill.grind()

@dg.asset
def sweet(config: Options):
    return config.sugar

@dg.asset
def from_env():
    return os.environ.get("BAR_TABLES", "0")

@dg.asset
def from_yaml():
    return yaml.safe_load((HERE / "menu.yaml").read_text())["tea"]

@dg.asset(metadata={"unit": "ml"})
def described():
    return 1

@dg.asset_check(asset=described)
def tasty():
    return dg.AssetCheckResult(passed=True)

@dg.op
def pour(n: int = 2) -> int:
    return n

@dg.job
def serve():
    pour()

defs = dg.Definitions([sized, retried, described], jobs=[serve], asset_checks=[tasty])
""",
    "menu.yaml": "tea: 3\n",
    "conftest.py": """
import pytest

@pytest.fixture
def beans():
    return 1

@pytest.fixture
def blend(beans):
    return beans + 1

@pytest.fixture(autouse=True)
def open_bar():
    opened = True
    yield opened
""",
    "test_bar.py": """
import bar
import pytest
from dagflow import materialize_to_memory

def test_sized():
    assert materialize_to_memory([bar.sized]).success

def test_cups():
    assert materialize_to_memory([bar.cups], partition_key="s").success

def test_retried():
    assert materialize_to_memory([bar.retried]).success

def test_ground():
    assert materialize_to_memory([bar.ground], resources={"mill": bar.Mill()}).success

def test_sweet():
    assert materialize_to_memory([bar.sweet]).success

def test_env():
    assert materialize_to_memory([bar.from_env]).success

def test_yaml():
    assert materialize_to_memory([bar.from_yaml]).success

def test_check():
    assert materialize_to_memory([bar.described, bar.tasty]).success

def test_job_by_name():
    assert bar.defs.get_job_def("serve").execute_in_process().success

def test_blend(blend):
    assert materialize_to_memory([bar.sized]).success and blend

@pytest.mark.parametrize("n", [
    1,
    2,
])
def test_each(n):
    assert materialize_to_memory([bar.retried]).success and n
""",
}


class Edit(NamedTuple):
    """A replaced text, and the tests that must run, without `test_`."""

    file: str
    old: str
    new: str
    tests: str


EDITS = {
    "an enum value": Edit("bar.py", "SMALL = 1", "SMALL = 2", "sized blend"),
    "the partitions": Edit("bar.py", '["s", "m"]', '["s", "l"]', "cups"),
    "a retry policy": Edit("bar.py", "max_retries=1", "max_retries=2", "retried each[1] each[2]"),
    "a default of a resource": Edit("bar.py", "grams: int = 7", "grams: int = 8", "ground"),
    "a method of a resource": Edit("bar.py", "self.grams *", "2 * self.grams *", "ground"),
    "a class that a resource uses": Edit("bar.py", "factor = 3", "factor = 4", "ground"),
    "a default of config": Edit("bar.py", "sugar: int = 1", "sugar: int = 2", "sweet"),
    "a YAML file": Edit("menu.yaml", "tea: 3", "tea: 4", "yaml"),
    "the body of a check": Edit("bar.py", "passed=True)", "passed=bool(1))", "check"),
    "the default of an op in a job by name": Edit("bar.py", "n: int = 2", "n: int = 3", "job_by_name"),
    "a fixture of a fixture": Edit("conftest.py", "return 1", "return 2", "blend"),
    "a value of a parameter": Edit("test_bar.py", "    2,\n", "    3,\n", "each[1] each[3]"),
    "a name of a node": Edit("bar.py", "def from_yaml", "def from_menu", "yaml"),
    "a comment": Edit("bar.py", "CUPS =", "# sizes\nCUPS =", ""),
    "a new asset": Edit("bar.py", "defs =", "@dg.asset\ndef new():\n    return 1\n\ndefs =", ""),
    "an unused function of conftest": Edit("conftest.py", "import pytest", "import pytest\nNEVER = 1", ""),
}


@pytest.fixture
def bar(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Create a project and its tests, and run them."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name, content in FILES.items():
        (pytester.path / name).write_text(content, encoding="utf-8")
    session(pytester).assert_outcomes(passed=12)
    return pytester


def session(bar: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest in this process."""
    return bar.runpytest_inprocess("-p", "no:randomly", "-v", *arguments)


def ran(result: pytest.RunResult) -> set[str]:
    """Return the tests that ran, without `test_`."""
    lines = [line for line in result.outlines if " PASSED" in line or " FAILED" in line]
    return {line.split("::test_")[1].split()[0] for line in lines if "::test_" in line}


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_runs_the_tests_that_depend_on_it(bar: pytest.Pytester, what: str) -> None:
    """The tests that can differ run, and no other."""
    edit = EDITS[what]
    path = bar.path / edit.file
    source = path.read_text(encoding="utf-8")
    assert source.count(edit.old) == 1
    path.write_text(source.replace(edit.old, edit.new), encoding="utf-8")

    found = ran(session(bar, "--dag-select", "changed()"))

    assert found == set(edit.tests.split())


def test_a_variable_runs_the_tests_that_depend_on_it(
    bar: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed variable of the environment counts for the asset that reads it."""
    monkeypatch.setenv("BAR_TABLES", "9")

    assert ran(session(bar, "--dag-select", "changed()")) == {"env"}

"""Tests of the option `--dag-run`, which runs a part of the project on both sides of `--dag-against`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SHOP = """
import dagflow as dg

days = dg.StaticPartitionsDefinition(["mon", "tue"])

class Warehouse(dg.ConfigurableIOManager):
    def handle_output(self, context, value):
        raise AssertionError("nothing may be written")

    def load_input(self, context):
        raise AssertionError("nothing may be read")

@dg.asset(partitions_def=days, io_manager_key="warehouse", required_resource_keys={"source"})
def orders(context):
    return context.resources.source.read(context.partition_key)

@dg.asset(partitions_def=days, io_manager_key="warehouse")
def total(orders):
    return sum(orders)

@dg.asset
def other():
    return 1

defs = dg.Definitions([orders, total, other], resources={"warehouse": Warehouse(), "source": None})
"""
CONFTEST = """
import pathlib
import dagflow as dg
import pytest

class Source(dg.ConfigurableResource):
    def read(self, key):
        lines = pathlib.Path(__file__).with_name("data.txt").read_text().split()
        return [int(line) for line in lines if key == "mon" or line != "3"]

@pytest.fixture
def dag_resources():
    return {"source": Source()}
"""
INI = "[pytest]\npythonpath = .\ndag_definitions = shop:defs\n"


@pytest.fixture
def shop(compared: Any) -> Any:
    """Commit a project with definitions, a conftest with resources and a test, and change an asset."""
    compared.commit(
        shop_dot_py=SHOP,
        tests__conftest_dot_py=CONFTEST,
        tests__data_dot_txt="1 2 3",
        tests__test_shop_dot_py="def test_nothing(): pass\n",
        pytest_dot_ini=INI,
    )
    compared.edit("shop.py", "sum(orders)", "max(orders)")
    return compared


def files_of(folder: Path) -> set[str]:
    """Return the files of a project besides caches."""
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {path for path in paths if "cache" not in path and not path.startswith(".git/")}


def test_partitions_of_a_selection(shop: Any):
    """Each key runs on both sides, with the resources of the tests, and nothing is written."""
    before = files_of(shop.folder)

    result = shop.run("--dag-run=orders+", "--dag-run-partition=mon", "--dag-run-partition=tue", "-v")

    result.stdout.fnmatch_lines(["dag-run::orders+[[]mon[]] PASSED*", "dag-run::orders+[[]tue[]] PASSED*"])
    total = shop.nodes()["asset total"]
    assert [one["summary"] for one in total["differences"]] == ["6 -> 3"]
    assert total["differences"][0]["tests"] == [
        "dag-run::orders+[mon]",
        "dag-run::orders+[tue] (other values)",
    ]
    assert total["compared"] == 2
    assert shop.states() == {"asset orders": "equal", "asset total": "changed", "asset other": "not-compared"}
    assert shop.document["notes"] == []
    assert files_of(shop.folder) == before


def test_other_sessions(shop: Any):
    """It runs in a worker, with the arguments of the user; a key that nothing has fails its item."""
    result = shop.run("--dag-run=orders+", "--dag-run=other", "--dag-run-partition=mon", "-n1", "tests")

    assert shop.nodes()["asset total"]["differences"][0]["tests"] == ["dag-run::orders+[mon]"]
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*the partition_key 'mon' was given*, but nothing in it is partitioned*"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--dag-run=nothing_here",), "*nothing_here*"),
        (("--dag-run=orders and",), "*--dag-run 'orders and'*"),
    ],
)
def test_bad_selections(shop: Any, arguments: tuple[str, ...], message: str):
    """A selection that is invalid or matches nothing is named."""
    result = shop.pytester.runpytest_inprocess("--dag-against=main", *arguments)

    assert result.ret != pytest.ExitCode.OK
    assert any(line for line in (result.stdout.lines + result.stderr.lines) if message.strip("*") in line)
    shop.check_nothing_is_left()


def test_without_definitions(shop: Any):
    """The ini key is named that the option needs."""
    shop.write(pytest_dot_ini="[pytest]\npythonpath = .\n")

    result = shop.pytester.runpytest_inprocess("--dag-against=main", "--dag-run=orders")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--dag-run runs a part of the definitions*'dag_definitions' is not set*"])

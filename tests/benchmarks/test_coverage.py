"""Benchmarks of `--dag-cov`."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dagflow.testing import Coverage, CoveredNode
from pytest_dagflow.coverage.result import CoverageResult
from pytest_dagflow.coverage.write import render
from pytest_dagflow.report_files import Paths

if TYPE_CHECKING:
    from collections.abc import Callable

PAIRS, TESTS, ROUNDS = 100, 1_000, 7
ASSETS = """
@asset
def water_{number}(): return 1

@asset
def tea_{number}(water_{number}): return water_{number} + 1
"""
TEST = """
def test_tea_{number}():
    result = materialize_to_memory([shop.water_{pair}, shop.tea_{pair}])
    assert result.output_for_node("tea_{pair}") == 2
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write a project of 200 assets, and 1,000 tests of two assets each."""
    names = ", ".join(f"water_{number}, tea_{number}" for number in range(PAIRS))
    assets = "".join(ASSETS.format(number=number) for number in range(PAIRS))
    head = "from dagflow import Definitions, asset\n"
    (tmp_path / "shop.py").write_text(f"{head}{assets}\ndefs = Definitions([{names}])\n")
    tests = "".join(TEST.format(number=number, pair=number % PAIRS) for number in range(TESTS))
    (tmp_path / "test_tea.py").write_text(f"from dagflow import materialize_to_memory\nimport shop\n{tests}")
    (tmp_path / "pytest.ini").write_text("[pytest]\ndag_definitions = shop:defs\npythonpath = .\n")
    return tmp_path


@pytest.mark.usefixtures("project")
def test_the_cost_of_the_coverage(table: Any, used: Callable[..., float]) -> None:
    """Measure the CPU time of the same session with and without the option, in turn."""

    used("--dag-cov")  # fills the caches
    rounds = [(used(), used("--dag-cov")) for _ in range(ROUNDS)]
    without, covered = (statistics.median(times) for times in zip(*rounds, strict=True))
    table.add("session_uncovered", "dagflow", without)
    table.add("session_covered", "dagflow", covered)


def test_the_page(measure: Callable[..., Any]) -> None:
    """Measure the HTML page of a tree of 500 assets, each with three readers."""
    nodes = []
    for number in range(500):
        node = CoveredNode(f"asset:cup_{number}@shop", "asset", f"cup_{number}", "shop.py", number + 1)
        node.add("nodes", "runs")
        node.add("edges", f"from asset cup_{(number - 1) // 3}" if number else "from asset source")
        nodes.append(node)
    here = Paths(Path.cwd(), Path.cwd())

    measure("coverage_page", "dagflow", lambda: render("html", CoverageResult(Coverage(nodes, {})), here))

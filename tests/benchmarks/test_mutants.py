"""Benchmark of `--dag-mutate`: the time of one forked mutant besides its tests."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBERS = 40
TEST = """
from dagflow import asset

@asset
def numbers():
    return [{numbers}]

def test_numbers(materialize_to_memory):
    assert materialize_to_memory([numbers]).success
"""


def test_a_forked_mutant(table: Any, python: Callable[..., str], tmp_path: Path, wheel: Path) -> None:
    """Measure 40 mutants that survive a test of one run."""
    text = TEST.format(numbers=", ".join(map(str, range(NUMBERS))))
    (tmp_path / "test_numbers.py").write_text(text, encoding="utf-8")
    report = tmp_path / "mutants.json"

    output = python(
        "-m", "pytest", "--dag-mutate", f"--dag-mutate-report=json:{report}",
        PYTHONPATH=str(wheel),
    )  # fmt: skip

    assert "in forked processes" in output
    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["counts"]["survived"] == NUMBERS
    table.add("mutant", "dagflow", median(one["seconds"] for one in found["mutants"]))

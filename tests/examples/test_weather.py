"""Tests of the weather example, run from outside as its reader runs it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("few_plugins")

ROOT = Path(__file__).parents[2]
WEATHER = ROOT / "examples" / "weather"
README = (WEATHER / "README.md").read_text(encoding="utf-8")
WHOLE, PART, *OTHERS = re.findall(
    r"^pytest .*$", README, flags=re.MULTILINE
)  # the commands that a reader copies


def run(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a command in a new Python process, independent of the pytest that runs this test."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in ("PYTEST_ADDOPTS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")
        or not name.startswith(("PYTEST", "COV"))
    }
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def counts(output: str) -> dict[str, int]:
    """Return the numbers of pytest's last line: {"passed": 3, "deselected": 1}."""
    return {word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)[, ]", output.splitlines()[-1])}


def suite(command: str) -> subprocess.CompletedProcess[str]:
    """Run a command that begins with `pytest` in the root of the repository, without files left behind."""
    return run("-m", *shlex.split(command), "-p", "no:cacheprovider")


def test_the_whole_suite_passes() -> None:
    """All tests pass, without skips and warnings."""
    result = suite(WHOLE)

    assert WHOLE == "pytest examples/weather"
    assert result.returncode == 0, result.stdout
    assert set(counts(result.stdout)) == {"passed"}


def test_the_folder_above_finds_the_suite_too() -> None:
    """`pytest examples` uses the settings of the whole repository."""
    result = suite("pytest examples -q -k test_0_units")

    assert result.returncode == 0, result.stdout
    assert counts(result.stdout)["passed"] > 0


def test_a_part_of_the_suite_runs_and_says_so() -> None:
    """The header has the selection of the monthly table and its descendants."""
    result = suite(PART)

    header, _, body = result.stdout.partition("collected ")
    ran = counts(result.stdout)
    assert result.returncode == 0, result.stdout
    assert PART == 'pytest examples/weather --dag-select "monthly_statistics*"'
    assert "dag-select: monthly_statistics*\n" in header
    assert f"dag-select: 2 nodes, {ran['passed']} of {ran['passed'] + ran['deselected']} tests" in body
    assert 0 < ran["passed"] < ran["deselected"]
    assert "test_2_partitions.py" in body
    assert "test_3_retries.py" not in body


@pytest.mark.parametrize("command", OTHERS)
def test_each_other_command_of_the_readme_works(command: str) -> None:
    """Each command selects tests, and they pass."""
    result = suite(command)

    assert result.returncode == 0, result.stdout


def test_the_examples_in_the_readme_stand_in_the_suite() -> None:
    """Each test in the README is a test of the suite, apart from its docstring."""
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (WEATHER / "tests").glob("test_*.py"))
    shown = [
        line for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) for line in block.splitlines()
    ]

    assert shown
    assert not [line for line in shown if line not in tests]


def test_a_broken_pipeline_fails_with_its_own_error(tmp_path: Path) -> None:
    """The mistake that the README proposes fails in a copy of the folder, which needs no other file."""
    copy = shutil.copytree(WEATHER, tmp_path / "weather", ignore=shutil.ignore_patterns(".*", "__pycache__"))
    units = copy / "weather" / "units.py"
    code = units.read_text(encoding="utf-8")
    swapped = code.replace("temp_max", "temp_?").replace("temp_min", "temp_max").replace("temp_?", "temp_min")
    units.write_text(swapped, encoding="utf-8")

    result = suite(f"pytest {shlex.quote(str(copy))} -k 'test_a_day_is_cleaned and 2012-02-29'")

    assert counts(result.stdout)["failed"] == 1
    assert "ValueError: 2012-02-29: low 5.0 is above high 1.1" in result.stdout


def test_the_pipeline_itself_prints_the_report() -> None:
    """`python -m weather` materializes all days and months and prints the report."""
    result = run("-m", "weather", cwd=WEATHER)

    assert result.returncode == 0, result.stderr
    assert "wettest day: 55.9 mm, on 2015-03-15\n" in result.stdout

"""Tests of the almanac example, run from outside as its reader runs it."""

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
ALMANAC = ROOT / "examples" / "almanac"
README = (ALMANAC / "README.md").read_text(encoding="utf-8")
WHOLE, *PARTS = re.findall(r"^pytest .*$", README, flags=re.MULTILINE)


def suite(command: str) -> subprocess.CompletedProcess[str]:
    """Run a command that begins with `pytest` in the root of the repository, without files left behind."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in ("PYTEST_ADDOPTS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")
        or not name.startswith(("PYTEST", "COV"))
    }
    return subprocess.run(
        [sys.executable, "-m", *shlex.split(command), "-p", "no:cacheprovider"],
        cwd=ROOT,
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def counts(output: str) -> dict[str, int]:
    """Return the numbers of pytest's last line: {"passed": 3, "deselected": 1}."""
    return {word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)[, ]", output.splitlines()[-1])}


def test_the_whole_suite_passes() -> None:
    """All tests pass, without skips and warnings."""
    result = suite(WHOLE)

    assert WHOLE == "pytest examples/almanac"
    assert result.returncode == 0, result.stdout
    assert set(counts(result.stdout)) == {"passed"}


def test_the_folder_above_finds_the_suite_too() -> None:
    """`pytest examples` uses the settings of the whole repository."""
    result = suite("pytest examples -q -k test_4_project")

    assert result.returncode == 0, result.stdout
    assert counts(result.stdout)["passed"] > 0


@pytest.mark.parametrize("command", PARTS)
def test_each_other_command_of_the_readme_selects_a_part(command: str) -> None:
    """Each command selects some of the tests, and they pass."""
    result = suite(command)

    assert result.returncode == 0, result.stdout
    assert counts(result.stdout)["passed"] > 0
    assert counts(result.stdout)["deselected"] > 0


def test_the_code_in_the_readme_stands_in_the_suite() -> None:
    """Each line of code in the README is a line of a test."""
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ALMANAC / "tests").glob("test_*.py"))
    shown = [
        line for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) for line in block.splitlines()
    ]

    assert shown
    assert not [line for line in shown if line not in tests]


def test_a_broken_check_fails_with_its_own_report(tmp_path: Path) -> None:
    """The mistake that the README proposes fails in a copy of the folder, which needs no other file."""
    copy = shutil.copytree(ALMANAC, tmp_path / "almanac", ignore=shutil.ignore_patterns(".*", "__pycache__"))
    checks = copy / "almanac" / "checks.py"
    code = checks.read_text(encoding="utf-8")
    assert "366 if isleap(year)" in code
    checks.write_text(code.replace("366 if isleap(year)", "365 if isleap(year)"), encoding="utf-8")

    result = suite(f"pytest {shlex.quote(str(copy))} -k 'test_every_year_is_complete and 2012'")

    assert counts(result.stdout)["failed"] == 1
    assert "days:year_is_complete[2012]  did not pass (ERROR, blocking)" in result.stdout


def test_both_examples_have_the_same_data() -> None:
    """Each example can be copied alone, so each has the file."""
    files = [ROOT / "examples" / name / "data" / "seattle-weather.csv" for name in ("weather", "almanac")]

    assert files[0].read_bytes() == files[1].read_bytes()

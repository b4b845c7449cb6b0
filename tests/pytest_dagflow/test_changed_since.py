"""Tests of `changed(since=REF)` in `--dag-select`: the difference from a git revision, without a record."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

KITCHEN = """
from pathlib import Path

from dagflow import asset

@asset
def water():
    return 1

@asset
def milk():
    return Path(__file__).with_name("milk.csv").read_text()

@asset
def tea():
    return 2
"""
TESTS = """
from dagflow import materialize_to_memory
from kitchen import milk, tea, water

def test_water():
    assert materialize_to_memory([water]).success

def test_milk():
    assert materialize_to_memory([milk]).success

def test_tea():
    assert materialize_to_memory([tea]).success

def test_plain():
    assert 1
"""
SELECT = ("--dag-select", 'changed(since="main")', "-p", "no:cacheprovider", "-v")


def git(folder: Path, *arguments: str) -> None:
    """Run a git command with an identity of its own."""
    identity = ["-c", "user.name=tester", "-c", "user.email=tester@example.org", "-c", "commit.gpgsign=false"]
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(
        ["git", *identity, *arguments], cwd=folder, env=environment, check=True, capture_output=True
    )


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a committed project of three assets, a test of each, and another test."""
    pytester.makepyfile(kitchen=KITCHEN, test_it=TESTS)
    (pytester.path / "milk.csv").write_text("1\n")
    (pytester.path / ".gitignore").write_text("__pycache__\n.pytest_cache\n")
    git(pytester.path, "init", "-q", "-b", "main")
    git(pytester.path, "add", "-A")
    git(pytester.path, "commit", "-q", "-m", "Kitchen")
    return pytester


def edit(project: pytest.Pytester, name: str, old: str, new: str) -> None:
    """Replace a string in a file."""
    path = project.path / name
    path.write_text(path.read_text().replace(old, new))


def test_nothing_changed(project: pytest.Pytester):
    """No test runs, the session succeeds, and the output names the commit and what is not compared."""
    result = project.runpytest(*SELECT)

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            "dag-since: main (*), 0 files differ; the environment and files that git ignores are not *",
            "dag-select: nothing changed, so none of 4 tests runs",
        ]
    )
    result.stdout.no_fnmatch_line("dag-record: *")


def test_changes_of_code_data_and_tests(project: pytest.Pytester):
    """The tests of a changed node, of a node whose data changed, and a changed test run."""
    edit(project, "kitchen.py", "return 1", "return 10")
    result = project.runpytest(*SELECT, "--dag-explain")
    result.assert_outcomes(passed=1, deselected=3)
    result.stdout.fnmatch_lines(["*test_water*code of water*", "*test_water PASSED*"])

    edit(project, "kitchen.py", "return 10", "return 1")
    (project.path / "milk.csv").write_text("2\n")
    result = project.runpytest(*SELECT)
    result.assert_outcomes(passed=1, deselected=3)
    result.stdout.fnmatch_lines(["*test_milk PASSED*"])
    project.runpytest(*SELECT[:1], 'changed(code, since="main")', *SELECT[2:]).assert_outcomes(deselected=4)

    edit(project, "test_it.py", "([tea]).success", "([tea]).success is True")
    result = project.runpytest(*SELECT, "--dag-explain")
    result.assert_outcomes(passed=2, deselected=2)
    result.stdout.fnmatch_lines(["*test_tea*its body changed*"])


def test_cases_in_which_everything_runs(project: pytest.Pytester):
    """A lock file, an unknown data file, and a revision that cannot be compared are named."""
    (project.path / "uv.lock").write_text("")
    (project.path / "more.csv").write_text("")
    result = project.runpytest(*SELECT)
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        [
            "dag-since: all tests run: 'more.csv' changed, and no path in the code names it",
            "dag-since: all tests run: 'uv.lock' changed, which may name other versions of packages",
        ]
    )

    result = project.runpytest("--dag-select", 'changed(since="nowhere")')
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        ["dag-since: nowhere cannot be compared, so all tests run: git knows no revision 'nowhere'"]
    )


def test_the_record_names_the_readers_of_a_file(project: pytest.Pytester):
    """With a record, a data file that no code names selects its readers, and nothing else."""
    edit(project, "kitchen.py", '"milk.csv"', '"milk." + "csv"')
    git(project.path, "commit", "-q", "-a", "-m", "Hide the name")
    project.runpytest().assert_outcomes(passed=4)
    (project.path / "milk.csv").write_text("2\n")
    (project.path / "more.csv").write_text("")

    result = project.runpytest("--dag-select", 'changed(since="main")', "-v")

    result.assert_outcomes(passed=1, deselected=3)
    result.stdout.fnmatch_lines(["*test_milk PASSED*"])

"""Tests of docs/processes.md: its code runs as the page describes."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "processes.md").read_text(encoding="utf-8")

CRASH = """
import os

from dagflow import DagflowInstance, execute_job, reconstructable
from dagflow.testing import run_options
from roastery import coffee


def die(step_key, attempt):
    if step_key == "roast":
        os._exit(9)


with run_options(faults=die):
    execute_job(reconstructable(coffee), DagflowInstance.get(), {"execution": {"in_process": {}}})
"""


def files() -> dict[str, str]:
    """Return the modules of the page, by name."""
    return dict(re.findall(r"^```python\n# (\w+)\.py\n(.*?)^```$", PAGE, re.M | re.S))


def run(name: str) -> subprocess.CompletedProcess[str]:
    """Run a program in the current folder."""
    return subprocess.run(
        [sys.executable, f"{name}.py"], capture_output=True, text=True, check=False, timeout=60
    )


def test_every_block_is_a_module() -> None:
    """Each code block has its file name in the first line, so all are tested."""
    assert len(files()) == PAGE.count("```python\n")


def test_the_tests_pass(pytester: pytest.Pytester) -> None:
    """The tests of the page pass with its modules; the test of a cluster if dask is installed."""
    shown = files()
    count = 11
    if importlib.util.find_spec("distributed") is None:
        del shown["test_harbour"]
        count -= 1
    pytester.makepyfile(**shown)

    pytester.runpytest_subprocess().assert_outcomes(passed=count)


def test_a_lost_run_is_resumed(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program for recovery executes the steps that were open when the process died."""
    pytester.makepyfile(crash=CRASH, **files())
    monkeypatch.setenv("DAGFLOW_HOME", str(pytester.mkdir("home")))
    assert run("crash").returncode == 9

    resumed = run("resume")

    assert (resumed.returncode, resumed.stdout) == (0, "roast\n"), resumed.stderr
    assert run("resume").stdout == ""


def test_the_settings_open_an_instance(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings file opens an instance, after its folder is replaced."""
    (settings,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)
    home = pytester.mkdir("home")
    assert "/data/cafe" in settings
    (home / "dagflow.yaml").write_text(settings.replace("/data/cafe", f"{home}/files"), encoding="utf-8")
    monkeypatch.setenv("CAFE_DATABASE", f"sqlite:///{home}/cafe.db")
    monkeypatch.setenv("PGPASSWORD", "beans")
    monkeypatch.setenv("DAGFLOW_HOME", str(home))
    pytester.makepyfile(
        use="from dagflow import DagflowInstance\n"
        "with DagflowInstance.get() as instance:\n"
        "    print(instance.storage_directory(), instance.get_runs_count())"
    )

    used = run("use")

    assert (used.returncode, used.stdout) == (0, f"{home}/files/storage 0\n"), used.stderr
    assert (home / "cafe.db").exists()

"""Tests of `python -m dagflow.compat`. Each runs in its own process, because it changes the whole process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
import dagster as dg
import beside

@dg.op
def one():
    return 1

@dg.job(executor_def=dg.multiprocess_executor)
def shop():
    one()

if __name__ == "__main__":
    with dg.DagsterInstance.local_temp() as instance:
        success = dg.execute_job(dg.reconstructable(shop), instance).success
    print(sys.argv[1:], beside.NAME, success)
    sys.exit(3)
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    command = [sys.executable, "-m", "dagflow.compat", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_script_runs_on_dagflow(tmp_path: Path) -> None:
    """It has its arguments, the modules beside it and its exit code, and its steps run in processes."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/beside.py").write_text("NAME = 'beside'")
    (tmp_path / "inner/script.py").write_text(SCRIPT)

    done = run(tmp_path, "inner/script.py", "a", "-b")

    assert (done.returncode, done.stdout.strip()) == (3, "['a', '-b'] beside True"), done.stderr


def test_a_module_and_code_run_on_dagflow(tmp_path: Path) -> None:
    """`-m` and `-c` have the current folder on their path, as those of Python."""
    code = "import dagster, sys; print(dagster.DagsterInstance.__module__, sys.argv)"
    (tmp_path / "tool.py").write_text(code)

    by_code = run(tmp_path, "-c", f"import tool; {code}", "x").stdout.splitlines()
    by_module = run(tmp_path, "-m", "tool", "x").stdout.splitlines()

    assert by_code == ["dagflow.instance.instance ['-c', 'x']"] * 2
    assert by_module == [f"dagflow.instance.instance [{str(tmp_path / 'tool.py')!r}, 'x']"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "error: no code to run. Name a script, or write -m MODULE or -c CODE."),
        (["-x"], "error: unknown option '-x'. Name a script, or write -m MODULE or -c CODE."),
        (["nowhere.py"], "error: there is no file 'nowhere.py'."),
    ],
)
def test_wrong_arguments(tmp_path: Path, arguments: list[str], message: str) -> None:
    """The error has the usage of the command."""
    done = run(tmp_path, *arguments)

    assert done.returncode == 1
    assert done.stderr.startswith("usage: python -m dagflow.compat SCRIPT")
    assert done.stderr.splitlines()[-1] == message

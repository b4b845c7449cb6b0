"""Tests of the flights example, run from outside as its reader runs it. The README shows real output."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

for _name in ("duckdb", "pandas"):
    pytest.importorskip(_name, reason="it is not installed: pip install -e '.[examples]'")

pytestmark = pytest.mark.usefixtures("few_plugins")

ROOT = Path(__file__).parents[2]
FLIGHTS = ROOT / "examples" / "flights"
README = (FLIGHTS / "README.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^```console\n\$ (.*)\n((?:.+\n)*)```$", README, flags=re.MULTILINE)
*PARTS, BROKEN, COMPARED = [(command, output) for command, output in SHOWN if command.startswith("pytest")]


def run(command: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command that begins with `pytest` or `python` in a new process, without files left behind."""
    program, *arguments = shlex.split(command)
    if program == "pytest":
        arguments = ["-m", "pytest", *arguments, "-p", "no:cacheprovider"]
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in ("PYTEST_ADDOPTS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")
        or not name.startswith(("PYTEST", "COV"))
    }
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", **variables}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def missing(shown: str, output: str) -> list[str]:
    """Return the shown lines that the output does not have in this order. `*` is any text."""
    lines = iter(re.sub(r"=+", "=", line) for line in output.splitlines())
    wanted = [re.sub(r"=+", "=", line).replace("[", "[[]") for line in shown.splitlines()]
    return [line for line in wanted if not any(fnmatchcase(found, line) for found in lines)]


@pytest.mark.parametrize(("command", "shown"), PARTS, ids=[command for command, _ in PARTS])
def test_each_command_of_the_readme(command: str, shown: str) -> None:
    """Each command passes, and prints the lines that the README shows."""
    result = run(command)

    assert result.returncode == 0, result.stdout
    assert missing(shown, result.stdout) == []


def test_the_pipeline_itself_prints_the_ranking(tmp_path: Path) -> None:
    """`python -m flights` loads the year into a database, and prints the ranking that the README shows."""
    ((command, shown),) = [(command, output) for command, output in SHOWN if command.startswith("python")]
    assert command == "python -m flights year"

    result = run(f"python -m flights {shlex.quote(str(tmp_path / 'year'))}", cwd=FLIGHTS)

    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(shown)
    assert (tmp_path / "year" / "flights.duckdb").is_file()


def test_the_mistake_of_the_readme(tmp_path: Path) -> None:
    """The mistake fails in a copy of the folder, which needs no other file, with the report of the README."""
    copy = shutil.copytree(FLIGHTS, tmp_path / "flights", ignore=shutil.ignore_patterns(".*", "__pycache__"))
    tables = copy / "flights" / "tables.py"
    code = tables.read_text(encoding="utf-8")
    assert code.count("LEFT JOIN planes") == 1
    tables.write_text(code.replace("LEFT JOIN planes", "JOIN planes"), encoding="utf-8")
    command, shown = BROKEN

    result = run(command.replace("examples/flights", shlex.quote(str(copy))))

    assert result.returncode == 1
    assert missing(shown, result.stdout) == []


def test_the_comparison_of_the_readme(tmp_path: Path) -> None:
    """The change of a definition has the report of the README, and that of `docs/against.md`."""
    copy = shutil.copytree(FLIGHTS, tmp_path / "flights", ignore=shutil.ignore_patterns(".*", "__pycache__"))
    identity = ("-c", "user.name=someone", "-c", "user.email=someone@example.com")
    for arguments in (("init", "-q"), ("add", "."), (*identity, "commit", "-q", "-m", "Start")):
        subprocess.run(["git", *arguments], cwd=copy, check=True)
    weather = copy / "flights" / "weather.py"
    code = weather.read_text(encoding="utf-8")
    assert code.count("precip > 0)") == 1
    weather.write_text(code.replace("precip > 0)", "precip > 0.01)"), encoding="utf-8")
    command, shown = COMPARED
    page = (ROOT / "docs" / "against.md").read_text(encoding="utf-8")
    ((shown_command, report),) = re.findall(
        r"^```console\n\$ (.*examples.*)\n\.\.\.\n((?:.*\n)+?)```$", page, re.M
    )
    report = re.sub(r"\(\w{7}\)|^time: .*|\bin \d[\d.]*s.*=", "*", report, flags=re.M)

    result = run(command.replace("examples/flights", shlex.quote(str(copy))))

    assert result.returncode == 1
    assert missing(shown, result.stdout) == []
    assert shown_command == command
    assert missing(report, result.stdout) == []


def test_the_code_in_the_readme_stands_in_the_suite() -> None:
    """Each line of code in the README is a line of a test."""
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (FLIGHTS / "tests").glob("test_*.py"))
    shown = [
        line for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) for line in block.splitlines()
    ]

    assert shown
    assert not [line for line in shown if line not in tests]


def test_the_folder_above_finds_the_suite_too() -> None:
    """`pytest examples` uses the settings of the whole repository, where warnings are errors."""
    result = run("pytest examples -q -k 'test_3_storage'")

    assert result.returncode == 0, result.stdout
    assert re.search(r"\d+ passed", result.stdout)


def test_without_the_packages_all_is_skipped(tmp_path: Path) -> None:
    """Each test module is skipped, with the reason and the remedy."""
    (tmp_path / "without.py").write_text("import sys\nsys.modules['duckdb'] = None\n", encoding="utf-8")
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))

    result = run("pytest examples/flights -rs -p without", PYTHONPATH=path)

    assert "duckdb not installed: pip install 'pytest-dagflow[examples]'" in result.stdout
    assert re.search(r"=+ 7 skipped in ", result.stdout)

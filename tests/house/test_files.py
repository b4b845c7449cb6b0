"""What every file of the repository keeps: no trace of one machine, a sentence for each test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("dagflow", "pytest_dagflow", "tests", "examples", "docs", ".ci")
TEXTS = {".py", ".md", ".toml", ".yaml", ".yml", ".cfg", ".ini", ".txt", ""}

CACHES = re.compile(r"__pycache__|\.[a-z]+_cache|\.hypothesis|\.benchmarks")

# a home folder or a folder of one machine, and the address of a package index
OF_ONE_MACHINE = re.compile(r"(?<![\w.:])/(?:home|root|work|Users|opt)/\w|(?:extra-)?index-url|find-links")


def texts() -> list[Path]:
    """Every text file that belongs to the repository."""
    inner = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    files = [*inner, *ROOT.glob("*.md"), ROOT / "pyproject.toml", ROOT / ".gitignore"]
    own = Path(__file__).name
    return [
        path
        for path in files
        if path.is_file() and path.suffix in TEXTS and path.name != own and not CACHES.search(str(path))
    ]


def files_with_tests() -> list[Path]:
    """Every file with tests."""
    return sorted([*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "examples").rglob("test_*.py")])


def test_no_trace_of_one_machine() -> None:
    """No file names a folder of the machine on which it was written, or where its packages came from."""
    traces = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in texts()
        if (found := OF_ONE_MACHINE.search(path.read_text(encoding="utf-8", errors="ignore")))
    ]

    assert not traces


def test_every_test_says_what_holds() -> None:
    """A test begins with a sentence, so that a failure can be understood before the code is read."""
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in files_with_tests()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]

    assert not silent


def test_test_folders_are_no_packages() -> None:
    """Tests are found by their paths, so two files of one name may stand in two folders."""
    assert not list((ROOT / "tests").rglob("__init__.py"))


@pytest.mark.parametrize("package", ["dagflow", "pytest_dagflow"])
def test_packages_say_that_they_are_typed(package: str) -> None:
    """A type checker of a user reads the annotations of both packages."""
    assert (ROOT / package / "py.typed").is_file()

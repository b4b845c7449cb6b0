"""Tests of all files of the repository: no trace of one machine, and a docstring for each test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("dagflow", "pytest_dagflow", "tests", "examples", "docs", ".ci")
TEXTS = {".py", ".md", ".toml", ".yaml", ".yml", ".cfg", ".ini", ".txt", ""}

CACHES = re.compile(r"__pycache__|\.[a-z]+_cache|\.hypothesis|\.benchmarks")

# a home folder, a folder of one machine, the address of a package index
OF_ONE_MACHINE = re.compile(r"(?<![\w.:])/(?:home|root|work|Users|opt)/\w|(?:extra-)?index-url|find-links")


def text_files() -> list[Path]:
    """Return the paths of all text files of the repository."""
    inner = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    files = [*inner, *ROOT.glob("*.md"), ROOT / "pyproject.toml", ROOT / ".gitignore"]
    own = Path(__file__).name
    return [
        path
        for path in files
        if path.is_file() and path.suffix in TEXTS and path.name != own and not CACHES.search(str(path))
    ]


def files_with_tests() -> list[Path]:
    """Return the paths of all test files."""
    return sorted([*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "examples").rglob("test_*.py")])


def test_no_trace_of_one_machine() -> None:
    """No file contains a folder of one machine, or the address of a package index."""
    traces = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in text_files()
        if (found := OF_ONE_MACHINE.search(path.read_text(encoding="utf-8", errors="ignore")))
    ]

    assert not traces


def test_every_test_says_what_holds() -> None:
    """Each test has a docstring, so that a failure can be understood without the code."""
    undocumented = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in files_with_tests()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]

    assert not undocumented


def test_test_folders_are_no_packages() -> None:
    """pytest finds tests by path, so files in different folders may have one name."""
    assert not list((ROOT / "tests").rglob("__init__.py"))


@pytest.mark.parametrize("package", ["dagflow", "pytest_dagflow"])
def test_packages_say_that_they_are_typed(package: str) -> None:
    """Both packages have the marker by which type checkers read their annotations."""
    assert (ROOT / package / "py.typed").is_file()

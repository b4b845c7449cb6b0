"""Tests of the tutorial: its files, edits and commands work in order, in an empty folder."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)
VARIABLE = re.compile(r"(?<=in )[\d.]+ ?m?s|(?<=id )[0-9a-f-]+|(?<=\[)[ \d]+%")


def edit(folder: Path, block: str) -> None:
    """Write a block as the file that its first line names, or replace the line that begins with '-'."""
    name, _, content = block.removeprefix("# ").partition("\n")
    if content.startswith("-"):
        old, new = (line[1:] for line in content.splitlines())
        text = (folder / name).read_text(encoding="utf-8")
        assert text.count(f"{old}\n") == 1
        block = text.replace(f"{old}\n", f"{new}\n")
    (folder / name).write_text(block, encoding="utf-8")


def without_variables(text: str) -> list[str]:
    """Return the lines of an output without times, ids and the marks under code of newer Pythons."""
    lines = [VARIABLE.sub("", line.rstrip()) for line in text.splitlines()]
    return [line for line in lines if line and not re.fullmatch(r" +\^+", line)]


def is_like(shown: list[str], printed: list[str]) -> bool:
    """Compare an output with that of the page, where the line '...' stands for any lines."""
    if not shown:
        return not printed
    if shown[0] == "...":
        return any(is_like(shown[1:], printed[start:]) for start in range(len(printed) + 1))
    return bool(printed) and printed[0] == shown[0] and is_like(shown[1:], printed[1:])


def test_the_tutorial(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader who does each step sees the output of the page."""
    monkeypatch.setenv("COLUMNS", "80")
    for language, block in BLOCKS:
        if language in ("python", "ini", "diff"):
            edit(pytester.path, block)
        for command, shown in re.findall(r"^\$ pytest(.*)\n((?:(?!\$ ).*\n)*)", block, re.M):
            result = pytester.runpytest_subprocess(*shlex.split(command))

            printed = without_variables(str(result.stdout))
            assert is_like(without_variables(shown), printed), "\n".join([command, *printed])


def test_the_installation() -> None:
    """The command installs the distribution of this project."""
    (command,) = (block for language, block in BLOCKS if language == "sh")

    assert 'name = "pytest-dagflow"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert command.endswith("pip install pytest-dagflow\n")
    assert {language for language, _ in BLOCKS} == {"sh", "python", "ini", "diff", "console"}

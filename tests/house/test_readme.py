"""Tests of the README: its examples and commands work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def fenced(language: str) -> list[str]:
    """Return the contents of the README's code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.usefixtures("all_plugins")
def test_the_example_passes(pytester: pytest.Pytester) -> None:
    """The example is a test file that passes without a change."""
    (example,) = fenced("python")
    pytester.makepyfile(example)

    pytester.runpytest_subprocess().assert_outcomes(passed=2)


@pytest.mark.usefixtures("all_plugins")
def test_the_example_can_be_selected(pytester: pytest.Pytester) -> None:
    """The first selection in the README keeps the tests of the example; then nothing changed."""
    (example,) = fenced("python")
    pytester.makepyfile(example)
    selection, changes = re.findall(r'`pytest --dag-select "([^"]+)"`', README)

    pytester.runpytest_subprocess("--dag-select", selection).assert_outcomes(passed=2)
    pytester.runpytest_subprocess("--dag-select", changes).assert_outcomes(deselected=2)


def test_the_example_is_short() -> None:
    """The example has at most twenty lines."""
    (example,) = fenced("python")

    assert len([line for line in example.splitlines() if line.strip()]) <= 20


def test_the_commands_stand_alone() -> None:
    """Each of the two set-up commands is one line that creates its own environment."""
    commands = fenced("sh")

    assert len(commands) == 2
    for command in commands:
        assert re.fullmatch(
            r"python3 -m venv \.venv && \.venv/bin/pip install .+ && \.venv/bin/pytest .+\n", command
        )


def test_what_is_named_exists() -> None:
    """Every file that README and CONTRIBUTING name exists."""
    pages = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    names = re.findall(r"`((?:dagflow|pytest_dagflow|examples|tests|docs|\.ci)/[\w./-]+|[A-Z]+\.md)`", pages)

    assert not [name for name in names if not (ROOT / name).exists()]


def test_the_picture_of_the_house_is_complete() -> None:
    """The table of layers in CONTRIBUTING has every module of the runtime, and no other."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", page, flags=re.MULTILINE)

    listed = [name for row in rows for name in re.findall(r"\w+", row)]
    existing = [path.stem for path in (ROOT / "dagflow").iterdir() if path.suffix == ".py" or path.is_dir()]

    assert sorted(listed) == sorted(set(existing) - {"__init__", "__pycache__"})

"""Tests of the execution API: the check in each row of `execution_api.md` is true."""

from __future__ import annotations

import ast
import builtins
import re
import types
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).with_name("execution_api.md")


def _rows() -> list[Any]:
    rows = re.findall(r"^\| (\d+) \| (.*?) \| `([^`]*)` \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [pytest.param(check.replace(r"\|", "|"), id=f"{number}-{item}") for number, item, check in rows]


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """Return the globals of the checks, from the code of the page."""
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    module = types.ModuleType("execution_api")
    exec(compile(found[1], PAGE.name, "exec"), module.__dict__)
    return module.__dict__


def _unknown(tree: ast.AST, names: dict[str, Any]) -> list[str]:
    """Return the names that an expression reads and that are not defined."""
    named = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    own = {node.id for node in named if isinstance(node.ctx, ast.Store)}
    own |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    known = own | set(names) | set(dir(builtins))
    return sorted({node.id for node in named} - known)


def test_every_row_is_read() -> None:
    """The pattern for rows matches every row of the page."""
    assert [int(row.id.partition("-")[0]) for row in _rows()] == list(range(1, 213))


@pytest.mark.parametrize("check", _rows())
def test_row(names: dict[str, Any], check: str) -> None:
    """The check is true, and reads only known names."""
    tree = ast.parse(check, mode="eval")

    assert _unknown(tree, names) == []
    assert eval(compile(tree, PAGE.name, "eval"), names) is True

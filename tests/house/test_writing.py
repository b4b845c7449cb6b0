"""The docstrings and comments of both packages are in plain English: see CONTRIBUTING, "Writing"."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(path for package in ("dagflow", "pytest_dagflow") for path in (ROOT / package).rglob("*.py"))

BEGINNINGS = re.compile(r"(?:What|Who|Whose|That|Which|Where)\b")
WORDS = re.compile(
    r"\b(?:for ever|hears?|heard|speaks?|told|tells?|wish(?:es)?|whoever|whom|nobody|somebody"
    r"|can be had|comes? of it|waits? not|needs? (?:it )?not|errand|workplace|here and now)\b",
    re.IGNORECASE,
)
EXAMPLE = re.compile(r"^\s*(?:>>>|\.\.\.).*$", re.MULTILINE)


def docstrings_of(source: str) -> list[tuple[int, str]]:
    """Return the line and the text of each docstring, without the code of examples."""
    nodes = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        (node.body[0].lineno, EXAMPLE.sub("", text))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, nodes) and (text := ast.get_docstring(node))
    ]


def comments_of(source: str) -> list[tuple[int, str]]:
    """Return the line and the text of each comment."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]


def problems_in(source: str) -> list[str]:
    """Return the line and the text of each banned beginning or word."""
    docstrings = docstrings_of(source)
    begun = [f"{line}: {text.splitlines()[0]}" for line, text in docstrings if BEGINNINGS.match(text)]
    texts = [*docstrings, *comments_of(source)]
    return begun + [f"{line}: {found[0]!r}" for line, text in texts if (found := WORDS.search(text))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_plain_english(path: Path) -> None:
    """No docstring begins with a relative pronoun, and no docstring or comment has a banned word."""
    assert problems_in(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ('"""What is returned."""', 1),
        ('def f():\n    """Return a list."""', 0),
        ('def f():\n    """Return a list.\n\n    >>> told = 1\n    """', 0),
        ("x = 1  # nobody reads it", 1),
        ('x = "nobody"', 0),
    ],
)
def test_problems_are_found(source: str, count: int) -> None:
    """Docstrings and comments count; examples and strings of the program do not."""
    assert len(problems_in(source)) == count

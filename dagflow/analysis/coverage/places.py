"""The file and line of a definition, and the comments that leave definitions out of the coverage."""

from __future__ import annotations

import ast
import io
import linecache
import os
import re
import sys
import tokenize
from functools import lru_cache
from typing import Any, NamedTuple

from dagflow.analysis.code.modules import is_library
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.automation.schedule import ScheduleDefinition
from dagflow.defs.automation.sensor import SensorDefinition
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.parts.evaluation import code_of, unwrapped

PRAGMA = re.compile(r"#\s*dag:\s*no cover\b")
_DEF = re.compile(r"\s*(?:async\s+)?def\s")


class Place(NamedTuple):
    """The place of a definition.

    Attributes:
        file: The path of the file; empty if it is unknown, or of a library.
        line: The line of `def`, from 1; 0 if it is unknown.
        is_excluded: Whether a comment at the definition leaves it out of the coverage.
    """

    file: str = ""
    line: int = 0
    is_excluded: bool = False


class Span(NamedTuple):
    """The lines of a function with its decorators, or of another statement.

    Attributes:
        first: The first line, that of the first decorator.
        body: The first line of the body; of another statement, the line after its last one.
        last: The last line.
        code: The lines with code, without blank lines, comments and docstrings.
    """

    first: int
    body: int
    last: int
    code: tuple[int, ...]


def function_of(definition: object) -> Any:
    """Return the function of a definition that shows its place; None if it has none."""
    if isinstance(definition, AssetsDefinition):
        return None if definition.is_declaration else function_of(definition.node_def)
    if isinstance(definition, SourceAsset):
        return definition.observe_fn
    if isinstance(definition, OpDefinition):
        return definition.body.fn
    if isinstance(definition, JobDefinition):
        return function_of(definition.graph)
    if isinstance(definition, GraphDefinition):
        return definition.composition_fn
    if isinstance(definition, ScheduleDefinition):
        given = (definition.function, definition.run_config_fn, definition.tags_fn)
        return next((one.fn for one in given if one is not None), None)
    return definition.function.fn if isinstance(definition, SensorDefinition) else None


def place_of(function: Any) -> Place:
    """Return the place of a definition with a function; no place for None."""
    code = code_of(unwrapped(function)) if callable(function) else None
    if code is None or is_library(code.co_filename) or not os.path.isabs(code.co_filename):
        return Place()
    line = _line_of_def(code.co_filename, code.co_firstlineno)
    return Place(code.co_filename, line, _is_excluded(code.co_filename, line))


def place_of_name(definition: Any) -> Place:
    """Return the place of the assignment of a definition without a function to a name of a module.

    Args:
        definition: A schedule or sensor.
    """
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or not file.endswith(".py") or is_library(file):
            continue
        for name, value in list(vars(module).items()):
            if value is definition:
                line = _assignments(file).get(name)
                if line is not None:  # another module imports it
                    return Place(file, line, _is_excluded(file, line))
    return Place()


@lru_cache(maxsize=256)
def _assignments(file: str) -> dict[str, int]:
    """Return the line of the last assignment to each name of a module."""
    try:
        tree = ast.parse("".join(_lines_of(file)))
    except (SyntaxError, ValueError):
        return {}
    return {
        target.id: statement.lineno
        for statement in tree.body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
        if isinstance(target, ast.Name)
    }


def _line_of_def(file: str, first: int) -> int:
    """Return the line of `def` behind the decorators; the first line for a lambda."""
    lines = _lines_of(file)
    if not 0 < first <= len(lines) or not lines[first - 1].lstrip().startswith("@"):
        return first
    return next((line for line in range(first, len(lines) + 1) if _DEF.match(lines[line - 1])), first)


def _lines_of(file: str) -> list[str]:
    """Return the lines of a file; none if it cannot be read."""
    try:
        return linecache.getlines(file)
    except ValueError:  # no file can have the name
        return []


def _is_excluded(file: str, line: int) -> bool:
    lines = _excluded_lines(file)
    if not lines:
        return False
    span = span_at(file, line)
    return span is not None and any(span.first <= one < max(span.body, span.first + 1) for one in lines)


@lru_cache(maxsize=1024)
def _excluded_lines(file: str) -> tuple[int, ...]:
    """Return the lines of a file with code and the comment `# dag: no cover`."""
    text = "".join(_lines_of(file))
    if PRAGMA.search(text) is None:
        return ()
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = (one for one in tokens if one.type == tokenize.COMMENT and PRAGMA.match(one.string))
    return tuple(one.start[0] for one in comments if one.line[: one.start[1]].strip())


def span_at(file: str, line: int) -> Span | None:
    """Return the span of the function whose header has a line, or of the statement around the line.

    Args:
        file: The path of a Python file.
        line: The line, from 1.

    Returns:
        None if the file cannot be read or parsed, or has no such line.
    """
    header, around = _spans(file)
    return header.get(line) or around.get(line)


@lru_cache(maxsize=1024)
def _spans(file: str) -> tuple[dict[int, Span], dict[int, Span]]:
    """Return the spans by the lines of the headers of functions, and by the lines of simple statements."""
    text = "".join(_lines_of(file))
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return {}, {}
    lines = text.splitlines()
    headers: dict[int, Span] = {}
    around: dict[int, Span] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            body, last = node.body[0].lineno, node.end_lineno or node.lineno
            span = Span(first, body, last, _code_lines(node, lines, first, last))
            headers.update(dict.fromkeys(range(first, max(body, node.lineno + 1)), span))
        elif isinstance(node, ast.stmt) and not isinstance(node, ast.ClassDef) and not hasattr(node, "body"):
            last = node.end_lineno or node.lineno
            span = Span(node.lineno, last + 1, last, tuple(range(node.lineno, last + 1)))
            around.update(dict.fromkeys(range(node.lineno, last + 1), span))
    return headers, around


def _code_lines(
    node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str], first: int, last: int
) -> tuple[int, ...]:
    without: set[int] = set()
    if ast.get_docstring(node, clean=False) is not None:
        text = node.body[0]
        without.update(range(text.lineno, (text.end_lineno or text.lineno) + 1))
        without.discard(node.lineno)  # `def water(): "..."` in one line
    return tuple(
        line
        for line in range(first, last + 1)
        if line not in without and (found := lines[line - 1].strip()) and not found.startswith("#")
    )

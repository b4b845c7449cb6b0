"""Tests of the imports between the files of both packages: no circle, and one table of doors."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from dagflow import _doors

ROOT = Path(__file__).parents[2]
PACKAGES = ("dagflow", "pytest_dagflow")


def module_name(path: Path, root: Path) -> str:
    """Return the dotted name of a file."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def import_graph(root: Path) -> dict[str, set[str]]:
    """Return the modules that each module imports, at the top, in functions and for type checkers."""
    files = {module_name(path, root): path for package in PACKAGES for path in (root / package).rglob("*.py")}
    graph: dict[str, set[str]] = {}
    for name, path in files.items():
        graph[name] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                graph[name].update(alias.name for alias in node.names if alias.name in files)
            elif isinstance(node, ast.ImportFrom) and node.module:
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                graph[name] |= inner & files.keys()
                if node.module in files and inner - files.keys():
                    graph[name].add(node.module)
    return graph


def circle_in(graph: dict[str, set[str]]) -> list[str] | None:
    """Return the modules of one circle, in order; None if there is no circle."""
    done: set[str] = set()
    for start in graph:
        path: list[str] = []
        stack = [(start, iter(graph[start]))] if start not in done else []
        while stack:
            name, upstream = stack[-1]
            if len(path) < len(stack):
                path.append(name)
            following = next((other for other in upstream if other not in done), None)
            if following is None:
                done.add(name)
                stack.pop()
                path.pop()
            elif following in path:
                return path[path.index(following) :]
            else:
                stack.append((following, iter(graph[following])))
    return None


def test_no_circle() -> None:
    """No file of the two packages imports itself, directly or through other files."""
    assert circle_in(import_graph(ROOT)) is None


@pytest.mark.parametrize(
    ("graph", "circle"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, None),
        ({"a": {"b", "c"}, "b": {"c"}, "c": set()}, None),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}}, ["b", "c"]),
        ({"a": {"a"}}, ["a"]),
    ],
)
def test_a_circle_is_found(graph: dict[str, set[str]], circle: list[str] | None) -> None:
    """The search finds a circle if there is one; a diamond is not a circle."""
    assert circle_in(graph) == circle


@pytest.mark.parametrize(
    "code",
    [
        "import dagflow.b",
        "def f():\n    from dagflow.b import x",
        "if TYPE_CHECKING:\n    from dagflow import b",
    ],
)
def test_every_import_counts(tmp_path: Path, code: str) -> None:
    """An import in a function or for type checkers counts like an import at the top."""
    for package in PACKAGES:
        (tmp_path / package).mkdir()
    (tmp_path / "dagflow" / "a.py").write_text(code)
    (tmp_path / "dagflow" / "b.py").write_text("import dagflow.a")

    assert sorted(circle_in(import_graph(tmp_path)) or []) == ["dagflow.a", "dagflow.b"]


def test_doors_and_their_stub_are_equal() -> None:
    """The stub of the doors imports each name of the table from its module, and no other name."""
    stub = ast.parse((ROOT / "dagflow" / "_doors.pyi").read_text(encoding="utf-8"))

    imported = {
        alias.asname: node.module
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert imported == _doors.DOORS


def test_every_door_opens() -> None:
    """Each name of the table can be imported, and an unknown name is an AttributeError."""
    for name in _doors.DOORS:
        assert getattr(_doors, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'cellar'"):
        _ = _doors.cellar  # type: ignore[attr-defined]

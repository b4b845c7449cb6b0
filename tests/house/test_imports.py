"""Tests of imports: the modules that `import dagflow` loads, the doors of libraries, `__init__` files."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("dagflow", "pytest_dagflow")

# each library outside of the standard library, and the only modules that may import it
DOORS = {
    "coverage": [f"pytest_dagflow/coverage/{name}.py" for name in ("lines", "line_contexts")],
    "cronsim": ["dagflow/partitions/cron.py"],
    "dagster": [],
    "dask": ["dagflow/executors/dask.py"],
    "distributed": ["dagflow/executors/dask.py"],
    "docstring_parser": ["dagflow/defs/parts/docstring.py"],
    "graphlay": ["pytest_dagflow/pages/picture.py"],
    "hypothesis": ["pytest_dagflow/drawing/", "pytest_dagflow/properties/config_total.py"],
    "jinja2": ["pytest_dagflow/pages/templates.py"],
    "pluggy": ["pytest_dagflow/"],
    "pydantic": ["dagflow/config/model.py"],
    "pytest": ["pytest_dagflow/"],
    "sqlalchemy": [f"dagflow/instance/{name}.py" for name in ("database", "sql", "sql_filters")],
    "time_machine": ["pytest_dagflow/fixtures/travel.py"],
    "typing_extensions": [],
    "upath": ["dagflow/io/paths.py"],
    "yaml": ["dagflow/config/yaml.py"],
    "_pytest": [],
}


def modules() -> list[Path]:
    """Return the paths of all files of both packages."""
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def imported_by(path: Path) -> set[str]:
    """Return the top names of all modules that a file imports, at the top or inside."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def loaded_by(program: str) -> set[str]:
    """Return the top names of the modules that a program loads, and an empty program does not."""
    code = f"import sys; before = set(sys.modules); {program}; print(*set(sys.modules) - before)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    )
    return {name.split(".")[0] for name in done.stdout.split()}


def test_import_loads_no_other_library() -> None:
    """`import dagflow` and the access to common names load only the standard library."""
    loaded = loaded_by("import dagflow; dagflow.asset, dagflow.job, dagflow.materialize_to_memory")

    assert loaded - sys.stdlib_module_names == {"dagflow"}


def test_first_run_loads_no_other_library() -> None:
    """The first run of a plain asset, even with a docstring, loads only the standard library."""
    loaded = loaded_by(
        "from dagflow import asset, materialize_to_memory; body = lambda: 1; body.__name__ = 'brew'; "
        "body.__doc__ = 'Brews.\\n\\n    Returns the cup.\\n'; materialize_to_memory([asset(body)])"
    )

    assert loaded - sys.stdlib_module_names == {"dagflow"}


def test_plugin_imports_no_runtime() -> None:
    """The plugin, which pytest loads in every project, loads neither the runtime nor its libraries."""
    loaded = loaded_by("import pytest_dagflow.plugin")

    assert not loaded & {"dagflow", "hypothesis", "coverage", "pydantic", "sqlalchemy", "yaml"}


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_one_door_per_library(path: Path) -> None:
    """Each library outside of the standard library is imported only by its listed modules."""
    name = path.relative_to(ROOT).as_posix()

    known = {*sys.stdlib_module_names, *PACKAGES, "__future__", "annotationlib"}  # the last one since 3.14
    foreign = imported_by(path) - known
    elsewhere = {library for library in foreign if not name.startswith(tuple(DOORS.get(library, [])))}

    assert not elsewhere


@pytest.mark.parametrize("package", PACKAGES)
def test_only_the_roots_re_export(package: str) -> None:
    """Each name has one import path: `__init__` files below the roots have only a docstring.

    Users call `dagflow.compat.install()`, so this package is a third root.
    """
    inner = [path for path in (ROOT / package).glob("*/**/__init__.py") if path.parent.name != "compat"]

    with_code = [path.relative_to(ROOT).as_posix() for path in inner if len(_body(path)) != 1]

    assert not with_code


def _body(path: Path) -> list[ast.stmt]:
    return ast.parse(path.read_text(encoding="utf-8")).body


def test_plugin_reads_the_runtime_through_its_doors() -> None:
    """The plugin imports only the public modules `dagflow`, `dagflow.testing` and `dagflow.compat`."""
    deeper = set()
    for path in (ROOT / "pytest_dagflow").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            deeper.update(
                (path.name, name)
                for name in names
                if name.startswith("dagflow.") and name not in ("dagflow.testing", "dagflow.compat")
            )

    assert not deeper

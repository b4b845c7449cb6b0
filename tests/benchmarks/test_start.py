"""Benchmarks of the start: the import, and a whole session of small tests."""

from __future__ import annotations

import re
import shutil
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TIMED = "from time import perf_counter as now; start = now(); {}; print('took', now() - start)"
IMPORTS = {
    "dagflow": "import dagflow; dagflow.asset, dagflow.job, dagflow.materialize_to_memory",
    "dagster": "import dagster; dagster.asset, dagster.job, dagster.materialize_to_memory",
    "hamilton": "from hamilton import driver",
    "dask": "from dask import delayed",
    "kedro": "from kedro import io, pipeline, runner",
}
TESTS = 200


@pytest.fixture
def took(python: Callable[..., str]) -> Callable[..., float]:
    """Return a function that runs a timed import in a new process and returns its seconds."""

    def run(*arguments: str | Path, **environment: str) -> float:
        found = re.search(r"took (\S+)", python(*arguments, **environment))
        assert found is not None
        return float(found[1])

    return run


@pytest.mark.parametrize("runtime", IMPORTS)
def test_import(
    table: Any,
    took: Callable[..., float],
    median_of: Callable[..., float],
    runtime: str,
    request: pytest.FixtureRequest,
) -> None:
    """Measure the import of the package and of the names that a first pipeline needs."""
    pytest.importorskip(runtime)
    program = TIMED.format(IMPORTS[runtime])
    environment = {"PYTHONPATH": str(request.getfixturevalue("wheel"))} if runtime == "dagflow" else {}
    took("-c", program, **environment)

    table.add("import", runtime, median_of(lambda: took("-c", program, **environment)))


def test_import_without_byte_code(
    table: Any, took: Callable[..., float], median_of: Callable[..., float], wheel: Path
) -> None:
    """Measure the first import after an installation, which compiles every loaded module."""
    program = TIMED.format(IMPORTS["dagflow"])
    for cached in list(wheel.rglob("__pycache__")):
        shutil.rmtree(cached)

    seconds = median_of(lambda: took("-B", "-c", program, PYTHONPATH=str(wheel)))

    table.add("import_cold", "dagflow", seconds)


def test_import_inside_pytest(
    table: Any, took: Callable[..., float], median_of: Callable[..., float], wheel: Path, tmp_path: Path
) -> None:
    """Measure the import inside pytest, which rewrites the modules of an installed plugin."""
    module = tmp_path / "test_import.py"
    module.write_text(f"def test_import():\n    {TIMED.format(IMPORTS['dagflow'])}\n")

    def seconds() -> float:
        return took("-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", module, PYTHONPATH=str(wheel))

    for cached in list(wheel.rglob("__pycache__")):
        shutil.rmtree(cached)
    table.add("import_pytest_cold", "dagflow", seconds())
    table.add("import_pytest", "dagflow", median_of(seconds))


PLAIN = """
def water(): return 1
def tea(water): return water + 1
"""
ASSETS = """
from {runtime} import asset, materialize_to_memory

@asset
def water(): return 1

@asset
def tea(water): return water + 1
"""
PLAIN_TEST = """
def test_tea_{number}():
    assert tea(water()) == 2
"""
ASSET_TEST = """
def test_tea_{number}():
    assert materialize_to_memory([water, tea]).output_for_node("tea") == 2
"""


@pytest.mark.parametrize("runtime", ["plain", "dagflow", "dagster"])
def test_a_session(
    table: Any,
    python: Callable[..., str],
    median_of: Callable[..., float],
    runtime: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """Measure a pytest process with 200 tests of two assets, and one with 200 tests of two functions."""
    environment: dict[str, str] = {}
    if runtime != "plain":
        pytest.importorskip(runtime)
    if runtime != "dagster":
        environment["PYTHONPATH"] = str(request.getfixturevalue("wheel"))
    head, test = (PLAIN, PLAIN_TEST) if runtime == "plain" else (ASSETS.format(runtime=runtime), ASSET_TEST)
    module = tmp_path / "test_tea.py"
    module.write_text(head + "".join(test.format(number=number) for number in range(TESTS)))

    def seconds() -> float:
        start = perf_counter()
        assert "200 passed" in python("-m", "pytest", "-q", "-p", "no:cacheprovider", module, **environment)
        return perf_counter() - start

    if runtime == "dagster":
        table.add("session", runtime, seconds())
    else:
        seconds()
        row = "session_plain" if runtime == "plain" else "session"
        table.add(row, "dagflow", median_of(seconds, 3))

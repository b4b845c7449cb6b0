"""The table of all benchmarks, with goals and other runtimes: `pytest tests/benchmarks`.

A benchmark names its row and the measured runtime. The table is printed at the end. A runtime that is not
installed has no figures: `pip install -e ".[dev,benchmarks]"` installs all of them.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence

os.environ.update(DO_NOT_TRACK="1", HAMILTON_TELEMETRY_ENABLED="false")
for name in ("DAGSTER_HOME", "PYTHONDONTWRITEBYTECODE", "PYTEST_ADDOPTS"):
    os.environ.pop(name, None)  # they change the measured operation, such as imports without a cache

REPOSITORY = Path(__file__).parents[2]
CPU_SECONDS = """
import resource
import pytest

@pytest.hookimpl(trylast=True)
def pytest_unconfigure():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print("used", usage.ru_utime + usage.ru_stime)
"""
UNITS = {"us": 1e6, "ms": 1e3, "s": 1.0, "MB": 1e-6}
RUNTIMES = (
    "dagflow",
    "dagster",
    "hamilton",
    "dask",
    "kedro",
    "graphlib",
    "bare",
    "testmon",
    "datacompy",
)  # bare: the platform without a runtime; testmon: the selection of pytest-testmon; datacompy: its report


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        name: The measured operation.
        unit: The unit of the figures, one of `UNITS`.
        goal: The goal in this unit, or as a factor of the row `of`; None for no goal.
        of: The row with which this row is compared.
        base: The runtime of the row `of`.
    """

    name: str
    unit: str
    goal: float | None
    of: str | None = None
    base: str = "dagflow"


ROWS = {
    "chain": Row("an op of a chain of 1,000, 6 events", "us", 5),
    "chain_100000": Row("an op of a chain of 100,000", "us", 1.3, of="chain"),
    "read": Row("reading all events, an op of 1,000", "us", 5),
    "first": Row("define and run once, an op of 1,000", "us", 60),
    "configured": Row("an op of 200, each with config of the run", "us", 20),
    "configured_before": Row("an op of 200, each a configured definition", "us", 20),
    "dynamic": Row("a step of 300, mapped and collected", "us", 15),
    "process": Row("a step in its own process, warm", "ms", 20),
    "task": Row("a step of 1,000 on a dask cluster", "ms", 2, of="task", base="bare"),
    "task_chain": Row("a step of a chain of 1,000 on a dask cluster", "ms", 2, of="task_chain", base="bare"),
    "asset": Row("one asset, materialize_to_memory", "ms", 0.1),
    "assets": Row("a chain of 100 assets, materialize_to_memory", "ms", 3),
    "checked": Row("a chain of 100 assets, each with a check", "ms", 6),
    "asset_graph": Row("the graph of 5,000 assets", "ms", 60),
    "selection": Row("a selection of 5,000 assets, in their graph", "ms", 20),
    "fingerprints": Row("fingerprints of 5,000 assets, 500 modules parsed before", "s", 0.5),
    "fingerprints_cold": Row("the same, and the parsing of the modules", "s", 3),
    "selection_of_tests": Row("the same among all nodes, for --dag-select", "ms", 20),
    "project": Row("Definitions of 2,000 assets, checks, 5 selections", "s", 0.5),
    "project_defined": Row("the same, and the decorators", "s", None),
    "direct": Row("build_op_context() and a direct call", "us", 10),
    "partitions": Row("30 runs of one asset, each for a partition", "ms", 3),
    "keys_count": Row("number of 1,000,000 hourly keys", "us", 50),
    "keys_has": Row("whether a key is one of them", "us", 50),
    "keys_last": Row("the last of them", "us", 50),
    "keys_window": Row("the window of one of them", "us", 50),
    "keys_subset": Row("union, overlap, rest of subsets of them", "us", 50),
    "keys_in": Row("whether a subset has a key", "us", 50),
    "instance": Row("an ephemeral instance", "us", 5),
    "sqlite": Row("an event of a run into SQLite, flushed at each step", "us", 100),
    "sqlite_batch": Row("an event into SQLite, in one batch", "us", 20),
    "sqlite_page": Row("an event of a page read from SQLite", "us", 60),
    "causal": Row("50 patterns in 10,000 events, causal", "ms", 50),
    "causal_unnamed": Row("the same, patterns without steps", "ms", 50),
    "schedule_year": Row("a simulated year of an hourly schedule, no runs", "s", 1),
    "schedule_run": Row("a simulated tick and its run of one op", "us", None),
    "sensor_tick": Row("a simulated tick of a sensor", "us", None),
    "import": Row("import, byte code cached", "ms", 50),
    "import_cold": Row("import, nothing cached", "ms", None),
    "import_pytest": Row("import inside pytest, cached", "ms", 50),
    "import_pytest_cold": Row("import inside pytest, nothing cached", "ms", None),
    "select": Row("--dag-select: 10,000 tests, 5,000 nodes", "s", 1),
    "select_changed": Row("the same with changed(), 200 tests changed", "s", 1),
    "mutant": Row("--dag-mutate: a forked mutant of a test of 1 ms", "ms", 50),
    "record_read": Row("100 records of 1,000 tests each, merged", "s", 10),
    "record_size": Row("a record of 100,000 tests, MB", "MB", 50),
    "session_recorded": Row("pytest: 200 tests of two assets, recorded", "s", 1.05, of="session_unrecorded"),
    "session_unrecorded": Row("the same without a record", "s", None),
    "session_first": Row("the same, and no earlier record", "s", 1.25, of="session_unrecorded"),
    "session_changed": Row("the tests of a changed asset of these 400", "s", None),
    "session_covered": Row("pytest: 1,000 tests of 200 assets, --dag-cov", "s", 1.05, of="session_uncovered"),
    "session_uncovered": Row("the same without --dag-cov", "s", None),
    "coverage_page": Row("the HTML page of 500 covered nodes", "s", 2),
    "session_shown": Row("pytest: 500 tests of two assets, --dag-html", "s", 1.5, of="session_unshown"),
    "session_unshown": Row("the same without --dag-html", "s", None),
    "session_once": Row("weather example: its session", "s", None),
    "session_against": Row("the same with --dag-against of an equal revision", "s", None),
    "against_rest": Row("the same, without twice the session", "s", 2),
    "monorepo_select_4": Row("--dag-select: 12,500 nodes, 25,000 tests", "s", None),
    "monorepo_select_2": Row("--dag-select: 25,000 nodes, 50,000 tests", "s", None),
    "monorepo_select": Row("--dag-select: 50,000 nodes, 100,000 tests", "s", 10),
    "monorepo_memory": Row("the same, memory", "MB", 1000),
    "monorepo_changed_4": Row("changed(): 12,500 nodes, 25,000 tests", "s", None),
    "monorepo_changed_2": Row("changed(): 25,000 nodes, 50,000 tests", "s", None),
    "monorepo_changed": Row("changed(): 50,000 nodes, 100,000 tests", "s", 10),
    "monorepo_changed_memory": Row("the same, memory", "MB", 1000),
    "monorepo_record": Row("a first record of these tests", "s", None),
    "monorepo_size": Row("the same, its size", "MB", 50),
    "monorepo_shards": Row("the same in 100 records, merged", "s", 10),
    "session_plain": Row("pytest: 200 tests of two functions", "s", None),
    "session": Row("pytest: 200 tests of two assets", "s", 1.2, of="session_plain"),
    "weather_tests": Row("weather example: its tests that pass on both", "s", None),
    "weather_import": Row("the same, import of dagster in its session", "s", None),
    "weather_session": Row("the same, the session", "s", None),
    "flights_tests": Row("flights example: its tests that pass on both", "s", None),
    "flights_import": Row("the same, import of dagster in its session", "s", None),
    "flights_session": Row("the same, the session", "s", None),
    "against_pandas_equal": Row("pandas, 10^6 rows: equal", "s", 2),
    "against_pandas_some": Row("pandas, 10^6 rows: 1 % of rows changed", "s", 2),
    "against_pandas_many": Row("pandas, 10^6 rows: all rows changed", "s", 2),
    "against_pandas_shifted": Row("pandas, 10^6 rows: 0.5 % gone, 0.5 % changed", "s", 2),
    "against_pandas_shuffled": Row("pandas, 10^6 rows: all changed, other order", "s", 2),
    "against_polars_equal": Row("polars, 10^6 rows: equal", "s", 2),
    "against_polars_some": Row("polars, 10^6 rows: 1 % of rows changed", "s", 2),
    "against_polars_many": Row("polars, 10^6 rows: all rows changed", "s", 2),
    "against_polars_shifted": Row("polars, 10^6 rows: 0.5 % gone, 0.5 % changed", "s", 2),
    "against_polars_shuffled": Row("polars, 10^6 rows: all changed, other order", "s", 2),
    "against_pyarrow_equal": Row("pyarrow, 10^6 rows: equal", "s", 2),
    "against_pyarrow_some": Row("pyarrow, 10^6 rows: 1 % of rows changed", "s", 2),
    "against_pyarrow_many": Row("pyarrow, 10^6 rows: all rows changed", "s", 2),
    "against_pyarrow_shifted": Row("pyarrow, 10^6 rows: 0.5 % gone, 0.5 % changed", "s", 2),
    "against_pyarrow_shuffled": Row("pyarrow, 10^6 rows: all changed, other order", "s", 2),
    "conditions": Row("an evaluation of 1,000 assets with eager()", "ms", 50),
}


class Table:
    """The measured seconds, by row and runtime."""

    def __init__(self) -> None:
        self.seconds: dict[tuple[str, str], float] = {}

    def add(self, row: str, runtime: str, seconds: float) -> None:
        """Record the seconds that one execution of a row took."""
        assert row in ROWS
        assert runtime in RUNTIMES
        self.seconds[row, runtime] = seconds

    def lines(self) -> Iterator[str]:
        """Yield the lines of the table: the figures of each runtime, and their ratio to dagflow's."""
        head = f"{'':<48}{'goal':>9}{'dagflow':>10}"
        yield head + "".join(f"{runtime:>18}" for runtime in RUNTIMES[1:])
        for key, row in ROWS.items():
            if any(measured == key for measured, _ in self.seconds):
                yield self._line(key, row)

    def _line(self, key: str, row: Row) -> str:
        scale = UNITS[row.unit]
        goal, ours = self._goal(row), self.seconds.get((key, "dagflow"))
        line = f"{row.name + ', ' + row.unit:<48}{_figure(goal):>9}"
        line += f"{_figure(ours and ours * scale):>10}"
        for runtime in RUNTIMES[1:]:
            theirs = self.seconds.get((key, runtime))
            ratio = f" ({_figure(theirs / ours)} x)" if theirs and ours else ""
            line += f"{_figure(theirs and theirs * scale) + ratio:>18}"
        missed = goal is not None and ours is not None and ours * scale > goal
        return line + ("  over the goal" if missed else "")

    def _goal(self, row: Row) -> float | None:
        if row.of is None or row.goal is None:
            return row.goal
        seconds = self.seconds.get((row.of, row.base))
        return None if seconds is None else row.goal * seconds * UNITS[row.unit]


def _figure(number: float | None) -> str:
    if number is None:
        return "-"
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


TABLE = pytest.StashKey[Table]()


def pytest_configure(config: pytest.Config) -> None:
    """Create the table, and unregister the plugin of dagflow, whose cost only the session rows measure."""
    config.stash[TABLE] = Table()
    config.pluginmanager.unregister(name="dagflow")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ignore the warnings of the other runtimes."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table."""
    table = config.stash[TABLE]
    if table.seconds:
        terminalreporter.section("dagflow, its goals and other runtimes")
        for line in table.lines():
            terminalreporter.write_line(line)


@pytest.fixture
def table(pytestconfig: pytest.Config) -> Table:
    """Return the table, for benchmarks that measure their own time."""
    return pytestconfig.stash[TABLE]


@pytest.fixture
def measure(benchmark: Any, table: Table) -> Callable[..., Any]:
    """Return a function that runs another under pytest-benchmark and records its median in the table."""

    def run(
        row: str,
        runtime: str,
        function: Callable[..., Any],
        *,
        per: int = 1,
        rounds: int = 5,
        iterations: int = 1,
        setup: Callable[[], tuple[Sequence[Any], dict[str, Any]]] | None = None,
    ) -> Any:
        warmup = 0 if rounds == 1 else 1
        benchmark.group = ROWS[row].name
        benchmark.extra_info["per"] = per
        result = benchmark.pedantic(
            function, setup=setup, rounds=rounds, iterations=iterations, warmup_rounds=warmup
        )
        table.add(row, runtime, benchmark.stats.stats.median / per)
        return result

    return run


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., str]:
    """Return a function that runs Python with arguments in a new process and returns its output."""

    def run(*arguments: str | Path, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture
def used(python: Callable[..., str], wheel: Path, tmp_path: Path) -> Callable[..., float]:
    """Return a function that runs pytest with options in the temporary folder and returns its CPU seconds."""
    (tmp_path / "conftest.py").write_text(CPU_SECONDS)

    def run(*options: str) -> float:
        output = python("-m", "pytest", "-q", "-s", *options, PYTHONPATH=str(wheel))
        found = re.search(r"used (\S+)", output)
        assert found is not None, output
        return float(found[1])

    return run


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which dagflow is installed from a wheel, as users install it."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-compile", "--target"]
    done = subprocess.run(
        [*command, str(target), str(REPOSITORY)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"the wheel of this checkout could not be installed: {done.stderr.strip()[-500:]}")
    return target


@pytest.fixture
def median_of() -> Callable[..., float]:
    """Return a function that computes the median result of several calls."""

    def run(function: Callable[[], float], times: int = 5) -> float:
        return statistics.median(function() for _ in range(times))

    return run


@pytest.fixture
def draw_module() -> Callable[..., str]:
    """Return a function that draws the source of a module by its number, with some assets."""
    return _module


_HELPERS = 6


def _module(number: int, pick: random.Random, assets: int) -> str:
    """Return the source of a module that imports names or modules of earlier modules."""
    others = sorted({pick.randrange(number) for _ in range(3)}) if number else []
    lines = [f'"""Module {number}."""', "from dagflow import asset"]
    calls = []
    for other in others:
        if other % 2:
            lines.append(f"from proj.m{other} import helper{other}_0, K{other}")
            calls.append(f"helper{other}_0(x) + K{other}")
        else:
            lines.append(f"from proj import m{other}")
            calls.append(f"m{other}.helper{other}_1(x)")
    lines.append(f"K{number} = {number}\nTABLE = {{'a': lambda x: x + K{number}}}")
    for index in range(_HELPERS):
        call = calls[index % len(calls)] if calls else "x"
        lines.append(
            f'def helper{number}_{index}(x, y=1):\n    """Help."""\n'
            f"    rows = [n * y for n in range(x) if n]\n"
            f"    total = sum(rows) + {call}\n    if total > 3:\n        return total + K{number}\n"
            f"    return helper{number}_{(index + 1) % _HELPERS}(x)"
        )
    lines.append(
        f"class Tool{number}:\n    rate = K{number}\n    def use(self, x):\n"
        f"        return helper{number}_0(x) * self.rate"
    )
    lines += [
        f"@asset(metadata={{'a': {index}}})\ndef a{number}_{index}():\n    tool = Tool{number}()\n"
        f"    return tool.use(helper{number}_{index % _HELPERS}(3)) + TABLE['a'](K{number})"
        for index in range(assets)
    ]
    return "\n".join([*lines, ""])

"""How fast dagflow is, row by row, beside its goals and beside other runtimes: `pytest tests/benchmarks`.

A benchmark names its row and whom it measured; the table of all rows is printed at the end. What is not
installed is left out, so each column needs its package: `pip install -e ".[dev,benchmarks]"`.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

os.environ.update(DO_NOT_TRACK="1", HAMILTON_TELEMETRY_ENABLED="false")
for name in ("DAGSTER_HOME", "PYTHONDONTWRITEBYTECODE", "PYTEST_ADDOPTS"):
    os.environ.pop(name, None)  # what would measure something else, such as imports that are never cached

REPOSITORY = Path(__file__).parents[2]
UNITS = {"us": 1e6, "ms": 1e3, "s": 1.0}
WHO = ("dagflow", "dagster", "hamilton", "dask", "kedro", "graphlib", "bare")  # bare: what it stands on


@dataclass(frozen=True)
class Row:
    """A line of the table: what is measured, in which unit, and the goal in it.

    With `of`, the goal is so many times what was measured for the row of that name; `who` is whose.
    """

    name: str
    unit: str
    goal: float | None
    of: str | None = None
    who: str = "dagflow"


ROWS = {
    "chain": Row("an op of a chain of 1,000, 6 events", "us", 5),
    "chain_100000": Row("an op of a chain of 100,000", "us", 1.3, of="chain"),
    "read": Row("reading all events, an op of 1,000", "us", 5),
    "first": Row("define and run once, an op of 1,000", "us", 60),
    "configured": Row("an op of 200, each with config of the run", "us", 20),
    "configured_before": Row("an op of 200, each configured beforehand", "us", 20),
    "dynamic": Row("a step of 300, mapped and collected", "us", 15),
    "process": Row("a step in a process of its own, warm", "ms", 20),
    "task": Row("a step of 1,000 on a dask cluster", "ms", 2, of="task", who="bare"),
    "task_chain": Row("a step of a chain of 1,000 there", "ms", 2, of="task_chain", who="bare"),
    "asset": Row("one asset, materialize_to_memory", "ms", 0.1),
    "direct": Row("build_op_context() and a direct call", "us", 10),
    "instance": Row("an ephemeral instance", "us", 5),
    "sqlite": Row("an event of a run into SQLite, flushed at each step", "us", 100),
    "sqlite_batch": Row("an event into SQLite, in one batch", "us", 20),
    "sqlite_page": Row("an event of a page read from SQLite", "us", 60),
    "import": Row("import, byte code cached", "ms", 50),
    "import_cold": Row("import, nothing cached", "ms", None),
    "import_pytest": Row("import inside pytest, cached", "ms", 50),
    "import_pytest_cold": Row("import inside pytest, nothing cached", "ms", None),
    "session_plain": Row("pytest: 200 tests of two functions", "s", None),
    "session": Row("pytest: 200 tests of two assets", "s", 1.2, of="session_plain"),
}


class Table:
    """The seconds measured so far, by row and by whom."""

    def __init__(self) -> None:
        self.seconds: dict[tuple[str, str], float] = {}

    def add(self, row: str, who: str, seconds: float) -> None:
        """Note what one execution of a row took."""
        assert row in ROWS
        assert who in WHO
        self.seconds[row, who] = seconds

    def lines(self) -> Iterator[str]:
        """The table: dagflow's figure, then each other's, with how many times dagflow's it is."""
        head = f"{'':<48}{'goal':>9}{'dagflow':>10}"
        yield head + "".join(f"{who:>18}" for who in WHO[1:])
        for key, row in ROWS.items():
            if any(measured == key for measured, _ in self.seconds):
                yield self._line(key, row)

    def _line(self, key: str, row: Row) -> str:
        scale = UNITS[row.unit]
        goal, ours = self._goal(row), self.seconds.get((key, "dagflow"))
        text = f"{row.name + ', ' + row.unit:<48}{_figure(goal):>9}"
        text += f"{_figure(ours and ours * scale):>10}"
        for who in WHO[1:]:
            theirs = self.seconds.get((key, who))
            ratio = f" ({_figure(theirs / ours)} x)" if theirs and ours else ""
            text += f"{_figure(theirs and theirs * scale) + ratio:>18}"
        missed = goal is not None and ours is not None and ours * scale > goal
        return text + ("  over the goal" if missed else "")

    def _goal(self, row: Row) -> float | None:
        if row.of is None or row.goal is None:
            return row.goal
        base = self.seconds.get((row.of, row.who))
        return None if base is None else row.goal * base * UNITS[row.unit]


def _figure(number: float | None) -> str:
    if number is None:
        return "-"
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


TABLE = pytest.StashKey[Table]()


def pytest_configure(config: pytest.Config) -> None:
    """Start with an empty table, and without our plugin, which watches runs: a session row measures it."""
    config.stash[TABLE] = Table()
    config.pluginmanager.unregister(name="dagflow")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the other runtimes warn: they are measured, not checked."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table."""
    table = config.stash[TABLE]
    if table.seconds:
        terminalreporter.section("dagflow beside its goals and others")
        for line in table.lines():
            terminalreporter.write_line(line)


@pytest.fixture
def table(pytestconfig: pytest.Config) -> Table:
    """Where a benchmark that takes its own time notes it."""
    return pytestconfig.stash[TABLE]


@pytest.fixture
def measure(benchmark: Any, table: Table) -> Callable[..., Any]:
    """Run a function some times under pytest-benchmark and note its median in a row of the table."""

    def run(
        row: str,
        who: str,
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
        table.add(row, who, benchmark.stats.stats.median / per)
        return result

    return run


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., str]:
    """Run this Python with some arguments in a process and a folder of its own; return what it printed."""

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


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which dagflow was installed as users have it: pytest loads that in its own way."""
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
        pytest.skip(f"no wheel of this checkout could be installed: {done.stderr.strip()[-500:]}")
    return target


@pytest.fixture
def median_of() -> Callable[..., float]:
    """The median of what a function returns in some calls."""

    def run(function: Callable[[], float], times: int = 5) -> float:
        return statistics.median(function() for _ in range(times))

    return run

"""The runtime of a session: which package the name `dagster` stands for. `--dag-runtime` chooses it.

Without the option nothing is installed and nothing is refused: tests get what they import. The choice is
made before pytest imports a file of the user, and again in each worker of xdist. This module imports
`dagflow` only in sessions with the option. `pytest_dagflow.runtimes` has the second session of both.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from importlib.machinery import PathFinder
from time import perf_counter
from types import ModuleType
from typing import Any, NamedTuple

import pytest

OPTION = "--dag-runtime"
INI = "dag_runtime"
REPORT_OPTION = "--dag-runtime-report"
PART_OPTION = "--dag-runtime-part"
"""The option of the second session: the file for its results. Users do not write it."""
DAGFLOW, DAGSTER, BOTH = "dagflow", "dagster", "both"
_RUNTIMES = (DAGFLOW, DAGSTER, BOTH)

_NEEDS_DAGFLOW = {
    "dag_run": "it selects a part of the project by the graph of dagflow",
    "dag_events": "it observes the runs of dagflow",
    "dag_clock": "it sets the time of the runs of dagflow",
    "dag_stub": "it replaces steps of the runs of dagflow",
    "dag_faults": "it injects faults into the runs of dagflow",
    "dag_sandbox": "it isolates the runs of dagflow",
}
"""The fixtures that Dagster has nothing for, each with the reason."""


OF_FIRST: dict[str, Any] = {
    **{"xmlpath": None, "usepdb": False, "trace": False, "dag_save_failed": None, "dag_cov": False},
    "dag_html": None,
    **{"dag_cov_report": [], "dag_cov_fail_under": [], "dag_cov_from": []},
    **{"dag_cov_base": None, "dag_cov_fail_new": False, "dag_cov_lines": False},
}
"""The values, in a second session with the arguments of the first, of options that only the first follows."""


class Started(NamedTuple):
    """The runtime of this process.

    Attributes:
        choice: One of "dagflow", "dagster" and "both"; "" without the option. "both" runs on dagflow here.
        since: The time at which it was chosen, of `perf_counter`.
        import_seconds: The time of its import.
    """

    choice: str = ""
    since: float = 0.0
    import_seconds: float = 0.0

    @property
    def name(self) -> str:
        """The runtime on which this process runs: "dagflow", "dagster", or "" without the option."""
        return DAGFLOW if self.choice == BOTH else self.choice


_KEY = pytest.StashKey[Started]()


def add_runtime_options(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    """Register the options and the ini key."""
    group.addoption(
        OPTION,
        default=None,
        metavar="dagflow|dagster|both",
        help="what 'import dagster' imports in a suite that was written for Dagster: dagflow; the real "
        "dagster; or both, in one session of two processes, with a report of the tests that differ",
    )
    group.addoption(
        REPORT_OPTION,
        action="append",
        default=[],
        metavar="term|json:PATH",
        help="report the names of Dagster that the tests used and that dagflow does not have, with "
        "--dag-runtime=dagflow or both: term prints them, json:PATH writes them to a file, with the outcome "
        "and time of each test; can be repeated",
    )
    group.addoption(PART_OPTION, default=None, help=argparse.SUPPRESS)
    parser.addini(INI, help=f"the default of {OPTION}: dagflow, dagster or both", default="")


def start_runtime(early_config: pytest.Config) -> None:
    """Make `dagster` the chosen runtime, before pytest imports a file of the user.

    Raises:
        pytest.UsageError: The value is unknown, another runtime is already imported, or Dagster is not
            installed.
    """
    if _KEY in early_config.stash:
        return
    since = perf_counter()
    choice = _choice(early_config)
    if choice in (DAGSTER, BOTH):
        _check_installed(choice)
    if choice == DAGSTER:
        _import_dagster()
    elif choice:
        _install_dagflow(choice)
    early_config.stash[_KEY] = Started(choice, since, perf_counter() - since)


def leave_reports_to_first(config: pytest.Config) -> None:
    """Let the second session write no report and open no debugger: it has the arguments of the first one."""
    if config.getoption("dag_runtime_part") is None:
        return
    vars(config.option).update(OF_FIRST)
    if config.option.basetemp:
        config.option.basetemp = f"{config.option.basetemp}-{DAGSTER}"


def started_runtime(config: pytest.Config) -> Started:
    """Return the runtime of this process."""
    return config.stash.get(_KEY, None) or Started()


def runs_on_dagster(config: pytest.Config) -> bool:
    """Return whether the tests of this process run on the real Dagster."""
    return started_runtime(config).name == DAGSTER


def is_dagflow_loaded(config: pytest.Config) -> bool:
    """Return whether the tests of this process may run a pipeline on dagflow."""
    return DAGFLOW in sys.modules and not runs_on_dagster(config)


def library_of(config: pytest.Config) -> ModuleType:
    """Return the module whose functions the fixtures bind: `dagflow`, or the real `dagster`."""
    return import_module(DAGSTER if runs_on_dagster(config) else DAGFLOW)


def real_dagster() -> ModuleType:
    """Return the module `dagster` of a session on the real one."""
    return import_module(DAGSTER)


def class_of(config: pytest.Config, name: str) -> Any:
    """Return a class of the runtime by its name in dagflow, as "DagflowInstance"."""
    on_dagster = runs_on_dagster(config)
    return getattr(library_of(config), name.replace("Dagflow", "Dagster") if on_dagster else name)


def check_fixture(name: str, request: pytest.FixtureRequest) -> None:
    """Fail a test on Dagster that asks for a fixture of this plugin which needs dagflow."""
    if runs_on_dagster(request.config):
        reason = _NEEDS_DAGFLOW[name]
        pytest.fail(
            f"fixture '{name}' needs the runtime dagflow, because {reason}. This session runs on Dagster: "
            f"run the test with {OPTION}={DAGFLOW}, or write it without '{name}'",
            pytrace=False,
        )


def check_item(item: pytest.Item) -> None:
    """Fail a test on Dagster whose marker needs dagflow."""
    if runs_on_dagster(item.config) and item.get_closest_marker("dag_executors") is not None:
        pytest.fail(
            "marker dag_executors needs the runtime dagflow, because it sets the executor of its runs. This "
            f"session runs on Dagster: run the test with {OPTION}={DAGFLOW}",
            pytrace=False,
        )


def is_dagster_ours() -> bool:
    """Return whether `import dagster` imports dagflow in this process."""
    compat, dagster = sys.modules.get("dagflow.compat"), sys.modules.get(DAGSTER)
    return None not in (compat, dagster) and getattr(dagster, "__file__", None) == getattr(
        compat, "__file__", None
    )


def in_spelling_of_dagflow(keywords: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords of a call with the names of dagflow, if `import dagster` imports dagflow."""
    if not is_dagster_ours():
        return keywords
    return {name.replace(DAGSTER, DAGFLOW): value for name, value in keywords.items()}


def _choice(config: pytest.Config) -> str:
    """Return the value of the option, or else of the ini key."""
    given = getattr(config, "known_args_namespace", config.option)
    if getattr(given, "dag_runtime_part", None) is not None:
        return DAGSTER
    option, ini = getattr(given, "dag_runtime", None), str(config.getini(INI)).strip()
    value = str(ini if option is None else option)
    if value not in _RUNTIMES and (value or option is not None):
        where = f"ini key '{INI}'" if option is None else OPTION
        forms = " or ".join(f"{OPTION}={one}" for one in _RUNTIMES)
        raise pytest.UsageError(f"{where}: '{value}' is unknown. Write {forms}.")
    return value


def _check_installed(choice: str) -> None:
    """Raise if Dagster is not installed. Nothing is imported."""
    # not importlib.util.find_spec, which would ask the finder of dagflow.compat
    if PathFinder.find_spec(DAGSTER) is None:
        raise pytest.UsageError(
            f"{OPTION}={choice} needs the package 'dagster', which is not installed: pip install dagster"
        )


def _import_dagster() -> None:
    if is_dagster_ours():
        raise pytest.UsageError(
            f"{OPTION}={DAGSTER}: 'dagster' is dagflow in this process, because dagflow.compat.install() was "
            "called before. Run pytest in a new process, without that call."
        )
    import_module(DAGSTER)


def _install_dagflow(choice: str) -> None:
    from dagflow import DagflowInvariantViolationError
    from dagflow.compat import install

    try:
        install()
    except DagflowInvariantViolationError as error:
        raise pytest.UsageError(f"{OPTION}={choice}: {error}") from None

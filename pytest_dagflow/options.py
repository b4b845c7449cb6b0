"""The command line and the ini file, read once into a frozen `Options`."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

DEFINITIONS = "dag_definitions"
"""The ini key that names the definitions of the project."""
REAL_TIME = "dag_real_time"
"""The ini key that switches the skipping of waits off; also the name of a marker."""

SMOKE_ID = "dag-smoke"
"""The node id of the items of `--dag-smoke`."""


@dataclass(frozen=True)
class Options:
    """The options of one session.

    Attributes:
        select: The expressions of `--dag-select`; their union is selected.
        exclude: The expressions of `--dag-exclude`; their union is excluded.
        explain: Whether to print for each test the reason why it was kept or dropped.
        definitions: The definitions of the project, as `package.module:attribute`; empty by default.
        is_time_real: Whether all tests wait in real time for retries.
        save_failed: The folder for the tests of failed steps; empty by default.
        smoke: Whether to test each definition of the project.
        smoke_names: The definitions to test, as "asset:orders"; empty: all.
    """

    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    explain: bool = False
    definitions: str = ""
    is_time_real: bool = False
    save_failed: str = ""
    smoke: bool = False
    smoke_names: tuple[str, ...] = ()

    @property
    def is_selecting(self) -> bool:
        """True if this session needs the links between tests and nodes."""
        return bool(self.select or self.exclude or self.explain)


def add_options(parser: pytest.Parser) -> None:
    """Register the options and the ini keys."""
    group = parser.getgroup("dagflow", "data pipelines")
    group.addoption(
        "--dag-select",
        action="append",
        default=[],
        metavar="EXPR",
        help="run only the tests that touch these nodes: names with walks ('*water', 'water++'), attributes "
        "('kind:dbt', 'tag:team=core', 'key:raw_*', 'schedule:nightly'), functions (sinks(...), roots(...), "
        "changed(), new(), failed()), and, or, not; repeated options select the union",
    )
    group.addoption(
        "--dag-exclude",
        action="append",
        default=[],
        metavar="EXPR",
        help="run no test that touches these nodes; syntax as in --dag-select",
    )
    group.addoption(
        "--dag-explain",
        action="store_true",
        default=False,
        help="print for each test the nodes that it touches, the source of each link, and why it was kept "
        "or dropped",
    )
    group.addoption(
        "--dag-save-failed",
        default="",
        metavar="FOLDER",
        help="write each failed step of a failing test as a test of its own into this folder: it calls the "
        "function of the step with the same inputs, config and partition",
    )
    group.addoption(
        "--dag-smoke",
        action="store_true",
        default=False,
        help="also test each job, asset, check, schedule, sensor and resource of the project: its default "
        "config, resources, partition mappings, ticks; 'pytest dag-smoke::asset:orders' tests one of them",
    )
    parser.addini(
        DEFINITIONS,
        help="the definitions of the project, as 'package.module:attribute', for --dag-smoke and "
        "--dag-select; without it, --dag-select selects from the definitions that the collected test modules "
        "and their conftests name",
        default="",
    )
    parser.addini(
        REAL_TIME,
        type="bool",
        help="wait in real time for the retries of runs in all tests; by default these waits are skipped",
        default=False,
    )


def read_options(config: pytest.Config) -> Options:
    """Read the options of a session."""
    smoke_names = _take_smoke_names(config)
    return Options(
        select=tuple(config.getoption("dag_select")),
        exclude=tuple(config.getoption("dag_exclude")),
        explain=config.getoption("dag_explain"),
        definitions=config.getini(DEFINITIONS).strip(),
        is_time_real=config.getini(REAL_TIME),
        save_failed=config.getoption("dag_save_failed"),
        smoke=config.getoption("dag_smoke") or bool(smoke_names),
        smoke_names=smoke_names,
    )


def _take_smoke_names(config: pytest.Config) -> tuple[str, ...]:
    """Remove the node ids of smoke items from the arguments, because they are no files, and return them.

    The ids stay in an option, so that the workers of xdist receive them.
    """
    known: list[str] = getattr(config.option, "dag_smoke_names", [])
    ids = [argument for argument in config.args if argument.partition("::")[0] == SMOKE_ID]
    if ids and not (config.rootpath / SMOKE_ID).exists():
        config.args = [argument for argument in config.args if argument not in ids]
        known = config.option.dag_smoke_names = [argument.partition("::")[2] for argument in ids]
    return tuple(name for name in known if name)

"""The command line and the ini file, read once into a frozen `Options`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

DEFINITIONS = "dag_definitions"
"""The ini key that names the definitions of the project."""
REAL_TIME = "dag_real_time"
"""The ini key that switches the skipping of waits off; also the name of a marker."""
RECORD_OPTION = "--dag-record"
"""The option with the file of the record."""
RECORD_FROM_OPTION = "--dag-record-from"
"""The option with more records, such as those of the shards of a CI job."""
COV = "--dag-cov"
"""The option that measures the coverage of the graph."""
COV_REPORT = "--dag-cov-report"
COV_FAIL_UNDER = "--dag-cov-fail-under"
COV_BASE = "--dag-cov-base"
COV_FAIL_NEW = "--dag-cov-fail-new"
COV_FROM = "--dag-cov-from"
COV_LINES = "--dag-cov-lines"
"""The option that names the node of each line in the reports of coverage.py."""
_RUN, _DROP = "run", "drop"
_TEXT, _JSON = "text", "json"

FILES = "dag_files"
"""The ini key that names files which nodes read."""
INVALIDATE = "dag_invalidate"
"""The ini key that names files which concern all tests."""


class NodeFiles(NamedTuple):
    """One line of `dag_files`.

    Attributes:
        nodes: An expression in the syntax of `--dag-select`; "" for all nodes.
        glob: A glob relative to the root folder.
    """

    nodes: str
    glob: str


MUTATE_OPTION = "--dag-mutate"
"""The option that breaks the pipeline on purpose, to see whether a test fails."""
MUTATE_REPORT_OPTION = "--dag-mutate-report"
MUTATE_FORMATS = ("json", "sarif")
MUTATE_FAIL_UNDER = "--dag-mutate-fail-under"
MUTATE_TIMEOUT = "--dag-mutate-timeout"
SAVE_FAILED = "--dag-save-failed"
SHADOW = "--dag-shadow"

SMOKE_ID = "dag-smoke"
"""The node id of the items of `--dag-smoke`."""


class Options(NamedTuple):
    """The options of one session.

    Attributes:
        select: The expressions of `--dag-select`; their union is selected.
        exclude: The expressions of `--dag-exclude`; their union is excluded.
        explain: The form in which to print for each test why it was kept or dropped: "text", "json", or
            empty for not at all.
        is_first: Whether to reorder the tests, the affected ones first, instead of selecting them.
        is_shadow: Whether to run all tests, and to report the failures that the selection would have missed.
        drops_unknown: Whether to drop the tests that can reach dagflow and have no known nodes.
        record: The file of the record; None for pytest's cache.
        record_from: The files with more records.
        definitions: The definitions of the project, as `package.module:attribute`; empty by default.
        is_time_real: Whether all tests wait in real time for retries.
        save_failed: The folder for the tests of failed steps; empty by default.
        coverage: Whether to measure the coverage of the graph.
        cov_lines: Whether to name the node of each line in the data of coverage.py.
        smoke: Whether to test each definition of the project.
        smoke_names: The definitions to test, as "asset:orders"; empty: all.
        files: The files that nodes read without Python's `open`.
        invalidate: The globs of the files that make `changed()` select all tests when they change.
        mutates: Whether to break the pipeline, and to run the tests on each mutant.
        mutant: The file with the mutant that this process runs for another session; None for no mutant.
    """

    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    explain: str = ""
    is_first: bool = False
    is_shadow: bool = False
    drops_unknown: bool = False
    record: Path | None = None
    record_from: tuple[Path, ...] = ()
    definitions: str = ""
    is_time_real: bool = False
    save_failed: str = ""
    coverage: bool = False
    cov_lines: bool = False
    smoke: bool = False
    smoke_names: tuple[str, ...] = ()
    files: tuple[NodeFiles, ...] = ()
    invalidate: tuple[str, ...] = ()
    mutates: bool = False
    mutant: Path | None = None

    @property
    def is_selecting(self) -> bool:
        """True if this session needs the links between tests and nodes."""
        return bool(self.select or self.exclude or self.explain or self.is_first or self.is_shadow)

    @property
    def drops_tests(self) -> bool:
        """True if the selection drops tests, and does not only explain, reorder or compare."""
        return bool(self.select or self.exclude) and not (self.is_first or self.is_shadow)


class _ExplainAction(argparse.Action):
    """The option `--dag-explain`, whose value is optional. It never takes the path behind it as its value."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(nargs=0, **arguments)

    def __call__(
        self, parser: object, namespace: argparse.Namespace, values: object, option: str | None = None
    ) -> None:
        setattr(namespace, self.dest, _JSON if (option or "").endswith(_JSON) else _TEXT)


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
        "--dag-explain=json",
        action=_ExplainAction,
        dest="dag_explain",
        default="",
        help="print for each test function the nodes that it touches, the source of each link, what changed, "
        "and why it was kept or dropped; --dag-explain=json prints one JSON document (its form is in "
        "docs/changes.md)",
    )
    group.addoption(
        "--dag-unknown",
        default=_RUN,
        metavar="run|drop",
        help="whether a selection keeps the tests that use dagflow and whose nodes are unknown; default: run",
    )
    group.addoption(
        "--dag-first",
        action="store_true",
        default=False,
        help="run all tests, those of --dag-select first; without --dag-select, those of changed()",
    )
    group.addoption(
        SHADOW,
        action="store_true",
        default=False,
        help="run all tests, and report the failures that --dag-select would have missed, and the tests that "
        "it would have saved; without --dag-select, those of changed()",
    )
    group.addoption(
        RECORD_OPTION,
        default=None,
        metavar="PATH",
        help="keep the record of earlier sessions, which changed() compares with, in this file instead of "
        "pytest's cache",
    )
    group.addoption(
        RECORD_FROM_OPTION,
        action="append",
        default=[],
        metavar="PATH",
        help="read and merge the records in this file or folder too, such as those of the shards of a CI "
        "job; can be repeated",
    )
    group.addoption(
        SAVE_FAILED,
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
    _add_coverage_options(group)
    _add_mutate_options(group)
    parser.addini(
        DEFINITIONS,
        help="the definitions of the project, as 'package.module:attribute', for --dag-smoke, --dag-cov and "
        "--dag-select; without it, the last two use the definitions that the collected test modules and "
        "their conftests name",
        default="",
    )
    parser.addini(
        REAL_TIME,
        type="bool",
        help="wait in real time for the retries of runs in all tests; by default these waits are skipped",
        default=False,
    )
    parser.addini(
        FILES,
        type="linelist",
        help="files that belong to nodes for changed(), a glob on each line: 'data/*.parquet' for all nodes, "
        "or 'NODES: data/*.parquet' for those of an expression in the syntax of --dag-select; needed for "
        "files that a library opens without Python's open()",
        default=[],
    )
    parser.addini(
        INVALIDATE,
        type="linelist",
        help="globs of files: changed() selects all tests when such a file changes, is new or is deleted",
        default=[],
    )


def _add_coverage_options(group: pytest.OptionGroup) -> None:
    group.addoption(
        COV,
        action="store_true",
        default=False,
        help="measure which nodes, outputs, branches, edges, checks, retries, failures, hooks, partitions, "
        "config fields, schedules and sensors of the graph the tests exercise",
    )
    group.addoption(
        COV_REPORT,
        action="append",
        default=[],
        metavar="FORMAT[:PATH]",
        help="write a report of --dag-cov: term (default), html, json, lcov, cobertura, markdown, sarif or "
        "badge, each with an optional path as in lcov:out/graph.lcov; can be repeated",
    )
    group.addoption(
        COV_FAIL_UNDER,
        action="append",
        default=[],
        metavar="[NAME:]N",
        help="fail if --dag-cov is below N percent in total, or of one denominator as in branches:80; can be "
        "repeated",
    )
    group.addoption(
        COV_BASE,
        default=None,
        metavar="FILE",
        help="compare --dag-cov with the JSON report of an earlier session, and name the new misses",
    )
    group.addoption(
        COV_FAIL_NEW,
        action="store_true",
        default=False,
        help="fail if there is an item that --dag-cov-base does not have as a miss, and no test exercises it",
    )
    group.addoption(
        COV_FROM,
        action="append",
        default=[],
        metavar="PATH",
        help="add the JSON reports in this file or folder to --dag-cov, such as those of the shards of a CI "
        "job; can be repeated",
    )
    group.addoption(
        COV_LINES,
        action="store_true",
        default=False,
        help="name in the data of a running coverage.py the node that ran each line, as a context such as "
        "'asset orders'; for 'coverage html --show-contexts', after 'coverage run -m pytest' or with --cov",
    )


def _add_mutate_options(group: Any) -> None:
    group.addoption(
        MUTATE_OPTION,
        nargs="?",
        const="",
        action="append",
        default=None,
        metavar="EXPR",
        help="break the pipeline on purpose, one mutant at a time: drop an edge, swap inputs, skip a check, "
        "ignore a retry policy, change a constant... Each mutant runs the tests of its node, and survives if "
        "they pass. --dag-mutate='changed()' mutates the nodes of an expression of --dag-select; write paths "
        "before this option",
    )
    group.addoption(
        MUTATE_REPORT_OPTION,
        action="append",
        default=[],
        metavar="FORMAT:PATH",
        help="also write the result of --dag-mutate to a file: json:PATH or sarif:PATH; can be repeated",
    )
    group.addoption(
        MUTATE_FAIL_UNDER,
        default=None,
        metavar="N",
        help="fail if --dag-mutate kills less than N percent of the mutants",
    )
    group.addoption(
        MUTATE_TIMEOUT,
        default=None,
        metavar="SECONDS",
        help="the time limit of each mutant of --dag-mutate; default: 5 seconds and three times the time of "
        "its tests without a mutation",
    )
    group.addoption("--dag-mutant", default=None, help=argparse.SUPPRESS)


def read_options(config: pytest.Config) -> Options:
    """Read the options of a session.

    Raises:
        pytest.UsageError: An option has an unknown value, or a line of an ini key has the wrong form.
    """
    smoke_names = _take_smoke_names(config)
    select, exclude = tuple(config.getoption("dag_select")), tuple(config.getoption("dag_exclude"))
    unknown = _choice(config, "--dag-unknown", (_RUN, _DROP))
    record = _path(config, RECORD_OPTION, config.getoption("dag_record"))
    if record is not None and record.is_dir():
        raise pytest.UsageError(f"{RECORD_OPTION}: '{record}' is a folder. Write {RECORD_OPTION}=FILE.")
    mutates = _is_on(config, MUTATE_OPTION, (MUTATE_REPORT_OPTION, MUTATE_FAIL_UNDER, MUTATE_TIMEOUT))
    mutant = config.getoption("dag_mutant")
    record_from = [_path(config, RECORD_FROM_OPTION, path) for path in config.getoption("dag_record_from")]
    return Options(
        select=select,
        exclude=exclude,
        explain=config.getoption("dag_explain"),
        is_first=config.getoption("dag_first"),
        is_shadow=config.getoption("dag_shadow"),
        drops_unknown=unknown == _DROP,
        record=record,
        record_from=tuple(file for path in record_from if path is not None for file in _records_in(path)),
        definitions=config.getini(DEFINITIONS).strip(),
        is_time_real=config.getini(REAL_TIME),
        save_failed=config.getoption("dag_save_failed"),
        coverage=_is_on(config, COV, (COV_REPORT, COV_FAIL_UNDER, COV_BASE, COV_FAIL_NEW, COV_FROM)),
        cov_lines=config.getoption("dag_cov_lines"),
        smoke=config.getoption("dag_smoke") or bool(smoke_names),
        smoke_names=smoke_names,
        files=tuple(_node_files(line) for line in config.getini(FILES)),
        invalidate=tuple(_checked_glob(line, INVALIDATE, line) for line in config.getini(INVALIDATE)),
        mutates=mutates and mutant is None,
        mutant=None if mutant is None else Path(mutant),
    )


def _is_on(config: pytest.Config, option: str, others: Iterable[str]) -> bool:
    """Return whether an option is given; the other options of its feature have no meaning without it."""
    is_on = config.getoption(_name(option)) not in (None, False)
    for other in others:
        if config.getoption(_name(other)) not in (None, False, []) and not is_on:
            raise pytest.UsageError(f"{other} has no effect without {option}. Add {option}.")
    return is_on


def _name(option: str) -> str:
    return option.strip("-").replace("-", "_")


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


def _choice(config: pytest.Config, option: str, values: Iterable[str]) -> str:
    value: str = config.getoption(option)
    if value not in values:
        forms = " or ".join(f"{option}={one}" for one in values)
        raise pytest.UsageError(f"{option}: '{value}' is unknown. Write {forms}.")
    return value


def _path(config: pytest.Config, option: str, text: str | None) -> Path | None:
    """Return the path of an option, relative to the folder in which pytest was started."""
    if text is None:
        return None
    if not text.strip():
        raise pytest.UsageError(f"{option} is empty. Write {option}=PATH.")
    return config.invocation_params.dir / Path(text).expanduser()


def _records_in(path: Path) -> list[Path]:
    """Return a file, or the records in a folder."""
    found = sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]
    if not path.exists() or not found:
        problem = "has no file '*.jsonl'" if path.exists() else "does not exist"
        raise pytest.UsageError(
            f"{RECORD_FROM_OPTION}: '{path}' {problem}. Name files that {RECORD_OPTION}=PATH wrote, or "
            "folders of them."
        )
    return found


def _node_files(line: str) -> NodeFiles:
    """Split a line of `dag_files` at its last colon with a space behind it; names of nodes have none."""
    nodes, colon, pattern = line.rpartition(": ")
    if (colon and not nodes.strip()) or line.endswith(":"):
        missing = "the nodes before" if colon else "the glob behind"
        raise pytest.UsageError(f"{FILES}: '{line}' lacks {missing} the colon; write 'GLOB' or 'NODES: GLOB'")
    return NodeFiles(nodes.strip(), _checked_glob(pattern.strip(), FILES, line))


def _checked_glob(pattern: str, key: str, line: str) -> str:
    if not pattern:
        raise pytest.UsageError(f"{key}: a glob is empty; write one such as 'data/**/*.csv'")
    if os.path.isabs(pattern) or pattern.startswith("~"):
        raise pytest.UsageError(
            f"{key}: '{line}' is not relative to the root folder; write a glob such as 'data/**/*.csv'"
        )
    return pattern
